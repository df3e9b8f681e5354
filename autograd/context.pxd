cdef class Context:
    cdef size_t owner
    cdef bint recording
    cdef bint debugging
    cdef object path
    cdef list saved
    cdef object tape

cdef class scope:
    cdef str _name
    cdef tuple _known

cdef dict contexts
cdef Context current()
cdef object label(Context context)
