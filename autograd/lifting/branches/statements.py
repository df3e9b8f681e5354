"""statements: source rewritten so that its branches can be data.

Beyond what `autograd.lifting.rewrite` does, all that computes is a call of a hook, and
exits are flags (`flow`). An ``if`` whose sides have no effect but on variables runs
both of them (`writing`). All other ``if``s, and what `flow` has left of ``while``s, ask
their condition. A condition is rewritten as one (`asking`) only where nothing is done
with it but to ask whether it is true: in an ``if``, and in the assignment of a variable
that only ``if``s read (`variables`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import count
from typing import Any

from autograd.lifting.branches.asking import asked
from autograd.lifting.branches.flow import DONE, Flow, Rest, read_by_rest_alone
from autograd.lifting.branches.purity import (
    FRAMES,
    is_pure,
    is_pure_expression,
    is_pure_function,
    raises_only,
)
from autograd.lifting.branches.variables import (
    asked_only,
    inner_targets,
    is_call_of,
    is_unread,
)
from autograd.lifting.branches.writing import written
from autograd.lifting.links import link_searches
from autograd.lifting.nodes import RELATIONS, call, later, name, quoted
from autograd.lifting.rewrite import Rewriter
from autograd.lifting.scopes import bound_names
from autograd.lifting.source import locate

COMMONEST = {"Add", "Sub", "Mult", "Div"}  # operators that have hooks of their own
CONSUMING = {"sum", "tuple", "list", "max", "min", "sorted", "fsum", "prod"}


class Recorder(Rewriter):
    """Rewrite a function, and those defined in it.

    Args:
        known: what the global names mean.
        free: the names that come from enclosing functions.
        owner: the class whose private names it uses.

    Attributes:
        purity: for each function, by its name and line, whether it has no effects.

    """

    def __init__(
        self, known: Mapping[str, Any], free: frozenset[str], owner: str | None
    ) -> None:
        super().__init__(known, free)
        self.owner = owner
        self.purity: dict[tuple[str, int], bool] = {}
        self.where = ""
        self._numbers = count(1)
        self._functions: list[tuple[ast.AST, frozenset[str], set[str]]] = []
        self._in_loop = 0

    def whole(self, node: Any, where: str) -> Any:
        """Return a definition rewritten."""
        self.where = where
        return self.visit(node)

    # Functions.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: D102, N802
        link_searches(node)
        line = min([node.lineno, *(x.lineno for x in node.decorator_list)])
        self.purity[node.name, line] = is_pure_function(node)
        yields = any(isinstance(x, (ast.Yield, ast.YieldFrom)) for x in ast.walk(node))
        outer = {
            x
            for part in ast.walk(node)
            if isinstance(part, (ast.Global, ast.Nonlocal))
            for x in part.names
        }
        flags = frozenset(asked_only(node) - outer)
        if yields:
            outer |= bound_names(node) | {"?"}
        else:
            node.body = Flow(node, outer).body()
        self._functions.append((node, flags, outer))
        loops, self._in_loop = self._in_loop, 0
        super().visit_FunctionDef(node)
        self._functions.pop()
        self._in_loop = loops
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:  # noqa: D102, N802
        self.purity["<lambda>", node.lineno] = is_pure_expression(node.body)
        return super().visit_Lambda(node)

    def visit_ClassDef(self, node: Any) -> Any:  # noqa: D102, N802
        self._functions.append((node, frozenset(), {"?"}))
        owner, self.owner = self.owner, node.name
        new = self._scope(node, inline=False)
        self.owner = owner
        self._functions.pop()
        return new

    # Statements.

    def visit_If(self, node: ast.If) -> Any:  # noqa: D102, N802
        test = self.test(node.test)
        if raises_only(node.body) and not node.orelse:
            node.test = call("__lift_never__", test)
            locate(node.test, node)
            self._visit_all(node.body)
            return node
        function, flags, outer = self._functions[-1] if self._functions else (None,) * 3
        sides = (node.body, node.orelse)
        if function is None or outer is None or "?" in outer or flags is None:
            pure = False
        else:
            pure = all(is_pure(x, exits=False, outer=outer) for x in sides)
        if not pure or not isinstance(function, ast.FunctionDef):
            node.test = test
            self._visit_all(node.body)
            self._visit_all(node.orelse)
            return node
        names = sorted(
            {
                x.id
                for side in sides
                for part in side
                for x in ast.walk(part)
                if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
            }
            - inner_targets(node)
        )
        unread = [
            x
            for x in names
            if is_unread(node, x, function, in_loop=bool(self._in_loop))
        ]
        rest: set[str] = set()
        if isinstance(node, Rest) and node.flags == {DONE} and not node.orelse:
            rest = read_by_rest_alone(function).intersection(names)
        self._visit_all(node.body)
        self._visit_all(node.orelse)
        own = sorted(x for x in names if x in (flags or ()))
        turns = node.turns if isinstance(node, Rest) else None
        site = self.where, next(self._numbers)
        return written(node, test, site, names, [unread, own, sorted(rest)], turns)

    visit_Rest = visit_If  # noqa: N815 - ast names methods after classes

    def _visit_all(self, body: list[ast.stmt]) -> None:
        new: list[ast.stmt] = []
        for statement in body:
            made = self.visit(statement)
            new += made if isinstance(made, list) else [made]
        body[:] = new

    def visit_For(self, node: ast.For) -> Any:  # noqa: D102, N802
        fresh = isinstance(node.iter, ast.Call)
        over = self.visit(node.iter)
        if not is_call_of(over, "__lift_turns__"):
            node.iter = call("__lift_items__", over)
            node.iter.keywords = [ast.keyword("fresh", ast.Constant(fresh))]
            locate(node.iter, node)
        node.target = self.visit(node.target)
        self._in_loop += 1
        self._visit_all(node.body)
        self._in_loop -= 1
        self._visit_all(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> Any:  # noqa: D102, N802
        node.test = self.test(node.test)
        self._in_loop += 1
        self._visit_all(node.body)
        self._in_loop -= 1
        self._visit_all(node.orelse)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:  # noqa: D102, N802
        node.test = self.test(node.test)
        node.msg = node.msg and self.visit(node.msg)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:  # noqa: D102, N802
        flags = self._functions[-1][1] if self._functions else frozenset()
        target = node.targets[0]
        if (
            len(node.targets) == 1
            and isinstance(target, ast.Name)
            and (target.id in flags or target.id[:7] in {"_lift_k", "_lift_e"})
        ):
            node.value = self.test(node.value)
            return node
        self.generic_visit(node)
        if any(isinstance(x, (ast.Tuple, ast.List)) for x in node.targets) and not (
            isinstance(node.value, ast.Tuple)
        ):
            node.value = call("__lift_items__", node.value)
            locate(node.value, node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:  # noqa: D102, N802
        node.value = self.visit(node.value)
        if not isinstance(node.target, ast.Name):
            node.target = self.visit(node.target)
            return node
        which = quoted(type(node.op).__name__)
        value = call("__lift_in_place__", which, name(node.target.id), node.value)
        return ast.Assign([node.target], value)

    # Conditions.

    def test(self, node: ast.expr) -> ast.expr:
        """Return an expression of which only is asked whether it is true."""
        new = asked(node, self)
        locate(new, node)
        return new

    def conditions(self, made: ast.GeneratorExp, node: ast.AST) -> ast.GeneratorExp:
        """Return what generates conditions rewritten, in the place of a node."""
        ast.copy_location(made, node)
        self.scopes.append(bound_names(made))
        self.inline.append(False)
        made.elt = self.test(made.elt)
        made.generators = [self.visit(x) for x in made.generators]
        self.scopes.pop()
        self.inline.pop()
        return made

    # Expressions.

    def visit_Compare(self, node: ast.Compare) -> Any:  # noqa: D102, N802
        if len(node.ops) == 1 and type(node.ops[0]) in RELATIONS:
            self.generic_visit_only(node)
            which = quoted(RELATIONS[type(node.ops[0])])
            return call("__lift_compared__", which, node.left, node.comparators[0])
        return super().visit_Compare(node)

    def generic_visit_only(self, node: ast.AST) -> None:
        """Rewrite what a node consists of."""
        ast.NodeTransformer.generic_visit(self, node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:  # noqa: D102, N802
        if all(map(is_pure_expression, (node.body, node.orelse))) and self.inline[-1]:
            test = self.test(node.test)
            a, b = self.visit(node.body), self.visit(node.orelse)
            return call("__lift_choose__", test, later(a), later(b))
        node.test = self.test(node.test)
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:  # noqa: D102, N802
        text = super().visit_BinOp(node)
        if not isinstance(text, ast.BinOp):
            return text
        todo = [text]
        for part in todo:
            sides = (part.left, part.right)
            todo.extend(x for x in sides if isinstance(x, ast.BinOp))
        made: dict[int, ast.expr] = {}
        for part in reversed(todo):
            a = made.get(id(part.left), part.left)
            b = made.get(id(part.right), part.right)
            kind = type(part.op).__name__
            if kind in COMMONEST:
                new = call(f"__lift_{kind.lower()}__", a, b)
            else:
                new = call("__lift_op__", quoted(kind), a, b)
            locate(new, part)
            made[id(part)] = new
        return made[id(text)]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: D102, N802
        if isinstance(node.op, ast.Not):
            node.operand = self.test(node.operand)
            return node
        self.generic_visit_only(node)
        if isinstance(node.operand, ast.Constant):
            return node
        return call("__lift_unary__", quoted(type(node.op).__name__), node.operand)

    def visit_Attribute(self, node: ast.Attribute) -> Any:  # noqa: D102, N802
        self.generic_visit_only(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        attribute = node.attr
        private = attribute.startswith("__") and not attribute.endswith("__")
        if private and self.owner is not None:
            attribute = f"_{self.owner.lstrip('_')}{attribute}"
        return call("__lift_get__", node.value, quoted(attribute))

    def visit_Subscript(self, node: ast.Subscript) -> Any:  # noqa: D102, N802
        self.generic_visit_only(node)
        if not isinstance(node.ctx, ast.Load) or isinstance(node.slice, ast.Slice):
            return node
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else ()
        if any(isinstance(x, (ast.Slice, ast.Starred)) for x in parts):
            return node
        return call("__lift_item__", node.value, node.slice)

    def visit_comprehension(self, node: ast.comprehension) -> Any:  # noqa: D102
        fresh = isinstance(node.iter, ast.Call)
        self.generic_visit_only(node)
        node.iter = call("__lift_items__", node.iter)
        node.iter.keywords = [ast.keyword("fresh", ast.Constant(fresh))]
        return node

    def visit_Call(self, node: ast.Call) -> Any:  # noqa: D102, N802
        function = node.func
        called = getattr(function, "id", getattr(function, "attr", ""))
        own = called.startswith("__lift_")
        if isinstance(function, ast.Name) and (called in FRAMES or own):
            self.generic_visit_only(node)
            return node
        first = node.args[0] if node.args else None
        if called == "where" and len(node.args) == 3 and not node.keywords:
            condition = self.test(node.args[0])
            others = [self.visit(x) for x in node.args[1:]]
            return call("__lift_call__", self.visit(function), condition, *others)
        if called in CONSUMING and isinstance(first, ast.GeneratorExp):
            made = ast.ListComp(first.elt, first.generators)
            node.args[0] = ast.copy_location(made, first)
        self.generic_visit_only(node)
        return ast.Call(name("__lift_call__"), [node.func, *node.args], node.keywords)
