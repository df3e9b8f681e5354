cdef class Ints:
    cdef long long* at
    cdef Py_ssize_t size, room
    cdef bint append(self, long long x) except? -1
    cdef bint grow(self) except? -1

cdef Ints ints_of(bytes packed)
cdef bytes packed(Ints ints)
