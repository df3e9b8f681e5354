"""Runner: a program made to run, in machine code or, without llvmlite, in Python."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls.native import Native
from autograd.compiler.machine.callbacks import raise_interruption
from autograd.compiler.machine.lower import compile_native
from autograd.compiler.program import Program
from autograd.compiler.targets import compile_python


class Machine(Native):
    """A program in machine code, with what must live as long as that.

    Raises:
        ImportError: if llvmlite is not installed.

    """

    def __init__(self, program: Program) -> None:
        self.code = code = compile_native(program)
        super().__init__()
        self.sizes = len(program.inputs), code.layout.uniform, len(program.outputs)
        self.load(code.address(), *self.sizes, (), None, code.data)

    def lend(self, other: Native, form: Any, arrays: Any = None) -> None:
        """Let another object make the call itself."""
        other.load(self.address, *self.sizes, form, arrays, self.code.data)


class Runner:
    """A program made to run: natively if llvmlite is here, else as Python source."""

    def __init__(self, program: Program) -> None:
        self.program = program
        try:
            self._native: Machine | None = Machine(program)
        except ImportError:
            self._native = None

    def run(self, floats: Sequence[float]) -> list[float] | None:
        """Return the outputs, or None if a guard fails or one is not finite."""
        if self._native is not None:
            found: Any = self._native.numbers(tuple(floats))
            raise_interruption()
            return found  # type: ignore[no-any-return]
        try:
            outputs, holds = self._python(*floats)
        except (ArithmeticError, ValueError):
            return None
        if not holds or not all(map(math.isfinite, outputs)):
            return None
        result: list[float] = outputs
        return result

    @functools.cached_property
    def _python(self) -> Callable[..., Any]:
        """The program as Python source, where there is no machine code."""
        return compile_python(self.program, guards=True)

    def fill(self, floats: tuple[float, ...], sources: list[Any]) -> Any:
        """Return an array of the outputs, from floats and arrays; or None as `run`."""
        import numpy as np

        out = np.empty(max(1, len(self.program.outputs)))
        if self._native is not None:
            fine = self._native.fill(floats, sources, out)
            raise_interruption()
            return out if fine else None
        numbers = [*floats, *[x for array, _ in sources for x in array.tolist()]]
        found = self.run(numbers)
        return None if found is None else np.array(found)

    def llvm(self) -> str:
        """Return the program in LLVM's assembly."""
        native = self._native
        if native is None:
            native = Machine(self.program)
        return str(native.code.module)

    def lend(self, other: Native, form: Any, arrays: Any = None) -> None:
        """Let another object make the call itself."""
        if self._native is not None:
            self._native.lend(other, form, arrays)
