"""Readable source of a recorded program, for other languages and other libraries.

Each target is one function, with loops as loops where its language has them.
`compile_python` and `compile_numpy` run it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.compiler.program import Program
from autograd.compiler.targets.c import c_source
from autograd.compiler.targets.numpy import compile_numpy, numpy_source
from autograd.compiler.targets.python import compile_python, python_source
from autograd.compiler.targets.sympy import sympy_source
from autograd.compiler.targets.tensors import jax_source, torch_source

__all__ = [
    "compile_numpy",
    "compile_python",
    "numpy_source",
    "python_source",
    "to",
]

SOURCES: dict[str, Callable[..., str]] = {
    "python": python_source,
    "numpy": numpy_source,
    "c": c_source,
    "jax": jax_source,
    "torch": torch_source,
    "sympy": sympy_source,
}


def to(program: Program, target: str, **options: Any) -> str:
    """Return the program as source.

    Args:
        program: any program.
        target: "python", "numpy", "c", "jax", "torch" or "sympy".
        options: of the target: ``guards``, for Python ``functions``; see there.

    Raises:
        ValueError: if there is no such target.
        NotImplementedError: if it cannot spell a primitive of the program.

    """
    if target not in SOURCES:
        message = f"there is no target {target!r}; there are {', '.join(SOURCES)}"
        raise ValueError(message)
    return SOURCES[target](program, **options)
