# What Cython's own declarations lack. A bare pointer to an object holds no reference.
ctypedef void* Bare

# Have memory fetched that will soon be read.
cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define autograd_prefetch(p) __builtin_prefetch(p)
    #else
    #define autograd_prefetch(p) ((void)(p))
    #endif
    """
    void prefetch "autograd_prefetch" (void* p) noexcept
