from autograd.value cimport Value

# What other walks that mark nodes need: they take turns with those of this module.
cdef list begin()
cdef object end(list found)
cdef long long claim(Py_ssize_t n)
cdef long long visit(Value root, list order, list found) except? -1
