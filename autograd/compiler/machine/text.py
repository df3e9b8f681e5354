"""text: functions in LLVM's assembly, written piece by piece.

`Text` is one function, for numbers of one shape: doubles, or vectors of as many doubles
as the machine computes at once (lanes). `Module` is what is compiled together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.compiler.machine import host


def constant(x: float) -> str:
    """Return a double as LLVM writes it."""
    import struct

    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


class Text:
    """One function being written; its values are of ``lanes`` doubles each."""

    def __init__(self, module: Module, head: str, lanes: int) -> None:
        self.module = module
        self.lanes = lanes
        self.head = head
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.count = 0

    @property
    def type(self) -> str:
        """The type of a value."""
        return "double" if self.lanes == 1 else f"<{self.lanes} x double>"

    @property
    def flag(self) -> str:
        """The type of a condition."""
        return "i1" if self.lanes == 1 else f"<{self.lanes} x i1>"

    @contextmanager
    def in_lanes(self, n: int) -> Iterator[None]:
        """Write values of another number of doubles."""
        before, self.lanes = self.lanes, n
        yield
        self.lanes = before

    def new(self, text: str) -> str:
        """Write an instruction and return the name of its result."""
        self.count += 1
        self.lines.append(f"%t{self.count} = {text}")
        return f"%t{self.count}"

    def write(self, text: str) -> None:
        """Write an instruction without a result."""
        self.lines.append(text)

    def label(self) -> str:
        """Return a new label."""
        self.count += 1
        return f"L{self.count}"

    def variable(self, type_: str) -> str:
        """Return a variable, which LLVM will keep in a register."""
        self.count += 1
        self.entry.append(f"%t{self.count} = alloca {type_}")
        return f"%t{self.count}"

    @contextmanager
    def loop(
        self, start: str, end: str, step: int = 1, until: str | None = None
    ) -> Iterator[str]:
        """Write a loop of an i64 from start to before end, both i64.

        It also ends at what is at ``until`` then, if that is given.
        """
        i = self.variable("i64")
        head, body, done = self.label(), self.label(), self.label()
        self.write(f"store i64 {start}, ptr {i}")
        self.write(f"br label %{head}")
        self.write(f"{head}:")
        now = self.new(f"load i64, ptr {i}")
        more = self.new(f"icmp slt i64 {now}, {end}")
        if until is not None:
            left = self.new(f"icmp slt i64 {now}, {self.new(f'load i64, ptr {until}')}")
            more = self.new(f"and i1 {more}, {left}")
        self.write(f"br i1 {more}, label %{body}, label %{done}")
        self.write(f"{body}:")
        yield now
        following = self.new(f"add nsw i64 {now}, {step}")
        self.write(f"store i64 {following}, ptr {i}")
        self.write(f"br label %{head}")
        self.write(f"{done}:")

    def by_lanes(self, k: str, stride: int = 1) -> str:
        """Return how far value number k is, in doubles, if each is of all lanes."""
        step = stride * self.lanes
        return k if step == 1 else self.new(f"mul nsw i64 {k}, {step}")

    def in_all(self, flag: str) -> str:
        """Return whether a condition holds in all lanes."""
        if self.lanes == 1:
            return flag
        name = f"llvm.vector.reduce.and.v{self.lanes}i1"
        self.module.declare(f"declare i1 @{name}({self.flag})")
        return self.new(f"call i1 @{name}({self.flag} {flag})")

    def number(self, x: float) -> str:
        """Return a constant, in all lanes."""
        if self.lanes == 1:
            return constant(x)
        return f"splat (double {constant(x)})"

    def address(self, base: str, index: str) -> str:
        """Return the address of a double."""
        return self.new(f"getelementptr double, ptr {base}, i64 {index}")

    def load_whole(self, table: str, index: str) -> str:
        """Load a whole number of a table."""
        place = self.new(f"getelementptr i64, ptr {table}, i64 {index}")
        return self.new(f"load i64, ptr {place}")

    def load(self, base: str, index: str) -> str:
        """Load a value whose lanes follow one another."""
        return self.new(f"load {self.type}, ptr {self.address(base, index)}, align 8")

    def spread(self, base: str, index: str) -> str:
        """Load one double into all lanes."""
        x = self.new(f"load double, ptr {self.address(base, index)}")
        return self.splat(x)

    def strided(self, base: str, index: str, stride: int) -> str:
        """Load as many doubles as there are lanes, 0, 1 or -1 from one to the next."""
        n = self.lanes
        if stride == 0 or n == 1:
            return self.spread(base, index)
        if stride == 1:
            return self.load(base, index)
        x = self.load(base, self.new(f"sub nsw i64 {index}, {n - 1}"))
        mask = ", ".join(f"i32 {i}" for i in range(n - 1, -1, -1))
        return self.new(
            f"shufflevector {self.type} {x}, {self.type} poison, <{n} x i32> <{mask}>"
        )

    def splat(self, x: str, type_: str = "double") -> str:
        """Return a scalar in all lanes."""
        if self.lanes == 1:
            return x
        n = self.lanes
        one = self.new(f"insertelement <{n} x {type_}> poison, {type_} {x}, i32 0")
        return self.new(
            f"shufflevector <{n} x {type_}> {one}, <{n} x {type_}> poison, "
            f"<{n} x i32> zeroinitializer"
        )

    def store(self, x: str, base: str, index: str) -> None:
        """Store a value."""
        address = self.address(base, index)
        self.write(f"store {self.type} {x}, ptr {address}, align 8")

    def binary(self, operation: str, a: str, b: str) -> str:
        """Apply an instruction to two values."""
        return self.new(f"{operation} {self.type} {a}, {b}")

    def compare(self, relation: str, a: str, b: str) -> str:
        """Return whether the ordered or unordered relation holds, in each lane."""
        return self.new(f"fcmp {relation} {self.type} {a}, {b}")

    def select(self, flag: str, a: str, b: str) -> str:
        """Return a where the flag is set, else b."""
        return self.new(f"select {self.flag} {flag}, {self.type} {a}, {self.type} {b}")

    def add_lanes(self, first: str, x: str, n: int) -> str:
        """Return a double and the n lanes of a value, added up in any order."""
        name = f"llvm.vector.reduce.fadd.v{n}f64"
        self.module.declare(f"declare double @{name}(double, <{n} x double>)")
        return self.new(
            f"call reassoc double @{name}(double {first}, <{n} x double> {x})"
        )

    def intrinsic(self, name: str, *xs: str) -> str:
        """Call one of LLVM's own functions."""
        suffix = "f64" if self.lanes == 1 else f"v{self.lanes}f64"
        return self.call(f"llvm.{name}.{suffix}", *xs)

    def call(self, name: str, *xs: str) -> str:
        """Call a function of values of this shape."""
        arguments = ", ".join(f"{self.type} {x}" for x in xs)
        types = ", ".join([self.type] * len(xs))
        self.module.declare(f"declare {self.type} @{name}({types})")
        return self.new(f"call {self.type} @{name}({arguments})")

    def library(self, name: str, *xs: str) -> str:
        """Call a function of the C library, or its like for vectors."""
        if self.lanes == 1:
            return self.call(name, *xs)
        known = name in host.VECTOR
        many = host.vector_function(name, len(xs)) if known else None
        if many:
            return self.call(many, *xs)
        types = ", ".join(["double"] * len(xs))
        self.module.declare(f"declare double @{name}({types})")

        def one(*xs: str) -> str:
            arguments = ", ".join(f"double {x}" for x in xs)
            return self.new(f"call double @{name}({arguments})")

        return self.each_lane(one, *xs)

    def each_lane(self, one: Callable[..., str], *xs: str) -> str:
        """Write what computes one double of doubles, for one lane after the other."""
        if self.lanes == 1:
            return one(*xs)
        y = "poison"
        for i in range(self.lanes):
            lane = [self.new(f"extractelement {self.type} {x}, i32 {i}") for x in xs]
            y = self.new(f"insertelement {self.type} {y}, double {one(*lane)}, i32 {i}")
        return y

    def finish(self) -> None:
        """Put the whole function into the module."""
        lines = "\n  ".join(["entry:", *self.entry, *self.lines])
        self.module.parts.append(f"define {self.head} #0 {{\n{lines}\n}}\n")


