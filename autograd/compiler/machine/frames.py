"""frames: the numbers of a block that is being written: single ones, and vectors.

A number may be in a register, a lane of a vector, or in memory. Whoever wants it as a
single one, or some of them as a vector, gets them from a `Frame`, which collects what
is not side by side: by one shuffle for each vector that lanes come from, and one
insertion for each number that is alone. What is the same in all iterations is
collected before the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from autograd.compiler.machine.text import Text, constant
from autograd.compiler.passes.blocks import moving
from autograd.compiler.passes.exits import Exit
from autograd.compiler.schedule.places import Places, Vector, vector_of

Load = Callable[[int], str]  # the address of a number, given how far it is from there


class Frame:
    """The places of a program, or of a body, where it is being written.

    Args:
        text: the function.
        places: where its numbers are.
        base: how far its memory is from the beginning of all.
        leaves: loops that may stop early.
        pointer: returns the address of a number of this memory.

    Attributes:
        known: what is in registers.
        vectors: vectors that are.
        reads: for places that are read from memory in each iteration, their addresses.
        turns: the variables of how many turns were run that change something.
        moving: the places that loops in it read from memory.
        before: what is written before the loop, whose body it is.

    """

    def __init__(
        self,
        text: Text,
        places: Places,
        base: int,
        leaves: dict[int, Exit],
        pointer: Callable[[int], str],
    ) -> None:
        self.text = text
        self.places = places
        self.program = places.program
        self.base = base
        self.exits = leaves
        self.pointer = pointer
        self.known: dict[int, str] = {}
        self.vectors: dict[Vector, str] = {}
        self.reads: dict[int, Load] = {}
        self.turns: dict[int, str] = {}
        self.before: list[str] = []
        self.moving = moving(self.program)
        self._together: dict[tuple[int, ...], str] = {}

    # Single numbers.

    def value(self, place: int) -> str:
        """Return what is at a place."""
        known = self.known.get(place)
        if known is None:
            known = self.known[place] = self._found(place)
        return known

    def _found(self, place: int) -> str:
        p, t = self.program, self.text
        if p.is_constant(place) and self.base:
            return t.number(p.constants[place - len(p.inputs)])
        home = self.places.lines.home(place)
        if home is not None:
            vector = self.vectors.get(vector_of(home, self.width))
            if vector is not None:
                lane = home[1] % self.width
                return t.new(f"extractelement {self.type} {vector}, i32 {lane}")
        return t.new(f"load {t.type}, ptr {self.address(place)}, align 8")

    def address(self, place: int, beyond: int = 0) -> str:
        """Return the address of a number in memory, or of one beyond it."""
        read = self.reads.get(place)
        if read is not None:
            return read(beyond)
        return self.pointer(self.base + self.places.addresses[place] + beyond)

    def set(self, place: int, x: str) -> None:
        """Take down what is at a place."""
        self.known[place] = x
        if place in self.moving:
            t = self.text
            t.write(f"store {t.type} {x}, ptr {self.address(place)}, align 8")

    # Vectors.

    @property
    def width(self) -> int:
        """How many doubles a vector has."""
        return self.places.wide.width

    @property
    def type(self) -> str:
        """The type of a vector."""
        return f"<{self.width} x double>"

    def vector(self, places: Sequence[int], *, filled: bool) -> str:
        """Return what is at some places as a vector.

        Args:
            places: at most as many as a vector has lanes.
            filled: whether lanes that are left over have the first one's number, as
                functions need it, which take long for numbers of no meaning.

        """
        key = tuple(places)
        if filled:
            key += key[:1] * (self.width - len(key))
        found = self._together.get(key)
        if found is None:
            if all(x in self.places.lines.fixed for x in key):
                with self.first():
                    found = self._single(key)
            else:
                found = self._collected(key)
            self._together[key] = found
        return found

    @contextmanager
    def first(self) -> Iterator[None]:
        """Write something before the loop whose body is written."""
        t = self.text
        lines, t.lines = t.lines, self.before
        try:
            yield
        finally:
            t.lines = lines

    def _single(self, places: Sequence[int]) -> str:
        """Return a vector of single numbers."""
        t, p, first = self.text, self.program, places[0]
        if all(map(p.is_constant, places)) and self.base:
            numbers = [constant(p.constants[x - len(p.inputs)]) for x in places]
            numbers += numbers[:1] * (self.width - len(numbers))
            return f"<{', '.join(f'double {x}' for x in numbers)}>"
        if all(x == first for x in places):
            x = self.value(first)
            with t.in_lanes(self.width):
                return t.splat(x)
        return self._inserted("poison", dict(enumerate(places)))

    def _inserted(self, y: str, lanes: dict[int, int]) -> str:
        """Return a vector with some lanes replaced by what is at places."""
        t = self.text
        for lane, place in lanes.items():
            x = self.value(place)
            y = t.new(f"insertelement {self.type} {y}, double {x}, i32 {lane}")
        return y

    def _collected(self, places: Sequence[int]) -> str:
        """Return a vector of numbers that are in vectors, in memory, or alone."""
        lines = self.places.lines
        if all(x == places[0] for x in places):
            return self._single(places)
        sources: dict[str, dict[int, int]] = {}  # vector: which lane goes to which
        alone: dict[int, int] = {}
        memory: dict[object, list[int]] = {}
        for lane, place in enumerate(places):
            home = lines.home(place)
            if home is None:
                alone[lane] = place
            elif home[0] in lines.memory:
                memory.setdefault(home[0], []).append(lane)
            elif (name := self.vectors.get(vector_of(home, self.width))) is None:
                alone[lane] = place
            else:
                sources.setdefault(name, {})[lane] = home[1] % self.width
        for lanes in memory.values():
            self._from_memory(places, lanes, sources, alone)
        y = "poison"
        for name, moved in sources.items():
            y = self._shuffled(y, name, moved)
        return self._inserted(y, dict(sorted(alone.items())))

    def _from_memory(
        self,
        places: Sequence[int],
        lanes: list[int],
        sources: dict[str, dict[int, int]],
        alone: dict[int, int],
    ) -> None:
        """Load some lanes in windows of a vector, or one by one."""
        homes, t = self.places.lines.homes, self.text
        lanes = sorted(lanes, key=lambda lane: homes[places[lane]][1])
        while lanes:
            start = homes[places[lanes[0]]][1]
            near = {
                lane: homes[places[lane]][1] - start
                for lane in lanes
                if homes[places[lane]][1] - start < self.width
            }
            if len(set(near.values())) > 2:
                at = self.address(places[lanes[0]])
                name = t.new(f"load {self.type}, ptr {at}, align 8")
                sources[name] = near
            else:
                alone.update((lane, places[lane]) for lane in near)
            lanes = [lane for lane in lanes if lane not in near]

    def _shuffled(self, y: str, name: str, moved: dict[int, int]) -> str:
        """Return a vector with some of its lanes taken from lanes of another."""
        n = self.width
        if y == "poison" and all(lane == at for lane, at in moved.items()):
            return name
        mask = ", ".join(
            f"i32 {n + moved[lane]}" if lane in moved
            else f"i32 {'poison' if y == 'poison' else lane}"
            for lane in range(n)
        )  # fmt: skip
        return self.text.new(
            f"shufflevector {self.type} {y}, {self.type} {name}, <{n} x i32> <{mask}>"
        )

    def packed(self, vector: Vector, lanes: Sequence[int]) -> str:
        """Return some lanes of a vector alone, as a shorter one."""
        name = self.vectors[vector]
        if [*lanes] == [*range(self.width)]:
            return name
        mask = ", ".join(f"i32 {lane}" for lane in lanes)
        return self.text.new(
            f"shufflevector {self.type} {name}, {self.type} poison, "
            f"<{len(lanes)} x i32> <{mask}>"
        )
