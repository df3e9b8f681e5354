# In memory a node is 96 bytes: the object's header of 16 and ten fields of 8.
cdef class Value:
    cdef double _data, _grad, _da, _db
    cdef object _a, _b, _primitive, _label
    cdef double* _many
    cdef long long _mark

cdef Value new_node(
    object primitive, double data, object a, object b, double da, double db
)
cdef object as_float(object x)
cdef object as_operand(object x)
cdef str describe(object x)
cdef double* array(Py_ssize_t n) except? NULL
cdef long long* integers(Py_ssize_t n) except? NULL
