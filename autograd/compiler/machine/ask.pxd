cdef dict kept