class Module:
    """Functions, constants and declarations that are compiled together."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.declared: dict[str, None] = {}
        self.tables: dict[tuple[int, ...], str] = {}
        self.asks: list[Any] = []  # functions that it calls in Python

    def declare(self, text: str) -> None:
        """Declare a function, once."""
        self.declared[text] = None

    def table(self, numbers: Sequence[int]) -> str:
        """Return the name of a constant array of i32."""
        key = tuple(numbers)
        name = self.tables.get(key)
        if name is None:
            name = self.tables[key] = f"@table{len(self.tables)}"
            items = ", ".join(f"i32 {x}" for x in key)
            self.parts.append(
                f"{name} = internal constant [{len(key)} x i32] [{items}]\n"
            )
        return name

    def doubles(self, name: str, numbers: Sequence[float]) -> str:
        """Enter a constant array of doubles."""
        items = ", ".join(f"double {constant(x)}" for x in numbers)
        self.parts.append(
            f"@{name} = internal constant [{len(numbers)} x double] [{items}]\n"
        )
        return f"@{name}"

    def __str__(self) -> str:
        attributes = (
            'attributes #0 = { nounwind "no-trapping-math"="true" '
            '"prefer-vector-width"="512" "min-legal-vector-width"="512" }'
        )
        return "\n".join([*self.declared, *self.parts, attributes])
