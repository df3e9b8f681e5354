"""functions: a function of other people, lifted: once, and of the same closure.

A lifted function has the globals, the defaults, the closure and the name of the
function it is made from, and code that is rewritten on the same lines. The functions
that it asks are free variables of it, so nobody's globals change. What has no source,
and what is made for floats as it is (the standard library, packages of compiled code),
is returned itself.
"""

from __future__ import annotations

import ast
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

from autograd.lifting.errors import TWINS
from autograd.lifting.rewrite import Rewriter
from autograd.lifting.source import compiled, source_of
from autograd.lifting.stand_ins import refresh
from autograd.value import Value

OURS = ("autograd", "nn")
# Packages of compiled code, or too large to be read a second time.
COMPILED = (
    "IPython", "Cython", "anywidget", "attr", "attrs", "casadi", "certifi", "click",
    "dask", "deprecated", "graphviz", "h5py", "ipykernel", "jax", "jaxlib", "joblib",
    "llvmlite", "matplotlib", "mpmath", "networkx", "numba", "numpy", "optree",
    "packaging", "pandas", "param", "pint", "pkg_resources", "psutil", "pydantic",
    "pyparsing", "pytest", "_pytest", "hypothesis", "ray", "requests", "scipy",
    "setuptools", "six", "sklearn", "sympy", "tensorflow", "torch", "tqdm",
    "typing_extensions", "urllib3", "wrapt", "xarray", "yaml", "zmq",
)  # fmt: skip
LEFT_ALONE = frozenset({*OURS, *COMPILED, *sys.stdlib_module_names} - {"__main__"})
WORD_SOURCE = (
    "{0} is as it was: its source is not in {1}, or it was edited since it was "
    "imported, and a function is lifted by reading its source"
)
WORD_ALONE = "{0} is as it was: {1} belongs to the standard library or is compiled code"
WORD_ASYNC = "{0} is as it was: it is a coroutine, which computes nothing by itself"
ASYNC = 0x80 | 0x100 | 0x200  # CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR

Code = types.CodeType
# For each code object, by its id, itself and its rewritten code, or a word on why there
# is none. (Equal code objects may be of different modules, where names mean others.)
_rewritten: dict[int, tuple[Code, Code | str]] = {}
LIFTED: dict[int, Code] = {}
# What rewritten code of a twin was written as, by the id of the rewritten code.
_written_as: dict[int, Code] = {}
_cells: dict[str, types.CellType] = {}


def hooks() -> dict[str, Any]:
    """Return the functions that rewritten code asks, by the names it has for them."""
    from autograd.lifting.calls import HOOKS

    return HOOKS


def operators(known: dict[str, Any], tree: ast.AST) -> bool:
    """Return whether operands may be of a class that has operators of its own."""
    from autograd.lifting.operators import are_about

    return are_about(known, tree)


def left_alone(module: str | None) -> bool:
    """Return whether a module's functions are called as they are."""
    name = module or ""
    if name.startswith(TWINS):
        return False
    return name.partition(".")[0] in LEFT_ALONE


def _written_here(module: str, filename: str) -> bool:
    """Return whether code runs under our name that is not ours: an example's."""
    return module.partition(".")[0] in OURS and filename.startswith("<")


def lifted_function(f: types.FunctionType) -> types.FunctionType:
    """Return a function of Python lifted, or itself if that cannot be."""
    code = f.__code__
    known = _rewritten.get(id(code))
    if known is None:
        known = code, code if id(code) in LIFTED else _rewrite(f)
        _rewritten[id(code)] = known
    found = known[1]
    if isinstance(found, str) or found is code:
        return f
    if not _cells:
        _cells.update({k: types.CellType(hook) for k, hook in hooks().items()})
    return with_code(f, found, _cells)


def why_not(f: types.FunctionType) -> str:
    """Return a word on why a function is returned as it is, "" if it is lifted."""
    lifted_function(f)
    found = _rewritten[id(f.__code__)][1]
    return found if isinstance(found, str) else ""


def is_lifted(f: Any) -> bool:
    """Return whether a function's code is rewritten code."""
    return id(getattr(f, "__code__", None)) in LIFTED


def is_lifted_code(code: Code, names: dict[str, Any]) -> bool:
    """Return whether code, of these globals, was rewritten, for whatever purpose."""
    return (
        id(code) in LIFTED
        or str(names.get("__name__")).startswith(TWINS)
        or any(x.startswith("__lift_") for x in code.co_freevars)
    )


