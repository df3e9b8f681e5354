"""jit: a function of scalars, recorded once for each way it can go, and run natively.

A call is sorted by its *structure*: where its floats are, and everything that is no
float (ints, strings, the shapes of containers, the content of objects), and by what the
function reads besides its arguments (`autograd.compiler.calls.surroundings`). For each
there are variants, one for each combination of outcomes of the comparisons that
occurred. A variant that finds that a comparison turns out otherwise gives up, the next
is asked, and in the end a new one is recorded.

Floats give floats. Where Values are among the arguments, or the function captured some,
each result is one node: its parents are all inputs, its partials come out of the same
machine code, and its derivatives of higher order are further compiled functions. A
result that is not finite is computed again by the function itself, on floats or Values
as they came, so that Python raises what it would have raised.
"""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable
from typing import Any, cast

from autograd.compiler.calls import travel
from autograd.compiler.calls.direct import lend
from autograd.compiler.calls.dispatch import Dispatch, Ways, warn_of_ways
from autograd.compiler.calls.forms import (
    Arguments,
    LookedIntoError,
    holds_objects,
)
from autograd.compiler.calls.jit_call import Call
from autograd.compiler.calls.native import Native
from autograd.compiler.calls.runner import Machine
from autograd.compiler.calls.surroundings import Surroundings
from autograd.compiler.calls.variant import Variant, slopes
from autograd.compiler.element import EagerlyError
from autograd.compiler.machine.ask import taken
from autograd.compiler.program import Program
from autograd.compiler.record.trace import name_of, record
from autograd.context import ignored, tape_in_use
from autograd.derived import reference
from autograd.lifting.eager import eagerly
from autograd.primitives import Primitive
from autograd.value import Value

Function = Callable[..., Any]

RESTLESS = 3  # recordings that change what they were recorded for

MSG_RESTLESS = (
    "it changes an object that it was given, and a recording would do that only once: "
    "return the new number instead"
)
MSG_GONE = (
    "this compiled function came without {0} itself, which could not be pickled, and "
    "it was not compiled for such arguments before. Define it in a module"
)
MSG_EMPTY = "this is no compiled function: write jit(f), not Jit.__new__(Jit)"
MSG_NOT_FUNCTION = "jit compiles a function, not {0!r}: write jit(f)(x), not jit(f(x))"


def _as_primitive(program: Program) -> Primitive:
    """Return a program of one output as a primitive, with derivatives of any order."""

    def value(*xs: float) -> float:
        results: list[float] = program(*xs)
        return results[0]

    value.program = program  # type: ignore[attr-defined]  # what drawings open
    gradient = Jit(lambda *xs: slopes(lambda *vs: program(*vs)[0], xs), program.name)

    def partials(_y: Any, *xs: Any) -> list[Any]:
        found: list[Any] = gradient(*xs)
        return found

    return Primitive(program.name, value, partials, elementary=False)


