from cpython.object cimport PyObject

# Borrowed references, which are compared only.
cdef extern from "Python.h":
    PyObject* PyCell_GET(PyObject* cell)
    PyObject* PyDict_GetItemWithError(PyObject* names, PyObject* name)
    PyObject* PyFunction_GET_CODE(PyObject* function)
    PyObject* PyFunction_GET_DEFAULTS(PyObject* function)

    int PyDict_Next(PyObject* p, Py_ssize_t* pos, PyObject** key, PyObject** value)
    Py_ssize_t PyDict_Size(PyObject* p)
    PyObject** PySequence_Fast_ITEMS(object o)  # of a list or a tuple
    Py_ssize_t PySequence_Fast_GET_SIZE(object o)
    object PyObject_GenericGetDict(object x, void* context)

# A number that changes whenever a dict does; 0 where Python has none to tell.
cdef extern from *:
    """
    #if PY_VERSION_HEX < 0x030E0000
    #define AUTOGRAD_VERSION(d) ((long long)((PyDictObject *)(d))->ma_version_tag)
    #else
    #define AUTOGRAD_VERSION(d) 0LL
    #endif
    """
    long long AUTOGRAD_VERSION(PyObject* names)

ctypedef int (*Single)(double* u, double* out, void* data) noexcept nogil

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

cdef class Routine:
    cdef Single run
    cdef void* data
    cdef Py_ssize_t inputs, memory, outputs
    cdef object owner
    cdef double* room
    cdef bint busy
    cdef long long left

cdef class Native:
    cdef Routine _routine
    cdef Py_ssize_t _inputs
    cdef object _form, _arrays, _watch
    cdef PyObject** _marks
    cdef long long* _versions
    cdef Py_ssize_t _cells, _names, _functions
    cdef tuple _stamps
    cdef object _call(self, tuple args, bint formed)
    cdef object _call_with_arrays(self, tuple args)
