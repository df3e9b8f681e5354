# In memory a node is 96 bytes: the object's header of 16 and ten fields of 8. What walks
# look at comes first: so it is in one line of the cache, wherever the node begins.
cdef class Value:
    cdef long long _mark
    cdef object _a, _b
    cdef double* _many
    cdef double _da, _db, _data, _grad
    cdef object _primitive, _label

cdef Value new_node(
    object primitive, double data, object a, object b, double da, double db
)
cdef object as_float(object x)
cdef object as_operand(object x)
cdef str describe(object x)
cdef double* array(Py_ssize_t n) except? NULL
cdef long long* integers(Py_ssize_t n) except? NULL
