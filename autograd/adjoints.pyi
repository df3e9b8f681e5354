"""What of the walk backwards over formulas others see."""

from collections.abc import Mapping
from typing import Any

from autograd.value import Value

def pull(
    y: Value, y_bar: Any, inputs: list[Any], recorded: Mapping[int, Value]
) -> list[Any]: ...
