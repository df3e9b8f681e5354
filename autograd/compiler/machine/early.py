"""early: from which iteration to which one a loop runs, where some change nothing.

Which loops may stop early, and which start late then, is found by
`autograd.compiler.passes.exits`. Here it is written: after each iteration of a loop
that may come to rest, whether it has, in all lanes; for those that follow it, their
first and last iteration; and single numbers of iterations that were not run.

Letters: ``T`` is how many turns change something, ``k`` an iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from autograd.compiler.machine.text import Text
from autograd.compiler.passes.exits import Exit

# Where an output of an iteration is: an address, and how far it is from there.
Kept = Callable[[int, str], tuple[str, str]]


class Writes(Protocol):
    """What writes: it has a text, and takes down whole numbers as data."""

    text: Text

    def whole(self, x: int) -> str:
        """Return a whole number."""


class Range:
    """The iterations of a loop that run: all of them.

    Args:
        writer: writes the loop.
        count: how many iterations there are.

    Attributes:
        begin: the first.
        end: the variable that says before which one they end, None for the count.

    """

    def __init__(self, writer: Writes, count: str) -> None:
        self.writer = writer
        self.text = writer.text
        self.count = count
        self.begin = "0"
        self.end: str | None = None

    def stop(self) -> str:
        """Return before which iteration they end, as far as it is known."""
        if self.end is None:
            return self.count
        return self.text.new(f"load i64, ptr {self.end}")

    def after(self, out: Callable[[int], str], k: str) -> None:
        """Write what follows an iteration, which carries on such numbers."""

    def fill(self, kept: Kept) -> None:
        """Write what follows the loop, which keeps its numbers there."""

    def variable(self, x: str) -> str:
        """Return a new variable that is a whole number."""
        variable = self.text.variable("i64")
        self.text.write(f"store i64 {x}, ptr {variable}")
        return variable

    def smaller(self, a: str, b: str) -> str:
        """Return the smaller of two whole numbers."""
        return self._extreme("smin", a, b)

    def within(self, x: str) -> str:
        """Return the number, or 0 or the count if it is beyond."""
        return self._extreme("smax", self.smaller(x, self.count), "0")

    def add(self, a: str, b: str | int) -> str:
        """Return the sum of two whole numbers."""
        return self.text.new(f"add nsw i64 {a}, {b}")

    def sub(self, a: str, b: str | int) -> str:
        """Return the difference of two whole numbers."""
        return self.text.new(f"sub nsw i64 {a}, {b}")

    def _extreme(self, name: str, a: str, b: str) -> str:
        self.text.module.declare(f"declare i64 @llvm.{name}.i64(i64, i64)")
        return self.text.new(f"call i64 @llvm.{name}.i64(i64 {a}, i64 {b})")


class Resting(Range):
    """The iterations of a loop until it rests, and a few more that others look at.

    Args:
        writer: writes the loop.
        count: how many iterations there are.
        leave: how it stops.

    Attributes:
        turns: the variable of T.

    """

    def __init__(self, writer: Writes, count: str, leave: Exit) -> None:
        super().__init__(writer, count)
        self.leave = leave
        self.turns, self.end = self.variable(count), self.variable(count)

    def after(self, out: Callable[[int], str], k: str) -> None:
        """Write that it ends, if it rests in all lanes."""
        t = self.text
        flags = [
            t.compare("oeq", out(j), t.number(x)) for j, x in self.leave.rest.items()
        ]
        rests = flags[0]
        for flag in flags[1:]:
            rests = t.new(f"and {t.flag} {rests}, {flag}")
        before = t.new(f"load i64, ptr {self.turns}")
        first = self.smaller(before, self.add(k, 1))
        turns = t.new(f"select i1 {t.in_all(rests)}, i64 {first}, i64 {before}")
        t.write(f"store i64 {turns}, ptr {self.turns}")
        end = self.smaller(self.add(turns, self.leave.extra), self.count)
        t.write(f"store i64 {end}, ptr {self.end}")

    def fill(self, kept: Kept) -> None:
        """Write what was kept last to where an iteration that never ran would."""
        t = self.text
        last = self.sub(self.stop(), 1)
        for output, iteration in self.leave.spots:
            at = self.writer.whole(iteration)
            x = t.load(*kept(output, self.smaller(at, last)))
            t.store(x, *kept(output, at))


class Following(Range):
    """The iterations of a loop whose turns ran in another one.

    Args:
        writer: writes the loop.
        count: how many iterations there are.
        leave: which turns it goes through.
        turns: the variable of T.

    """

    def __init__(self, writer: Writes, count: str, leave: Exit, turns: str) -> None:
        super().__init__(writer, count)
        self.leave = leave
        t = self.text
        # Those turns change something, or others look at them, that are smaller.
        limit = self.add(t.new(f"load i64, ptr {turns}"), leave.extra)
        base = writer.whole(leave.base)
        if leave.step > 0:
            self.end = self.variable(self.within(self.sub(limit, base)))
        else:
            self.begin = self.within(self.add(self.sub(base, limit), 1))

    def fill(self, kept: Kept) -> None:
        """Write numbers for iterations that never ran: what they would have kept.

        Where that is not known, nothing depends on it, and any number will do.
        """
        t = self.text
        end = self.stop()
        for output, iteration in self.leave.spots:
            known = self.leave.kept[output].number or 0.0
            at = self.writer.whole(iteration)
            early = t.new(f"icmp slt i64 {at}, {self.begin}")
            late = t.new(f"icmp sge i64 {at}, {end}")
            never = t.splat(t.new(f"or i1 {early}, {late}"), "i1")
            start, index = kept(output, at)
            x = t.select(never, t.number(known), t.load(start, index))
            t.store(x, start, index)


def iterations_of(
    writer: Writes, count: int, leave: Exit | None, turns: dict[int, str], place: int
) -> Range:
    """Return which iterations of a loop run.

    Args:
        writer: writes the loop.
        count: how many there are.
        leave: how it stops early, None if it does not.
        turns: the variables of T, by the places of loops that may come to rest.
        place: where the loop's numbers begin.

    """
    whole = writer.whole(count)
    if leave is None:
        return Range(writer, whole)
    if leave.leader != place:
        return Following(writer, whole, leave, turns[leave.leader])
    found = Resting(writer, whole, leave)
    turns[place] = found.turns
    return found
