"""The tape: what happens to Values while a function is recorded.

It takes down each node that is made, each comparison that is asked, and each operation
that raised an error, which the function may have caught. All three decide what the
function does, so all three are in the program or among its guards.

What cannot be taken down (a number read from a Value as text, a comparison with an
object that does not say how it compares) is *refused*: an error is raised, and noted.
If the function catches that error and goes on, what it did then is not what it does on
floats; so whoever records it looks at `Tape.refused`, and does not compile.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from autograd.compiler import room
from autograd.compiler.element import EagerlyError
from autograd.compiler.record import bounds
from autograd.compiler.record.arrays import Late, RecordedArray
from autograd.compiler.record.classes import float_answers_alike
from autograd.primitives import Primitive
from autograd.primitives.relations import RELATIONS
from autograd.value import Value, apply, number

LIMIT: list[int | None] = [None]  # operations of one recording; None as memory allows
BYTES = 480  # of memory for an operation, while it is recorded and differentiated
LEAST, USUAL, MOST = 100_000, 5_000_000, 50_000_000

MSG_LIMIT = (
    "compiling {0} recorded {1:,} operations and did not come to an end; these take "
    "some {2:,} MB. A loop or a recursion may never end on Values. Of a loop over rows "
    "of data, vmap the function of one row instead; of a loop over time steps, compile "
    "the function of some steps and call it in a loop. The limit, by default what "
    "memory allows, is autograd.compiler.limit(operations)"
)
MSG_COMPARED = (
    "a number was compared ({0}) with {1}: how that turns out for other numbers cannot "
    "be told. Compare with floats, ints, Fractions, Decimals, or NumPy numbers"
)
MSG_CLASS = (
    "the type of a number was asked (isinstance, singledispatch or match), which is "
    "another one while a function is recorded"
)
MSG_MIXED = (
    "the type of a number was asked that is an int on one side of a branch and a float "
    "on the other: write 0.0 for 0 where a float is meant"
)
MSG_THREAD = (
    "another thread computed with a number of a function that was being recorded, and "
    "what it did there is not on the tape"
)
# Files that ask for the types of Values, and know what the answer means.
_PACKAGE = Path(__file__).parents[2]
OURS = (f"{_PACKAGE}/", f"{_PACKAGE.with_name('nn')}/")
ABSTRACT = ("abc.py", "<frozen abc>")  # asks on behalf of whoever called it


def allowed() -> int:
    """Return how many operations a recording may have.

    Where nobody has set it, they are to take half of the memory that is free, for this
    process's group where it has a limit.
    """
    if LIMIT[0] is not None:
        return LIMIT[0]
    free = room.free()
    if free is None:
        return USUAL
    return max(LEAST, min(MOST, free // (2 * BYTES)))


class Tape:
    """Take down what happens to Values."""

    def __init__(self, name: str, *, batches: bool = False) -> None:
        self.name = name
        self.batches = batches  # whether a batch may be one instruction
        self.late = Late()
        self.nodes: list[Value] = []
        self.comparisons: list[tuple[str, Any, Any, bool]] = []
        self.refused: list[str] = []
        self.limit = allowed()
        self.leaves: list[Value] = []
        # Of branches whose both sides are recorded, see autograd.lifting.branches:
        self.lifts = True
        self.sides: list[Any] = []  # the masks of the sides that are being run
        self.meant = 0  # comparisons that a side asks on purpose
        self.mixed: dict[int, Any] = {}  # an int on one side, a float on the other
        self.hopeless: set[Any] = set()  # branches that cannot be data
        self.decided: list[Any] = []  # what became of branches, in order
        self.ended: dict[str, list[int]] = {}  # for-loops that go on for other rows
        self.turns = True  # whether it may be data how often a loop turns
        self.loops = 0  # of which it is
        # Of gradients that are written out afterwards, see record.deferred:
        self.defers: Any = None  # what does so
        self.deferred = False  # whether there are any
        self.given_up = False
        self._thread = threading.get_ident()

    def overflow(self) -> NoReturn:
        """Refuse to take down more nodes than there may be.

        Raises:
            MemoryError: saying what to do.

        """
        raise MemoryError(_too_long(self))

    def defer(self, y: Any, inputs: list[Value]) -> list[Value] | None:
        """Return nodes for the derivatives of y, None if they are to be recorded."""
        found: list[Value] | None = self.defers and self.defers(self, y, inputs)
        return found

    def call(self, f: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of somebody's, whose branches can then be data."""
        if not self.lifts:
            return f(*args, **kwargs)
        from autograd.lifting.branches.recorded import call

        return call(f, *args, **kwargs)

    def _note(self, relation: str, a: Value, b: Any, outcome: Any) -> None:
        self.comparisons.append((relation, a, b, bool(outcome)))
        if len(self.comparisons) > self.limit:
            raise MemoryError(_too_long(self))

    def compare(self, relation: str, a: Value, b: Any) -> Any:
        """Compare a Value with anything, and take down what decided it.

        Raises:
            EagerlyError: if that cannot be said in floats.

        """
        holds = RELATIONS[relation]
        x = number(a)
        if type(b) is Value:
            outcome: Any = holds(x, number(b))
            self._note(relation, a, b, outcome)
            return outcome
        if type(b) is float:
            outcome = holds(x, b)
            self._note(relation, a, b, outcome)
            return outcome
        if isinstance(b, RecordedArray) or (bounds.is_array(b) and b.dtype.kind == "O"):
            return NotImplemented  # it will ask for each of its numbers
        if isinstance(b, complex) and relation in {"==", "!="}:
            if b.imag == 0.0:
                return self.compare(relation, a, b.real)
            return holds(x, b)
        if bounds.is_array(b) and b.dtype.kind in "fiub":
            outcome = holds(x, b)
            for c, held in bounds.decisive(relation, b, outcome):
                self._decide(relation, a, c, outcome=held)
            return outcome
        if bounds.plain(b) is not None or bounds.is_ordered(b):
            outcome = holds(x, b)
            self._decide(relation, a, b, outcome=bool(outcome))
            return outcome
        if _is_no_number(b):
            return holds(x, b)
        raise self.eagerly(MSG_COMPARED.format(relation, _type_name(b)))

    def _decide(self, relation: str, a: Value, c: Any, *, outcome: bool) -> None:
        for asked, bound, held in bounds.asked(relation, number(a), c, outcome):
            self._note(asked, a, bound, held)

    def raised(
        self, primitive: Primitive, operands: tuple[Any, ...], error: Exception
    ) -> None:
        """Take down that an operation raised: the function may catch it and go on."""
        if any(type(x) is Value for x in operands):
            kind: Any = type(error)
            node = apply(raising(primitive, kind), operands)
            self._note("==", node, 1.0, number(node) == 1.0)

    def meet(self, x: Any) -> None:
        """Refuse what another thread does with a Value that depends on a leaf."""
        if self._thread != threading.get_ident() and self.depends(x):
            self.refuse(MSG_THREAD)

    def depends(self, x: Any) -> bool:
        """Return whether a Value, or one of a tuple, was made of a leaf."""
        ours = set(map(id, (*self.leaves, *self.late.leaves)))
        seen = set()
        stack = [x for x in (x if type(x) is tuple else (x,)) if type(x) is Value]
        while stack:
            node = stack.pop()
            if id(node) in ours:
                return True
            if id(node) not in seen:
                seen.add(id(node))
                stack += [y for y in node.operands if type(y) is Value]
        return False

    def refuse(self, reason: str) -> None:
        """Note what could not be taken down, for which an error is raised now."""
        self.refused.append(reason)

    def eagerly(self, reason: str) -> EagerlyError:
        """Return the error to be raised where a function is to run as it stands."""
        self.refuse(reason)
        return EagerlyError(reason)

    def asks_type(self, node: Value) -> None:
        """Refuse to tell the type of what is an int on one side of a branch only.

        Or of what was computed from it, which may be an int then, too.
        """
        todo = [node] if self.mixed else []
        seen = set()
        while todo:
            x = todo.pop()
            if id(x) in self.mixed:
                raise self.eagerly(MSG_MIXED)
            if id(x) not in seen:
                seen.add(id(x))
                todo += [y for y in x.operands if type(y) is Value]

    def asks_class(self, frame: FrameType | None, skip: str) -> None:
        """Refuse to tell a Value's class where a float's would make a difference.

        Args:
            frame: where it was asked.
            skip: the file that asks on behalf of others: the engine's.

        """
        while frame is not None:
            name = frame.f_code.co_filename
            if name != skip and not name.endswith(ABSTRACT):
                break
            frame = frame.f_back
        if frame is None or frame.f_code.co_filename.startswith(OURS):
            return
        if not float_answers_alike(frame):
            raise self.eagerly(MSG_CLASS)


