"""Loop: a block of a program that runs again and again, on other places each time.

A loop is a count and a body. The body is a program of its own, straight or with loops
in it. Its first inputs are *carried*: in the first iteration they are what is at some
places outside, later what the iteration before made of them. Its other inputs are
*read*, in iteration k along a line (``place + stride * k``), at listed places, or out
of a table of numbers. The body's first outputs are the carried numbers of the next
iteration; of its further outputs, the *kept* ones, every iteration's number is kept.

    loop   = count body carried* read*
    read   = place stride | place* | number*
    places = the last of each carried number, then all of the first kept output, one
             for each iteration, all of the second, ...

A loop means the straight program it stands for (`Program.unrolled`). Guards of the body
hold in every iteration. A read may meet what an earlier iteration kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, final

if TYPE_CHECKING:
    from autograd.compiler.program import Program

Name = Callable[[int], str]

LETTERS = "vuwtsrqponm"  # what places are called, by how deep in loops they are
COUNTERS = "kjihgfedcba"

NOTE_STEP = "this happened in iteration {0} (from 0 on) of a loop of {1}"
MSG_COUNT = "a loop runs a positive number of times, not {0!r}"
MSG_READS = "a loop of {0} iterations reads {1} numbers along one of its inputs"
MSG_INPUTS = "a loop's body takes {0} inputs, but {1} are carried and {2} are read"
MSG_KEPT = "a loop carries {0} numbers, but its body has only {1} outputs"
MSG_EARLY = "iteration {0} of a loop reads place {1}, which has no number yet"


@final
@dataclass(frozen=True, slots=True)
class Along:
    """Read at a place that moves by the same stride from iteration to iteration."""

    place: int
    stride: int = 0

    def at(self, k: int) -> int:
        """Return the place that iteration k reads."""
        return self.place + self.stride * k

    def text(self, name: Name, letter: str, counter: str) -> str:
        """Return how it is written."""
        if self.stride == 0:
            return name(self.place)
        times = {1: counter, -1: counter}.get(
            self.stride, f"{abs(self.stride)}*{counter}"
        )
        return f"{letter}[{self.place} {'-' if self.stride < 0 else '+'} {times}]"


@final
@dataclass(frozen=True, slots=True)
class At:
    """Read at a place that is listed for each iteration."""

    places: tuple[int, ...]

    def at(self, k: int) -> int:
        """Return the place that iteration k reads."""
        return self.places[k]

    def text(self, _name: Name, letter: str, counter: str) -> str:
        """Return how it is written."""
        return f"{letter}[{_table(self.places)}[{counter}]]"


@final
@dataclass(frozen=True, slots=True)
class Numbers:
    """Read a number that is listed for each iteration."""

    numbers: tuple[float, ...]

    def text(self, _name: Name, _letter: str, counter: str) -> str:
        """Return how it is written."""
        return f"{_table(self.numbers)}[{counter}]"


Read = Along | At | Numbers


def is_fixed(read: Read) -> TypeGuard[Along]:
    """Return whether it is of the same place in all iterations."""
    return type(read) is Along and read.stride == 0


def _table(items: Sequence[Any]) -> str:
    shown = ", ".join(map(repr, items[:3]))
    return f"({shown}, ...)" if len(items) > 3 else f"({shown})"


@final
@dataclass(frozen=True, slots=True)
class Loop:
    """Run a body again and again; see above.

    Attributes:
        count: how often.
        body: a program; first the carried inputs and outputs, then all others.
        carried: where each carried number is before the first iteration.
        reads: where each further input is.

    """

    count: int
    body: Program
    carried: tuple[int, ...]
    reads: tuple[Read, ...]

    @property
    def kept(self) -> int:
        """How many numbers an iteration keeps."""
        return len(self.body.outputs) - len(self.carried)

    @property
    def width(self) -> int:
        """How many places it fills."""
        return len(self.carried) + self.count * self.kept

    def run(self, results: Any, call: Callable[..., Any]) -> None:
        """Append what is at its places to the results before it."""
        n, first = len(self.carried), len(results)
        now = [results[x] for x in self.carried]
        results.extend([None] * self.width)
        for k in range(self.count):
            read = [
                r.numbers[k] if type(r) is Numbers else results[r.at(k)]
                for r in self.reads
            ]
            try:
                inside = self.body.run([*now, *read], call)
            except Exception as error:
                error.add_note(NOTE_STEP.format(k, self.count))
                raise
            if not self.body.holds(inside):
                results.held = False
            out = [inside[x] for x in self.body.outputs]
            now = out[:n]
            for i, x in enumerate(out[n:]):
                results[first + n + i * self.count + k] = x
        results[first : first + n] = now

    def check(self, first: int) -> None:
        """Raise ValueError if it is not well formed, where its places begin at first.

        Raises:
            ValueError: saying where it is not.

        """
        if type(self.count) is not int or self.count < 1:
            raise ValueError(MSG_COUNT.format(self.count))
        self.body.check()
        n, m = len(self.carried), len(self.reads)
        if len(self.body.inputs) != n + m:
            raise ValueError(MSG_INPUTS.format(len(self.body.inputs), n, m))
        if self.kept < 0:
            raise ValueError(MSG_KEPT.format(n, len(self.body.outputs)))
        for x in self.carried:
            if type(x) is not int or not 0 <= x < first:
                raise ValueError(MSG_EARLY.format(0, x))
        for read in self.reads:
            if type(read) is not Along or not self._is_before(read, first):
                self._check_read(read, first)

    def _check_read(self, read: Read, first: int) -> None:
        if type(read) is Numbers:
            if len(read.numbers) != self.count:
                raise ValueError(MSG_READS.format(self.count, len(read.numbers)))
            if not all(type(x) is float for x in read.numbers):
                raise TypeError("a loop's numbers are floats")
            return
        if type(read) not in {Along, At}:
            message = f"a loop reads Along, At, or Numbers, not {read!r}"
            raise TypeError(message)
        places = (read.place, read.stride) if type(read) is Along else read.places
        if not all(type(x) is int for x in places):
            raise TypeError("a loop reads at places that are whole numbers")
        if type(read) is At and len(places) != self.count:
            raise ValueError(MSG_READS.format(self.count, len(places)))
        for k in range(self.count):
            if not self._is_there(read.at(k), k, first):
                raise ValueError(MSG_EARLY.format(k, read.at(k)))

    def _is_before(self, read: Along, first: int) -> bool:
        """Return whether all that is read along a line is from before the loop."""
        if not type(read.place) is type(read.stride) is int:
            return False
        ends = (read.at(0), read.at(self.count - 1))
        return min(ends) >= 0 and max(ends) < first

    def _is_there(self, place: int, k: int, first: int) -> bool:
        """Return whether a place has a number when iteration k begins."""
        kept = place - first - len(self.carried)
        earlier = 0 <= kept < self.kept * self.count and kept % self.count < k
        return 0 <= place < first or earlier

    def lines(self, first: int, name: Name, depth: int) -> Iterator[str]:
        """Yield its lines of a listing.

        Args:
            first: where its places begin.
            name: what a place outside is called.
            depth: in how many loops it is itself.

        """
        outer, own = LETTERS[depth], LETTERS[depth + 1]
        counter = COUNTERS[depth]
        body, n = self.body, len(self.carried)
        moving = {  # inputs that a loop within reads along a line: they need a name
            x
            for step in body.code
            if isinstance(step, Loop)
            for r in step.reads
            if not isinstance(r, Numbers) and not is_fixed(r)
            for x in (r.at(k) for k in range(step.count))
            if x < len(body.inputs)
        }
        texts = {
            n + i: read.text(name, outer, counter) for i, read in enumerate(self.reads)
        }

        def inner(place: int) -> str:
            if place in texts and place not in moving:
                return texts[place]
            return body.name_at(place, own)

        carried = ", ".join(inner(i) for i in range(n))
        if carried:
            yield f"{carried} = {', '.join(map(name, self.carried))}"
        yield f"for {counter} in 0..{self.count - 1}:"
        for i in sorted(moving.intersection(texts)):
            yield f"    {inner(i)} = {texts[i]}"
        for line in body.block(inner, depth + 1):
            yield f"    {line}"
        for i, x in enumerate(body.outputs[n:]):
            start = first + n + i * self.count
            yield f"    {outer}[{start} + {counter}] = {inner(x)}"
        if carried:
            yield f"    {carried} = {', '.join(map(inner, body.outputs[:n]))}"
            yield f"{', '.join(map(name, range(first, first + n)))} = {carried}"