def know(code: Code, plain: Code | None = None) -> None:
    """Note that a code object, and all code in it, is rewritten already.

    Args:
        code: the rewritten code.
        plain: what was rewritten, if that is known.

    """
    LIFTED[id(code)] = code
    if plain is not None:
        _written_as[id(code)] = plain
    inner = _inside(code)
    same = plain is not None and list(map(_place, inner)) == list(
        map(_place, _inside(plain))
    )
    for k, part in enumerate(inner):
        know(part, _inside(plain)[k] if plain is not None and same else None)


def _inside(code: Code) -> list[Code]:
    return [x for x in code.co_consts if isinstance(x, Code)]


def _place(code: Code) -> tuple[str, int]:
    return code.co_name, code.co_firstlineno


def written_as(code: Code) -> Code:
    """Return the code that a twin's was rewritten from, other code as it is."""
    return _written_as.get(id(code), code)


def _rewrite(f: types.FunctionType) -> Code | str:
    """Return the rewritten code of a function, or a word on why it has none."""
    code = f.__code__
    name = f"{f.__module__}.{f.__qualname__}"
    module = f.__globals__.get("__name__")
    if left_alone(module) and not _written_here(str(module), code.co_filename):
        return WORD_ALONE.format(name, module)
    if code.co_flags & ASYNC:
        return WORD_ASYNC.format(name)
    refresh()
    source = source_of(code)
    if source is None:
        return WORD_SOURCE.format(name, code.co_filename)
    free = frozenset(code.co_freevars)
    # It is run on Values alone: on floats the function itself is called.
    tree = source.copy()
    rewriter = Rewriter(
        f.__globals__, free, properties=True, objects=operators(f.__globals__, tree)
    )
    node = rewriter.visit(tree)
    new = compiled(source, node, code, tuple(hooks()))
    if new is None:
        return WORD_SOURCE.format(name, code.co_filename)
    know(new)
    return new


def with_code(
    f: types.FunctionType, code: Code, cells: dict[str, types.CellType]
) -> types.FunctionType:
    """Return a function like f of other code, which has the hooks' cells as well."""
    own = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
    closure = tuple([own.get(n) or cells[n] for n in code.co_freevars])
    new = types.FunctionType(code, f.__globals__, f.__name__, f.__defaults__, closure)
    new.__kwdefaults__ = f.__kwdefaults__
    new.__dict__.update(f.__dict__)
    new.__doc__, new.__module__, new.__qualname__ = (
        f.__doc__,
        f.__module__,
        f.__qualname__,
    )
    return new


PLAIN = frozenset({float, int, bool, str, type(None)})
_HARMLESS = (float, int, str, bool, type(None), tuple, frozenset, types.ModuleType)


class Lifted:
    """A lifted function; on numbers it is the function itself.

    Attributes:
        __wrapped__: the function that was lifted.

    """

    def __init__(self, f: types.FunctionType) -> None:
        functools.update_wrapper(self, f)
        self._plain = f
        self._lifted = lifted_function(f)
        self._closed = _holds_values(f)

    __wrapped__: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: itself on numbers, else with what was rewritten."""
        for x in args:  # lean: a call may take no longer than the function
            if type(x) is not float and type(x) not in PLAIN:
                return self._lifted(*args, **kwargs)
        if self._closed:
            return self._lifted(*args, **kwargs)
        if not kwargs:
            return self._plain(*args)
        plain = PLAIN.issuperset(map(type, kwargs.values()))
        return (self._plain if plain else self._lifted)(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str | tuple[Any, ...]:
        found: Any = sys.modules.get(self._plain.__module__)
        for part in self._plain.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is self:  # made by @lift: its name is the lifted function's
            return str(self._plain.__qualname__)
        return _again, (self._plain,)

    def __copy__(self) -> Lifted:
        return self

    def __deepcopy__(self, memo: object) -> Lifted:
        return self

    def __repr__(self) -> str:
        return f"<lifted {self._plain.__qualname__}>"


def _again(f: types.FunctionType) -> Lifted:
    return f if isinstance(f, Lifted) else Lifted(f)


def _holds_values(f: types.FunctionType) -> bool:
    """Return whether a function may reach a Value other than by its arguments."""
    for cell in f.__closure__ or ():
        try:
            inside = cell.cell_contents
        except ValueError:  # not bound yet
            return True
        if not isinstance(inside, (*_HARMLESS, types.FunctionType, type)):
            return True
        if isinstance(inside, types.FunctionType) and inside is not f:
            return True
    names = f.__code__.co_names
    return any(type(f.__globals__.get(name)) is Value for name in names)
