"""Value: a float that remembers how it was made.

A Value is a node of a graph: a number, an ordered tuple of operands, and one local
derivative (a partial) for each operand that is itself a Value. It has the whole
protocol of Python's float: an operator computes the number as the float would, and
records operands and partials. The commonest operators are written out; all other
primitives are made from their rows in the table by `apply`.

This file is ordinary Python and runs as it stands. Installed with a C compiler it is
also compiled by Cython in pure Python mode, with the C types of ``value.pxd``;
`COMPILED` tells which form is running. What the compiled form makes necessary:

- A graph of Values cannot contain a cycle, since parents exist before their children,
  so nodes are unknown to the garbage collector (``no_gc``). It would otherwise walk
  every node again and again, and cost more than everything else together.
- Freeing a long chain must not recurse, so a dying node hands the parents that die with
  it to one worklist (`_free`). The interpreter has its own way of doing that.
- Nodes of one or two operands, nearly all, keep them in fields of their own; only nodes
  of more operands have tuples of operands and an array of partials.
- A compiled class has one file, and a subclass of a ``no_gc`` class would be given back
  to the collector when it is freed. So this is one class, and the file is long.

Letters: ``a`` and ``b`` are the operands, ``da`` and ``db`` the partials for them.
"""

from __future__ import annotations

import functools
import math
import numbers
import operator
import sys
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.context import no_grad, taping
from autograd.display import mimebundle
from autograd.ieee import excused
from autograd.primitives import TABLE, Primitive, activations, arithmetic, powers
from autograd.primitives.row import DETACHED, apply_with, exact_text

if cython.compiled:
    from cython.cimports.autograd._memory import Bare, prefetch
    from cython.cimports.autograd.context import (
        Context,
        contexts,
        current,
        take_down,
        tapes,
    )
    from cython.cimports.autograd.context import label as label_in
    from cython.cimports.autograd.primitives.row import Primitive
    from cython.cimports.cpython.mem import PyMem_Free, PyMem_Malloc, PyObject_Free
    from cython.cimports.cpython.object import PyObject, PyTypeObject
    from cython.cimports.cpython.ref import Py_DECREF, Py_INCREF, Py_REFCNT
    from cython.cimports.cpython.tuple import (
        PyTuple_GET_ITEM,
        PyTuple_GET_SIZE,
        PyTuple_SET_ITEM,
    )
    from cython.cimports.cpython.type import PyType_Modified
    from cython.cimports.libc.math import isfinite
    from cython.cimports.libc.math import pow as c_pow
else:
    from math import isfinite
    from math import pow as c_pow

    from autograd.context import Context, contexts, current, take_down, tapes
    from autograd.context import label as label_in

    Bare = object

COMPILED: bool = cython.compiled
_HERE = "" if cython.compiled else sys._getframe().f_code.co_filename

_ADD = cython.declare(object, arithmetic.add)
_SUB = cython.declare(object, arithmetic.sub)
_MUL = cython.declare(object, arithmetic.mul)
_DIV = cython.declare(object, arithmetic.div)
_POW = cython.declare(object, powers.pow)
_NEG = cython.declare(object, arithmetic.neg)
_RELU = cython.declare(object, activations.relu)
_TINY = cython.declare(cython.double, arithmetic.TINY)
# A variable, since C compilers turn pow(x, 2.0) into x * x.
_TWO = cython.declare(cython.double, 2.0)

CONSTANT = Primitive("const", float, ())

MSG_MODULUS = "pow() with a modulus is for integers, not for Values"
MSG_FLOAT = (
    "{0}(v) would drop the gradient in silence. Write v.data for the plain number (but "
    "not in a function that is compiled, where it would be frozen), or use the "
    "function of the same name in autograd.math instead of math's. An array that is "
    "to hold Values is one of objects: np.zeros(3, dtype=object)"
)
MSG_OPERAND = (
    "a Value cannot be combined with {0}: its operands are Values and real numbers"
)
# What knows of complex numbers, in lifted code (`autograd.lifting.complexes`).
COMPLEX: dict = {}
MSG_DATA = (
    "the data of a Value is one real number, not {0}. For several numbers make several "
    "Values: [Value(x) for x in numbers]; for the number of a Value write v.data"
)
MSG_INNER_DATA = (
    "the data of an inner node (op {0!r}) follows from its parents and cannot be set. "
    "Change a leaf and compute the expression again, or make a new leaf: Value(number)"
)
MSG_ON_TAPE = (
    "{0} in a function that is being compiled would happen once, now, and not when the "
    "compiled function runs. Return what is needed; for derivatives use "
    "autograd.value_and_grad inside, or backward() on the result outside"
)
MSG_NO_DELETING = "the {0} of a Value cannot be deleted, only set: {1}"
MSG_SELF = "{0}() is a method of Values, and was called on {1}"
MSG_SUBCLASS = (
    "type 'Value' is not an acceptable base type: the engine knows its nodes by their "
    "type, so those of a subclass would lose their gradients. Keep a Value in an "
    "attribute, as nn's modules do; for a function of your own see autograd.primitive"
)
MSG_PARENTS = (
    "Value.from_partials(data, parents, partials, op) takes a number, one or more "
    "Values, as many numbers, and a string: "
    "Value.from_partials(8.0, [x], [12.0], 'cube')"
)
MSG_TOO_FEW = (
    "{0} has {1} operands, so it needs a float for each as its partials, not {2}: its "
    "partials return as many numbers as the function was given"
)
MSG_STATE = (
    "this is no state of a Value: {0}. Values are restored from what `pickle` or "
    "`copy` made of them; a file that was changed by hand cannot be read"
)
MSG_ONLY_NUMBERS = (
    "a node made by Value.from_partials has numbers as its local derivatives, so it "
    "cannot be differentiated twice or computed again: see autograd.primitive"
)
MSG_NO_ATTRIBUTE = (
    "'Value' object has no attribute {0!r}. Values have no room for attributes of your "
    "own: keep such data in a dict, since Values are hashed by identity. For a "
    "function of your own, with its derivatives, see autograd.primitive"
)
MSG_FROZEN = (
    "reading .data in a function that is being compiled would freeze this one number "
    "into it. Compare the Value itself (if x > 0), compute with it (autograd.math), "
    "and write x.detach() where no gradient is to pass"
)
MSG_GRAD = (
    "reading .grad in a function that is being compiled would freeze this one number "
    "into it. For derivatives use autograd.value_and_grad inside, or backward() outside"
)
MSG_TEXT = (
    "the text of a number ({0}) was asked in a function that is being compiled, and "
    "would be the text of this one number for ever"
)
MSG_HASH = (
    "a number was looked up by its hash (in a set or a dict) in a function that is "
    "being compiled: a float is found by its value, and a Value by its identity"
)
MSG_COPY = (
    "a number was copied or pickled in a function that is being compiled: the copy "
    "would be this one number for ever"
)
MSG_PARTIALS = (
    "the partials of a node were read in a function that is being compiled, and would "
    "be these numbers for ever. For derivatives use autograd.grad"
)
MSG_ATTRIBUTE = (
    "the attribute {0!r}, which a float has and a Value has not, was asked in a "
    "function that is being compiled"
)
# What a float has, and a Value lacks.
_OF_FLOATS = frozenset(vars(float))


