"""flow: early returns, breaks and continues as flags.

A branch whose side leaves the function or the loop cannot be run for nothing. So where
the rest allows it, the exit becomes a flag; what follows is done unless that is set:

    return e           -> _lift_r = e; _lift_d = True
    break              -> _lift_k1 = True
    continue           -> _lift_c1 = True
    if a: return e     -> if a: _lift_r = e; _lift_d = True
    rest                  if not _lift_d: rest
    for x in xs: body  -> for x in xs:
                              if not (_lift_k1 or _lift_d): body
                              if __lift_stop__(_lift_k1, _lift_d): break
    while c: body      -> for _lift_t1 in __lift_turns__(where):
                              _lift_k1 = _lift_k1 or _lift_d or not c
                              if not _lift_k1: body
                              if __lift_over__(_lift_t1, _lift_k1, _lift_d): break

An exit in a statement that is not pure anyway stays as it is, and so does a ``while``
that is not (`autograd.lifting.branches.turns` says how often the others turn).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import count
from typing import cast

from autograd.lifting.branches.merging import RESULT
from autograd.lifting.branches.purity import is_pure, loads, targets
from autograd.lifting.nodes import call, name
from autograd.lifting.source import locate

DONE = "_lift_d"
EXITS = (ast.Return, ast.Break, ast.Continue)
LOOPS = (ast.For, ast.While, ast.AsyncFor)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Rest(ast.If):
    """What is done unless the function, or the loop, was left.

    Attributes:
        flags: what is asked for that.
        turns: the variable of the turns of the ``while`` whose body it is, if any.

    """

    flags: frozenset[str]
    turns: str | None = None


def read_by_rest_alone(function: ast.AST) -> set[str]:
    """Return variables that are read only where the function has not yet returned.

    What they are where it has is nobody's business: no node has to choose.
    """
    inside: dict[str, int] = {}
    todo: list[ast.AST] = [function]
    while todo:
        part = todo.pop()
        if isinstance(part, Rest) and DONE in part.flags:
            for statement in part.body:
                for variable, n in loads(statement).items():
                    inside[variable] = inside.get(variable, 0) + n
            continue
        if part is not function and isinstance(part, SCOPES):
            continue
        todo += ast.iter_child_nodes(part)
    everywhere = loads(function)
    return {x for x, n in inside.items() if everywhere.get(x) == n and x[0] != "_"}


class Flow:
    """Turn the exits of one function into flags.

    Args:
        node: the function.
        outer: variables that are not its own.

    Attributes:
        returns: whether a return has become a flag.

    """

    def __init__(self, node: ast.FunctionDef, outer: set[str]) -> None:
        self.node = node
        self.outer = outer
        self.returns = False
        self._numbers = count(1)

    def body(self) -> list[ast.stmt]:
        """Return the function's body."""
        body = list(self.node.body)
        *first, last = body
        early = any(_exits(x, (ast.Return,)) for x in first)
        inside = not isinstance(last, ast.Return) and _exits(last, (ast.Return,))
        turns = any(map(self._is_data, ast.walk(self.node)))
        if not early and not inside and not turns and not _leaves_loops(self.node):
            return body  # it returns at its end, and nowhere else
        new = self._block(body, None)
        if not self.returns:
            return new
        start = [
            _set(RESULT, name("__lift_unbound__")),
            _set(DONE, ast.Constant(False)),
        ]
        end = ast.Return(call("__lift_returned__", name(RESULT), name(DONE)))
        docstring = [new.pop(0)] if new and isinstance(new[0], ast.Expr) else []
        made = [*docstring, *start, *new, end]
        for x in (*start, end):
            locate(x, self.node.body[-1])
        return made

    def _block(self, body: Sequence[ast.stmt], loop: str | None) -> list[ast.stmt]:
        """Return statements that set flags, in the loop of that number."""
        new: list[ast.stmt] = []
        for i, old in enumerate(body):
            turns = any(map(self._is_data, ast.walk(old)))
            if not _exits(old, EXITS) and not turns and not _leaves_loops(old):
                new.append(old)
                continue
            made, flags = self._statement(old, loop)
            new += made
            if flags and body[i + 1 :]:
                rest = Rest(_unless(flags), self._block(body[i + 1 :], loop), [])
                rest.flags = frozenset(flags)
                locate(rest, body[i + 1])
                return [*new, rest]
            if flags:
                return new
        return new

    def _statement(
        self, old: ast.stmt, loop: str | None
    ) -> tuple[list[ast.stmt], list[str]]:
        """Return what a statement becomes, and the flags that it may set."""
        if isinstance(old, ast.Return):
            self.returns = True
            value = old.value or ast.Constant(None)
            made: list[ast.stmt] = [_set(RESULT, value), _set(DONE, ast.Constant(True))]
            for x in made:
                locate(x, old)
            return made, [DONE]
        if isinstance(old, (ast.Break, ast.Continue)) and loop is not None:
            flag = f"_lift_{'k' if isinstance(old, ast.Break) else 'c'}{loop}"
            made = [_set(flag, ast.Constant(True))]
            locate(made[0], old)
            return made, [flag]
        if isinstance(old, ast.If) and is_pure([old], exits=True, outer=self.outer):
            then, otherwise = self._block(old.body, loop), self._block(old.orelse, loop)
            new = ast.copy_location(ast.If(old.test, then, otherwise), old)
            used = _names_set([new])
            own = (DONE, f"_lift_k{loop}", f"_lift_c{loop}")
            return [new], [flag for flag in own if flag in used]
        if isinstance(old, ast.For) and not old.orelse:
            return self._loop(old)
        if self._is_data(old):
            return self._while(cast("ast.While", old), loop)
        if isinstance(old, ast.While) and not (_own_exits(old) or old.orelse):
            old.body = self._block(old.body, None)
        return [old], []

    def _is_data(self, node: ast.AST) -> bool:
        """Return whether how often a loop turns may be data."""
        return isinstance(node, ast.While) and is_pure(
            [node], exits=True, outer=self.outer
        )

    def _while(
        self, old: ast.While, loop: str | None
    ) -> tuple[list[ast.stmt], list[str]]:
        number = str(next(self._numbers))
        returned_before = self.returns
        self.returns = False
        names = sorted(_names_set(old.body))
        body = self._block(old.body, number)
        self.returns = returned_before or self.returns
        used = _names_set(body)
        turns, over, again = [f"_lift_{x}{number}" for x in "tkc"]
        ended = f"_lift_e{number}" if old.orelse else over
        left = [over] * bool(old.orelse) + [DONE] * (DONE in used)
        flags = [ended, *left]
        none = ast.BoolOp(
            ast.Or(), [*map(name, flags), ast.UnaryOp(ast.Not(), old.test)]
        )
        inner = Rest(_unless([ended]), body, [])
        inner.flags, inner.turns = frozenset(flags), turns
        asked = call("__lift_over__", name(turns), *map(name, flags))
        turn = [_set(ended, none), inner, ast.If(asked, [ast.Break()], [])]
        if again in used:
            turn.insert(0, _set(again, ast.Constant(False)))
        site, bounded = f"{old.lineno}:{number}", _has_bound(old)
        each = call("__lift_turns__", ast.Constant(site), ast.Constant(bounded))
        made: list[ast.stmt] = [
            *(_set(x, ast.Constant(False)) for x in flags if x != DONE),
            ast.For(name(turns, store=True), each, turn, [], None),
        ]
        for variable in names:
            of = name(turns), ast.Constant(variable)
            new = _set(variable, call("__lift_counted__", *of))
            made.append(ast.If(call("__lift_counts__", *of), [new], []))
        if old.orelse:
            otherwise = Rest(_unless(left), self._block(old.orelse, loop), [])
            otherwise.flags = frozenset(left)
            made.append(otherwise)
            used |= _names_set(otherwise.body)
        for x in made:
            locate(x, old)
        own = (DONE, f"_lift_k{loop}", f"_lift_c{loop}")
        return made, [flag for flag in own if flag in used]

    def _loop(self, old: ast.For) -> tuple[list[ast.stmt], list[str]]:
        own = _own_exits(old)
        names = set(targets(old.target) or ["?"])
        if not own or names == {"?"} or (_breaks(own) and self._read_after(old, names)):
            return [_like(old, old.body if own else self._block(old.body, None))], []
        number = str(next(self._numbers))
        returned_before = self.returns
        self.returns = False
        body = self._block(old.body, number)
        breaks, continues = f"_lift_k{number}", f"_lift_c{number}"
        used = _names_set(body)
        flags = [x for x in (breaks, DONE) if x in used]
        returns = self.returns
        self.returns = returned_before or returns
        if continues in used:
            start = _set(continues, ast.Constant(False))
            locate(start, old)
            body = [start, *body]
        if flags:
            inner = Rest(_unless(flags), body, [])
            inner.flags = frozenset(flags)
            counts = not names & set(loads(ast.Module(old.body, [])))
            asked = call("__lift_stop__", *map(name, flags))
            asked.keywords = [
                ast.keyword("counts", ast.Constant(counts)),
                ast.keyword("site", ast.Constant(f"{old.lineno}:{number}")),
            ]
            end = ast.If(asked, [ast.Break()], [])
            locate(inner, old)
            locate(end, old)
            body = [inner, end]
        made: list[ast.stmt] = [_like(old, body)]
        if breaks in used:
            start = _set(breaks, ast.Constant(False))
            locate(start, old)
            made.insert(0, start)
        return made, [DONE] if DONE in used else []

    def _read_after(self, loop: ast.For, names: set[str]) -> bool:
        """Return whether a loop's variable is read where no loop sets it."""
        inside = loads(loop)
        others = [
            loads(x)
            for x in ast.walk(self.node)
            if isinstance(x, ast.For)
            and x is not loop
            and names & set(targets(x.target) or ())
            and loop not in ast.walk(x)
        ]
        everywhere = loads(self.node)
        return any(
            everywhere.get(x, 0) > inside.get(x, 0) + sum(o.get(x, 0) for o in others)
            for x in names
        )


