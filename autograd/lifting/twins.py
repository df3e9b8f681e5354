"""twins: a module imported a second time, privately, with all of its code lifted.

The twin of ``fluids.friction`` is ``autograd.lifting.twins.fluids.friction``, of the
same file and the same lines. What it imports is a twin in its turn, unless it belongs
to the standard library or is compiled code; so the library that everybody else uses is
neither changed nor used. It is a module like any other: its functions pickle by name.

What has to be one and the same in both copies is the original's: enumerations,
exceptions, and markers like ``MISSING = object()``. Other classes are twins that know
their originals, so that `isinstance` takes an original's objects too.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import enum
import importlib
import sys
import types
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    ExtensionFileLoader,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
)
from importlib.util import spec_from_loader
from pathlib import Path
from typing import Any

from autograd.lifting.functions import hooks, know, left_alone
from autograd.lifting.nodes import call
from autograd.lifting.rewrite import Rewriter
from autograd.lifting.stand_ins import dress, refresh, stand_in

PREFIX = __name__ + "."
__path__: list[str] = []  # this module has modules below it, and no folder

MSG_NO_SOURCE = (
    "{0} cannot be lifted: it has no source in Python. Its functions on floats can be "
    "given their derivatives by autograd.primitive"
)


def twin(name: str) -> types.ModuleType:
    """Return the twin of a module.

    Raises:
        ModuleNotFoundError: if there is no such module.
        TypeError: if it has no source.

    """
    importlib.import_module(name)
    try:
        return importlib.import_module(PREFIX + name)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith(PREFIX):
            raise
        raise TypeError(MSG_NO_SOURCE.format(name)) from None


_alone: set[str] = set()  # what was imported before, and is as it is


def lifted_import(
    name: str,
    globals: Any = None,  # noqa: A002 - __import__'s name
    locals: Any = None,  # noqa: A002
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> Any:
    """Import as a statement in a twin does: twins, where there are any."""
    if name in _alone:
        return builtins.__import__(name, globals, locals, fromlist, level)
    top = name.partition(".")[0]
    if level == 0 and top == "numba":
        return _numba(name, globals)
    if level or left_alone(name):
        module = builtins.__import__(name, globals, locals, fromlist, level)
        refresh()
        if not level:
            _alone.add(name)
        return module
    try:
        importlib.import_module(PREFIX + name)
        if fromlist:
            return builtins.__import__(PREFIX + name, globals, locals, fromlist, 0)
        return sys.modules[PREFIX + top]
    except ModuleNotFoundError as error:  # an extension module, or none at all
        if error.name is None or not error.name.startswith(PREFIX):
            raise
        return builtins.__import__(name, globals, locals, fromlist, 0)


def _name_in_twins(name: str) -> str:
    """Return under which name code of a twin finds a module in ``sys.modules``."""
    return PREFIX + name if PREFIX + name in sys.modules else name


def _import_module(name: str, package: str | None = None) -> types.ModuleType:
    """Import by a name that code makes up; in a twin that is a twin, too."""
    frame: Any = sys._getframe(1)  # noqa: SLF001
    while frame.f_globals.get("__name__") == "autograd.lifting.calls":
        frame = frame.f_back
    of_a_twin = str(frame.f_globals.get("__name__")).startswith(PREFIX)
    if of_a_twin and name[:1] != "." and not left_alone(name):
        with contextlib.suppress(TypeError):  # it has no source
            return twin(name)
    return importlib.import_module(name, package)


stand_in(importlib.import_module, _import_module, always=True)


# --- Numba --------------------------------------------------------------------------

_need_numba: set[str] = set()


def _numba(name: str, importer: Any) -> Any:
    """Return decorators that do nothing, for whom cannot do without; else be absent."""
    if (importer or {}).get("__name__") in _need_numba:
        return NUMBA
    message = f"No module named {name!r}"
    raise ModuleNotFoundError(message, name=name)


class _Named:
    """What any name of numba's is: a decorator that does nothing, a type of numbers."""

    def __call__(self, *args: Any, **_: Any) -> Any:
        if len(args) != 1 or not isinstance(args[0], (types.FunctionType, type)):
            return self  # options, or a signature
        if type(args[0]) is types.FunctionType:
            args[0].py_func = args[0]  # type: ignore[attr-defined]  # as numba's has it
        return args[0]

    def __getitem__(self, _: object) -> _Named:
        return self

    def __getattr__(self, name: str) -> _Named:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


_named = _Named()
NUMBA: Any = types.ModuleType("numba")
NUMBA.prange, NUMBA.__version__ = range, "0"
NUMBA.__getattr__ = lambda _: _named


