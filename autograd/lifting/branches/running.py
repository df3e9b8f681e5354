"""running: an ``if`` of a recording, whose sides are both run where that is safe.

    for side in branch:  # True and then False; or only the one that Python takes
        ...restore the variables; run that side; tell what it left...
    ...set the variables to what is merged...

is what an ``if`` is rewritten to (`autograd.lifting.branches.statements`). Where a side
fails, or what the sides leave cannot be merged, the tape is taken back to where it was,
and the loop runs once more, the way that Python takes: then the condition is a guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograd.context import tape_in_use
from autograd.lifting.branches.conditions import Condition, is_number, plain
from autograd.lifting.branches.merging import UNBOUND, merged
from autograd.lifting.branches.sides import FailedError, Mark, attempt, enter, leave
from autograd.lifting.branches.turns import Turns

Variables = dict[str, Any]


class Branch:
    """One passage through an ``if``.

    Args:
        condition: what it asks.
        site: which ``if`` it is.
        variables: those of the function, as they are.
        names: those that a side assigns to.
        unread: those of them that nothing reads afterwards.
        flags: those that are only asked whether they are true.
        rest: those that are read only where the condition holds.
        turns: those of the ``while`` whose body it is, or None.

    Attributes:
        plain: whether only the side is run that Python takes.
        again: whether variables are to be set to what they were.
        is_merged: whether variables are to be set to what either side left.

    """

    def __init__(
        self,
        condition: Any,
        site: tuple[str, int],
        variables: Variables,
        names: tuple[str, ...],
        unread: frozenset[str],
        flags: frozenset[str],
        rest: frozenset[str],
        turns: Turns | None,
    ) -> None:
        self.condition = condition
        self.site = site
        self.before = {name: variables.get(name, UNBOUND) for name in names}
        self.unread = unread
        self.flags = flags
        self.rest = rest
        self.turns = turns
        self.plain = True
        self.again = self.is_merged = False
        self.failed = False
        self.left: list[Variables] = []
        self.after: Variables = {}

    def __iter__(self) -> Iterator[bool]:
        c = self.condition
        tape = tape_in_use()
        if type(c) is not Condition or tape is None or self.site in tape.hopeless:
            yield self._asked(c)
            return
        if self.turns is not None and not tape.turns:
            yield self._asked(c)
            return
        mark = Mark(tape)
        depth = len(tape.sides)
        self.plain = False
        for side in (True, False):
            self.again = not side
            try:
                enter(tape, c.node if side else 1.0 - c.node)
            except FailedError:
                self.failed = True
                break
            yield side
            leave(tape)
            if self.failed or not mark.is_safe():
                self.failed = True
                break
        if not self.failed:
            try:
                self._merge(c)
            except FailedError:
                self.failed = True
            else:
                return
        del tape.sides[depth:]
        mark.go_back()
        tape.decided.append((self.site, "asked"))
        tape.hopeless.add(self.site)
        self.plain = self.again = True
        yield self._asked(c)

    def _asked(self, c: Any) -> bool:
        """Return whether the condition holds, which is a guard then."""
        holds = bool(c)
        if self.turns is not None and type(c) is Condition:
            self.turns.ask(holds=holds)
        return holds

    def old(self, name: str) -> Any:
        """Return what a variable was before."""
        return self.before[name]

    def leave(self, variables: Variables) -> None:
        """Take what a side has left."""
        self.left.append({name: variables.get(name, UNBOUND) for name in self.before})

    def fail(self) -> None:
        """Note that a side raised something."""
        self.failed = True

    def new(self, name: str) -> Any:
        """Return what a variable is afterwards."""
        return self.after[name]

    def _merge(self, c: Condition) -> None:
        then, otherwise = self.left
        for name in self.before:
            if name in self.rest and is_number(then[name]):
                self.after[name] = then[name]
                continue
            try:
                self.after[name] = merged(
                    c, name, then[name], otherwise[name], self.flags
                )
            except FailedError:
                if name in self.unread:
                    self.after[name] = UNBOUND
                elif self.turns and self.turns.count(
                    c, name, then[name], otherwise[name]
                ):
                    self.after[name] = then[name]
                else:
                    raise
        self.is_merged = True


def choose(c: Any, a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """Return ``a() if c else b()``."""
    if type(c) is not Condition:
        return a() if c else b()
    found, x = attempt(c.node, a)
    if found:
        found, y = attempt(1.0 - c.node, b)
    if found:
        try:
            return merged(c, "", x, y, frozenset())
        except FailedError:
            pass
    return a() if c else b()


def returned(result: Any, is_done: Any) -> Any:
    """Return what a function returns: None where it came to its end without."""
    return plain(result) if is_done else None


def never(c: Any) -> bool:
    """Ask what something is raised for; in a side, of that side alone."""
    tape = tape_in_use()
    if type(c) is not Condition or tape is None or not tape.sides:
        return bool(c)
    node = tape.sides[-1][0] * c.node
    tape.meant += 1
    return bool(node != 0.0)
