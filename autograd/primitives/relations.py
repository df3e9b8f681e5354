"""Relations: the comparisons of numbers, by their symbols, as guards hold them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
