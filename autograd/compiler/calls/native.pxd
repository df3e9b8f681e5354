from cpython.object cimport PyObject

ctypedef int (*Single)(double* u, double* out) noexcept nogil

# What a NumPy array begins with (PyArrayObject_fields of numpy/ndarraytypes.h).
ctypedef struct Array:
    PyObject head
    double* data
    int nd
    Py_ssize_t* dimensions
    Py_ssize_t* strides
    PyObject* base
    PyObject* descr
    int flags

cdef class Native:
    cdef Single _run
    cdef Py_ssize_t _inputs, _takes, _memory, _outputs
    cdef object _form, _arrays
    cdef readonly object address
    cdef double* _room
    cdef bint _busy
    cdef object _call(self, tuple args, bint formed)
    cdef object _call_with_arrays(self, tuple args)
