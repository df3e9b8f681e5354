from autograd._memory cimport Bare
from autograd.value cimport Value

cdef class Nodes:
    cdef Bare* at
    cdef Py_ssize_t size, room, leaves
    cdef bint push(self, Bare node) except? -1
    cdef bint grow(self) except? -1

# What other walks that mark nodes need: they take turns with those of this module.
cdef list begin()
cdef object end(list found)
cdef long long claim(Py_ssize_t n)
cdef list listed(Nodes order)
cdef long long visit(Value root, Nodes order, list found) except? -1
