"""memory: a function being written that knows where the program's numbers lie.

A `Writer` is the text of a function together with the program's plan. All that is
written (loops, sums of products, sums over rows, whole functions) is written by
functions that are handed one.

Letters: ``u`` is the memory of uniform numbers, ``v`` that of varying ones; ``t`` is
the writer, ``r`` the first of the rows that are computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from autograd.compiler.machine.spellings import OPPOSITES, RELATIONS
from autograd.compiler.machine.text import Module, Text
from autograd.compiler.program import Guard
from autograd.compiler.schedule.layout import plane_of, stride_of
from autograd.compiler.schedule.plan import Plan

IN_FLIGHT = 8  # sums at once: the machine starts two in each of the four cycles of one
TILE = 4  # sums of products that share a loop


class Writer(Text):
    """One function being written, for a plan.

    Args:
        module: where the function goes when it is finished.
        plan: where numbers lie.
        head: the function's name, parameters and type.
        lanes: how many doubles each value has.

    """

    def __init__(self, module: Module, plan: Plan, head: str, lanes: int = 1) -> None:
        super().__init__(module, head, lanes)
        self.plan = plan

    def over_rows(self, body: Callable[[str], None]) -> None:
        """Write something for all of the %n rows, or once if it is uniform."""
        n = self.plan.lanes
        if self.lanes == 1 or self.plan.layout.block == n:
            body("0")
        else:
            with self.loop("0", "%n", n) as r:
                body(r)

    def value(self, place: int, r: str) -> str:
        """Load the number of a place, for the rows from r on."""
        p = self.plan.program
        if p.is_constant(place):
            return self.number(p.constants[place - len(p.inputs)])
        slot = str(self.plan.slots[place])
        return self.at(slot, r, uniform=self.plan.is_uniform[place])

    def at(self, slot: str, r: str, *, uniform: bool) -> str:
        """Load the number of a slot, for the rows from r on."""
        if uniform:
            return self.spread("%u", slot)
        return self.load("%v", self.row(slot, r))

    def put(self, x: str, slot: str, r: str, *, uniform: bool) -> None:
        """Store a value in a slot, for the rows from r on."""
        if uniform:
            self.store(x, "%u", slot)
        else:
            self.store(x, "%v", self.row(slot, r))

    def row(self, slot: str, r: str) -> str:
        """Return the index in ``v`` of a slot's number for row r of the block."""
        block = self.plan.layout.block
        start = (
            str(int(slot) * block)
            if slot.isdigit()
            else self.new(f"mul nsw i64 {slot}, {block}")
        )
        return start if r == "0" else self.new(f"add nsw i64 {start}, {r}")

    def slot(self, slots: Sequence[int], i: str) -> str:
        """Return the i-th of some slots: computed if in line, else looked up."""
        stride = stride_of(slots)
        if stride is not None:
            return self.total((i, stride), (str(slots[0]), 1))
        table = self.module.table(slots)
        address = self.new(f"getelementptr i32, ptr {table}, i64 {i}")
        return self.new(f"sext i32 {self.new(f'load i32, ptr {address}')} to i64")

    def slot_in(self, lines: list[list[int]], j: str, k: str) -> str:
        """Return the slot in line j and column k: computed if in a plane."""
        in_plane = plane_of(lines)
        if in_plane is not None:
            first, down, right = in_plane
            return self.total((j, down), (k, right), (str(first), 1))
        at = self.total((j, len(lines[0])), (k, 1))
        return self.slot([x for line in lines for x in line], at)

    def total(self, *terms: tuple[str, int]) -> str:
        """Return the sum of some integers, names or digits, times constants."""
        total, constant = "", 0
        for x, factor in terms:
            if factor == 0:
                continue
            if x.isdigit():
                constant += int(x) * factor
                continue
            product = x if factor == 1 else self.new(f"mul nsw i64 {x}, {factor}")
            total = self.new(f"add nsw i64 {total}, {product}") if total else product
        if not total:
            return str(constant)
        return self.new(f"add nsw i64 {total}, {constant}") if constant else total

    def following(self, i: str, n: int, step: int = 1) -> list[str]:
        """Return i and the integers after it, n in all."""
        return [i, *[self.new(f"add nsw i64 {i}, {k * step}") for k in range(1, n)]]

    def add_product(self, variable: str, a: str, b: str) -> None:
        """Add a product to a variable."""
        old = self.new(f"load {self.type}, ptr {variable}")
        new = self.intrinsic("fma", a, b, old)
        self.write(f"store {self.type} {new}, ptr {variable}")

    def all_hold(self, guards: Iterable[Guard], r: str) -> str | None:
        """Return whether all guards hold, for the rows from r on; None of no guards."""
        ok = None
        for flag in [self._holds(guard, r) for guard in guards]:
            ok = flag if ok is None else self.new(f"and {self.flag} {ok}, {flag}")
        return ok

    def _holds(self, guard: Guard, r: str) -> str:
        return self.holds(guard, self.value(guard.a, r), r)

    def holds(self, guard: Guard, a: str, r: str) -> str:
        """Return whether a guard holds for a number in place of its own."""
        if guard.relation == "finite":
            return self.is_finite(a)
        relation = (RELATIONS if guard.holds else OPPOSITES)[guard.relation]
        return self.compare(relation, a, self.value(guard.b, r))

    def is_finite(self, x: str) -> str:
        """Return whether a value is finite."""
        size = self.intrinsic("fabs", x)
        return self.compare("olt", size, self.number(float("inf")))

    def begin(self, once: Iterable[str]) -> None:
        """Put the constants into memory, and call the functions of uniform code."""
        p = self.plan.program
        if p.constants:
            table = self.module.doubles("run_constants", p.constants)
            self.module.declare(
                "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
            )
            shared = len(p.inputs) - len(self.plan.rows or ())
            address = self.address("%u", str(shared))
            self.write(
                f"call void @llvm.memcpy.p0.p0.i64(ptr {address}, ptr {table}, "
                f"i64 {8 * len(p.constants)}, i1 false)"
            )
        for name in once:
            self.write(f"call void @{name}(ptr %u, ptr %u, i64 0)")

    def end(self, ok: str | None) -> None:
        """Return 1 if all is right, else 0, and finish the function."""
        flag = "1" if ok is None else self.new(f"zext i1 {ok} to i32")
        self.write(f"ret i32 {flag}")
        self.finish()


def tiles_of(n: int, size: int = TILE) -> list[tuple[int, int, int]]:
    """Cut 0, ..., n - 1 into stretches of tiles of one size: start, end, size."""
    full = n // size * size
    stretches = [(0, full, size), (full, n, n - full)]
    return [stretch for stretch in stretches if stretch[0] < stretch[1]]
