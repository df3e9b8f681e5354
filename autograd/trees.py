"""Nested structures of numbers, taken apart into a list of numbers and put together.

Arguments and results of the transforms are numbers, NumPy arrays of numbers, and lists,
tuples and dicts of them, to any depth, or of classes that are registered with optree.
`parts_of` takes one container apart; all that takes structures apart asks it, so that
all agree on what a container is and on the order of its parts. NumPy and optree are
used where something of theirs was given, and imported nowhere else.
"""

from __future__ import annotations

import copy
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from autograd.value import Value

FLOAT = 8  # bytes
COLUMNS = frozenset({"pandas", "polars"})
NAMED = frozenset({"Series", "DataFrame"})

Rebuild = Callable[[Iterable[Any]], Any]

MSG_NUMBER = (
    "in {0} there is {1!r} (of type {2}), which is no number to differentiate by: it "
    "can be a float, a Value, a NumPy array of floats, or a list, tuple or dict of them"
)
MSG_SPARSE = "{0} holds a sparse {1}, and derivatives are whole: pass x.toarray()"
MSG_ARRAY = (
    "{0} is of type {1}, which a derivative cannot keep: {2}. Pass a plain array: {3}"
)


def flatten(tree: Any, what: str) -> tuple[list[Any], Rebuild]:
    """Return the numbers of a structure in order, and how to put others in.

    Args:
        tree: a number, an array, or a list, tuple or dict of such.
        what: what messages call it, "the argument".

    Returns:
        The numbers, floats and Values; and a function of as many things that returns
        them in the same structure: arrays of floats as arrays of floats, of anything
        else as arrays of objects.

    Raises:
        TypeError: if anything in it is not a number.

    >>> numbers, rebuild = flatten({"a": [1.0, 2.0], "b": 3}, "the example")
    >>> numbers
    [1.0, 2.0, 3.0]
    >>> rebuild([x * 10 for x in numbers])
    {'a': [10.0, 20.0], 'b': 30.0}

    """
    numbers: list[Any] = []
    rebuild = _flatten(tree, what, numbers)
    return numbers, lambda others: rebuild(iter(others))


def same_structure(one: Any, other: Any) -> bool:
    """Return whether two structures of numbers have their numbers in the same places.

    >>> same_structure({"a": [1.0, 2.0]}, {"a": [0.0, 0]})
    True
    >>> same_structure([1.0, [2.0, 3.0]], [[1.0, 2.0], 3.0])
    False

    """
    if _is_number(one) or _is_number(other):
        return _is_number(one) and _is_number(other)
    if hasattr(one, "dtype") or hasattr(other, "dtype"):
        return bool(getattr(one, "shape", None) == getattr(other, "shape", None))
    ours, theirs = parts_of(one), parts_of(other)
    if ours is None or theirs is None:
        return ours is theirs
    if type(one) is not type(other) or len(ours.items) != len(theirs.items):
        return False
    if isinstance(one, dict) and set(one) != set(other):
        return False
    return all(map(same_structure, ours.items, theirs.items))


def _is_number(tree: Any) -> bool:
    return isinstance(tree, (float, int, Value)) or getattr(tree, "shape", None) == ()


def places(tree: Any, name: str) -> list[str]:
    """Return how to write each number of a structure that is called so.

    >>> places({"w": [1.0, 2.0], "b": 3.0}, "p")
    ["p['b']", "p['w'][0]", "p['w'][1]"]

    """
    if _is_number(tree):
        return [name]
    if hasattr(tree, "dtype"):
        import numpy as np

        return [f"{name}[{', '.join(map(str, i))}]" for i in np.ndindex(tree.shape)]
    parts = parts_of(tree)
    if parts is None:
        return [name]
    named = zip(parts.items, _ways(tree), strict=True)
    return [place for item, way in named for place in places(item, name + way)]


def _ways(tree: Any) -> list[str]:
    """Return what is written after a container's name for each of its parts."""
    if isinstance(tree, dict):
        return [f"[{key!r}]" for key in in_order_of_keys(tree)]
    if hasattr(tree, "_fields"):
        return [f".{field}" for field in tree._fields]
    if isinstance(tree, (list, tuple)):
        return [f"[{i}]" for i in range(len(tree))]
    import optree

    accessors = optree.tree_accessors(
        tree, is_leaf=lambda x: x is not tree, none_is_leaf=True
    )
    return [accessor.codify("") for accessor in accessors]


def _flatten(tree: Any, what: str, numbers: list[Any]) -> Callable[[Any], Any]:
    """Append the tree's numbers; return how to rebuild it from an iterator."""
    if isinstance(tree, Value):
        numbers.append(tree)
        return next
    if isinstance(tree, (float, int)) and not isinstance(tree, bool):
        numbers.append(float(tree))
        return next
    library = type(tree).__module__.partition(".")[0]
    if library in COLUMNS and type(tree).__name__ in NAMED:
        return _flatten_columns(library, tree, what, numbers)
    if hasattr(tree, "toarray"):
        raise TypeError(MSG_SPARSE.format(what, type(tree).__name__))
    if hasattr(tree, "dtype"):
        return _flatten_array(tree, what, numbers)
    parts = parts_of(tree)
    if parts is None:
        raise TypeError(MSG_NUMBER.format(what, tree, type(tree).__name__))
    rebuilds = [_flatten(item, what, numbers) for item in parts.items]
    join = parts.join  # and not the items, which may hold a graph
    return lambda others: join([rebuild(others) for rebuild in rebuilds])


