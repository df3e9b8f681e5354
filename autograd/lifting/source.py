"""The source of a function: the part of a file that made it, and nothing else.

A function knows its file and its first line. Several lambdas may stand on that line,
the file may have been edited since, and code may have come from `exec`. So what is
found there is compiled again, and it is the function's source only if that gives the
function's own code.
"""

from __future__ import annotations
import __future__

import ast
import functools
import linecache
import operator
import types
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from autograd.lifting.scopes import Scope

Code = types.CodeType
Node = TypeVar("Node", bound=ast.AST)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

FUTURE = functools.reduce(
    operator.or_,
    (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names),
)
FACTORY = "__lift_factory__"


@dataclass(frozen=True)
class Source:
    """Where a function is defined.

    Attributes:
        node: the definition; it is shared and not to be changed.
        owner: the name of the class in whose body it stands, or None.
        imports: the import statements of the module, on which it depends how methods
            are called.

    """

    node: Definition
    owner: str | None
    imports: list[ast.Import | ast.ImportFrom]

    def copy(self) -> Definition:
        """Return the definition alone, without what is evaluated outside of it."""
        node = copied(self.node)
        node.args.defaults = []
        node.args.kw_defaults = [None] * len(node.args.kwonlyargs)
        if not isinstance(node, ast.Lambda):
            node.decorator_list = []
            node.returns = None
            for arg in ast.walk(node.args):
                if isinstance(arg, ast.arg):
                    arg.annotation = None
        return node


@dataclass(frozen=True)
class _File:
    """A file that was read.

    Attributes:
        lines: its lines.
        body: its statements.
        imports: those that import something, in no function or class.
        found: what was found at a line.

    """

    lines: list[str]
    body: list[ast.stmt]
    imports: list[ast.Import | ast.ImportFrom]
    found: dict[int, list[Source]]


_files: dict[str, _File] = {}


def source_of(code: types.CodeType) -> Source | None:
    """Return the definition that a code object was compiled from, None if not found."""
    for source in _definitions(code.co_filename, code.co_firstlineno):
        name = "<lambda>" if isinstance(source.node, ast.Lambda) else source.node.name
        if name == code.co_name:
            again = compiled(source, source.copy(), code, ())
            if again is not None and same_code(again, code):
                return source
    return None


def _definitions(filename: str, line: int) -> list[Source]:
    """Return the definitions in a file that begin at a line.

    Only the statement is searched, of the file's, that the line is in.
    """
    file = _read(filename)
    if line in file.found:
        return file.found[line]
    found: list[Source] = []
    todo: list[tuple[ast.AST, str | None]] = [
        (statement, None)
        for statement in file.body
        if _first_line(statement) <= line <= (statement.end_lineno or line)
    ]
    while todo:
        node, owner = todo.pop()
        if isinstance(node, Definition) and _first_line(node) == line:
            found.append(Source(node, owner, file.imports))
        inner = node.name if isinstance(node, ast.ClassDef) else owner
        todo += [(child, inner) for child in ast.iter_child_nodes(node)]
    file.found[line] = found
    return found


def _first_line(node: Definition | ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _read(filename: str) -> _File:
    """Return a file as it is now."""
    linecache.checkcache(filename)
    lines = linecache.getlines(filename)
    known = _files.get(filename)
    if known is not None and known.lines == lines:
        return known
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the import has said it
            tree = ast.parse("".join(lines), filename)
    except (SyntaxError, ValueError):
        tree = ast.Module([], [])
    imports = [x for x in _outside(tree) if isinstance(x, (ast.Import, ast.ImportFrom))]
    imports = [x for x in imports if getattr(x, "module", "") != "__future__"]
    file = _files[filename] = _File(lines, tree.body, imports, {})
    return file


def _outside(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements of a module that are in no function and no class."""
    todo: list[ast.AST] = [*tree.body]
    while todo:
        part = todo.pop()
        yield part
        if not isinstance(part, Scope):
            inner = ast.iter_child_nodes(part)
            todo += [x for x in inner if not isinstance(x, ast.expr)]


def compiled(
    source: Source,
    node: Definition,
    code: types.CodeType,
    hooks: Sequence[str],
) -> types.CodeType | None:
    """Return the code of a definition that takes the place of a function's own code.

    Args:
        source: where the function is defined.
        node: its definition, as it is or rewritten.
        code: the function's own code, whose free variables remain free.
        hooks: names that are to be free variables as well.

    """
    owner = source.owner
    outer = [*code.co_freevars, *(name for name in hooks)]
    inner: ast.stmt = ast.Expr(node) if isinstance(node, ast.Lambda) else node
    if owner is not None:
        inner = ast.ClassDef(owner, [], [], [inner], [])
        if hasattr(inner, "type_params"):
            inner.type_params = []
    factory = ast.FunctionDef(
        FACTORY,
        ast.arguments([], [ast.arg(name) for name in outer], None, [], [], None, []),
        [*_not_its_own(source, code), inner],
        [],
    )
    if hasattr(factory, "type_params"):
        factory.type_params = []
    ast.copy_location(factory, node)
    module = ast.fix_missing_locations(ast.Module([*source.imports, factory], []))
    flags = code.co_flags & FUTURE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: types.CodeType = compile(
                module, code.co_filename, "exec", flags=flags, dont_inherit=True
            )
    except (SyntaxError, ValueError, RecursionError):
        return None
    while found.co_name != code.co_name or found.co_firstlineno == 0:
        parts = [c for c in found.co_consts if isinstance(c, types.CodeType)]
        inner_names = {FACTORY, owner, code.co_name}
        parts = [c for c in parts if c.co_name in inner_names]
        if not parts:
            return None
        found = parts[-1]
    return found.replace(co_qualname=code.co_qualname)


def _not_its_own(source: Source, code: types.CodeType) -> list[ast.stmt]:
    """Return what lets a definition be global where it is defined in the factory.

    A recursive function, or a method that names its class, would find it there.
    """
    name = source.owner
    if name is None and not isinstance(source.node, ast.Lambda):
        name = source.node.name
    return [] if name is None or name in code.co_freevars else [ast.Global([name])]


def copied(node: Definition) -> Definition:
    """Return a copy of a tree, however deep it is."""
    todo: list[tuple[ast.AST, ast.AST]] = []

    def fresh(x: Any) -> Any:
        if isinstance(x, ast.AST):
            # Not type(x)(): a node without its fields is deprecated since 3.13.
            todo.append((x, type(x).__new__(type(x))))
            return todo[-1][1]
        return [fresh(part) for part in x] if isinstance(x, list) else x

    root: Definition = fresh(node)
    while todo:
        old, new = todo.pop()
        for key, value in vars(old).items():
            setattr(new, key, fresh(value))
    return root


def same_code(one: types.CodeType, other: types.CodeType) -> bool:
    """Return whether two code objects do the same."""
    names = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars")
    if any(getattr(one, name) != getattr(other, name) for name in names):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(map(_same_constant, one.co_consts, other.co_consts))


def _same_constant(a: object, b: object) -> bool:
    if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
        return same_code(a, b)
    if isinstance(a, frozenset):  # in no order
        return a == b
    return type(a) is type(b) and repr(a) == repr(b)


def locate(new: Node, old: ast.AST) -> Node:
    """Put what has no place yet in that of another node; return the new one."""
    todo: list[ast.AST] = [new]
    while todo:
        part = todo.pop()
        if not hasattr(part, "lineno"):
            if isinstance(part, (ast.expr, ast.stmt)):
                ast.copy_location(part, old)
            todo += ast.iter_child_nodes(part)
    return new
