# Computes value and partial: see `autograd.primitives.pairs`.
ctypedef double (*Pair)(double x, double* slope) noexcept

cdef class Primitive:
    cdef dict __dict__  # for __name__ and __doc__
    cdef readonly str name
    cdef readonly object value
    cdef readonly tuple partials
    cdef readonly object arity
    cdef readonly str symbol
    cdef readonly int precedence
    cdef readonly tuple defaults
    cdef readonly tuple methods
    cdef readonly tuple domain
    cdef readonly tuple extent
    cdef readonly object exact
    cdef readonly bint elementary
    cdef readonly bint selects
    cdef readonly bint composed
    cdef readonly object spreads
    cdef readonly object at_kink
    cdef readonly object safe
    cdef readonly dict kinks
    cdef Pair pair
