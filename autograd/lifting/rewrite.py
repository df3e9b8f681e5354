"""rewrite: where Python insists on floats, a hook of ours is asked first.

Everything else stays as it is, on the lines where it is. A call becomes a call of
``__lift_call__`` with the function before its arguments, so that it is known only when
the code runs what is called: `math.exp`, a helper, a method, something handed in. What
works on Values anyway (`len`, `zip`, `list.append`) is left alone, and so is, in a
lifted module, what that defines itself. The commonest functions ask in line whether
their arguments are floats (`inline`). Where somebody's class may have operators, these
are calls, too (`autograd.lifting.operators`).

    f(x, y=y)          -> __lift_call__(f, x, y=y)
    x.item()           -> __lift_attribute__(x, "item")()
    "%f" % x           -> __lift_text__("%f", x)
    x in c             -> __lift_in__(x, c)
    case float(x):     -> case __lift_like_float__(x):
    a + b              -> __lift_op__("Add", a, b), if there are such operators
    except E: ...      -> except E: __lift_caught__(); ...

It knows a name's meaning from the globals as they are while it rewrites; a name that
a function binds itself has no meaning here, and gets the general form.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from autograd.lifting import patterns
from autograd.lifting.inline import in_line, of_isinstance
from autograd.lifting.links import link_searches
from autograd.lifting.nodes import RELATIONS, call, name, quoted
from autograd.lifting.scopes import bound_names
from autograd.lifting.source import locate
from autograd.lifting.stand_ins import STAND_INS

# What is right on Values as it is; and what has to be called from its own frame.
BUILTINS = (
    "super", "locals", "globals", "vars", "dir", "eval", "exec", "range", "len", "zip",
    "enumerate", "print", "list", "tuple", "dict", "set", "frozenset", "hasattr",
    "iter", "next", "slice", "reversed", "all", "any", "id", "ord", "chr", "open",
    "issubclass", "callable", "bytes", "setattr", "delattr", "property", "staticmethod",
    "classmethod", "object", "BaseException", "Exception", "ValueError", "TypeError",
    "RuntimeError", "KeyError", "IndexError", "NotImplementedError", "AttributeError",
    "ZeroDivisionError", "OverflowError", "ArithmeticError", "AssertionError", "abs",
    "Warning", "UserWarning", "DeprecationWarning", "ImportError", "StopIteration",
    "divmod",
)  # fmt: skip
UNTOUCHED = {id(getattr(builtins, name)) for name in BUILTINS}
CONTAINERS = {
    "append", "extend", "items", "keys", "values", "join", "split", "strip", "lower",
    "upper", "startswith", "endswith", "replace", "add", "update", "insert", "popitem",
    "clear", "encode", "decode", "splitlines", "lstrip", "rstrip", "title",
}  # fmt: skip
NUMBERS = {
    "as_integer_ratio", "__class__", "__module__", "astype", "copy", "item", "tolist",
    "real", "imag", "ndim", "shape",
}  # fmt: skip
BY_OPERATORS = {id(f) for f in (abs, divmod, list, max, min, pow, sorted, sum, tuple)}
UNKNOWN = object()


def _of_class(owner: type, name: str) -> Any:
    """Return the function that a class has under a name, UNKNOWN if it has none."""
    for base in owner.__mro__:
        found = vars(base).get(name)
        if found is not None:
            function = getattr(found, "__func__", found)
            return function if type(function) is types.FunctionType else UNKNOWN
    return UNKNOWN


def _text(node: ast.expr) -> ast.expr:
    """Return what puts numbers into text as a call, anything else as it is."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        left = node.left
        if isinstance(left, ast.Constant) and isinstance(left.value, str):
            text = call("__lift_text__", left, node.right)
            return ast.fix_missing_locations(ast.copy_location(text, node))
    return node