def _leaves_loops(node: ast.AST) -> bool:
    loops = (x for x in ast.walk(node) if isinstance(x, ast.For))
    return any(map(_own_exits, loops))


def _exits(node: ast.AST, kinds: tuple[type, ...]) -> bool:
    """Return whether a statement has exits that lead out of it, or is one."""
    todo: list[tuple[ast.AST, tuple[type, ...]]] = [(node, kinds)]
    while todo:
        part, wanted = todo.pop()
        if isinstance(part, wanted):
            return True
        if isinstance(part, SCOPES):
            continue
        inside = wanted
        if isinstance(part, LOOPS):
            inside = tuple(k for k in wanted if k is ast.Return)
        todo += [(x, inside if own else wanted) for x, own in _children(part)]
    return False


def _own_exits(loop: ast.For | ast.While) -> list[ast.AST]:
    """Return the exits in a loop that are its own, or the function's."""
    found: list[ast.AST] = []
    todo: list[tuple[ast.AST, bool]] = [(x, True) for x in loop.body]
    while todo:
        part, own = todo.pop()
        if isinstance(part, ast.Return) or (own and isinstance(part, EXITS)):
            found.append(part)
        if isinstance(part, SCOPES):
            continue
        inner = own and not isinstance(part, LOOPS)
        todo += [(x, inner if inside else own) for x, inside in _children(part)]
    return found


