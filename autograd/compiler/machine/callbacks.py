"""callbacks: machine code calls a primitive's own function, in Python.

One C function does it for all primitives: `autograd.compiler.machine.ask`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.compiler.machine import host
from autograd.compiler.machine.ask import address_of_ask
from autograd.compiler.machine.text import Text, constant
from autograd.primitives import Primitive


def _look() -> float:
    """Return 0.0: as a function begins, Python looks for signals."""
    return 0.0


def look_for_interruption(t: Text) -> str:
    """Write a look for Ctrl-C in a long loop, and return the flag that it came."""
    host.machine().add_symbol("autograd_ask", address_of_ask())
    t.module.declare("declare i32 @autograd_ask(ptr, ptr, i64)")
    t.module.asks.append(_look)
    function = f"ptr inttoptr (i64 {id(_look)} to ptr)"
    answer = t.variable("double")
    quiet = t.new(f"call i32 @autograd_ask({function}, ptr {answer}, i64 0)")
    return t.new(f"icmp eq i32 {quiet}, 0")


def call_python(t: Text, primitive: Primitive, operands: Sequence[str]) -> str:
    """Write a call of a primitive's function, and return the result's name."""
    host.machine().add_symbol("autograd_ask", address_of_ask())
    t.module.declare("declare i32 @autograd_ask(ptr, ptr, i64)")
    t.module.asks.append(primitive.value)  # alive as long as the code
    function = f"ptr inttoptr (i64 {id(primitive.value)} to ptr)"
    numbers = t.variable(f"[{max(1, len(operands))} x double]")

    def one(*xs: str) -> str:
        for i, x in enumerate(xs):
            t.write(f"store double {x}, ptr {t.address(numbers, str(i))}")
        arguments = f"{function}, ptr {numbers}, i64 {len(xs)}"
        answered = t.new(f"call i32 @autograd_ask({arguments})")
        y = t.new(f"load double, ptr {numbers}")
        right = t.new(f"icmp ne i32 {answered}, 0")
        return t.new(f"select i1 {right}, double {y}, double {constant(math.nan)}")

    return t.each_lane(one, *operands)
