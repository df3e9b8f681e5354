cdef class Context:
    cdef size_t owner
    cdef bint recording
    cdef bint debugging
    cdef object path
    cdef list saved

cdef class scope:
    cdef readonly str name
    cdef object _outer
    cdef object _path

cdef dict contexts
cdef Context current()
cdef object label(Context context)