class Jit(Native):
    """A compiled function; see `jit`."""

    __steady__ = True

    def __init__(self, f: Function, name: str) -> None:
        super().__init__()
        self.f = f
        self.name = name
        self.variants = Dispatch(name)
        self.surroundings = Surroundings(f)
        self.arrived: dict[Any, Ways] = {}
        self._reasons: dict[str, None] = {}
        self._lent: Any = None  # the surroundings that machine code was lent for
        self._watched: Any = None  # and what it was to look at
        self._answers: Any = None  # the variant that answers floats by itself
        self._looked_into: set[int] = set()
        self._restless = 0

    def __structure__(self, read: Callable[[Any], Any]) -> Any:
        return read(self.f)

    @property
    def programs(self) -> list[Program]:
        """What was recorded: a program for each structure and way."""
        return [v.program for v in self._all()]

    def _all(self) -> list[Variant]:
        found = [*self.variants.values(), *self.arrived.values()]
        return [variant for ways in found for variant in ways]

    @property
    def why_eager(self) -> str:
        """Why calls run as the function stands, a line for each reason; "" if none do.

        >>> f = jit(lambda x: len(f"{x:.3g}") * x)
        >>> f(2.0)
        2.0
        >>> f.why_eager.partition("(")[0]
        'the text of a number '

        """
        return "\n".join(self._reasons)

    def source(self, target: str = "python") -> str:
        """Return the recorded programs as source.

        Args:
            target: "llvm" for what the machine code was made from, or one that
                `autograd.compiler.to` knows: "python", "numpy", "c", "jax", "torch",
                "sympy".

        """
        if target == "llvm":
            machines = [v.native.machine or Machine(v.program) for v in self._all()]
            return "\n\n".join(str(machine.code.module) for machine in machines)
        from autograd.compiler.targets import to

        return "\n\n".join(to(program, target) for program in self.programs)

    def general(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer any call."""
        raised = self._raised()
        tape = tape_in_use()
        if tape is not None:
            return tape.call(self.f, *args, **kwargs)
        try:
            call = self._sorted(args, kwargs)
        except EagerlyError as reason:
            return self._eagerly(str(reason), args, kwargs)
        ways = call.ways
        if raised is not None and self._answers in ways and call.goes(self._answers):
            call.name_step(raised)
            raise raised
        for i, variant in enumerate(ways):
            found = call.by(variant)
            if found is not None:
                if i:
                    ways.insert(0, ways.pop(i))
                new = variant.was_renewed() or call.around is not self._lent
                if new or i or self._is_stale():
                    self._lend(variant, call)
                return found
        if ways.why_eager is not None or self._restless >= RESTLESS:
            return self._eagerly(ways.why_eager or MSG_RESTLESS, args, kwargs)
        found = self._otherwise(call)
        return self._by_itself(call) if found is None else found

    def _by_itself(self, call: Call) -> Any:
        """Return what the function returns, or raise what it raises, and where."""
        try:
            return eagerly(self.f, *call.args, **call.kwargs)
        except (ArithmeticError, ValueError) as error:
            call.name_step(error)
            raise

    def _otherwise(self, call: Call) -> Any:
        """Return what no variant answered natively; None if the function is to."""
        goes = False
        for variant in call.ways:
            found, as_recorded = call.exactly(variant)
            if found is not None:
                return found
            goes |= as_recorded
        found = None if goes else self._by_new(call)
        if found is None and call.around.ignored:
            found = call.excused(call.ways)
        return found

    def _sorted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Return a call, with the recordings for its structure and surroundings.

        Raises:
            EagerlyError: if these cannot be read.

        """
        arguments = self._arguments()
        structure, rebuild = arguments.take((args, kwargs))
        if arguments.classes:
            self.surroundings.add_classes(arguments.classes)
        around = self.surroundings.key()
        ways = self.variants.of((structure, around))
        if structure in self.arrived and not around.ignored:
            # They came from another process, where all was as here.
            ways += self.arrived.pop(structure)
        call = Call(args, kwargs, arguments, rebuild, _as_primitive)
        call.structure, call.around, call.ways = structure, around, ways
        return call

    def _arguments(self) -> Arguments:
        return Arguments(as_they_are=True, looked_into=self._looked_into)

    def _eagerly(self, why: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._reasons[why] = None
        return eagerly(self.f, *args, **kwargs)

    def _by_new(self, call: Call) -> Any:
        """Return what a new recording returns, or None if there is none."""
        if not self.variants.made_room(call.ways):
            self._warn_of_ways(call)
            return None
        try:
            variant = self._record(call)
        except EagerlyError as reason:
            call.ways.why_eager = str(reason)
            return self._eagerly(str(reason), call.args, call.kwargs)
        except LookedIntoError as array:
            self._looked_into.add(*array.args)
            return self.general(call.args, call.kwargs)
        except (ArithmeticError, ValueError):  # or what floats give where Values raise
            return None
        self._keep(variant, call)
        return call.by(variant)

    def _raised(self) -> Exception | None:
        """Return what was raised in machine code that was called without asking here.

        Raises:
            BaseException: at once, if it is an interruption.
            TypeError: if this object was not made by `jit`.

        """
        error = taken()
        if error is not None and not isinstance(error, Exception):
            raise error
        if "f" not in vars(self):
            raise TypeError(MSG_EMPTY)
        return error

    def _record(self, call: Call) -> Variant:
        """Record a variant and return it."""
        f, rebuild = self.f, call.rebuild

        def run(values: list[Value], step: float) -> Any:
            new_args, new_kwargs = rebuild(iter(call.recorded(values, step)))
            return tape_in_use().call(f, *new_args, **new_kwargs)

        def plain() -> Any:
            new_args, new_kwargs = rebuild(iter(call.plain()))
            return eagerly(f, *new_args, **new_kwargs)

        recording = record(run, call.floats, self.name, batches=True, plain=plain)
        return Variant(recording, call.floats)

    def _keep(self, variant: Variant, call: Call) -> None:
        """Keep a variant for what the function read, which recording may have changed.

        What it captured and mapped is read anew in every call.
        """
        surroundings = self.surroundings
        after = surroundings.after_recording(call.around)
        if surroundings.add_mapped(variant.mapped):
            after = surroundings.key()
        if after is not call.around and not call.ways:
            self.variants.pop((call.structure, call.around), None)
        if self._arguments().take((call.args, call.kwargs))[0] != call.structure:
            self._restless += 1
        self.variants.of((call.structure, after)).insert(0, variant)
        self._lend(variant, call)

    def _is_stale(self) -> bool:
        """Return whether what was read is stamped anew, and was equal."""
        return self._watched is not self.surroundings.watch

    def _warn_of_ways(self, call: Call) -> None:
        """Warn that there are too many ways, once for each structure."""
        if call.ways.is_full:
            return
        call.ways.is_full = True

        def run() -> None:
            new = [x if hasattr(x, "dtype") else Value(x) for x in call.plain()]
            new_args, new_kwargs = call.rebuild(iter(new))
            self.f(*new_args, **new_kwargs)

        warn_of_ways(self.name, run)

    def _lend(self, variant: Variant, call: Call) -> None:
        """Let floats go straight into the machine code, where results allow it.

        What ignores errors is not lent, as machine code does not ask who calls.
        """
        if ignored():
            return
        around = self.surroundings
        self._lent, self._watched = around.latest, around.watch
        self.stop()
        if call.kwargs or variant.captured or around.watch is None:
            return
        self.watch(around.watch if any(around.watch) else None)
        if lend(self, variant, call.structure):
            self._answers = variant

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<compiled {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {}
        for (structure, around), ways in self.variants.items():
            if around.ignored:
                continue
            travelling = [v for v in ways if v.can_travel]
            if travelling and not holds_objects(structure):
                kept[structure] = Ways(travelling)
        again = travel.underway(self)
        if again is not None:
            return again
        found = reference(self.f, self)
        return _arrive, (self.name, found, kept, travel.value(self, found))

    def __copy__(self) -> Jit:
        return self

    def __deepcopy__(self, memo: object) -> Jit:
        return self


def _arrive(
    name: str,
    reference: tuple[str, str] | None,
    variants: dict[Any, Ways],
    value: travel.Packed | None = None,
) -> Jit:
    """Return a compiled function that was pickled.

    Args:
        name: what messages call it.
        reference: where its function is found here.
        variants: what was recorded of it.
        value: the function itself, which is taken where it is not found so.

    """

    def f(*args: Any, **kwargs: Any) -> Any:
        if reference is None:
            raise RuntimeError(MSG_GONE.format(name))
        found: Any = importlib.import_module(reference[0])
        for part in reference[1].split("."):
            found = getattr(found, part)
        return (found.f if isinstance(found, Jit) else found)(*args, **kwargs)

    f.__name__ = name
    compiled = jit(f)
    if reference is not None:
        f.__module__, f.__qualname__ = reference
    compiled.arrived = dict(variants)
    if value is not None:
        return cast("Jit", travel.arrived(compiled, value))
    return compiled


def jit(f: Function) -> Jit:
    """Return f compiled: recorded when it is first called, native from then on.

    Args:
        f: a function of floats, Values, arrays, modules, and nested lists, tuples and
            dicts of them. What is no float is structure: another int or string is
            another recording, and so is other content of an object, or of what f reads
            besides its arguments. What else it does (printing, counting) happens while
            it is recorded only.

    Returns:
        A function that returns what f returns. ``.programs`` and ``.source()`` show
        what was recorded; ``.why_eager`` says why a call ran as plain Python, if one
        had to.

    Raises:
        TypeError: if f is no function, or, when called, returns no numbers.
        RuntimeError: when called, if f freezes a number that should vary.

    >>> from autograd import value_and_grad
    >>> @jit
    ... def f(x):
    ...     return x * x if x > 0 else -x
    >>> f(3.0), f(-2.0), len(f.programs)
    (9.0, 2.0, 2)
    >>> jit(value_and_grad(f))(3.0)
    (9.0, 6.0)

    """
    if not callable(f):
        raise TypeError(MSG_NOT_FUNCTION.format(f))
    compiled = Jit(f, name_of(f))
    functools.update_wrapper(compiled, f, updated=())
    return compiled