class Rewriter(ast.NodeTransformer):
    """Rewrite a function or a module.

    Args:
        known: what the global names mean.
        free: the names that come from enclosing functions.
        lifted: whether a function or class that a global name means is lifted already.
        properties: whether attributes may be properties that are to be lifted.
        objects: whether operands may be of a class that has operators of its own.

    """

    def __init__(
        self,
        known: Mapping[str, Any],
        free: set[str] | frozenset[str] = frozenset(),
        lifted: Callable[[Any], bool] = lambda _: False,
        *,
        properties: bool = False,
        objects: bool = False,
    ) -> None:
        self.known = known
        self.lifted = lifted
        self.properties = properties
        self.objects = objects
        self.temporaries = count(1)
        self.scopes: list[set[str]] = [set(free)]
        self.inline: list[bool] = [False]
        # The class that is being defined, and the first parameter of a method in it.
        self.classes: list[Any] = [None]
        self.first: list[str | None] = [None]

    # Scopes.

    def visit(self, node: ast.AST) -> Any:
        """Rewrite a node, in the place where the old one was."""
        new = super().visit(node)
        if isinstance(new, ast.expr) and new is not node:
            locate(new, node)
        return new

    def _scope(self, node: ast.AST, *, inline: bool) -> ast.AST:
        self.scopes.append(bound_names(node))
        self.inline.append(inline)
        self.generic_visit(node)
        self.scopes.pop()
        self.inline.pop()
        return node

    def visit_FunctionDef(self, node: Any) -> Any:  # noqa: D102
        link_searches(node)
        node.decorator_list = [self.visit(x) for x in node.decorator_list]
        self._defaults(node.args)
        decorators, node.decorator_list = node.decorator_list, []
        parameters = [x.arg for x in (*node.args.posonlyargs, *node.args.args)]
        self.first.append(parameters[0] if parameters else None)
        self.classes.append(self.classes[-1])
        self._scope(node, inline=True)
        self.classes.pop()
        self.first.pop()
        node.decorator_list = decorators
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's name

    def visit_Lambda(self, node: ast.Lambda) -> Any:  # noqa: D102
        self._defaults(node.args)
        # In a comprehension nothing may be assigned.
        inline = self.inline[-1] or len(self.inline) == 1
        return self._scope(node, inline=inline)

    def _defaults(self, args: ast.arguments) -> None:
        """Rewrite default values, which are evaluated outside of the function."""
        args.defaults = [self.visit(x) for x in args.defaults]
        args.kw_defaults = [x and self.visit(x) for x in args.kw_defaults]

    def visit_arguments(self, node: ast.arguments) -> Any:  # noqa: D102
        return node

    def _inner(self, node: ast.AST) -> Any:
        return self._scope(node, inline=False)

    visit_ListComp = visit_SetComp = visit_DictComp = _inner  # noqa: N815
    visit_GeneratorExp = _inner  # noqa: N815

    def visit_ClassDef(self, node: Any) -> Any:  # noqa: D102
        outermost = len(self.scopes) == 1
        self.classes.append(self.known.get(node.name) if outermost else None)
        new = self._inner(node)
        self.classes.pop()
        return new

    def meaning(self, node: ast.expr) -> Any:
        """Return what an expression means, as far as that is known, else UNKNOWN."""
        if isinstance(node, ast.Name):
            if any(node.id in scope for scope in self.scopes):
                return UNKNOWN
            return self.known.get(node.id, getattr(builtins, node.id, UNKNOWN))
        if isinstance(node, ast.Attribute):
            base = self.meaning(node.value)
            if isinstance(base, types.ModuleType):
                return vars(base).get(node.attr, UNKNOWN)
            own = isinstance(node.value, ast.Name) and node.value.id == self.first[-1]
            base = self.classes[-1] if own and base is UNKNOWN else base
            if isinstance(base, type) and self.lifted(base):
                return _of_class(base, node.attr)
        return UNKNOWN

    # Expressions.

    def visit_Call(self, node: ast.Call) -> Any:  # noqa: D102
        if isinstance(node.func, ast.Name) and node.func.id.startswith("__lift_"):
            return node  # of a search by halving
        meaning = self.meaning(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        self.generic_visit(node)
        by_operators = self.objects and id(meaning) in BY_OPERATORS
        if self._is_untouched(meaning, method) and not by_operators:
            return node
        general = ast.Call(
            name("__lift_call__"), [node.func, *node.args], node.keywords
        )
        if node.keywords or any(isinstance(x, ast.Starred) for x in node.args):
            return general
        free = self.temporaries if self.inline[-1] else None
        if meaning is isinstance and len(node.args) == 2:
            return of_isinstance(node, general)
        if id(meaning) in BY_OPERATORS:  # without a key, they only compare or add
            return general if by_operators else node
        if meaning is float and len(node.args) == 1:
            return in_line(node, "float", free)
        rounds = len(node.args) == 1 and (meaning is int or meaning is round)
        if rounds or getattr(meaning, "__module__", "") == "math":
            return in_line(node, "math", free)
        row = STAND_INS.get(id(meaning))
        if row is not None and not row[1] and type(meaning).__name__ == "ufunc":
            return in_line(node, "numpy", free)
        return general

    def _is_untouched(self, meaning: Any, method: str) -> bool:
        """Return whether a call is right on Values as it is."""
        if meaning is UNKNOWN:
            return method in CONTAINERS
        return id(meaning) in UNTOUCHED or self.lifted(meaning)

    def visit_Attribute(self, node: ast.Attribute) -> Any:  # noqa: D102
        module = isinstance(self.meaning(node.value), types.ModuleType)
        self.generic_visit(node)
        asked = node.attr in NUMBERS or (self.properties and node.attr[:2] != "__")
        if asked and isinstance(node.ctx, ast.Load) and not module:
            return call("__lift_attribute__", node.value, quoted(node.attr))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:  # noqa: D102
        # Without recursion from one operator to the next: polynomials are long.
        tree = [node]
        for operation in tree:
            for side in ("left", "right"):
                operand = getattr(operation, side)
                if isinstance(operand, ast.BinOp):
                    tree.append(operand)
                else:
                    setattr(operation, side, self.visit(operand))
        for operation in reversed(tree):
            operation.left, operation.right = map(
                self._operation, (operation.left, operation.right)
            )
        return self._operation(node)

    def _operation(self, node: ast.expr) -> ast.expr:
        """Return an operation as a call, where that is asked for."""
        new = _text(node)
        if not self.objects or not isinstance(new, ast.BinOp):
            return new
        which = quoted(type(new.op).__name__)
        return locate(call("__lift_op__", which, new.left, new.right), new)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: D102
        self.generic_visit(node)
        if not self.objects or isinstance(node.operand, ast.Constant):
            return node
        if isinstance(node.op, ast.Not):
            node.operand = self._truth(node.operand)
            return node
        return call("__lift_unary__", quoted(type(node.op).__name__), node.operand)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:  # noqa: D102
        self.generic_visit(node)
        if not self.objects or not isinstance(node.target, ast.Name):
            return node
        which = quoted(type(node.op).__name__)
        value = call("__lift_in_place__", which, name(node.target.id), node.value)
        return locate(ast.Assign([node.target], value), node)

    def _iterated(self, node: Any) -> Any:
        self.generic_visit(node)
        if self.objects:
            node.iter = locate(call("__lift_items__", node.iter), node.iter)
        return node

    visit_For = visit_comprehension = _iterated  # noqa: N815

    def visit_Assign(self, node: ast.Assign) -> Any:  # noqa: D102
        self.generic_visit(node)
        unpacks = any(isinstance(x, (ast.Tuple, ast.List)) for x in node.targets)
        if self.objects and unpacks and not isinstance(node.value, ast.Tuple):
            node.value = locate(call("__lift_items__", node.value), node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:  # noqa: D102
        self.generic_visit(node)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        slices = any(isinstance(x, (ast.Slice, ast.Starred)) for x in parts)
        if not self.objects or slices or not isinstance(node.ctx, ast.Load):
            return node
        return call("__lift_item__", node.value, node.slice)

    def _tested(self, node: Any) -> Any:
        self.generic_visit(node)
        node.test = self._truth(node.test)
        return node

    def _truth(self, node: ast.expr) -> ast.expr:
        simple = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
        if self.objects and isinstance(node, simple):
            return locate(call("__lift_truth__", node), node)
        return node

    visit_If = visit_While = visit_IfExp = visit_Assert = _tested  # noqa: N815

    def visit_Compare(self, node: ast.Compare) -> Any:  # noqa: D102
        self.generic_visit(node)
        if len(node.ops) != 1 or isinstance(node.left, ast.Constant):
            return node
        if isinstance(node.comparators[0], (ast.Tuple, ast.List, ast.Constant)):
            return node
        if isinstance(node.ops[0], ast.In):
            return call("__lift_in__", node.left, node.comparators[0])
        if isinstance(node.ops[0], ast.NotIn):
            found = call("__lift_in__", node.left, node.comparators[0])
            return ast.UnaryOp(ast.Not(), found)
        if self.objects and type(node.ops[0]) in RELATIONS:
            which = quoted(RELATIONS[type(node.ops[0])])
            return call("__lift_compared__", which, node.left, node.comparators[0])
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> Any:  # noqa: D102
        like = patterns.NAMES.get(id(self.meaning(node.cls)))
        if like is not None:
            node.cls = ast.copy_location(name(like), node.cls)
        for field in ("patterns", "kwd_patterns"):
            setattr(node, field, [self.visit(x) for x in getattr(node, field)])
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> Any:  # noqa: D102
        return node  # a constant or a dotted name, and nothing else

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:  # noqa: D102
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(call("__lift_caught__")))
        ast.copy_location(node.body[0], node)
        return node
