"""Nested structures of numbers, taken apart into a list of numbers and put together.

Arguments and results of the transforms are numbers, NumPy arrays of numbers, and lists,
tuples and dicts of them, to any depth. optree does the nesting; it is imported when
something is nested. NumPy is used where an array was given, and imported nowhere else.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from autograd.value import Value

Rebuild = Callable[[Iterable[Any]], Any]

MSG_NUMBER = (
    "in {0} there is {1!r} (of type {2}), which is no number to differentiate by: it "
    "can be a float, a Value, a NumPy array of floats, or a list, tuple or dict of them"
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
    import optree

    ones, structure = optree.tree_flatten(one, none_is_leaf=True)
    others, its = optree.tree_flatten(other, none_is_leaf=True)
    return bool(structure == its) and all(map(same_structure, ones, others))


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
    import optree

    accessors, leaves, _ = optree.tree_flatten_with_accessor(tree, none_is_leaf=True)
    parts = [
        places(leaf, accessor.codify(name))
        for accessor, leaf in zip(accessors, leaves, strict=True)
    ]
    return [place for part in parts for place in part]


def _flatten(tree: Any, what: str, numbers: list[Any]) -> Callable[[Any], Any]:
    """Append the tree's numbers; return how to rebuild it from an iterator."""
    if isinstance(tree, Value):
        numbers.append(tree)
        return next
    if isinstance(tree, (float, int)) and not isinstance(tree, bool):
        numbers.append(float(tree))
        return next
    if hasattr(tree, "dtype"):
        return _flatten_array(tree, what, numbers)
    import optree

    leaves, structure = optree.tree_flatten(tree, none_is_leaf=True)
    if len(leaves) == 1 and leaves[0] is tree:
        raise TypeError(MSG_NUMBER.format(what, tree, type(tree).__name__))
    parts = [_flatten(leaf, what, numbers) for leaf in leaves]
    return lambda others: structure.unflatten([part(others) for part in parts])


def _flatten_array(array: Any, what: str, numbers: list[Any]) -> Callable[[Any], Any]:
    import numpy as np

    for x in np.asarray(array).ravel().tolist():
        if isinstance(x, bool) or not isinstance(x, (float, int, Value)):
            raise TypeError(MSG_NUMBER.format(what, x, type(x).__name__))
        numbers.append(x if isinstance(x, Value) else float(x))
    size, shape = array.size, array.shape

    def rebuild(others: Any) -> Any:
        return as_array([next(others) for _ in range(size)], shape)

    return rebuild


def in_order_of_keys(tree: dict[Any, Any]) -> list[Any]:
    """Return a dict's keys in the order in which its numbers are taken.

    It is optree's, and so that of all transforms: sorted, but for an OrderedDict.

    >>> in_order_of_keys({"b": 1.0, "a": 2.0})
    ['a', 'b']

    """
    from collections import OrderedDict

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


def as_array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of floats if all are floats, else of objects; for no axes, it.

    >>> as_array([1.0, 2.0], (1, 2))
    array([[1., 2.]])

    """
    import numpy as np

    if not shape:
        return items[0]
    plain = all(type(x) is float for x in items)
    array = np.empty(len(items), dtype=float if plain else object)
    array[:] = items
    return array.reshape(shape)
