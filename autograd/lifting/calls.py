"""calls: what a call in lifted code does: it lifts what it calls, when it calls it.

A function of Python is lifted (once, `autograd.lifting.functions`), a method and a
class's constructor too. A function of the standard library, of NumPy or of SciPy has
something that stands for it on Values (`autograd.lifting.stand_ins`); on floats it is
called itself. What has neither is called as it is, and if that takes floats only, the
error names the line.
"""

from __future__ import annotations

import functools
import types
from typing import Any

from autograd.lifting import halving, patterns
from autograd.lifting.errors import (
    MSG_NOT_COVERED,
    TWINS,
    LiftError,
    caught,
    drops_a_gradient,
    has_values,
    is_array,
    is_value,
    not_covered,
    place_of,
)
from autograd.lifting.functions import LIFTED, is_lifted, lifted_function
from autograd.lifting.records import of_a_record
from autograd.lifting.stand_ins import (
    METHODS,
    NUMBERS,
    STAND_INS,
    for_text,
    is_instance,
    refresh,
)
from autograd.value import Value

CACHED = type(functools.lru_cache(lambda: None))
PLAIN = object.__new__
OF_PYTHON = {types.FunctionType, types.MethodType}
AS_THEY_ARE: set[type] = set()  # classes whose __init__ is lifted code
IN_C = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.MethodWrapperType, types.ClassMethodDescriptorType,
)  # fmt: skip
# Methods of NumPy's scalars, which arrays of Values give as they are.
OF_SCALARS = {"__class__": float, "ndim": 0, "shape": ()}
OF_NUMPYS = {"astype", "copy", "item", "tolist"}
PARTS_OF_ARRAYS = {"real", "imag"}
OF_FLOATS = {"as_integer_ratio", "__module__", *OF_SCALARS, *OF_NUMPYS}


