"""kept: what an iteration leaves behind: for the next one, and for who reads it later.

What was computed side by side is carried and kept side by side: a vector is one
register, or one store, and only what is alone costs one each.
"""

from __future__ import annotations

from autograd.compiler.machine.frames import Frame
from autograd.compiler.schedule.places import Body


class Carried:
    """The numbers that a loop carries, in variables that LLVM keeps in registers.

    Args:
        frame: what is around the loop.
        body: the loop's body.

    Attributes:
        alone: the variables of single numbers.
        vectors: those of vectors.

    """

    def __init__(self, frame: Frame, body: Body) -> None:
        self.text = t = frame.text
        self.type = frame.type
        self.body = body
        loop = body.loop
        self.outputs = loop.body.outputs[: len(loop.carried)]
        packed = {j for _, lanes in body.carried for j in lanes.values()}
        self.alone = {
            j: t.variable(t.type) for j in range(len(loop.carried)) if j not in packed
        }
        for j, variable in self.alone.items():
            x = frame.value(loop.carried[j])
            t.write(f"store {t.type} {x}, ptr {variable}")
        self.vectors = []
        for _, lanes in body.carried:
            variable = t.variable(self.type)
            x = "zeroinitializer"  # numbers of no meaning may be slow to compute with
            for lane, j in lanes.items():
                one = frame.value(loop.carried[j])
                x = t.new(f"insertelement {self.type} {x}, double {one}, i32 {lane}")
            t.write(f"store {self.type} {x}, ptr {variable}")
            self.vectors.append(variable)

    def begin(self, inner: Frame) -> None:
        """Write what an iteration begins with."""
        t = self.text
        for j, variable in self.alone.items():
            inner.set(j, t.new(f"load {t.type}, ptr {variable}"))
        for v, variable in enumerate(self.vectors):
            x = t.new(f"load {self.type}, ptr {variable}")
            inner.vectors[("carried", v), 0] = x
            for j in inner.moving.intersection(self.body.carried[v][1].values()):
                inner.set(j, inner.value(j))

    def end(self, inner: Frame) -> None:
        """Write what an iteration ends with, once nothing reads what it began with."""
        t = self.text
        found = {j: inner.value(self.outputs[j]) for j in self.alone}
        for j, x in found.items():
            t.write(f"store {t.type} {x}, ptr {self.alone[j]}")
        for (vector, _), variable in zip(self.body.carried, self.vectors, strict=True):
            t.write(f"store {self.type} {inner.vectors[vector]}, ptr {variable}")

    def final(self) -> dict[int, str]:
        """Return all numbers after the last iteration."""
        t = self.text
        found = {
            j: t.new(f"load {t.type}, ptr {variable}")
            for j, variable in self.alone.items()
        }
        for (_, lanes), variable in zip(self.body.carried, self.vectors, strict=True):
            x = t.new(f"load {self.type}, ptr {variable}")
            for lane, j in lanes.items():
                found[j] = t.new(f"extractelement {self.type} {x}, i32 {lane}")
        return dict(sorted(found.items()))


class Kept:
    """What the iterations of a loop keep in memory, a row each.

    Args:
        frame: what is around the loop.
        body: the loop's body.

    """

    def __init__(self, frame: Frame, body: Body) -> None:
        self.text = frame.text
        self.body = body
        self.rows = body.rows
        self.lanes = frame.text.lanes
        self.start = ""
        if body.loop.kept:
            self.start = frame.pointer(frame.base + body.rows.start)

    def at(self, output: int, iteration: str) -> tuple[str, str]:
        """Return where an iteration keeps an output: an address, and how far beyond."""
        t = self.text
        index = t.new(f"mul nsw i64 {iteration}, {self.rows.width * self.lanes}")
        slot = self.rows.slots[output] * self.lanes
        return self.start, t.new(f"add nsw i64 {index}, {slot}")

    def write(self, inner: Frame, k: str) -> None:
        """Write the row of iteration k."""
        body, t = self.body, self.text
        if not body.loop.kept:
            return
        index = t.new(f"mul nsw i64 {k}, {self.rows.width * self.lanes}")
        row = t.address(self.start, index)
        written: set[int] = set()
        for slot, vector, lanes in body.kept:
            x = inner.packed(vector, lanes)
            at = t.address(row, str(slot))
            t.write(f"store <{len(lanes)} x double> {x}, ptr {at}, align 8")
            written.update(range(slot, slot + len(lanes)))
        outputs = body.loop.body.outputs[len(body.loop.carried) :]
        for slot, place in sorted(zip(self.rows.slots, outputs, strict=True)):
            if slot not in written:
                t.store(inner.value(place), row, str(slot * self.lanes))