def _too_long(tape: Tape) -> str:
    return MSG_LIMIT.format(tape.name, tape.limit, tape.limit * BYTES // 10**6)


@functools.lru_cache(maxsize=1000)
def raising(primitive: Primitive, kind: type[Exception]) -> Primitive:
    """Return the primitive that is 1.0 where another raises such an error, else 0.0."""

    def value(*xs: float) -> float:
        try:
            primitive.value(*xs)
        except Exception as error:  # noqa: BLE001 - a user's primitive raises anything
            return float(type(error) is kind)
        return 0.0

    value.raising = primitive  # type: ignore[attr-defined]
    name = f"{primitive.name}_raises_{kind.__name__}"
    return Primitive(name, value, lambda _y, *xs: [0.0] * len(xs), safe=())


def is_raising(primitive: Primitive) -> bool:
    """Return whether a primitive is one that `raising` made."""
    return hasattr(primitive.value, "raising")


def _is_no_number(b: Any) -> bool:
    """Return whether it is equal to no number, and in no order with any."""
    kind: Any = type(b)
    if kind in bounds.NO_NUMBERS:
        return True
    nothing: Any = object
    return kind.__eq__ is nothing.__eq__ and kind.__lt__ is nothing.__lt__


def _type_name(b: Any) -> str:
    return f"something of type {type(b).__name__}"