def _flatten_columns(
    library: str, table: Any, what: str, numbers: list[Any]
) -> Callable[[Any], Any]:
    """Append a series' or frame's numbers; pandas' keep their names, floats or not.

    polars has no columns of Values: a series of its is an array to the function, and
    its derivative is a series again.
    """
    rebuild = _flatten_array(table.to_numpy(), what, numbers)
    if library == "pandas":
        names = table.axes
        keys = ("index", "columns")[: len(names)]
        named = {"name": table.name} if len(names) == 1 else {}
        labels = dict(zip(keys, names, strict=True)) | named
        return lambda others: type(table)(rebuild(others), **labels)

    def of_polars(others: Any) -> Any:
        array = rebuild(others)
        if array.dtype.kind == "O":
            return array
        if array.ndim == 1:
            return type(table)(table.name, array)
        return type(table)(array, schema=table.columns)

    return of_polars


def _flatten_array(array: Any, what: str, numbers: list[Any]) -> Callable[[Any], Any]:
    import numpy as np

    _check_kind(array, what)
    for x in np.asarray(array).ravel().tolist():
        if isinstance(x, bool) or not isinstance(x, (float, int, Value)):
            raise TypeError(MSG_NUMBER.format(what, x, type(x).__name__))
        numbers.append(x if isinstance(x, Value) else float(x))
    size, shape = array.size, array.shape

    def rebuild(others: Any) -> Any:
        return as_array([next(others) for _ in range(size)], shape)

    return rebuild


class Parts(NamedTuple):
    """A container, taken apart.

    Attributes:
        items: what is in it, in the order in which numbers are taken.
        label: what else it is made of: its length, its keys, a class's own data.
        join: returns a container like it of other items.

    """

    items: list[Any]
    label: Any
    join: Callable[[list[Any]], Any]


def parts_of(tree: Any) -> Parts | None:
    """Return the parts of a container, or None for what is none.

    >>> parts_of({"b": 1.0, "a": [2.0]}).items
    [[2.0], 1.0]

    """
    kind = type(tree)
    if kind is list or kind is tuple:
        return Parts(list(tree), len(tree), kind)
    if isinstance(tree, (list, tuple)):
        return Parts(list(tree), len(tree), partial(like, tree))
    if isinstance(tree, dict):
        keys, order = list(tree), in_order_of_keys(tree)
        own = None if kind is dict else tree

        def join(items: list[Any]) -> Any:
            found = dict(zip(order, items, strict=True))
            new = [found[key] for key in keys]
            return dict(zip(keys, new, strict=True)) if own is None else like(own, new)

        return Parts([tree[key] for key in order], tuple(keys), join)
    # A class that was registered has imported optree; a deque needs no registration.
    if "optree" not in sys.modules and kind.__name__ != "deque":
        return None
    import optree

    if optree.tree_is_leaf(tree, none_is_leaf=True):
        return None
    items, label, _, unflatten = optree.tree_flatten_one_level(tree, none_is_leaf=True)
    return Parts(items, label, partial(unflatten, label))


def in_order_of_keys(tree: dict[Any, Any]) -> list[Any]:
    """Return a dict's keys in the order in which its numbers are taken.

    It is optree's, and so that of all transforms: sorted, but for an OrderedDict.

    >>> in_order_of_keys({"b": 1.0, "a": 2.0})
    ['a', 'b']

    """
    if isinstance(tree, OrderedDict):
        return list(tree)
    try:
        return sorted(tree)
    except TypeError:  # keys of several kinds: by their names, as optree has it
        pass
    try:
        return sorted(tree, key=lambda key: (_kind_of(key), key))
    except TypeError:
        return list(tree)


def _kind_of(key: Any) -> str:
    return f"{type(key).__module__}.{type(key).__qualname__}"


def like(tree: Any, items: list[Any]) -> Any:
    """Return a copy of a list, a tuple or a dict, of its class, with other items.

    >>> like({"a": 1.0}, [2.0])
    {'a': 2.0}

    """
    kind: Any = type(tree)
    if isinstance(tree, dict):
        new = copy.copy(tree)  # a defaultdict keeps its default
        dict.update(new, zip(tree, items, strict=True))
    elif isinstance(tree, list):
        new = kind.__new__(kind)
        list.extend(new, items)
    else:
        new = tuple.__new__(kind, items)
    held = getattr(tree, "__dict__", None)
    if held:
        new.__dict__.update(held)
    return new


def _check_kind(array: Any, what: str) -> None:
    """Raise for an array that has more to it than numbers in their places.

    Raises:
        TypeError: naming its type, and what to write instead.

    """
    import numpy as np

    kind = f"{type(array).__module__}.{type(array).__qualname__}"
    if getattr(array.dtype, "names", None):
        reason, instead = "its rows have fields", "x['name'] for each field, in a dict"
        raise TypeError(MSG_ARRAY.format(what, f"{array.dtype}", reason, instead))
    if array.dtype.kind == "f" and array.dtype.itemsize > FLOAT:
        reason = "it holds more digits than a float has, which would be lost"
        raise TypeError(MSG_ARRAY.format(what, array.dtype, reason, "x.astype(float)"))
    if not isinstance(array, np.ndarray) or type(array) in {np.ndarray, np.memmap}:
        return
    if isinstance(array, np.ma.MaskedArray):
        reason, instead = "its mask would be lost", "x.compressed(), or x.filled(0.0)"
    else:
        reason, instead = "its class would be lost", "np.asarray(x)"
    raise TypeError(MSG_ARRAY.format(what, kind, reason, instead))


def as_array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of floats if all are floats, else of objects; for no axes, it.

    >>> as_array([1.0, 2.0], (1, 2))
    array([[1., 2.]])

    """
    import numpy as np

    if not shape:
        return items[0]
    plain = all(type(x) is float for x in items)
    # Assigning Values to an array asks each of them for what only arrays have.
    array = np.fromiter(items, dtype=float if plain else object, count=len(items))
    return array.reshape(shape)
