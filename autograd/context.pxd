cdef class Context:
    cdef Context outer
    cdef object manager, frame, path, tape, alive
    cdef list briefly, nodes
    cdef Py_ssize_t room
    cdef size_t thread
    cdef int ignored
    cdef bint lent, recording, debugging

cdef class _Alive:
    pass

cdef class scope:
    cdef str _name
    cdef tuple _known
    cdef bint _brief
    cdef object _path_in(self, object outer)

cdef dict contexts
cdef dict tapes
cdef Context current()
cdef object label(Context context)
cdef object take_down(Context context, object node)
