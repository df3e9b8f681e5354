"""Module: whatever holds parameters, found by looking at its attributes.

A parameter is a leaf Value that a module reaches through its attributes: directly, in
lists, tuples and dicts, or in further modules. Its name is the path to it, which for
nn's own modules is what drawings and `autograd.diagnose` say: ``layer1/neuron4/w2``. A
Value computed from others, kept in an attribute for a later look, is no parameter.

Nothing is registered and nothing is cached, so whatever is assigned to an attribute
counts at once. What could not be found, or found in no certain order, is refused: a set
of Values raises instead of being passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import Value
from nn.checks import number_of

MSG_SET = (
    "{path} is a set that holds parameters. A set has no order, so their names and "
    "their order would change from run to run: keep them in a list or a dict"
)
MSG_SAME_NAME = (
    "two parameters are both called {name!r}: rename the keys of the dict in which "
    "they are, so that a saved state holds both"
)
MSG_STATE = (
    "the state does not fit this {kind}, and nothing was loaded. Missing: {missing}. "
    "Unexpected: {unexpected}. It must come from state_dict() of a model of this shape"
)
MSG_NO_STATE = (
    "a state is a dict of names and numbers, as state_dict() returns it, not {got!r}"
)
NO_SLOTS = {"__dict__", "__weakref__", "_training"}  # that hold no parameters


class Module:
    """Hold parameters; the base class of neurons, layers, networks and your own.

    A subclass assigns what it needs to attributes and defines ``__call__``. As with
    micrograd it may define ``parameters()`` itself, which is then what counts.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offsets = Value(2.0), [Value(0.0), Value(1.0)]
    ...
    ...     def __call__(self, x):
    ...         return self.slope * x + sum(self.offsets)
    >>> line = Line()
    >>> [name for name, _ in line.named_parameters()]
    ['slope', 'offsets/0', 'offsets/1']
    >>> line(3.0)
    Value(data=7.0, grad=0.0)

    """

    # With slots, so that Neuron, Layer and MLP can be closed to attributes that nobody
    # would read. A subclass without slots has a dict as usual.
    __slots__ = ("_training",)
    # Attributes with lists whose members go by their own names.
    _lists: tuple[str, ...] = ()

    @property
    def training(self) -> bool:
        """Whether it is being trained, for a layer that differs then; assignable."""
        return getattr(self, "_training", True)

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = mode

    def train(self, mode: bool = True) -> Module:
        """Say to this module and all in it that they are being trained; return it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Say to this module and all in it that they are only asked; return it.

        >>> model = Module().eval()
        >>> model.training
        False

        """
        return self.train(False)

    def modules(self) -> list[Module]:
        """Return this module and all that it holds, each once, outer ones first."""
        found: list[Module] = []
        _walk([("", self)], found)
        return found

    def parameters(self) -> list[Value]:
        """Return the parameters in a fixed order, each once."""
        return self._leaves()

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return pairs of name and parameter; a shared one has its first name.

        Raises:
            TypeError: if a set holds parameters.
            ValueError: if two parameters would bear the same name.

        """
        named = _walk(children(self, named=True), named=True)
        names = set()
        for name, _ in named:
            if name in names:
                raise ValueError(MSG_SAME_NAME.format(name=name))
            names.add(name)
        return named

    def state_dict(self) -> dict[str, float]:
        """Return all parameters' numbers by name; it can be written as JSON.

        >>> from nn import Neuron
        >>> sorted(Neuron(2, seed=0).state_dict())
        ['b', 'w1', 'w2']

        """
        return {name: p.data for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set all parameters to the numbers that `state_dict` returned.

        Args:
            state: a finite number for each name in ``named_parameters()``; or for each
                path through the attributes, ``layers.0.neurons.3.w.1``, as names were.

        Raises:
            TypeError: if ``state`` is no dict, or something in it is not a number.
            ValueError: if names are missing or unexpected, or a number is not finite.
                Nothing is changed then.

        """
        if not isinstance(state, Mapping):
            raise TypeError(MSG_NO_STATE.format(got=state))
        named = dict(self.named_parameters())
        if state.keys() != named.keys():
            paths = dict(_walk(children(self), joint="."))
            named = paths if state.keys() == paths.keys() else named
        missing = [name for name in named if name not in state]
        unexpected = [name for name in state if name not in named]
        if missing or unexpected:
            lists = {"missing": _some(missing), "unexpected": _some(unexpected)}
            raise ValueError(MSG_STATE.format(kind=type(self).__name__, **lists))
        numbers = {name: number_of(number) for name, number in state.items()}
        for name, number in numbers.items():
            if not math.isfinite(number):
                message = f"the state holds {number} for {name!r}; nothing was loaded"
                raise ValueError(message)
        for name, p in named.items():
            p.data = numbers[name]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def predict(self, X: Any) -> Any:  # noqa: N803 - rows, as in `nn.fit`
        """Return what the model says to each of some rows, as an array of floats.

        Args:
            X: a list of rows, an array, or a frame.

        Returns:
            An array of a number for each row, or of a row of numbers; of scores, if the
            model gives scores. Nothing is dropped out.

        """
        from nn.training.predict import predict

        return predict(self, X)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803 - as above
        """Return the probability of each class for each row, as an array.

        Scores become so by the softmax; a single one, the logit of class 1, by the
        sigmoid.

        >>> from nn import MLP
        >>> float(MLP(2, [3], seed=0).predict_proba([[1.0, 2.0]]).sum().round(9))
        1.0

        """
        from nn.training.predict import probabilities

        return probabilities(self.predict(X))

    def summary(self) -> str:
        """Return a table of the modules and of how many parameters each has.

        >>> from nn import MLP
        >>> print(MLP(2, [3, 1], seed=0).summary())
        MLP         13
          layer1     9  Layer of 3 ReLUNeuron(2)
          layer2     4  Layer of 1 LinearNeuron(3)

        """
        from nn.shown import summary

        return summary(self)

    def described(self) -> str:
        """Return a few words on what it is, for `summary`."""
        return repr(self)[:60]

    def structure(self) -> object:
        """Return what a compiled function depends on besides the parameters' numbers.

        Two results are equal as long as nothing that the module holds has changed; a
        compiled function records anew when it has.
        """
        from autograd.contents import contents

        return contents(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        from nn.shown import mimebundle

        return mimebundle(self)

    def _leaves(self) -> list[Value]:
        """Return the parameters by looking at the attributes."""
        return [p for _, p in _walk(self._attributes())]

    def _attributes(self) -> list[tuple[str, Any]]:
        own: dict[str, Any] = {}
        for kind in type(self).__mro__[::-1]:
            names = vars(kind).get("__slots__", ())
            for name in (names,) if isinstance(names, str) else names:
                if name.startswith("__") and not name.endswith("__"):
                    name = f"_{kind.__name__.lstrip('_')}{name}"  # noqa: PLW2901 - as Python does
                if name not in NO_SLOTS and hasattr(self, name):
                    own[name] = getattr(self, name)
        return [*own.items(), *getattr(self, "__dict__", {}).items()]

    def _named(self) -> list[tuple[str, Any]]:
        """Return the attributes, and members of `_lists` by names that tell them apart.

        Where two would bear the same name, all are attributes.
        """
        attributes = self._attributes()
        found: list[tuple[str, Any]] = []
        for name, thing in attributes:
            if name not in self._lists:
                found.append((name, thing))
                continue
            for i, part in enumerate(thing):
                found.append((getattr(part, "name", None) or f"{name}/{i}", part))
        return found if len({name for name, _ in found}) == len(found) else attributes

    def __structure__(self, _: object) -> object:
        """Return what a compiled function compares."""
        return self.structure()

    def __contents__(self, read: Callable[[Any], Any]) -> object:
        """Return what `autograd.contents` is to know of it."""
        named = [(name, read(item)) for name, item in self._attributes()]
        return self.training, read(type(self)), tuple(named)


def is_leaf(value: Value) -> bool:
    """Return whether ``value`` was given and not computed."""
    return value.op == ""


def children(thing: object, *, named: bool = False) -> Iterable[tuple[str, Any]]:
    """Return what ``thing`` holds, by its place there, or as drawings name it."""
    if isinstance(thing, Module):
        told = named and "_lists" in vars(type(thing))  # its own parameters() agrees
        if type(thing).parameters is not Module.parameters and not told:
            return [(str(i), p) for i, p in enumerate(thing.parameters())]
        return thing._named() if named else thing._attributes()  # noqa: SLF001 - it is this class's own
    if isinstance(thing, dict):
        return [(str(key), item) for key, item in thing.items()]
    if getattr(getattr(thing, "dtype", None), "kind", None) == "O":
        thing = thing.tolist()  # type: ignore[attr-defined]  # an array of objects
    if isinstance(thing, list | tuple):
        return [(str(i), item) for i, item in enumerate(thing)]
    return ()


def _walk(
    start: Iterable[tuple[str, Any]],
    modules: list[Module] | None = None,
    *,
    named: bool = False,
    joint: str = "/",
) -> list[tuple[str, Value]]:
    """Return the leaves below ``start`` with their paths, depth first, each once.

    Modules that are met are added to ``modules``.
    """
    found: dict[int, tuple[str, Value]] = {}
    # The things themselves are kept, lest a temporary one's id be given to another.
    seen: dict[int, object] = {}
    stack = list(start)[::-1]
    while stack:
        path, thing = stack.pop()
        if isinstance(thing, Value):
            if is_leaf(thing):
                found.setdefault(id(thing), (path, thing))
        elif isinstance(thing, set | frozenset):
            if any(isinstance(item, Value | Module) for item in thing):
                raise TypeError(MSG_SET.format(path=path))
        elif id(thing) not in seen:
            seen[id(thing)] = thing
            held = children(thing, named=named)
            if modules is not None and isinstance(thing, Module):
                modules.append(thing)
                held = thing._attributes()  # noqa: SLF001 - its own, found or not
            below = [(f"{path}{joint}{name}", child) for name, child in held]
            stack.extend(reversed(below))
    return list(found.values())


def _some(names: list[str]) -> str:
    """Return a few of ``names`` as text."""
    few = 5
    rest = f" and {len(names) - few} more" if len(names) > few else ""
    return (", ".join(map(str, names[:few])) or "nothing") + rest
