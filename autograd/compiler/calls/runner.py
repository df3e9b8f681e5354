"""Runner: a program made to run, in machine code or, without llvmlite, in Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls.building import building, once
from autograd.compiler.calls.native import Native, Routine
from autograd.compiler.machine.ask import taken
from autograd.compiler.machine.lower import compile_native
from autograd.compiler.program import Program
from autograd.compiler.targets import compile_python


class Machine(Native):
    """A program in machine code.

    Raises:
        ImportError: if llvmlite is not installed.

    """

    def __init__(self, program: Program) -> None:
        with building():
            self.code = code = compile_native(program)
        super().__init__()
        self.sizes = len(program.inputs), code.layout.uniform, len(program.outputs)
        asks = bool(code.module.asks)
        self.routine = Routine(code.address(), self.sizes, code, code.data, asks=asks)
        self.load(self.routine, ())


class Runner:
    """A program made to run: natively if llvmlite is here, else as Python source."""

    def __init__(self, program: Program) -> None:
        self.program = program
        try:
            self.machine: Machine | None = Machine(program)
        except ImportError:
            self.machine = None

    def run(self, floats: Sequence[float]) -> list[float] | None:
        """Return the outputs, or None if a guard fails or one is not finite."""
        if self.machine is not None:
            found: Any = self.machine.numbers(tuple(floats))
            return found if self._is_undisturbed(lambda: floats) else None
        try:
            outputs, holds = self._python(*floats)
        except (ArithmeticError, ValueError):
            return None
        if not holds or not all(map(math.isfinite, outputs)):
            return None
        result: list[float] = outputs
        return result

    def _is_undisturbed(self, floats: Callable[[], Sequence[float]]) -> bool:
        """Return whether nothing was raised while machine code ran, or raise it.

        An error may come from a way that Python does not go, as a guard says only in
        the end; it is not to be raised then.
        """
        error = taken()
        if error is None:
            return True
        if isinstance(error, Exception) and not goes(self.program, floats()):
            return False
        raise error

    @once
    def _python(self) -> Callable[..., Any]:
        """The program as Python source, where there is no machine code."""
        return compile_python(self.program, guards=True)

    def fill(self, floats: tuple[float, ...], sources: list[Any]) -> Any:
        """Return an array of the outputs, from floats and arrays; or None as `run`."""
        import numpy as np

        def numbers() -> list[float]:
            return [*floats, *[x for array, _ in sources for x in array.tolist()]]

        if self.machine is None:
            found = self.run(numbers())
            return None if found is None else np.array(found)
        out = np.empty(max(1, len(self.program.outputs)))
        fine = self.machine.fill(floats, sources, out)
        return out if self._is_undisturbed(numbers) and fine else None


def goes(program: Program, floats: Sequence[float]) -> bool:
    """Return whether a recorded function does here what it did then.

    That is: no operation raises, and all comparisons turn out as recorded.
    """
    try:
        return program.holds(program.run(floats))
    except Exception:  # noqa: BLE001 - of a user's own function, any
        return False
