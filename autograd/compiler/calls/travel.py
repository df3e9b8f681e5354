"""travel: how compiled functions reach other processes.

What another process can import goes by reference: a function, or the compiled one under
its own global name. All else (a lambda, a function of a script or of a notebook, the
gradient of one) goes by value, as cloudpickle has it, where that is installed. What
arrives in the same bytes again is the same compiled function, so that an engine which
sends it with every task has each worker compile once.
"""

from __future__ import annotations

import functools
from typing import Any
from uuid import uuid4

from autograd.compiler.calls.surroundings import Surroundings

Packed = tuple[str, bytes]
KEPT = 64

# Compiled functions on their way whose own functions refer to them: by their identity,
# and by what stands for them in another process.
_leaving: dict[int, str] = {}
_arriving: dict[str, Any] = {}
_arrived: dict[Any, Any] = {}


def underway(compiled: Any) -> tuple[Any, ...] | None:
    """Return what stands for a compiled function within its own; else None."""
    token = _leaving.get(id(compiled))
    return None if token is None else (_again, (token,))


def _again(token: str) -> Any:
    return _arriving[token]


def value(compiled: Any, found: tuple[str, str] | None) -> Packed | None:
    """Return a compiled function's own as bytes, None if it goes by reference alone.

    Args:
        compiled: the compiled function.
        found: where another process finds it, or None; a script's things are not found
            by processes that do not run the script.

    """
    if found is not None and found[0] != "__main__":
        return None
    try:
        from cloudpickle import dumps
    except ImportError:
        return None
    token = vars(compiled).setdefault("_token", uuid4().hex)
    _leaving[id(compiled)] = token
    try:
        return token, dumps(compiled.f)
    except Exception:  # noqa: BLE001 - what a function captured may raise anything
        return None
    finally:
        _leaving.pop(id(compiled), None)


def arrived(compiled: Any, packed: Packed, *kind: Any) -> Any:
    """Return a compiled function with its own, which came by value.

    Args:
        compiled: a new one, which lacks its function.
        packed: what `value` returned.
        kind: what else tells it from others.

    """
    known = _arrived.get((packed, kind))
    if known is not None:
        return known
    try:
        from cloudpickle import loads
    except ImportError:
        return compiled  # what was recorded still runs
    token, data = packed
    _arriving[token] = compiled
    try:
        compiled.f = f = loads(data)
    finally:
        _arriving.pop(token, None)
    compiled.surroundings = Surroundings(f)
    functools.update_wrapper(compiled, f, updated=())
    _arrived[packed, kind] = compiled
    if len(_arrived) > KEPT:
        _arrived.pop(next(iter(_arrived)), None)
    return compiled