def _without_choice(tree: ast.Module) -> bool:
    """Return whether a module imports numba where it does not catch its absence."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Try):
            continue
        if isinstance(node, ast.Import) and node.names[0].name.startswith("numba"):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numba"):
            return True
        todo += ast.iter_child_nodes(node)
    return False


# --- Loading ------------------------------------------------------------------------


class Loader(SourceFileLoader):
    """Load a twin from the file of the original."""

    def get_code(self, fullname: str) -> types.CodeType:
        """Return the rewritten code of the module."""
        plain = fullname.removeprefix(PREFIX)
        original = vars(importlib.import_module(plain))
        refresh()
        path = self.get_filename(fullname)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the original's import has said it
            tree = ast.parse(self.get_data(path), path)
            if _without_choice(tree):
                _need_numba.add(fullname)
            _keep_markers(tree)
            _ask_for_names(tree)
            lifted = Rewriter(original, lifted=is_twin_too).visit(tree)
            tree = ast.fix_missing_locations(lifted)
            code = compile(tree, path, "exec", dont_inherit=True)
        know(code, SourceFileLoader(plain, path).get_code(plain))
        return code

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module's code where the hooks are builtins."""
        original = importlib.import_module(module.__name__.removeprefix(PREFIX))

        def build(body: Any, name: str, *bases: Any, **options: Any) -> Any:
            made = builtins.__build_class__(body, name, *bases, **options)
            return _same_class(made, original)

        def marker(name: str, other: Any) -> Any:
            return vars(original).get(name, other)

        module.__dict__["__builtins__"] = {
            **vars(builtins),
            **hooks(),
            "__import__": lifted_import,
            "__build_class__": build,
            "__lift_marker__": marker,
            "__lift_name__": _name_in_twins,
        }
        super().exec_module(module)
        dress(module)


def is_twin_too(meaning: Any) -> bool:
    """Return whether what an original's global name means is lifted in the twin."""
    if not isinstance(meaning, (types.FunctionType, type)):
        return False
    return not left_alone(getattr(meaning, "__module__", None))


def _same_class(made: Any, original: types.ModuleType) -> Any:
    """Return the original of an enumeration or an exception; let others know theirs."""
    first: Any = original
    for part in getattr(made, "__qualname__", "<locals>").split("."):
        first = getattr(first, "__dict__", {}).get(part)
    if not isinstance(first, type) or not isinstance(made, type):
        return made
    if issubclass(made, (enum.Enum, BaseException)):
        return first
    try:
        made.__lift_original__ = first  # type: ignore[attr-defined]
    except (AttributeError, TypeError):  # a class that does not take attributes
        return made
    return made


def _keep_markers(tree: ast.Module) -> None:
    """Let the twin's markers be the original's."""
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id == "object"
        ):
            word = ast.Constant(node.targets[0].id)
            kept = ast.copy_location(
                call("__lift_marker__", word, node.value), node.value
            )
            node.value = ast.fix_missing_locations(kept)


def _ask_for_names(tree: ast.Module) -> None:
    """Let code that looks itself up in ``sys.modules`` find the twin."""
    for part in ast.walk(tree):
        node: Any = part
        where = node.value if isinstance(node, ast.Subscript) else None
        if (
            isinstance(where, ast.Attribute)
            and where.attr == "modules"
            and isinstance(where.value, ast.Name)
            and where.value.id.strip("_") == "sys"
        ):
            node.slice = ast.copy_location(call("__lift_name__", node.slice), node)


class Finder(MetaPathFinder):
    """Find twins, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> ModuleSpec | None:
        """Return how a twin is loaded; None for all other modules."""
        del target
        if not fullname.startswith(PREFIX):
            return None
        plain = fullname.removeprefix(PREFIX)
        spec = PathFinder.find_spec(plain, path if "." in plain else None)
        origin = None if spec is None else _source_of(spec)
        if spec is None or origin is None:
            return None
        package = spec.submodule_search_locations is not None
        return spec_from_loader(fullname, Loader(fullname, origin), is_package=package)


def _source_of(spec: ModuleSpec) -> str | None:
    """Return the file of a module's source, None if it has none.

    What mypyc, or Cython in pure Python mode, has compiled lies beside its source.
    """
    if isinstance(spec.loader, SourceFileLoader):
        return str(spec.origin)
    if isinstance(spec.loader, ExtensionFileLoader):
        beside = Path(str(spec.origin)).with_name(f"{spec.name.rpartition('.')[2]}.py")
        return str(beside) if beside.is_file() else None
    return None


sys.meta_path.insert(0, Finder())
