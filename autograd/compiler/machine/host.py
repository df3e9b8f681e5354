"""host: what this machine can do, and the library that makes code for it.

Functions that LLVM does not have come from the C library: one lane at a time, or, where
the system has glibc's vector library (libmvec), all lanes at once. Of libmvec only the
functions are used that stay within a few units in the last place.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

MSG_LLVMLITE = "compiling to machine code takes llvmlite: pip install llvmlite"
MSG_64_BITS = "machine code is made for processors with addresses of 64 bits only"
LEVEL_2 = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")  # of Linux

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
def cache_size() -> int:
    """Return how many doubles the second-level cache of a processor holds."""
    try:
        text = LEVEL_2.read_text()
        size = int(text.rstrip("KM\n")) * {"K": 2**10, "M": 2**20}[text.strip()[-1]]
    except (OSError, ValueError, KeyError, IndexError):  # not on every system
        size = 2**20
    return size // 8


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


@cache
def _target() -> tuple[Any, str, str]:
    """Return what code is made for: the system, the processor, and what it can do."""
    binding = machine()
    features = binding.get_host_cpu_features().flatten()
    target = binding.Target.from_default_triple()
    return target, binding.get_host_cpu_name(), features


def _target_machine(level: int) -> Any:
    target, cpu, features = _target()
    return target.create_target_machine(cpu=cpu, features=features, opt=level)


@cache
def _passes() -> tuple[Any, Any]:
    """Return the passes over a module, and what they are run with: made once."""
    binding = machine()
    passes = binding.create_new_module_pass_manager()
    passes.add_sroa_pass()
    options = binding.create_pipeline_tuning_options()
    return passes, binding.create_pass_builder(_target_machine(0), options)


def build(text: str, *, quickly: bool = False) -> Any:
    """Make machine code of a module's text.

    Of LLVM's passes only the one that keeps variables in registers runs: a program was
    made short before (`autograd.compiler.passes`), and its loops are written as they
    are to be. All others took most of the time, and gained nothing. What is left is the
    choice of instructions and registers. Made quickly, that takes a quarter of the time
    and gives code that runs one to three times as long, and computes the same bits.

    Args:
        text: functions and constants in LLVM's assembly.
        quickly: whether to save time here rather than in calls.

    Returns:
        An engine: ``engine.get_function_address(name)``. The code lives as long.

    """
    binding = machine()
    parsed = binding.parse_assembly(text)
    passes, builder = _passes()
    passes.run(parsed, builder)
    engine = binding.create_mcjit_compiler(parsed, _target_machine(0 if quickly else 2))
    engine.finalize_object()
    return engine
