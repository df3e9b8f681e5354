"""Primitive: one row of the table, and the functions that enter it.

Compiled, ``row.pxd`` gives the class its C types.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython

Interval = tuple[float, float]
Partial = Callable[..., Any]
Condition = tuple[int, str, float]

TABLE: dict[str, Primitive] = {}

# Where tests sample an argument, and where it is defined altogether.
REAL = (-3.0, 3.0)
POSITIVE = (0.05, 4.0)
WHOLE = {REAL: (-math.inf, math.inf), POSITIVE: (0.0, math.inf)}
EVERY = range(sys.maxsize)  # the positions of all operands

MSG_REAL = "must be real number, not {0}: {1}() takes floats and Values"
MSG_KIND = "must be real number, not {0!r} (of NumPy's type {1})"
MSG_TWICE = "the table has a row {0!r} already: names tell rows apart in programs"
MSG_PICKLE = (
    "the primitive {0} cannot be pickled: a pickle names the module and the global "
    "variable that hold a primitive, and none of {1} holds this one. Make it at the "
    "top level of a module that can be imported, as in {0} = primitive(...), not in a "
    "function; if a function of another module makes it, set its __module__ too"
)


@cython.final
@cython.cclass
class Primitive:
    """One row of the table; calling it evaluates it on floats or on Values.

    Attributes:
        name: the row's key, and the name of the function.
        value: the function on floats; it raises as the `math` module does.
        partials: one formula per argument, each called with the output and all the
            arguments; or, where ``arity`` is None, one formula for all of them that
            returns a sequence.
        arity: the number of arguments, None for any number.
        symbol: how the operation is written (``"+"``), the name where not given.
        precedence: binding strength of an infix symbol, 0 for a call ``f(x)``.
        domain: for each argument the interval in which tests sample it.
        extent: for each argument the interval in which the function is defined.
        exact: the function over mpmath's numbers, called with mpmath and the
            arguments; None where mpmath has it under the row's name.
        selects: whether a partial of 0 says that the operand was not chosen, so that
            not even an infinite adjoint passes.
        spreads: the positions of operands that make the result infinite or NaN if they
            are. All others may hide it, as the divisor does.
        composed: whether its value is written with operators and other rows alone, with
            no branch, so that code which has those needs no more to compute it.
        elementary: whether `audit` holds it to the bounds of elementary functions.
        defaults: the values of the last arguments where they are left out.
        methods: the names under which Value has it as a method: its own and NumPy's.
        safe: conditions under which ``value`` raises nothing, each the number of an
            argument, a relation (a comparison, or "finite") and a bound: where all
            hold, it is sure not to raise. Empty: it never does, as ``+`` and ``tanh``,
            which overflow without a word or not at all. None, as for a row that says
            nothing: only its result tells, which is finite if it did not.
        at_kink: tells by numbers whether the derivative is a matter of policy there:
            none is right, or none is finite.
        kinks: such points: the arguments, and the partials that are published for them.

    """

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        partials: Partial | Sequence[Partial],
        *,
        symbol: str | None = None,
        precedence: int = 0,
        defaults: tuple[float, ...] = (),
        methods: Sequence[str] | None = None,
        domain: Sequence[Interval] = (REAL,),
        extent: Sequence[Interval] | None = None,
        exact: Callable[..., Any] | None = None,
        elementary: bool = True,
        selects: bool = False,
        composed: bool = False,
        spreads: Sequence[int] = (),
        at_kink: Callable[..., Any] | None = None,
        safe: Sequence[Condition] | None = None,
        kinks: dict[tuple[float, ...], tuple[float, ...]] | None = None,
        doc: str | None = None,
    ) -> None:
        variadic = callable(partials)
        self.name = self.__name__ = exact_text(name)
        self.value = value
        self.partials = (partials,) if callable(partials) else tuple(partials)
        self.arity = None if variadic else len(self.partials)
        self.symbol = exact_text(symbol) or self.name
        self.precedence = precedence
        self.defaults = defaults
        if methods is None:
            methods = (name,) if self.is_unary and not precedence else ()
        self.methods = tuple(methods)
        self.domain = tuple(domain)
        self.extent = tuple(extent or [WHOLE.get(x, x) for x in self.domain])
        self.exact = exact or (lambda mp, *args: getattr(mp, name)(*args))
        self.elementary = elementary
        self.selects = selects
        self.composed = composed
        self.spreads = spreads
        self.at_kink = at_kink
        self.safe = None if safe is None else tuple(safe)
        self.kinks = kinks or {}
        self.__doc__ = exact_text(doc or getattr(value, "__doc__", None))

    def __call__(self, *args: Any) -> Any:
        """Return a float for floats; a Value if any argument is one."""
        foreign = False
        for arg in args:
            if type(arg) is not float:
                apply = _applies(arg)
                if apply is not None:
                    return apply(self, args)
                foreign = foreign or type(arg) is not int
        if foreign and self.in_table:  # a user's checks what it is given by itself
            args = tuple([as_number(arg) for arg in args])
        if self.arity is not None and len(args) != self.arity:
            args = self.complete(args)
        try:
            return self.value(*args)
        except (ArithmeticError, ValueError) as error:
            found = _excused(self, args, error)
            if found is None:
                raise
            return found
        except TypeError:
            # A row of the table may complain of what it compares or adds with what.
            if self.in_table:
                _refuse_others(self.name, args)
            raise

    @property
    def may_raise(self) -> bool:
        """Whether it raises for some numbers, as far as the row says."""
        return self.safe is None or self.safe != ()

    @property
    def __signature__(self) -> Any:
        from inspect import Parameter, Signature, signature  # slow to import

        if self.arity is None:
            return Signature([Parameter("args", Parameter.VAR_POSITIONAL)])
        # A partial takes the output and all arguments, under the names that they have.
        named = [list(signature(f).parameters.values())[1:] for f in self.partials]
        full = [names for names in named if len(names) == self.arity]
        names = [x.name for x in full[0]] if full else list("abcdefgh"[: self.arity])
        if not full and self.arity == 1:
            names = ["x"]
        unset = [Parameter.empty] * (self.arity - len(self.defaults))
        return Signature(
            [
                Parameter(name, Parameter.POSITIONAL_ONLY, default=default)
                for name, default in zip(
                    names, unset + list(self.defaults), strict=True
                )
            ]
        )

    @property
    def in_table(self) -> bool:
        """Whether it is the table's row of its name: others may be called the same."""
        return TABLE.get(self.name) is self

    @property
    def is_unary(self) -> bool:
        """Whether one argument is enough."""
        return self.arity is not None and self.arity - len(self.defaults) == 1

    def complete(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments with the defaults of those left out.

        Raises:
            TypeError: if their number is still not the primitive's.

        """
        missing = (self.arity or 0) - len(args)
        if not 0 <= missing <= len(self.defaults):
            plural = "" if self.arity == 1 else "s"
            message = (
                f"{self.name}() takes {self.arity} argument{plural}, not {len(args)}"
            )
            raise TypeError(message)
        return args + self.defaults[len(self.defaults) - missing :]

    def partials_at(self, y: Any, args: Sequence[Any]) -> Sequence[Any]:
        """Return all partials at ``args``, where the output is ``y``."""
        if self.arity is None:
            result: Sequence[Any] = self.partials[0](y, *args)
            return result
        return [partial(y, *args) for partial in self.partials]

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        if self.in_table:
            return _row, (self.name,)
        # Compiled, one that `autograd.primitive` did not make has no module.
        of_script = getattr(self, "__module__", None) == "__main__"
        value = _by_value(self) if of_script else None
        return _global_name(self) if value is None else value

    @property
    def can_travel(self) -> bool:
        """Whether another process could have it."""
        from pickle import PicklingError

        try:
            self.__reduce__()
        except PicklingError:
            return False
        return True

    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: object) -> Primitive:
        return self


def exact_text(text: Any) -> Any:
    """Return a text of a class of its own as a str, which it refers to nothing with.

    What a node refers to must not refer to nodes, since the collector knows of none: an
    attribute of a name would keep its graph for ever.
    """
    if isinstance(text, str) and type(text) is not str:
        return str.__str__(text)
    return text


# The engine's type of node, and what makes one of a row and its arguments.
_node = cython.declare(object, None)
_apply = cython.declare(object, None)


@cython.cfunc
@cython.inline
def _applies(x: object) -> object:
    """Return what makes a node of a row and arguments with x among them, or None."""
    return _apply if type(x) is _node else getattr(type(x), "__apply__", None)


def apply_with(node: type, apply: Callable[..., Any]) -> None:
    """Let calls on nodes of this type go straight to this function."""
    global _node, _apply
    _node, _apply = node, apply


def _excused(primitive: Primitive, args: tuple[Any, ...], error: Exception) -> Any:
    """Return None: `autograd.ieee` puts its function here."""


def _refuse_others(name: str, args: tuple[Any, ...]) -> None:
    for arg in args:
        if not hasattr(type(arg), "__float__"):
            raise TypeError(MSG_REAL.format(type(arg).__name__, name)) from None


def excuse_with(excused: Any) -> None:
    """Let this function of a row, arguments and an error say what stands for it."""
    global _excused  # noqa: PLW0603 - one for all rows
    _excused = excused  # type: ignore[assignment]


def as_number(x: Any) -> Any:
    """Return another kind of real number as a float, all else as it is.

    A float32 would round what is computed with it, and a small int would wrap around.
    """
    if type(x) is float or type(x) is int or type(x) is _node:
        return x
    if not hasattr(type(x), "__float__"):
        return x
    if getattr(x, "shape", ()) or hasattr(type(x), "__apply__"):
        return x  # an array of several numbers, or a kind of node
    if getattr(getattr(x, "dtype", None), "kind", "f") not in "biufO":
        # NumPy would make a float of a text, and of half a complex number.
        raise TypeError(MSG_KIND.format(x, x.dtype))
    try:
        return float(x)
    except TypeError:  # a number that has no value yet, of a tracer or of algebra
        return x


def _row(name: str) -> Primitive:
    return TABLE[name]


def _global_name(primitive: Primitive) -> str:
    """Return the global variable that holds a primitive which is not in the table.

    Raises:
        PicklingError: if its module has none.

    """
    module = getattr(primitive, "__module__", __name__)
    home: dict[str, Any] = getattr(sys.modules.get(module), "__dict__", {})
    for name, thing in list(home.items()):
        if thing is primitive:
            return name
    from pickle import PicklingError

    raise PicklingError(MSG_PICKLE.format(primitive.name, module))


# Primitives of scripts, which other processes cannot import, by what names them there;
# and those whose own partials refer to them, while they are pickled.
_known: dict[str, Primitive] = {}
_leaving: set[str] = set()


def _by_value(primitive: Primitive) -> tuple[Any, ...] | None:
    """Return a primitive of a script as what it is made of, None if that cannot be."""
    try:
        from cloudpickle import dumps
    except ImportError:
        return None
    from uuid import uuid4

    token = vars(primitive).setdefault("_token", uuid4().hex)
    _known[token] = primitive
    if token in _leaving:
        return _again, (token,)
    partials = primitive.partials if primitive.arity else primitive.partials[0]
    _leaving.add(token)
    try:
        made_of = dumps((primitive.value, partials, primitive.__doc__))
    except Exception:  # noqa: BLE001 - what a function captured may raise anything
        return None
    finally:
        _leaving.discard(token)
    return _arrive, (primitive.name, token, made_of)


def _again(token: str) -> Primitive:
    return _known[token]


def _arrive(name: str, token: str, made_of: bytes) -> Primitive:
    """Return a primitive that came by value; in one process there is one of each."""
    if token not in _known:
        from cloudpickle import loads

        new = Primitive.__new__(Primitive)
        _known[token] = new
        try:
            value, partials, doc = loads(made_of)
        except BaseException:
            del _known[token]
            raise
        new.__init__(name, value, partials, methods=(), doc=doc)
        new.__module__ = "__main__"
        vars(new)["_token"] = token
    return _known[token]


def row(
    name: str, value: Callable[..., Any], *partials: Partial, **columns: Any
) -> Primitive:
    """Enter a primitive of as many arguments as there are partials."""
    return _entered(Primitive(name, value, partials, **columns))


def row_of_any_number(
    name: str, value: Callable[..., Any], partials: Partial, **columns: Any
) -> Primitive:
    """Enter a primitive of any number of arguments."""
    return _entered(Primitive(name, value, partials, **columns))


def _entered(primitive: Primitive) -> Primitive:
    if primitive.name in TABLE:
        raise ValueError(MSG_TWICE.format(primitive.name))
    TABLE[primitive.name] = primitive
    return primitive


def zeros(y: Any, *args: Any) -> float:
    """Return 0.0: the partial for an argument that does not count."""
    return 0.0


def at_zero(x: float, *_: float) -> bool:
    """Return whether the first argument is 0."""
    return x == 0.0


def at_one(x: float) -> bool:
    """Return whether the argument is 1 or -1."""
    return abs(x) == 1.0


def at_an_integer(x: float) -> bool:
    """Return whether the argument is an integer."""
    return x == math.floor(x)


def at_a_half(x: float, digits: float = 0.0) -> bool:
    """Return whether the argument is between two that are round."""
    return bool((x * 10.0**digits) % 1.0 == 0.5)


def at_a_multiple(a: float, b: float) -> bool:
    """Return whether the first argument is a multiple of the second."""
    return math.fmod(a, b) == 0.0


# Marks on a graph, no functions: not in the table. Both give back their operand.
DETACHED = Primitive("detach", float, [zeros], methods=(), safe=())
ALIAS = Primitive("alias", float, [lambda _y, _x: 1.0], methods=(), safe=())
MARKS = frozenset({DETACHED, ALIAS})
