"""Arrays in a recording: taken apart into scalars only where the function looks in.

An array argument of a compiled function is one pointer as long as it only goes on to
`autograd.vmap`. What indexes it, or computes with it, gets an array of Values, a leaf
for each number, and these are inputs of the program then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd.context import taping
from autograd.value import Value

MSG_IN_PLACE = (
    "a compiled function cannot change an array that it was given, since nothing but "
    "its result comes back: write w = w - rate * g, and not w -= rate * g"
)


class Late:
    """Inputs that turn up while a function is recorded.

    Attributes:
        leaves: a Value for each further input.
        sources: the array that each run of them is from: its number among the
            arguments, or the array itself if the function captured it; and whether it
            is the array's numbers or one token that stands for its address.

    """

    def __init__(self) -> None:
        self.leaves: list[Value] = []
        self.sources: list[tuple[Any, str]] = []
        self._tokens: dict[int, Value] = {}

    def unpack(self, source: Any, array: Any) -> list[Value]:
        """Return a leaf for each number of an array."""
        with taping(None):
            leaves = [Value(x) for x in array.ravel().tolist()]
        self.leaves += leaves
        self.sources.append((source, "numbers"))
        return leaves

    def token(self, source: Any) -> Value:
        """Return the leaf that stands for the address of an array."""
        key = source if isinstance(source, int) else id(source)
        if key not in self._tokens:
            with taping(None):
                self._tokens[key] = Value(0.0)
            self.leaves.append(self._tokens[key])
            self.sources.append((source, "address"))
        return self._tokens[key]


def _objects() -> Any:
    import numpy as np

    return np.dtype(object)


class RecordedArray:
    """An array argument of a function that is being recorded.

    Args:
        late: where its numbers are entered when they are looked at.
        source: its number among the arguments.
        array: the argument.
        step: by how much, relatively, its numbers are off where they are looked at. The
            rows of a batch are taken as they are: they are looked at one by one.

    """

    def __init__(self, late: Late, source: int, array: Any, step: float = 0.0) -> None:
        self.late = late
        self.source = source
        self.array = array
        self.step = step
        self.shape = array.shape
        self.dtype = _objects()
        self.ndim = array.ndim
        self.size = array.size
        self._values: Any = None

    def values(self) -> Any:
        """Return its numbers as Values, in an array of objects."""
        import numpy as np

        if self._values is None:
            flat = np.empty(self.size, dtype=object)
            near = self.array + self.step * abs(self.array) if self.step else self.array
            flat[:] = self.late.unpack(self.source, near)
            self._values = flat.reshape(self.shape)
            self._values.flags.writeable = False
        return self._values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values().copy() if copy else self.values()

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    def __getitem__(self, index: Any) -> Any:
        return self.values()[index]

    def __setitem__(self, _index: Any, _value: Any) -> None:
        raise TypeError(MSG_IN_PLACE)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.values(), name)


def _in_place(_self: RecordedArray, _other: Any) -> Any:
    raise TypeError(MSG_IN_PLACE)


def _operator(name: str) -> Any:
    def operate(self: RecordedArray, *others: Any) -> Any:
        return getattr(self.values(), name)(*others)

    return operate


for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow",
    "matmul", "rmatmul", "neg", "pos", "abs", "mod", "rmod", "floordiv", "rfloordiv",
    "lt", "le", "gt", "ge", "eq", "ne", "contains", "bool",
    "float", "int", "round",
):  # fmt: skip
    setattr(RecordedArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(RecordedArray, f"__i{_name}__", _in_place)
