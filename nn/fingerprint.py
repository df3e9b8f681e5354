"""Whether calling a model leaves a trace: random numbers drawn, attributes changed.

Such a model is not the same function at each call, so it cannot be recorded once and
run natively after that. `nn.fit` therefore compares fingerprints before and after it
first calls a model, and never records one that differ.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any

from nn.module import Module, _structure


def fingerprint(model: Any) -> object:
    """Return what a call leaves as it is, if the model is a function of its row.

    These are the states of Python's random numbers, of NumPy's and of the generators
    that the model holds, and its structure. A model that holds itself has none: it
    returns something that equals nothing else.
    """
    generators = [random.getstate(), *map(_state_of, _held(model))]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        generators.append(_state_of(numpy_random))
    try:
        return generators, watched(model).structure()
    except RecursionError:
        return object()


def watched(model: Any) -> Any:
    """Return the model, or if it is no Module, what has a structure in its place."""
    return model if isinstance(model, Module) else _Watched(model)


class _Watched:
    """A model that is no Module, for a compiled function to ask whether it changed."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def structure(self) -> object:
        """Return what a compiled function depends on; see `Module.structure`."""
        return _structure(getattr(self.model, "__dict__", None))


def _held(model: Any) -> Iterator[Any]:
    """Yield the random number generators that a model holds."""
    seen: dict[int, object] = {}
    todo = [model]
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, random.Random) or _is_of_numpy(thing):
            yield thing
        elif isinstance(thing, Module):
            todo += [item for _, item in thing._attributes()]  # noqa: SLF001 - ours
        elif isinstance(thing, dict):
            todo += thing.values()
        elif isinstance(thing, list | tuple):
            todo += thing
        elif thing is model:
            todo += getattr(model, "__dict__", {}).values()


def _is_of_numpy(thing: object) -> bool:
    kind = type(thing)
    module = kind.__module__
    return module.startswith("numpy.random") and kind.__name__ in {
        "Generator",
        "RandomState",
    }


def _state_of(generator: Any) -> object:
    if isinstance(generator, random.Random):
        return generator.getstate()
    if hasattr(generator, "get_state"):  # as NumPy's were until 2019
        _, words, *rest = generator.get_state()
        return words.tobytes(), rest
    return repr(generator.bit_generator.state)
