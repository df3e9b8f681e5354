"""Runner: a program made to run, in machine code or, without llvmlite, in Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.calls.building import building, once
from autograd.compiler.calls.native import Native, Routine
from autograd.compiler.machine.ask import taken
from autograd.compiler.machine.lower import Code, compile_native
from autograd.compiler.program import Program
from autograd.compiler.targets import compile_python


class Machine(Native):
    """A program in machine code: made quickly at first, and better once it ran often.

    Raises:
        ImportError: if llvmlite is not installed.

    """

    def __init__(self, program: Program) -> None:
        with building():
            code = compile_native(program)
        super().__init__()
        self.sizes = len(program.inputs), code.layout.uniform, len(program.outputs)
        self.take(code)

    def take(self, code: Code) -> None:
        """Run this code from now on."""
        self.code = code
        asks, calls = bool(code.module.asks), code.calls
        self.routine = Routine(
            code.address(), self.sizes, code, code.data, asks=asks, calls=calls
        )
        self.load(self.routine, ())

    def renew(self) -> None:
        """Make the code better, which was made quickly and has run often."""
        with building():
            if self.routine.is_worn():
                self.take(self.code.better())


class Runner:
    """A program made to run: natively if llvmlite is here, else as Python source."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.renewed = False  # since this was looked at
        try:
            self.machine: Machine | None = Machine(program)
        except ImportError:
            self.machine = None

    def run(self, floats: Sequence[float]) -> list[float] | None:
        """Return the outputs, or None if a guard fails or one is not finite."""
        if self.machine is not None:
            inputs = tuple(floats)
            found = self._asked(self.machine, lambda m: m.numbers(inputs))
            return found if self._is_undisturbed(lambda: floats) else None
        try:
            outputs, holds = self._python(*floats)
        except (ArithmeticError, ValueError):
            return None
        if not holds or not all(map(math.isfinite, outputs)):
            return None
        result: list[float] = outputs
        return result

    def _asked(self, machine: Machine, ask: Callable[[Machine], Any]) -> Any:
        """Return what machine code answers, made anew if it does not any more."""
        found = ask(machine)
        if (found is None or found is False) and machine.routine.is_worn():
            machine.renew()
            self.renewed = True
            found = ask(machine)
        return found

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
        fine = self._asked(self.machine, lambda m: m.fill(floats, sources, out))
        return out if self._is_undisturbed(numbers) and fine else None


def goes(program: Program, floats: Sequence[float]) -> bool:
    """Return whether a recorded function does here what it did then.

    That is: no operation raises, and all comparisons turn out as recorded.
    """
    try:
        return program.holds(program.run(floats))
    except Exception:  # noqa: BLE001 - of a user's own function, any
        return False
