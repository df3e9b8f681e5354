"""What editors and type checkers see of `Primitive`, whichever form is installed."""

from collections.abc import Callable, Sequence
from inspect import Signature
from typing import Any, Final, TypeAlias, final, overload

from autograd.value import Value

Interval: TypeAlias = tuple[float, float]
Condition: TypeAlias = tuple[int, str, float]
Partial: TypeAlias = Callable[..., Any]

TABLE: dict[str, Primitive]
REAL: Final[Interval]
POSITIVE: Final[Interval]
EVERY: Final[range]
DETACHED: Final[Primitive]
ALIAS: Final[Primitive]
MARKS: Final[frozenset[Primitive]]

@final
class Primitive:
    """One row of the table; calling it evaluates it on floats or on Values."""

    name: str
    value: Callable[..., Any]
    partials: tuple[Partial, ...]
    arity: int | None
    symbol: str
    precedence: int
    defaults: tuple[float, ...]
    methods: tuple[str, ...]
    domain: tuple[Interval, ...]
    extent: tuple[Interval, ...]
    exact: Callable[..., Any]
    elementary: bool
    selects: bool
    composed: bool
    spreads: Sequence[int]
    at_kink: Callable[..., Any] | None
    safe: Sequence[Condition] | None
    kinks: dict[tuple[float, ...], tuple[float, ...]]
    __name__: str
    __qualname__: str
    __signature__: Signature

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        partials: Partial | Sequence[Partial],
        **columns: Any,
    ) -> None: ...
    @overload
    def __call__(self, *args: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *args: Value | float) -> Value: ...
    @overload
    def __call__(self, *args: Any) -> Any: ...
    @property
    def can_travel(self) -> bool: ...
    @property
    def may_raise(self) -> bool: ...
    @property
    def in_table(self) -> bool: ...
    @property
    def is_unary(self) -> bool: ...
    def complete(self, args: tuple[Any, ...]) -> tuple[Any, ...]: ...
    def partials_at(self, y: Any, args: Sequence[Any]) -> Sequence[Any]: ...
    def __copy__(self) -> Primitive: ...
    def __deepcopy__(self, memo: object) -> Primitive: ...

def row(
    name: str, value: Callable[..., Any], *partials: Partial, **columns: Any
) -> Primitive: ...
def row_of_any_number(
    name: str, value: Callable[..., Any], partials: Partial, **columns: Any
) -> Primitive: ...
def as_number(x: Any) -> Any: ...
def exact_text(text: Any) -> Any: ...
def apply_with(node: type, apply: Callable[..., Any]) -> None: ...
def excuse_with(excused: Callable[..., Any]) -> None: ...
def zeros(y: Any, *args: Any) -> float: ...
def at_zero(x: float, *_: float) -> bool: ...
def at_one(x: float) -> bool: ...
def at_an_integer(x: float) -> bool: ...
def at_a_half(x: float, digits: float = 0.0) -> bool: ...
def at_a_multiple(a: float, b: float) -> bool: ...
