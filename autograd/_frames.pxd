# What Cython's own declarations lack: the frame of the Python code that called.
cdef extern from "Python.h":
    ctypedef struct PyFrameObject:
        pass
    ctypedef struct PyCodeObject:
        int co_flags
    PyFrameObject* PyEval_GetFrame()  # borrowed, NULL where no Python code runs
    PyCodeObject* PyFrame_GetCode(PyFrameObject* frame)