# What `backward` and copies call: autograd.walk and autograd.copies, which are written
# over Values, put it here.
_backward = cython.declare(object, None)
_copy = cython.declare(object, None)


def walk_with(backward: Any) -> None:
    """Let Value.backward() call this function of a root and a seed."""
    global _backward
    _backward = backward


def copy_with(copy: Any) -> None:
    """Let copies of a Value be made by this function of a root and a memo or None."""
    global _copy
    _copy = copy


@cython.final
@cython.no_gc
@cython.cclass
class Value:
    """A float that remembers how it was made.

    Args:
        data: the number; anything with a real value: float, int, NumPy scalar.
        name: what drawings and messages call it, a string.
        label: micrograd's word for that.

    Raises:
        TypeError: if ``data`` is not a real number, or ``name`` not a string.

    >>> x = Value(2.0, name="x")
    >>> y = x * x + 3.0
    >>> y.backward()
    >>> y.data, x.grad
    (7.0, 4.0)

    """

    if not cython.compiled:
        __slots__ = (
            "_a", "_b", "_da", "_data", "_db", "_grad", "_label", "_many", "_mark",
            "_primitive",
        )  # fmt: skip

    if not cython.compiled:  # compiled, a final class refuses by itself

        def __init_subclass__(cls, **_keywords: object) -> None:
            raise TypeError(MSG_SUBCLASS)

    # NumPy's scalars leave it to us to combine and compare, and so keep their type: 32
    # bits compare otherwise than 64. Its arrays, of priority 0, go through their items.
    __array_priority__ = -1.0

    def __init__(
        self, data: object, name: object = None, *, label: object = None
    ) -> None:
        if not cython.compiled and type(self) is not Value:
            raise TypeError(MSG_SUBCLASS)  # its other base did not ask ours
        number = as_float(data)
        if number is None:
            raise TypeError(MSG_DATA.format(describe(data)))
        self._data = number
        self._primitive = None
        context: Context = current() if contexts else None
        self._label = None if context is None else label_in(context)
        if context is not None and context.tape is not None:
            take_down(context, self)
        if not cython.compiled:
            self._grad = self._da = self._db = 0.0
            self._a = self._b = self._many = None
            self._mark = 0
        if name is None:
            name = label
        if name is not None:
            self.name = name

    # What was recorded.

    @property
    def data(self) -> float:
        """The number; assignable on leaves."""
        tape = _tape(self, None) if contexts else None
        if tape is not None:
            tape.refuse(MSG_FROZEN)
            raise RuntimeError(MSG_FROZEN)
        return self._data

    @data.setter
    def data(self, value: object) -> None:
        number = as_float(value)
        if number is None:
            raise TypeError(MSG_DATA.format(describe(value)))
        if self._primitive is not None and self._primitive is not CONSTANT:
            raise AttributeError(MSG_INNER_DATA.format(self.op))
        context: Context = current() if contexts else None
        if context is not None and context.tape is not None:
            message = MSG_ON_TAPE.format("setting .data")
            context.tape.refuse(message)
            raise RuntimeError(message)
        self._data = number

    @data.deleter
    def data(self) -> None:
        raise AttributeError(MSG_NO_DELETING.format("data", "x.data = 0.0"))

    @property
    def grad(self) -> float:
        """The derivative that `backward()` left here; assignable."""
        if contexts:
            _refuse(MSG_GRAD)
        return self._grad

    @grad.setter
    def grad(self, value: object) -> None:
        number = as_float(value)
        if number is None:
            message = f"a gradient is one real number, not {describe(value)}"
            raise TypeError(message)
        self._grad = number

    @grad.deleter
    def grad(self) -> None:
        raise AttributeError(MSG_NO_DELETING.format("gradient", "x.grad = 0.0"))

    @property
    def name(self) -> str | None:
        """What drawings and messages call this node, or None."""
        return self._label[0] if type(self._label) is tuple else None

    @name.setter
    def name(self, value: object) -> None:
        if value is not None and not isinstance(value, str):
            message = f"a name is a string, not {describe(value)}"
            raise TypeError(message)
        self._label = (exact_text(value), self.scope, self.where)

    @name.deleter
    def name(self) -> None:
        raise AttributeError(MSG_NO_DELETING.format("name", "x.name = None"))

    @property
    def label(self) -> str | None:
        """The same as ``name``: micrograd's word for it."""
        return self.name

    @label.setter
    def label(self, value: object) -> None:
        self.name = value

    @property
    def scope(self) -> str:
        """The path of the scopes in which the node was made, "" outside any."""
        label = self._label[1] if type(self._label) is tuple else self._label
        return label or ""

    @property
    def where(self) -> str:
        """The file and line that made the node, "" unless it was under `debug`."""
        return self._label[2] if type(self._label) is tuple else ""

    @property
    def primitive(self) -> Primitive | None:
        """The row of the table that made this node; None for a leaf."""
        return self._primitive

    @property
    def op(self) -> str:
        """The operation's symbol or name; "" for a leaf."""
        return "" if self._primitive is None else self._primitive.symbol

    @property
    def operands(self) -> tuple:
        """The arguments of the operation in order, Values and constant floats."""
        if self._many:
            return self._a if self._b is None else self._a + self._b
        if self._b is not None:
            return (self._a, self._b)
        return () if self._a is None else (self._a,)

    @property
    def parents(self) -> tuple:
        """The operands that are Values, in order; one twice used is there twice."""
        return tuple([x for x in self.operands if type(x) is Value])

    @property
    def partials(self) -> tuple:
        """The local derivatives as floats, one for each parent."""
        if contexts:
            _refuse(MSG_PARTIALS)
        return partials_of(self)

    def detach(self) -> Value:
        """Return a constant of the same number: no gradient passes through it."""
        if type(self) is not Value:
            raise TypeError(MSG_SELF.format("detach", describe(self)))
        context: Context = current() if contexts else None
        if context is None or context.tape is None:
            return constant(self._data)
        return new_node(DETACHED, self._data, self, None, 0.0, 0.0)

    def backward(self, seed: object = 1.0) -> None:
        """Add the derivative of this node by each leaf to the leaf's ``grad``.

        Inner nodes get this pass's derivative as their ``grad``, so a second call adds
        exactly the same amount to the leaves again. A node whose adjoint is exactly 0
        passes nothing on, so that an infinite partial on a branch that does not count
        never turns into NaN.

        Args:
            seed: the adjoint of this node, in the unit of what it is part of.

        Raises:
            TypeError: if the seed is not a real number.
            ValueError: if this Value is a constant.

        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0

        """
        context: Context = current() if contexts else None
        if context is not None and context.tape is not None:
            message = MSG_ON_TAPE.format("backward()")
            context.tape.refuse(message)
            raise RuntimeError(message)
        _backward(self, seed)

    # Operators. The commonest are written out, so that compiled they touch no table;
    # a test holds them to their rows bit for bit.

    def __add__(self, other: object) -> Value:
        if type(other) is Value:
            v: Value = other
            return new_node(_ADD, self._data + v._data, self, v, 1.0, 1.0)
        number = _operand(other)
        if number is None:
            return _beside("__add__", self, other)
        c: cython.double = number
        return new_node(_ADD, self._data + c, self, number, 1.0, 0.0)

    def __radd__(self, other: object) -> Value:
        if type(other) is int and other == 0 and math.copysign(1.0, self._data) > 0.0:
            # The start of sum(): no node for it. But a tape gets one, lest what is
            # on it depend on a sign.
            context: Context = current() if contexts else None
            if context is None or context.tape is None:
                return self
        number = _operand(other)
        if number is None:
            return _beside("__radd__", self, other)
        c: cython.double = number
        return new_node(_ADD, c + self._data, number, self, 0.0, 1.0)

    def __sub__(self, other: object) -> Value:
        if type(other) is Value:
            v: Value = other
            return new_node(_SUB, self._data - v._data, self, v, 1.0, -1.0)
        number = _operand(other)
        if number is None:
            return _beside("__sub__", self, other)
        c: cython.double = number
        return new_node(_SUB, self._data - c, self, number, 1.0, 0.0)

    def __rsub__(self, other: object) -> Value:
        number = _operand(other)
        if number is None:
            return _beside("__rsub__", self, other)
        c: cython.double = number
        return new_node(_SUB, c - self._data, number, self, 0.0, -1.0)

    def __mul__(self, other: object) -> Value:
        if type(other) is Value:
            v: Value = other
            return new_node(_MUL, self._data * v._data, self, v, v._data, self._data)
        number = _operand(other)
        if number is None:
            return _beside("__mul__", self, other)
        c: cython.double = number
        return new_node(_MUL, self._data * c, self, number, c, 0.0)

    def __rmul__(self, other: object) -> Value:
        number = _operand(other)
        if number is None:
            return _beside("__rmul__", self, other)
        c: cython.double = number
        return new_node(_MUL, c * self._data, number, self, 0.0, c)

    def __truediv__(self, other: object) -> Value:
        number = other if type(other) is Value else _operand(other)
        if number is None:
            return _beside("__truediv__", self, other)
        d: cython.double = _plain(number)
        if d == 0.0:
            return apply(_DIV, (self, number))  # raises, naming the operands
        y: cython.double = self._data / d
        if -_TINY < y < _TINY and self._data != 0.0:
            return apply(_DIV, (self, number))
        return new_node(_DIV, y, self, number, 1.0 / d, -y / d)

    def __rtruediv__(self, other: object) -> Value:
        number = _operand(other)
        if number is None:
            return _beside("__rtruediv__", self, other)
        if self._data == 0.0:
            return apply(_DIV, (number, self))
        c: cython.double = number
        y: cython.double = c / self._data
        if -_TINY < y < _TINY and c != 0.0:
            return apply(_DIV, (number, self))
        return new_node(_DIV, y, number, self, 0.0, -y / self._data)

    def __neg__(self) -> Value:
        return new_node(_NEG, -self._data, self, None, -1.0, 0.0)

    def __pos__(self) -> Value:
        return self

    def __pow__(self, other: object, modulus: object = None) -> Value:
        if modulus is not None:
            raise TypeError(MSG_MODULUS)
        if type(other) is int and other == 2 and -1e154 < self._data < 1e154:
            # Not x * x: that is 1 ulp off what a float's ** gives, once in 1,000.
            y: cython.double = c_pow(self._data, _TWO)
            return new_node(_POW, y, self, 2.0, 2.0 * self._data, 0.0)
        found = _binary(_POW, self, other)
        return _beside("__pow__", self, other) if found is NotImplemented else found

    def __rpow__(self, other: object, modulus: object = None) -> Value:
        if modulus is not None:
            raise TypeError(MSG_MODULUS)
        found = _binary(_POW, other, self)
        return _beside("__rpow__", self, other) if found is NotImplemented else found

    def relu(self) -> Value:
        """Return max(x, 0); a NaN stays one."""
        if type(self) is not Value:
            raise TypeError(MSG_SELF.format("relu", describe(self)))
        x: cython.double = self._data
        if x > 0.0:
            return new_node(_RELU, x, self, None, 1.0, 0.0)
        y: cython.double = x if x != x else 0.0  # noqa: PLR0124 - a NaN stays one
        return new_node(_RELU, y, self, None, 0.0, 0.0)

    def __floordiv__(self, other: object) -> Value:
        return _binary(arithmetic.floordiv, self, other)

    def __rfloordiv__(self, other: object) -> Value:
        return _binary(arithmetic.floordiv, other, self)

    def __mod__(self, other: object) -> Value:
        return _binary(arithmetic.mod, self, other)

    def __rmod__(self, other: object) -> Value:
        return _binary(arithmetic.mod, other, self)

    def __divmod__(self, other: object) -> tuple:
        quotient = _binary(arithmetic.floordiv, self, other)
        if quotient is NotImplemented:
            return NotImplemented
        return quotient, self % other

    def __rdivmod__(self, other: object) -> tuple:
        quotient = _binary(arithmetic.floordiv, other, self)
        if quotient is NotImplemented:
            return NotImplemented
        return quotient, other % self

    def __abs__(self) -> Value:
        return apply(arithmetic.absolute, (self,))

    def __round__(self, ndigits: Any = None) -> Value:
        if ndigits is None:
            return apply(arithmetic.rint, (self,))
        digits = operator.index(ndigits)
        # A float has no decimals beyond these, and float(10**400) would overflow.
        return apply(arithmetic.round_to, (self, max(-400, min(400, digits))))

    def __floor__(self) -> Value:
        return apply(arithmetic.floor, (self,))

    def __ceil__(self) -> Value:
        return apply(arithmetic.ceil, (self,))

    def __trunc__(self) -> Value:
        return apply(arithmetic.trunc, (self,))

    @property
    def real(self) -> Value:
        """The Value itself, as a float's real part is."""
        return self

    @property
    def imag(self) -> float:
        """0.0, as of any float."""
        return 0.0

    def conjugate(self) -> Value:
        """Return the Value itself; `numpy.var` multiplies by conjugates."""
        return self

    def is_integer(self) -> bool:
        """Return whether there is nothing behind the point."""
        return bool(self // 1.0 == self)

    # Comparisons are by value, as a float's are; the hash is by identity, so that two
    # nodes of the same number are two keys.

    def __eq__(self, other: object) -> bool:
        tape = _tape(self, other) if contexts else None
        if tape is not None:
            return tape.compare("==", self, other)
        return self._data == _plain(other)

    def __ne__(self, other: object) -> bool:
        tape = _tape(self, other) if contexts else None
        if tape is not None:
            return tape.compare("!=", self, other)
        return self._data != _plain(other)

    def __lt__(self, other: object) -> bool:
        tape = _tape(self, other) if contexts else None
        if tape is not None:
            return tape.compare("<", self, other)
        return self._data < _plain(other)

    def __le__(self, other: object) -> bool:
        tape = _tape(self, other) if contexts else None
        if tape is not None:
            return tape.compare("<=", self, other)
        return self._data <= _plain(other)

    def __gt__(self, other: object) -> bool:
        tape = _tape(self, other) if contexts else None
        if tape is not None:
            return tape.compare(">", self, other)
        return self._data > _plain(other)

    def __ge__(self, other: object) -> bool:
        tape = _tape(self, other) if contexts else None
        if tape is not None:
            return tape.compare(">=", self, other)
        return self._data >= _plain(other)

    def __hash__(self) -> int:
        if contexts:
            _refuse(MSG_HASH)
        return id(self) >> 4

    def __bool__(self) -> bool:
        tape = _tape(self, None) if contexts else None
        if tape is not None:
            return tape.compare("!=", self, 0.0)
        return self._data != 0.0

    def __float__(self) -> float:
        raise _not_plain("float")

    def __int__(self) -> int:
        raise _not_plain("int")

    def __complex__(self) -> complex:
        raise _not_plain("complex")

    def __format__(self, spec: str) -> str:
        if type(self) is not Value:
            raise TypeError(MSG_SELF.format("__format__", describe(self)))
        if not spec:
            return repr(self)
        if contexts:
            _refuse(MSG_TEXT.format("format"))
        return format(self._data, spec)

    def __repr__(self) -> str:
        if contexts:
            _refuse(MSG_TEXT.format("repr"))
        return text_of(self)

    @property
    def __class__(self) -> type:
        """What `isinstance` asks where the type is not the one it looks for."""
        tape = _tape(self, None) if contexts else None
        if tape is not None:
            tape.asks_class(sys._getframe(), _HERE)
        return Value

    def __getattr__(self, name: str) -> object:
        tape = _tape(self, None) if contexts else None
        if tape is not None and name in _OF_FLOATS:
            raise tape.eagerly(MSG_ATTRIBUTE.format(name))
        if name == "_prev":  # these three for code written for micrograd
            return set(self.parents)
        if name == "_op":
            return self.op
        if name == "_backward":
            return functools.partial(_pass_on, self)
        raise AttributeError(MSG_NO_ATTRIBUTE.format(name), name=name, obj=self)

    def _repr_mimebundle_(self, **options: object) -> object:
        if type(self) is not Value:
            raise TypeError(MSG_SELF.format("_repr_mimebundle_", describe(self)))
        return mimebundle(self, **options)

    def __copy__(self) -> Value:
        if contexts:
            _refuse(MSG_COPY)
        return _copy(self, None)

    def __deepcopy__(self, memo: object) -> Value:
        if contexts:
            _refuse(MSG_COPY)
        return _copy(self, memo)

    @staticmethod
    def from_partials(
        data: object, parents: object, partials: object, op: object = "custom"
    ) -> Value:
        """Make a node from its number, its parents and their local derivatives.

        For a function that is used more than once, or differentiated twice, or compiled
        see `autograd.primitive`: here the derivatives are mere numbers.

        Args:
            data: the number.
            parents: the Values that it was computed from.
            partials: the derivative of ``data`` by each parent, a number for each.
            op: what drawings and messages call the operation.

        Raises:
            TypeError, ValueError: if these are no numbers, or not as many as parents.
            RuntimeError: in a function that is being compiled.

        >>> x = Value(2.0)
        >>> y = Value.from_partials(8.0, [x], [12.0], op="cube")
        >>> y.backward()
        >>> x.grad
        12.0

        """
        context: Context = current() if contexts else None
        if context is not None and context.tape is not None:
            raise RuntimeError(MSG_ON_TAPE.format("Value.from_partials()"))
        operands: tuple = tuple(parents)
        weights = [as_float(x) for x in partials]
        y = as_float(data)
        if not operands or {type(x) for x in operands} != {Value}:
            raise TypeError(MSG_PARENTS)
        if y is None or None in weights or not isinstance(op, str) or not op:
            raise TypeError(MSG_PARENTS)
        if len(weights) != len(operands):
            raise ValueError(MSG_PARENTS)
        row = Primitive(exact_text(op), _only_numbers, _only_numbers, elementary=False)
        return fused(row, y, operands, weights)

    @staticmethod
    def __apply__(primitive: Primitive, args: tuple) -> Value:
        return apply(primitive, args)


# --- Operands -----------------------------------------------------------------------


@cython.cfunc
def as_float(x: object) -> object:
    """Return x as a float, or None if it is not a real number."""
    if type(x) is float:
        return x
    if type(x) is Value:
        return None
    if isinstance(x, (int, float, numbers.Real)):
        return float(x)
    return None


@cython.cfunc
def describe(x: object) -> str:
    """Return words for a thing that is not what it should be."""
    if isinstance(x, Value):
        return f"a Value ({text_of(x)})"
    return f"{x!r} (of type {type(x).__name__})"


def text_of(node: Value) -> str:
    """Return what a Value is printed as, even while a function is recorded."""
    name = "" if node.name is None else f", name={node.name!r}"
    return f"Value(data={node._data!r}, grad={node._grad!r}{name})"


def number(node: Value) -> float:
    """Return a Value's number, even while a function is recorded."""
    return node._data


def partials_of(node: Value) -> tuple:
    """Return a node's local derivatives, even while a function is recorded."""
    operands = node.operands
    i: cython.Py_ssize_t
    if node._many:
        weights = [node._many[i] for i in range(len(operands))]
    else:
        weights = [node._da, node._db]
    return tuple(
        [weights[i] for i in range(len(operands)) if type(operands[i]) is Value]
    )


def make_constant(nodes: list) -> None:
    """Turn the leaves among the nodes into constants."""
    node: Value
    for node in nodes:
        if node._primitive is None:
            node._primitive = CONSTANT


@cython.cfunc
def array(n: cython.Py_ssize_t) -> cython.p_double:
    """Return room for n numbers; compiled, PyMem_Free gives it back."""
    if not cython.compiled:
        return [0.0] * n
    room: cython.p_double = cython.cast(
        cython.p_double, PyMem_Malloc(max(n, 1) * cython.sizeof(cython.double))
    )
    if not room:
        raise MemoryError
    return room


@cython.cfunc
def integers(n: cython.Py_ssize_t) -> cython.p_longlong:
    """Return room for n ints; compiled, PyMem_Free gives it back."""
    if not cython.compiled:
        return [0] * n
    room: cython.p_longlong = cython.cast(
        cython.p_longlong, PyMem_Malloc(max(n, 1) * cython.sizeof(cython.longlong))
    )
    if not room:
        raise MemoryError
    return room


@cython.cfunc
@cython.inline
def _operand(x: object) -> object:
    """Return x as a float, or None for a type that may know what to do with us."""
    if type(x) is float:
        return x
    if isinstance(x, (str, bytes, complex)):
        if COMPLEX and isinstance(x, complex) and COMPLEX["asked"]():
            return None
        raise TypeError(MSG_OPERAND.format(describe(x)))
    number = as_float(x)
    if number is None and type(x).__module__ == "numpy":
        # NumPy's bool is no Real, though it has a float's value.
        return float(x) if type(x).__name__ in ("bool", "bool_") else None
    return number


@cython.cfunc
def _beside(name: str, x: object, other: object) -> object:
    """Return what an operator gives of a Value and of what is no real number."""
    if isinstance(other, complex) and COMPLEX:
        return COMPLEX["beside"](name, x, other)
    return NotImplemented


@cython.cfunc
@cython.inline
def _plain(x: object) -> object:
    if type(x) is Value:
        v: Value = x
        return v._data
    return x


@cython.cfunc
def _tape(a: object, b: object) -> object:
    """Return the tape that is being written on, or None.

    Args:
        a: what is asked something, which another thread's tape should not miss; a Value
            or a tuple.
        b: what it is compared with.

    """
    context: Context = current()
    if context is not None and context.tape is not None:
        return context.tape
    if tapes:
        for tape in list(tapes.values()):
            tape.meet(a)
            tape.meet(b)
    return None


@cython.cfunc
def _refuse(reason: str) -> object:
    """Raise what makes a function run as it stands, if it is being recorded."""
    tape = _tape(None, None)
    if tape is not None:
        raise tape.eagerly(reason)


@cython.cfunc
def _not_plain(function: str) -> object:
    """Return the error of a conversion that would drop the gradient."""
    message = MSG_FLOAT.format(function)
    tape = _tape(None, None) if contexts else None
    if tape is not None:
        tape.refuse(message)
    return TypeError(message)


# --- Making nodes -------------------------------------------------------------------


@cython.cfunc
@cython.inline
def new_node(
    primitive: object,
    data: cython.double,
    a: object,
    b: object,
    da: cython.double,
    db: cython.double,
) -> Value:
    """Make a node of at most two operands, or under no_grad a constant."""
    context: Context = current() if contexts else None
    if context is not None and not context.recording:
        return _unrecorded(context, primitive, data, a, b)
    return _recorded(context, primitive, data, a, b, da, db)


@cython.cfunc
@cython.inline
def _recorded(
    context: Context | None,
    primitive: object,
    data: cython.double,
    a: object,
    b: object,
    da: cython.double,
    db: cython.double,
) -> Value:
    node: Value = Value.__new__(Value)
    node._data = data
    node._primitive = primitive
    node._a = a
    node._b = b
    node._da = da
    node._db = db
    node._label = None if context is None else label_in(context)
    if not cython.compiled:
        node._grad = 0.0
        node._many = None
        node._mark = 0
    if context is not None and context.tape is not None:
        take_down(context, node)
    return node


@cython.cfunc
def _unrecorded(
    context: Context, primitive: object, data: cython.double, a: object, b: object
) -> Value:
    """Make a constant; on a tape, which is to compute it again, a detached node."""
    if context.tape is None:
        return constant(data)
    node: Value = _recorded(context, primitive, data, a, b, 0.0, 0.0)
    if type(a) is tuple:
        node._many = _zeros(len(a) + (0 if b is None else len(b)))
    return _recorded(context, DETACHED, data, node, None, 0.0, 0.0)


@cython.cfunc
def _zeros(n: cython.Py_ssize_t) -> cython.p_double:
    i: cython.Py_ssize_t
    zeros = array(n)
    for i in range(n):
        zeros[i] = 0.0
    return zeros


@cython.cfunc
def constant(data: cython.double) -> Value:
    """Make a Value through which no gradient passes."""
    node: Value = Value(data)
    node._primitive = CONSTANT
    return node


@cython.cfunc
def _binary(primitive: Primitive, a: object, b: object) -> object:
    if type(a) is not Value:
        a = _operand(a)
    if type(b) is not Value:
        b = _operand(b)
    if a is None or b is None:
        return NotImplemented
    return apply(primitive, (a, b))


def apply(primitive: Primitive, args: tuple) -> Value:
    """Make the node of a row of the table for any operands.

    Args:
        primitive: the row.
        args: Values and real numbers, as many as the row takes.

    Raises:
        TypeError: if an operand is something else.
        ValueError, ZeroDivisionError, OverflowError: as the row's function on floats
            does; the message adds the operation and the names of its operands.

    """
    if len(args) == 1 and primitive.arity == 1 and type(args[0]) is Value:
        return _apply_one(primitive, args[0])
    if primitive.arity is not None and len(args) != primitive.arity:
        args = primitive.complete(args)
    operands: tuple = tuple([as_operand(x) for x in args])
    floats: list = [_plain(x) for x in operands]
    try:
        y = primitive.value(*floats)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        y = excused(primitive, tuple(floats), error) if contexts else None
        if y is None:
            raise _named(primitive, operands, error)  # noqa: B904 - it has its cause
        return _node_of_excused(primitive, y, operands, floats)
    context: Context = current() if contexts else None
    if context is not None and not context.recording:
        if primitive.arity == 2:
            return _unrecorded(context, primitive, y, operands[0], operands[1])
        return _unrecorded(context, primitive, y, operands, None)
    if primitive.arity == 2:
        a, b = operands
        p, q = floats
        da: cython.double = primitive.partials[0](y, p, q) if a is not p else 0.0
        db: cython.double = primitive.partials[1](y, p, q) if b is not q else 0.0
        return new_node(primitive, y, a, b, da, db)
    return _node_of_many(primitive, y, operands, floats)


@cython.cfunc
def _apply_one(primitive: Primitive, operand: Value) -> Value:
    """Do as `apply` with one operand, which most functions have."""
    if cython.compiled and primitive.pair is not cython.NULL:
        slope: cython.double = 0.0
        known: cython.double = primitive.pair(operand._data, cython.address(slope))
        if isfinite(known) and isfinite(slope):  # inf - inf would set a flag
            return new_node(primitive, known, operand, None, slope, 0.0)
    x: float = operand._data
    try:
        y = primitive.value(x)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        y = excused(primitive, (x,), error) if contexts else None
        if y is None:
            raise _named(primitive, (operand,), error)  # noqa: B904 - as above
        return _node_of_excused(primitive, y, (operand,), [x])
    context: Context = current() if contexts else None
    if context is not None and not context.recording:
        return _unrecorded(context, primitive, y, operand, None)
    return new_node(primitive, y, operand, None, primitive.partials[0](y, x), 0.0)


@cython.cfunc
def _node_of_excused(
    primitive: Primitive, y: cython.double, operands: tuple, floats: list
) -> Value:
    """Make the node of an operation that raised, of what `errstate` has instead.

    Its partials are computed on Values, which give an infinity or a NaN as well.
    """
    if primitive.arity == 2:
        node = new_node(primitive, y, operands[0], operands[1], 0.0, 0.0)
    elif primitive.arity == 1:
        node = new_node(primitive, y, operands[0], None, 0.0, 0.0)
    else:
        return fused(primitive, y, operands, _excused_partials(primitive, y, floats))
    if node._primitive is primitive:
        found = _excused_partials(primitive, y, floats)
        node._da = found[0] if type(operands[0]) is Value else 0.0
        if len(found) > 1 and type(operands[1]) is Value:
            node._db = found[1]
    return node


@cython.cfunc
def _excused_partials(primitive: Primitive, y: object, floats: list) -> list:
    with taping(None), no_grad():
        numbers_: list = [constant(x) for x in floats]
        try:
            found = primitive.partials_at(constant(y), numbers_)
        except (TypeError, ValueError, ArithmeticError):  # of a user's own
            found = [math.nan for _ in floats]
    return [_plain(x) for x in found]


def fused(primitive: Primitive, y: float, operands: tuple, partials: list) -> Value:
    """Make a node whose value and partials are known: a compiled function's.

    Args:
        primitive: what made it, of any number of operands.
        y: the number.
        operands: Values and floats.
        partials: a float for each operand.

    Raises:
        ValueError: if there are more or fewer partials than operands.

    """
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(operands)
    if len(partials) != n:
        raise ValueError(MSG_TOO_FEW.format(primitive.name, n, len(partials)))
    node: Value = new_node(primitive, y, operands, None, 0.0, 0.0)
    if node._primitive is primitive:
        node._many = array(n)
        for i in range(n):
            node._many[i] = partials[i]
    return node


@cython.cfunc
def as_operand(x: object) -> object:
    """Return an operand: a Value as it is, any other real number as a float."""
    if type(x) is Value:
        return x
    number = as_float(x)
    if number is None:
        raise TypeError(MSG_OPERAND.format(describe(x)))
    return number


@cython.cfunc
def _node_of_many(
    primitive: Primitive, y: cython.double, operands: tuple, floats: list
) -> Value:
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(operands)
    if primitive.arity is None:
        partials = primitive.partials[0](y, *floats)
        if len(partials) != n:
            raise ValueError(MSG_TOO_FEW.format(primitive.name, n, len(partials)))
        return fused(primitive, y, operands, list(partials))
    node: Value = new_node(primitive, y, operands, None, 0.0, 0.0)
    node._many = array(n)
    for i in range(n):
        is_parent: cython.bint = type(operands[i]) is Value
        node._many[i] = primitive.partials[i](y, *floats) if is_parent else 0.0
    return node


@cython.cfunc
def _named(primitive: Any, operands: tuple, error: Any) -> object:
    """Return the error with the operation and its operands in its message."""
    tape = _tape(operands, None) if contexts else None
    if tape is not None:
        tape.raised(primitive, operands, error)
    message = _where(primitive, operands, error)
    try:
        named = type(error)(message)
    except TypeError:  # of a user's own class, which is made from something else
        error.add_note(message)
        return error
    # Where a user's own function raised it is worth showing; where a row did is not.
    named.__cause__ = None if primitive.in_table else error
    return named


@cython.cfunc
def _where(primitive: Any, operands: tuple, error: Any) -> str:
    """Return the error's message with the operation and its operands."""
    words = []
    known = []
    for x in operands[:8]:
        if type(x) is Value and x.name is not None:
            words.append(x.name)
            known.append(f"{x.name} = {_plain(x)!r}")
        else:
            words.append(repr(_plain(x)))
    if len(operands) > 8:
        words.append("...")
    if primitive.precedence and len(words) == 2:
        expression = f"{words[0]} {primitive.symbol} {words[1]}"
    else:
        expression = f"{primitive.name}({', '.join(words)})"
    at = f" at {', '.join(known)}" if known else ""
    what = error.args[-1] if error.args else type(error).__name__
    return f"{what}: {expression}{at}"


def _pass_on(node: Value) -> None:
    """Do one node's part of the chain rule, as micrograd's ``_backward()`` does."""
    parent: Value
    for parent, partial in zip(node.parents, node.partials, strict=True):
        parent._grad += partial * node._grad


def _only_numbers(*_operands: object) -> float:
    raise TypeError(MSG_ONLY_NUMBERS)


# --- State, for copies and pickles --------------------------------------------------


def fields(node: Value) -> tuple:
    """Return all that makes up a node, in the order that `restore` takes it."""
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(node.operands)
    return (
        node._primitive,
        node._data,
        node._grad,
        node._label,
        node._a,
        node._b,
        node._da,
        node._db,
        [node._many[i] for i in range(n)] if node._many else None,
    )


def restore(
    node: Value,
    primitive: Primitive | None,
    data: float,
    grad: float,
    label: object,
    a: object,
    b: object,
    da: float,
    db: float,
    many: list | None,
) -> None:
    """Give a new node the fields of another, as `fields` returned them.

    Raises:
        ValueError: if they are no node's: its walk would read what is not there.

    """
    i: cython.Py_ssize_t
    _check_state(primitive, a, b, many)
    node._primitive, node._label = primitive, label
    node._data, node._grad, node._da, node._db = data, grad, da, db
    node._a, node._b = a, b
    if many:
        node._many = array(len(many))
        for i in range(len(many)):
            node._many[i] = many[i]


@cython.cfunc
def _check_state(primitive: object, a: object, b: object, many: list | None) -> object:
    if primitive is not None and not isinstance(primitive, Primitive):
        raise ValueError(MSG_STATE.format("what made it is no primitive"))
    if a is None and (b is not None or many):
        raise ValueError(MSG_STATE.format("it has partials and no operands"))
    if type(a) is not tuple:
        if many is not None:
            raise ValueError(MSG_STATE.format("it has many partials and one operand"))
        if not (_is_operand(a) and _is_operand(b)):
            raise ValueError(MSG_STATE.format("an operand is no Value and no float"))
        return None
    if b is not None and type(b) is not tuple:
        raise ValueError(MSG_STATE.format("its operands are of two kinds"))
    operands: tuple = a if b is None else (*a, *b)
    if not all(map(_is_operand, operands)):
        raise ValueError(MSG_STATE.format("an operand is no Value and no float"))
    n: cython.Py_ssize_t = 0 if many is None else len(many)
    if many is not None and not all(map(_is_float, many)):
        raise ValueError(MSG_STATE.format("a partial is no float"))
    if len(operands) != n:
        message = f"it has {len(operands)} operands and {n} partials"
        raise ValueError(MSG_STATE.format(message))
    return None


def _is_float(x: object) -> bool:
    return type(x) is float


def _is_operand(x: object) -> bool:
    return x is None or type(x) is Value or type(x) is float


# --- Freeing ------------------------------------------------------------------------

# The nodes that are to be freed wait in a queue. Nobody else has them any more, so each
# holds the next in the place of its mark, and the queue takes no memory. They are freed
# in about the reverse order of their making; their memory is fetched while they wait.
# Nodes die while an exception is on its way, too: nothing here may call Python's own
# functions, which would lose it.
_first = cython.declare(Bare, cython.NULL)
_last = cython.declare(Bare, cython.NULL)
_draining = cython.declare(cython.bint, False)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _let_go(thing: Bare) -> cython.void:
    """Give back a reference; what would die of that waits for its turn."""
    global _first, _last
    if Py_REFCNT(cython.cast(object, thing)) > 1:
        Py_DECREF(cython.cast(object, thing))
    elif type(cython.cast(object, thing)) is Value:
        cython.cast(Value, thing)._mark = 0
        if _first is cython.NULL:
            _first = thing
        else:
            cython.cast(Value, _last)._mark = cython.cast(cython.longlong, thing)
        _last = thing
        prefetch(cython.cast(Bare, cython.cast(Value, thing)._a))
        prefetch(cython.cast(Bare, cython.cast(Value, thing)._b))
    else:
        if type(cython.cast(object, thing)) is tuple:
            _empty(cython.cast(tuple, thing))
        Py_DECREF(cython.cast(object, thing))


@cython.cfunc
@cython.exceptval(check=False)
def _empty(operands: tuple) -> cython.void:
    """Let go of each operand in a tuple that nobody else has."""
    i: cython.Py_ssize_t
    for i in range(PyTuple_GET_SIZE(operands)):
        operand = cython.cast(Bare, PyTuple_GET_ITEM(operands, i))
        Py_INCREF(None)
        PyTuple_SET_ITEM(operands, i, None)
        _let_go(operand)


@cython.cfunc
@cython.exceptval(check=False)
def _free(thing: cython.pointer(PyObject)) -> cython.void:
    """Free a node, and in the end all that dies with it, without recursion."""
    _let_go(cython.cast(Bare, cython.cast(Value, thing)._b))
    _let_go(cython.cast(Bare, cython.cast(Value, thing)._a))
    Py_DECREF(cython.cast(Value, thing)._primitive)
    Py_DECREF(cython.cast(Value, thing)._label)
    if cython.cast(Value, thing)._many is not cython.NULL:
        PyMem_Free(cython.cast(Value, thing)._many)
    PyObject_Free(thing)
    if not _draining and _first is not cython.NULL:
        _drain()


@cython.cfunc
@cython.exceptval(check=False)
def _drain() -> cython.void:
    """Free what waits, and what then comes to wait."""
    global _draining, _first
    _draining = True
    while _first is not cython.NULL:
        thing: Bare = _first
        _first = cython.cast(Bare, cython.cast(Value, thing)._mark)
        Py_DECREF(cython.cast(object, thing))
    _draining = False


# --- Methods: every unary row, under its own name and under NumPy's -----------------


def _method(primitive: Primitive) -> Any:
    if primitive.arity == 1:

        def method(self: object) -> Value:
            if type(self) is not Value:
                raise TypeError(MSG_SELF.format(primitive.name, describe(self)))
            return _apply_one(primitive, self)

    else:

        def method(self: object, *others: object) -> Value:
            if type(self) is not Value:
                raise TypeError(MSG_SELF.format(primitive.name, describe(self)))
            return apply(primitive, (self, *others))

    method.__name__ = method.__qualname__ = primitive.name
    method.__doc__ = primitive.__doc__
    return method


class _Signature:
    """What `inspect` and `help` say that a compiled Value is made from."""

    def __get__(self, _instance: object, _owner: object = None) -> object:
        import inspect

        def value(data, /, name=None, *, label=None): ...  # noqa: ANN202, ANN001

        return inspect.signature(value)


def _install() -> None:
    methods = {
        name: _method(primitive)
        for primitive in TABLE.values()
        for name in primitive.methods
        if name not in vars(Value)
    }
    if cython.compiled:
        methods["__signature__"] = _Signature()
        kind = cython.cast(cython.pointer(PyTypeObject), Value)
        kind.tp_dealloc = _free
        # setattr refuses an extension type, though its methods are in a dict like any.
        cython.cast(dict, kind.tp_dict).update(methods)
        PyType_Modified(Value)
    else:
        for name, method in methods.items():
            setattr(Value, name, method)


_install()
apply_with(Value, apply)
