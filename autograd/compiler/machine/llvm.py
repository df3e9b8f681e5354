"""LLVM: text of its language, written piece by piece, and made into machine code.

`Text` writes functions in LLVM's assembly for numbers of one shape: doubles, or vectors
of as many doubles as the machine computes at once (lanes).

Functions that LLVM does not have come from the C library: one lane at a time, or, where
the system has glibc's vector library (libmvec), all lanes at once. Of libmvec only the
functions are used that stay within a few units in the last place.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

MSG_LLVMLITE = "compiling to machine code takes llvmlite: pip install llvmlite"
MSG_64_BITS = "machine code is made for processors with addresses of 64 bits only"

# Functions of the C library for which libmvec's are right.
VECTOR = frozenset({
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
    "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2",
    "cbrt", "erf", "erfc", "pow",
})  # fmt: skip


@cache
def machine() -> Any:
    """Return llvmlite's binding, ready for this machine.

    Raises:
        ImportError: if llvmlite is not installed.

    """
    try:
        from llvmlite import binding
    except ImportError:
        raise ImportError(MSG_LLVMLITE) from None
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        raise ImportError(MSG_64_BITS)
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@cache
def lanes() -> int:
    """Return how many doubles the machine computes at once."""
    features = machine().get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


@cache
def vector_prefix() -> str | None:
    """Return what libmvec's names begin with here, or None where it is not."""
    try:
        machine().load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return None
    return {8: "_ZGVeN8", 4: "_ZGVdN4"}.get(lanes())


@cache
def vector_function(name: str, arity: int) -> str | None:
    """Return what libmvec calls a function, or None: its early releases have few."""
    prefix = vector_prefix()
    symbol = f"{prefix}{'v' * arity}_{name}"
    known = prefix and machine().address_of_symbol(symbol)
    return symbol if known else None


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
    def loop(self, start: str, end: str, step: int = 1) -> Iterator[str]:
        """Write a loop of an i64 from start to before end, both i64."""
        i = self.variable("i64")
        head, body, done = self.label(), self.label(), self.label()
        self.write(f"store i64 {start}, ptr {i}")
        self.write(f"br label %{head}")
        self.write(f"{head}:")
        now = self.new(f"load i64, ptr {i}")
        more = self.new(f"icmp slt i64 {now}, {end}")
        self.write(f"br i1 {more}, label %{body}, label %{done}")
        self.write(f"{body}:")
        yield now
        following = self.new(f"add nsw i64 {now}, {step}")
        self.write(f"store i64 {following}, ptr {i}")
        self.write(f"br label %{head}")
        self.write(f"{done}:")

    def number(self, x: float) -> str:
        """Return a constant, in all lanes."""
        if self.lanes == 1:
            return constant(x)
        return f"splat (double {constant(x)})"

    def address(self, base: str, index: str) -> str:
        """Return the address of a double."""
        return self.new(f"getelementptr double, ptr {base}, i64 {index}")

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
        many = vector_function(name, len(xs)) if name in VECTOR else None
        return self.call(many, *xs) if many else self.each_lane(name, *xs)

    def each_lane(self, name: str, *xs: str) -> str:
        """Call a function of doubles for one lane after the other."""
        if self.lanes == 1:
            return self.call(name, *xs)
        types = ", ".join(["double"] * len(xs))
        self.module.declare(f"declare double @{name}({types})")
        y = "poison"
        for i in range(self.lanes):
            arguments = ", ".join(
                f"double {self.new(f'extractelement {self.type} {x}, i32 {i}')}"
                for x in xs
            )
            one = self.new(f"call double @{name}({arguments})")
            y = self.new(f"insertelement {self.type} {y}, double {one}, i32 {i}")
        return y

    def finish(self) -> str:
        """Return the whole function."""
        lines = "\n  ".join(["entry:", *self.entry, *self.lines])
        return f"define {self.head} #0 {{\n{lines}\n}}\n"


class Module:
    """Functions, constants and declarations that are compiled together."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.declared: dict[str, None] = {}
        self.tables: dict[tuple[int, ...], str] = {}
        self.callbacks: list[Any] = []

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


def build(module: Module) -> Any:
    """Compile the module.

    Of LLVM's passes only the one that keeps variables in registers runs: a program was
    made short before (`autograd.compiler.passes`), and its loops are written as they
    are to be. All others took most of the time, and gained nothing.

    Args:
        module: functions and constants.

    Returns:
        An engine: ``engine.get_function_address(name)``.

    """
    binding = machine()
    parsed = binding.parse_assembly(str(module))
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=2,
    )
    options = binding.create_pipeline_tuning_options()
    passes = binding.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(parsed, binding.create_pass_builder(target, options))
    engine = binding.create_mcjit_compiler(parsed, target)
    engine.finalize_object()
    return engine