def call(f: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call something as lifted code does."""
    kind = type(f)
    if kind in OF_PYTHON and id(getattr(f, "__code__", None)) in LIFTED:
        return f(*args, **kwargs)
    if kind is type and f in AS_THEY_ARE:
        return f(*args, **kwargs)
    if kind is types.FunctionType:
        if id(f) not in STAND_INS:
            return lifted_function(f)(*args, **kwargs)
    elif kind is types.MethodType:
        method = _method(f, args)
        if method is not None:
            return method(*args, **kwargs)
    row = STAND_INS.get(id(f))
    if row is not None:
        if not (row[1] or kwargs) and NUMBERS.issuperset(map(type, args)):
            return f(*args)  # as nearly always on floats
        return _stood_in(f, *row, args, kwargs)
    if kind is types.BuiltinMethodType:
        other = _method_of_c(f, args)
    else:
        other = _other(f, kind, args, kwargs)
    return _as_it_is(f, args, kwargs) if other is None else other(*args, **kwargs)


def _holds_values(x: Any) -> bool:
    """Return whether an object of the standard library's was made of Values."""
    names = getattr(type(x), "__slots__", {})
    return any(has_values(getattr(x, name, None)) for name in names)


def _stood_in(f: Any, stand_in: Any, always: bool, args: Any, kwargs: Any) -> Any:
    """Call a function that something stands for, or that."""
    if always or any(map(has_values, (*args, *kwargs.values()))):
        return stand_in(*args, **kwargs)
    if args and (f is float or getattr(f, "__module__", "") == "math"):
        numbers = tuple(map(as_number, args))
        if any(map(is_value, numbers)):
            return stand_in(*numbers, **kwargs)
        return f(*numbers, **kwargs)
    return f(*args, **kwargs)


def as_number(x: Any) -> Any:
    """Return the number that an object of somebody's class is, by its __float__."""
    if type(x) in NUMBERS:
        return x
    own = getattr(type(x), "__float__", None)
    if type(own) is not types.FunctionType:
        return x
    y = call(own, x)
    return y if type(y) in {float, Value} else x


def _method_of_c(f: Any, args: Any) -> Any:
    """Return what stands for a method of an array or of a dict, None if itself."""
    owner = f.__self__
    if is_array(owner) and owner.dtype == "O":
        from autograd.lifting.arrays import METHODS_OF_ARRAYS

        row: Any = METHODS_OF_ARRAYS.get(f.__name__)
        return None if row is None else functools.partial(row, owner)
    looks_up = type(owner) is dict and f.__name__ in {"get", "pop", "setdefault"}
    if looks_up and args and is_value(args[0]):
        return lambda x, *rest: f(key_like(x, owner), *rest)
    return None


def _method(f: types.MethodType, args: Any) -> Any:
    """Return what is called for a bound method, None if it is the method itself."""
    function, owner = f.__func__, f.__self__
    if type(function) is types.FunctionType:
        lifted = lifted_function(function)
        if lifted is not function:
            return functools.partial(lifted, owner)
    if (id(owner), f.__name__) in METHODS and any(map(has_values, args)):
        return METHODS[id(owner), f.__name__]
    row = STAND_INS.get(id(function))
    if row is not None and (has_values(args) or _holds_values(owner)):
        return functools.partial(row[0], owner)
    return None


def _other(f: Any, kind: type, args: Any, kwargs: Any) -> Any:
    """Return what a callable that is no plain function comes to, None if itself."""
    if kind is CACHED:  # a Value is no key: it would be another one each time
        if any(map(has_values, (*args, *kwargs.values()))):
            return functools.partial(call, f.__wrapped__)
        return None
    if kind is functools.partial:
        return functools.partial(call, f.func, *f.args, **f.keywords)
    if isinstance(f, type):
        return _constructor(f, args, kwargs)
    if kind.__module__.startswith("scipy.interpolate"):
        from autograd.lifting.splines import of_values

        return of_values(f, args, kwargs)
    original = getattr(f, "py_func", None)  # what numba has compiled
    if type(original) is types.FunctionType:
        return functools.partial(call, original)
    own = vars(kind).get("__call__")
    if type(own) is types.FunctionType:
        lifted = lifted_function(own)
        if lifted is not own or is_lifted(own):
            return functools.partial(lifted, f)
    return None


def _constructor(f: type, args: Any, kwargs: Any) -> Any:
    """Return how to make an object of an ordinary class by its lifted __init__."""
    init: Any = getattr(f, "__init__", None)
    new: Any = getattr(f, "__new__", None)
    if type(f) is type and type(new) is types.FunctionType:
        return _by_its_new(f, new, init, args, kwargs)
    ordinary = type(f) is type and getattr(f, "__new__", None) is PLAIN
    if not ordinary or type(init) is not types.FunctionType:
        return None
    lifted = lifted_function(init)
    if id(init.__code__) in LIFTED:
        AS_THEY_ARE.add(f)
        return None
    if not any(map(has_values, (*args, *kwargs.values()))):
        return None
    if lifted is init:
        return of_a_record(f, call)

    def make(*args: Any, **kwargs: Any) -> Any:
        made: Any = PLAIN(f)
        lifted(made, *args, **kwargs)
        return made

    return make


def _by_its_new(f: type, new: Any, init: Any, args: Any, kwargs: Any) -> Any:
    """Return how to make an object of a class that has a ``__new__`` of its own."""
    lifted = lifted_function(new)
    if lifted is new or not any(map(has_values, (*args, *kwargs.values()))):
        return None

    def make(*args: Any, **kwargs: Any) -> Any:
        made = lifted(f, *args, **kwargs)
        if isinstance(made, f) and type(init) is types.FunctionType:
            call(init, made, *args, **kwargs)
        return made

    return make


def _as_it_is(f: Any, args: Any, kwargs: Any) -> Any:
    """Call what is not lifted; say at which line, if it takes floats only."""
    if not any(map(has_values, (*args, *kwargs.values()))):
        return f(*args, **kwargs)
    refresh()
    if id(f) in STAND_INS:  # of a package that was imported just now
        return call(f, *args, **kwargs)
    try:
        return f(*args, **kwargs)
    except Exception as error:
        in_c = isinstance(f, IN_C) and (
            isinstance(error, TypeError) or " float" in str(error)
        )
        if isinstance(error, LiftError) or not (in_c or drops_a_gradient(error)):
            raise
        raise not_covered(f, error, depth=2) from error


def lifter(f: Any) -> Any:
    """Return a function as lifted code would call it, to be handed on."""
    return functools.partial(call, f) if callable(f) else f


def property_of(x: Any, name: str) -> Any:
    """Return an attribute; a property of somebody's class is lifted."""
    own = getattr(type(x), name, None)
    if type(own) is property and type(own.fget) is types.FunctionType:
        return call(own.fget, x)
    if type(own) is functools.cached_property and name not in vars(x):
        vars(x)[name] = call(own.func, x)
    return getattr(x, name)


def attribute(x: Any, name: str) -> Any:
    """Return an attribute that floats have, of a Value as of anything."""
    if name == "__module__":
        return str(getattr(x, name)).removeprefix(TWINS)
    if not is_value(x):
        if name in PARTS_OF_ARRAYS and is_array(x) and x.dtype == "O":
            from autograd.lifting.arrays import PARTS, elementwise

            return elementwise(PARTS[name])(x)
        return property_of(x, name)
    if name not in OF_FLOATS:
        return getattr(x, name)
    if name in OF_NUMPYS:
        return lambda *_, **__: x
    if name in OF_SCALARS:
        return OF_SCALARS[name]
    error = TypeError(f"a Value has no {name}")
    words = MSG_NOT_COVERED.format(
        place=place_of(1), called=f"float.{name}", error=error
    )
    raise LiftError(words)


def text(left: str, right: Any) -> str:
    """Return text with numbers in it, of Values as of floats."""
    if is_value(right):
        right = for_text(right)
    elif type(right) is tuple:
        right = tuple([for_text(x) if type(x) is Value else x for x in right])
    elif type(right) is dict:
        right = {k: for_text(x) if is_value(x) else x for k, x in right.items()}
    return str(left % right)


def contains(x: Any, container: Any) -> bool:
    """Return whether x is in a container; a Value is there by its number."""
    if type(x) is Value and isinstance(container, (dict, set, frozenset)):
        return any(x == key for key in container if isinstance(key, (float, int)))
    return x in container


def key_like(x: Value, keys: Any) -> Any:
    """Return the key of a dict that a Value is equal to, the Value itself if none."""
    return next((k for k in keys if isinstance(k, (float, int)) and x == k), x)


HOOKS = {
    **halving.HOOKS,
    **patterns.HOOKS,
    "__lift_attribute__": attribute,
    "__lift_call__": call,
    "__lift_caught__": caught,
    "__lift_float__": float,
    "__lift_in__": contains,
    "__lift_is__": is_instance,
    "__lift_numbers__": NUMBERS,
    "__lift_text__": text,
    "__lift_type__": type,
    "__lift_value__": Value,
}
