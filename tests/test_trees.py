"""One flattener: transforms and compiled functions agree on what a structure is."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from typing import NamedTuple

import optree
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import grad, jit
from autograd.compiler.calls.forms import Arguments, reader
from autograd.trees import flatten, parts_of, places, same_structure


class Point(NamedTuple):
    x: object
    y: object


class Own(list):
    """A list of a class of its own."""


@optree.register_pytree_node_class(namespace=optree.registry.__GLOBAL_NAMESPACE)
class Line:
    """A container that is registered, with data of its own."""

    TREE_PATH_ENTRY_TYPE = optree.GetAttrEntry

    def __init__(self, start, end, name="line"):
        self.start, self.end, self.name = start, end, name

    def tree_flatten(self):
        return (self.start, self.end), self.name, ("start", "end")

    @classmethod
    def tree_unflatten(cls, name, children):
        return cls(*children, name=name)


def containers(inner):
    keys = st.lists(st.sampled_from(["b", "a", 3, "c", 1]), unique=True, max_size=4)
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(Own),
        st.lists(inner, max_size=3).map(deque),
        st.tuples(inner, inner).map(lambda xy: Point(*xy)),
        st.tuples(inner, inner).map(lambda xy: Line(*xy)),
        keys.flatmap(lambda ks: st.fixed_dictionaries(dict.fromkeys(ks, inner))),
        keys.flatmap(
            lambda ks: st.fixed_dictionaries(dict.fromkeys(ks, inner)).map(OrderedDict)
        ),
    )


TREES = st.recursive(st.floats(-9.0, 9.0), containers, max_leaves=12)


@given(TREES)
def test_all_that_takes_structures_apart_has_the_same_numbers_in_the_same_order(tree):
    numbers, rebuild = flatten(tree, "the tree")
    arguments = Arguments()
    _, again = arguments.take(tree)
    assert arguments.numbers == numbers
    assert len(places(tree, "tree")) == len(numbers)
    new, same = rebuild(range(len(numbers))), again(iter(range(len(numbers))))
    assert flatten(new, "it")[0] == flatten(same, "it")[0] == [*range(len(numbers))]
    assert same_structure(tree, new)
    assert type(new) is type(same) is (int if type(tree) is float else type(tree))


@given(TREES)
def test_what_a_number_is_called_is_where_it_is(tree):
    numbers, _ = flatten(tree, "the tree")
    found = [eval(place, {"t": tree}) for place in places(tree, "t")]  # noqa: S307
    assert found == numbers


STRUCTURES = {
    "a registered class": Line(2.0, [3.0, 5.0]),
    "keys that are not sorted": {"b": 2.0, "a": [3.0, 5.0]},
    "a list of its own class": Own([2.0, 3.0, 5.0]),
    "a deque": deque([2.0, 3.0, 5.0]),
    "a named tuple": Point(2.0, (3.0, 5.0)),
    "a defaultdict": defaultdict(list, b=2.0, a=[3.0, 5.0]),
}


def weighted(tree):
    """Return a sum in which each number has its own weight."""
    numbers, _ = flatten(tree, "the tree")
    return sum(k * x * x for k, x in enumerate(numbers, 1))


@pytest.mark.parametrize("tree", STRUCTURES.values(), ids=STRUCTURES)
def test_a_compiled_gradient_has_the_structure_of_the_plain_one(tree):
    f, plain = jit(grad(weighted)), grad(weighted)(tree)
    for _ in range(2):
        found = f(tree)
        assert type(found) is type(plain) is type(tree)
        assert flatten(found, "it")[0] == flatten(plain, "it")[0]
        assert places(found, "t") == places(tree, "t")
    assert len(f.programs) == 1


def test_what_a_registered_class_has_besides_numbers_is_structure():
    f = jit(lambda line: line.start if line.name == "line" else line.end)
    assert f(Line(2.0, 3.0)) == 2.0
    assert f(Line(2.0, 3.0, "other")) == 3.0
    assert f(Line(5.0, 7.0)) == 5.0
    assert len(f.programs) == 2


def test_what_is_no_container_has_no_parts():
    for thing in (1.0, None, "text", object()):
        assert parts_of(thing) is None
    with pytest.raises(TypeError):
        reader("text")