def _has_bound(loop: ast.While) -> bool:
    """Return whether a loop counts its turns, and compares what it counts."""
    counted = {
        part.target.id
        for part in ast.walk(loop)
        if isinstance(part, ast.AugAssign)
        and isinstance(part.target, ast.Name)
        and isinstance(part.value, ast.Constant)
        and type(part.value.value) is int
    }
    tests = [
        part.test for part in ast.walk(loop) if isinstance(part, (ast.While, ast.If))
    ]
    return any(
        isinstance(x, ast.Name) and x.id in counted
        for test in tests
        for part in ast.walk(test)
        if isinstance(part, ast.Compare)
        for x in (part.left, *part.comparators)
    )


def _children(node: ast.AST) -> list[tuple[ast.AST, bool]]:
    """Return what a node consists of, and whether an exit there is a loop's own."""
    behind = node.orelse if isinstance(node, LOOPS) else []
    return [(x, x not in behind) for x in ast.iter_child_nodes(node)]


def _breaks(own: list[ast.AST]) -> bool:
    return any(isinstance(x, ast.Break) for x in own)


def _names_set(body: list[ast.stmt]) -> set[str]:
    return {
        x.id
        for part in body
        for x in ast.walk(part)
        if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
    }


def _set(variable: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([name(variable, store=True)], value)


def _unless(flags: list[str]) -> ast.expr:
    parts: list[ast.expr] = [name(flag) for flag in flags]
    one = parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)
    return ast.UnaryOp(ast.Not(), one)


def _like(old: ast.For, body: list[ast.stmt]) -> ast.For:
    return ast.copy_location(ast.For(old.target, old.iter, body, [], None), old)
