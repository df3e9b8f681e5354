"""host: what this machine can do, and the library that makes code for it.

Functions that LLVM does not have come from the C library: one lane at a time, or, where
the system has glibc's vector library (libmvec), all lanes at once. Of libmvec only the
functions are used that stay within a few units in the last place.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

MSG_LLVMLITE = "compiling to machine code takes llvmlite: pip install llvmlite"
MSG_64_BITS = "machine code is made for processors with addresses of 64 bits only"

# Functions of the C library for which libmvec's are right.
VECTOR = frozenset({
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
    "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2",
    "cbrt", "erf", "erfc", "pow",
})  # fmt: skip


@cache
def machine() -> Any:
    """Return llvmlite's binding, ready for this machine.

    Raises:
        ImportError: if llvmlite is not installed.

    """
    try:
        from llvmlite import binding
    except ImportError:
        raise ImportError(MSG_LLVMLITE) from None
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        raise ImportError(MSG_64_BITS)
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@cache
def lanes() -> int:
    """Return how many doubles the machine computes at once."""
    features = machine().get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


@cache
def vector_prefix() -> str | None:
    """Return what libmvec's names begin with here, or None where it is not."""
    try:
        machine().load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return None
    return {8: "_ZGVeN8", 4: "_ZGVdN4"}.get(lanes())


@cache
def vector_function(name: str, arity: int) -> str | None:
    """Return what libmvec calls a function, or None: its early releases have few."""
    prefix = vector_prefix()
    symbol = f"{prefix}{'v' * arity}_{name}"
    known = prefix and machine().address_of_symbol(symbol)
    return symbol if known else None


def build(text: str) -> Any:
    """Make machine code of a module's text.

    Of LLVM's passes only the one that keeps variables in registers runs: a program was
    made short before (`autograd.compiler.passes`), and its loops are written as they
    are to be. All others took most of the time, and gained nothing.

    Args:
        text: functions and constants in LLVM's assembly.

    Returns:
        An engine: ``engine.get_function_address(name)``. The code lives as long.

    """
    binding = machine()
    parsed = binding.parse_assembly(text)
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=2,
    )
    options = binding.create_pipeline_tuning_options()
    passes = binding.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(parsed, binding.create_pass_builder(target, options))
    engine = binding.create_mcjit_compiler(parsed, target)
    engine.finalize_object()
    return engine
