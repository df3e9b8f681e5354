"""trace: run a function once on Values, and keep what it did as a Program.

The function runs as it stands, on leaves that stand for its numbers, while a tape takes
down each node that is made and each comparison that is asked. What the results and the
comparisons depend on becomes a Program; what is left over is dropped.

- A Value that was there before (a parameter in a module, a Value of the enclosing
  function) is *captured*: a further input, read anew at each call.
- A leaf made on the way is a constant.
- A comparison is a guard: the program is right where all of them turn out as here.
- An operation that may raise stays, though no result depend on it: where it raises,
  the function does something else. If it raised and the function went on, that is a
  guard as well.
- A number that left the graph unseen would be frozen into the program. So every way out
  of a Value (``.data``, ``float``, text, its hash) is refused while a tape is on, and
  what comes from elsewhere is looked for (`autograd.compiler.record.leaks`).

>>> print(trace(lambda x: x * x if x > 0 else -x, 3.0))
f(v0):
    v2 = v0 * v0
    guard v0 > 0.0
    return v2

"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.collector import waiting
from autograd.compiler.element import EagerlyError, Element
from autograd.compiler.listing import Listing, ints
from autograd.compiler.program import Guard, Program
from autograd.compiler.record.arrays import Late
from autograd.compiler.record.deferred import GivenUpError, defer, number_of
from autograd.compiler.record.leaks import compare_with_plain, hunt, near
from autograd.compiler.record.mirror import Mirror
from autograd.compiler.record.numbering import number_nodes
from autograd.compiler.record.tape import LIMIT, MSG_THREAD, Tape, allowed
from autograd.context import tape_in_use, taping
from autograd.lifting.errors import drops_a_gradient
from autograd.primitives import Primitive
from autograd.primitives.row import ALIAS
from autograd.trees import Rebuild, flatten
from autograd.value import Value, number

Function = Callable[..., Any]
# Kinds, starts, operands, the places of roots, forms, and constants.
Numbered = tuple[
    bytes, bytes, bytes, list[int], list[tuple[Primitive, int]], list[float]
]

LONGER, SPARE = 10, 10_000  # than the first recording, those at points nearby may be

MSG_NO_PROGRAM = "{0} cannot be a program: {1}"
MSG_OUTPUT = "{0} returned {1}, but a compiled function returns numbers: {2}"


@dataclass
class Recording:
    """A Program, its last inputs, and its results' form.

    Attributes:
        listing: its inputs are those it was recorded with, the late ones, the captured.
        late: what the numbers and addresses of arrays are.
        captured: the Values that were there before.
        rebuild: puts the outputs into the form of the result.
        lines: the file and line of each instruction, "" unless under `debug`.
        numbers: the results.
        decided: which branches became data, and how often loops ran for that.
        largest: the largest finite number that occurred on the way, without its sign.
        whole: the listing with the gradients that were deferred, if any were.
        length: how much was taken down for it.

    """

    listing: Listing
    late: Late
    captured: list[Value]
    rebuild: Rebuild
    lines: list[str]
    numbers: list[float]
    decided: list[Any]
    largest: float
    whole: Listing | None = None
    length: int = 0

    @property
    def program(self) -> Program:
        """The listing as a Program."""
        return self.listing.program


def limit(operations: int | None = None) -> int:
    """Return how many operations a recording may have; set it, if given.

    By default it is as many as fit into half of the memory that is free.

    >>> limit() >= 100_000
    True

    """
    if operations is not None:
        if not isinstance(operations, int) or operations < 1:
            message = (
                f"the limit is a positive number of operations, not {operations!r}"
            )
            raise ValueError(message)
        LIMIT[0] = operations
    return allowed()


def trace(f: Function, *args: Any) -> Program:
    """Return what f does with these arguments as a Program.

    Args:
        f: takes floats, arrays, and nested lists, tuples and dicts of them.
        args: an example; the numbers in it are the program's inputs, in order.

    Raises:
        RuntimeError: if f lets a number escape that recording cannot follow.
        TypeError: if f returns something that is not made of numbers.
        MemoryError: if f records more than the limit of operations.

    """
    numbers, rebuild = flatten(args, "the arguments")
    floats = [x.data if isinstance(x, Value) else x for x in numbers]
    try:
        return record(
            lambda xs, _: tape_in_use().call(f, *rebuild(xs)), floats, name_of(f)
        ).program
    except EagerlyError as reason:
        raise RuntimeError(MSG_NO_PROGRAM.format(name_of(f), reason)) from reason


def record(
    call: Callable[..., Any],
    numbers: Sequence[float],
    name: str,
    *,
    batches: bool = False,
    plain: Callable[[], Any] | None = None,
) -> Recording:
    """Record a function of a list of Values, twice, and return the first recording.

    Args:
        call: takes the Values, and by how much their numbers are off the given ones.
        numbers: the numbers.
        name: what messages call the function.
        batches: whether a batch over rows may be one instruction of the program; else
            it is recorded row by row.
        plain: calls the function on the numbers themselves; None if that cannot be.

    Raises:
        RuntimeError: if a number leaked into the recording.
        EagerlyError: if the function is to run as it stands, with the reason.

    """
    try:
        return _record_lifted(call, numbers, name, plain, batches=batches)
    except (ArithmeticError, ValueError):
        raise
    except Exception as reason:  # noqa: BLE001 - then as it stands
        try:
            return _record(call, numbers, name, plain, batches=batches, lifts=False)
        except TypeError as error:
            if not drops_a_gradient(error) or str(reason) == str(error):
                raise
            raise reason from None  # it takes Values only where it is lifted


def _record_lifted(
    call: Callable[..., Any],
    numbers: Sequence[float],
    name: str,
    plain: Callable[[], Any] | None,
    *,
    batches: bool,
) -> Recording:
    """Record with branches as data; ends of loops as guards, if that is refused.

    An int that counted a loop's turns may be what only an int can be: an index.
    """
    try:
        return _record(call, numbers, name, plain, batches=batches, lifts=True)
    except (ArithmeticError, ValueError):
        raise
    except Exception as reason:
        if not getattr(reason, "loops", 0):
            raise
        return _record(
            call, numbers, name, plain, batches=batches, lifts=True, turns=False
        )


def _record(
    call: Callable[..., Any],
    numbers: Sequence[float],
    name: str,
    plain: Callable[[], Any] | None,
    *,
    batches: bool,
    lifts: bool,
    turns: bool = True,
) -> Recording:
    def again(
        step: float, *, writes: bool = False, most: int | None = None
    ) -> Recording:
        off = [near(x, step) for x in numbers] if step else numbers
        return record_once(
            lambda xs: call(xs, step),
            off,
            name,
            batches=batches,
            lifts=lifts,
            turns=turns,
            defers=defers,
            writes=writes,
            most=most,
        )

    defers = True
    try:
        first = again(0.0, writes=True)
    except GivenUpError:
        defers = False
        first = again(0.0)
    # Nearby, a search may never end that ends where it was asked for.
    most = LONGER * first.length + SPARE
    hunt(first, lambda step: again(step, most=most), name)
    if first.whole is not None:
        first.listing = first.whole
    if plain is not None:
        compare_with_plain(first, lambda: outputs_of(plain(), name)[0], name)
    return first


@waiting()
def record_once(
    call: Callable[[list[Value]], Any],
    numbers: Sequence[float],
    name: str,
    *,
    batches: bool = False,
    lifts: bool = True,
    turns: bool = True,
    defers: bool = False,
    writes: bool = False,
    most: int | None = None,
) -> Recording:
    """Record as `record` does, but once, without looking for leaks.

    Args:
        call: takes the Values.
        numbers: theirs.
        name: what messages call it.
        batches: as for `record`.
        lifts: whether functions are lifted, so that branches can be data.
        turns: whether it can be data as well how often loops turn.
        defers: whether gradients may be left out.
        writes: whether these are then written out for the whole listing.
        most: how much may be taken down, where that is less than memory allows.

    Raises:
        GivenUpError: if what was left out cannot be written.
        MemoryError: if more would be taken down.

    """
    tape = Tape(name, batches=batches)
    tape.lifts, tape.turns = lifts, turns
    if most is not None:
        tape.limit = min(tape.limit, most)
    if defers:
        tape.defers = defer
    tape.leaves = leaves = [Value(x) for x in numbers]
    try:
        with taping(tape):
            result = call(leaves)
            outputs, rebuild = outputs_of(result, name)
    except Exception as error:
        # What was refused and went up to here is a lesson to whoever wrote that. What
        # somebody made of it on the way says nothing of what floats would give.
        if tape.refused and str(error) not in tape.refused:
            raise _eagerly(tape) from error
        error.loops = tape.loops  # type: ignore[attr-defined]
        raise
    if tape.refused:
        raise _eagerly(tape)
    if tape.given_up:
        raise GivenUpError
    del result  # see _listing
    leaves = leaves + tape.late.leaves
    length = len(tape.nodes) + len(tape.comparisons)
    floats = [number(x) if isinstance(x, Value) else x for x in outputs]
    listing, whole, captured, lines, largest = _listing(
        tape, leaves, outputs, name, writes=writes
    )
    return Recording(
        listing,
        tape.late,
        captured,
        rebuild,
        lines,
        floats,
        tape.decided,
        largest,
        whole,
        length,
    )


def record_deferring(
    call: Callable[[list[Value]], Any], numbers: Sequence[float], name: str
) -> Listing:
    """Record as `record_once` does, with gradients written out if that can be."""
    try:
        recording = record_once(call, numbers, name, defers=True, writes=True)
    except GivenUpError:
        recording = record_once(call, numbers, name)
    return recording.whole or recording.listing


def _eagerly(tape: Tape) -> EagerlyError:
    error = EagerlyError(tape.refused[0])
    error.loops = tape.loops  # type: ignore[attr-defined]
    return error


def outputs_of(result: Any, name: str) -> tuple[list[Any], Rebuild]:
    """Return the numbers that a function returned, and their form.

    Raises:
        TypeError: if there is anything else among them.

    """
    if result is None:
        message = MSG_OUTPUT.format(name, "None", "is a return statement missing?")
        raise TypeError(message)
    try:
        return flatten(result, f"the result of {name}")
    except TypeError as error:
        with taping(None):  # the text is for a person
            raise TypeError(MSG_OUTPUT.format(name, repr(result), error)) from None


def _may_raise(row: Primitive) -> bool:
    return row.may_raise and not isinstance(row.value, Element)


@waiting()
def _listing(
    tape: Tape, leaves: list[Value], outputs: list[Any], name: str, *, writes: bool
) -> tuple[Listing, Listing | None, list[Value], list[str], float]:
    """Return what counts of a recording, what it captured, its lines, and how large.

    Outputs and comparisons depend on what counts, or it may raise. The listing comes
    a second time with the gradients that were deferred, if any were. The graph is given
    back as soon as it is numbered: it takes more memory than all that is made of it.
    """
    asked = [x for _, a, b, _ in tape.comparisons for x in (a, b)]
    kinds, starts, operands, roots, forms, inputs, constants, kept, numbers, *rest = (
        number_nodes(
            tape.nodes,
            [*outputs, *asked],
            leaves,
            None if tape.deferred else ALIAS,
            _may_raise,
        )
    )
    largest, zero = rest
    if tape.depends(tuple(inputs[len(leaves) :])):
        raise EagerlyError(MSG_THREAD)
    names = tuple("" if x.name is None else x.name for x in inputs)
    relations = [(relation, outcome) for relation, _, _, outcome in tape.comparisons]

    def listing(found: Numbered, guards: Iterable[tuple[Any, ...]] = ()) -> Listing:
        kinds, starts, operands, places, forms, constants = found
        sides = iter(places[n_outputs:])
        own = [(r, next(sides), next(sides), outcome) for r, outcome in relations]
        return Listing(
            names,
            tuple(constants),
            forms,
            kinds,
            starts,
            operands,
            tuple(places[:n_outputs]),
            tuple(Guard(*guard) for guard in dict.fromkeys([*own, *guards])),
            name,
        )

    lines: list[str] = []
    if tape.nodes and tape.nodes[0].where:
        lines = [tape.nodes[i].where for i in ints(kept)]
    n_outputs = len(outputs)
    for done in (asked, outputs, tape.nodes, tape.comparisons):
        done.clear()
    whole = None
    if tape.deferred and writes:
        number = number_of(numbers, inputs, constants)
        code = kinds, starts, operands
        mirror = Mirror(code, forms, constants, len(inputs), number, zero)
        whole = listing(*mirror.write(roots))
    n, shift = len(inputs), len(constants)
    places = [
        x + n + shift if x >= 0 else (-1 - x) // 2 + n * (x % 2 == 0) for x in roots
    ]
    final = _finals(operands, n, shift)
    short = listing((kinds, starts, final, places, forms, constants))
    return short, whole, inputs[len(leaves) :], lines, largest


def _finals(packed: bytes, inputs: int, constants: int) -> bytes:
    """Return operands as places: first inputs, then constants, then results."""
    try:
        import numpy as np
    except ImportError:
        from array import array

        first = inputs + constants
        places = (
            x + first if x >= 0 else (-1 - x) // 2 + inputs * (x % 2 == 0)
            for x in ints(packed)
        )
        return array("q", places).tobytes()
    x = np.frombuffer(packed, dtype=np.int64)
    found = x + (inputs + constants)
    at = np.flatnonzero(x < 0)
    before = x[at]
    found[at] = ((-1 - before) >> 1) + inputs * ((before & 1) == 0)
    return found.tobytes()


def name_of(f: Function) -> str:
    """Return what messages and listings call a function."""
    name = getattr(f, "__name__", "f")
    return name if name.isidentifier() else "f"
