"""Random functions as source: branches, loops, exits, counters, tables, side effects.

A function takes two numbers. It is plain Python over `math`, and is compiled by whoever
wants it: over the standard library's `math` for floats, over ours for the eager engine.
Its lines are where `linecache` finds them, so that it has a source to be lifted from.
"""

from __future__ import annotations

import linecache
import random

HELPERS = """\
TABLE = [0.25, -1.5, 2.0, 0.75]
HEARD = []


class Box:
    k = 1.25

    def __init__(self):
        self.heard = 0


BOX = Box()


def bent(x):
    if x > 1.0:
        return x * x
    if x < -1.0:
        y = x + 0.5
        return y * 2.0
    return x


def listening(x):
    HEARD.append(1)
    return x * BOX.k


def searching(x, y):
    for i in range(6):
        if x < TABLE[i % 4] * i:
            return x * i + y
        y = y * 0.5 + x
    return y


def settling(x):
    y = 1.0
    for _ in range(40):
        new = 0.5 * (y + (abs(x) + 1.0) / y)
        if abs(new - y) < 1e-9:
            break
        y = new
    return y
"""


class Writer:
    """Write one random function.

    Args:
        seed: what it follows from.

    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.loops = 0
        self.effects = self.random.random() < 0.3

    def text(self) -> str:
        """Return the function as source."""
        self.line(0, "def f(a, b):")
        self.line(1, "t = a")
        self.line(1, f"u = b * {self.constant()}")
        self.line(1, "n = 0")
        self.line(1, f"flag = {self.choice('True', 'False', 'a > b')}")
        self.block(1, self.random.randint(2, 5))
        self.line(1, f"return t + u * {self.constant()}" + self.choice("", " + n * a"))
        return "\n".join(self.lines) + "\n"

    def choice(self, *options: str) -> str:
        return self.random.choice(options)

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def constant(self) -> str:
        return repr(
            self.random.choice((0.5, -0.75, 1.5, 2.0, 0.1, -1.0, 3.0, 0.0, 1.0))
        )

    def number(self, depth: int = 2) -> str:
        """Return an expression of a float."""
        kind = self.random.random()
        if depth == 0 or kind < 0.25:
            return self.choice("a", "b", "t", "u", "t", "u", self.constant())
        x, y = self.number(depth - 1), self.number(depth - 1)
        if kind < 0.55:
            return f"({x} {self.choice('+', '-', '*')} {y})"
        c = self.condition(0, depth - 1)
        return self.choice(
            f"{x} / (1.0 + abs({y}))",
            f"math.sin({x})",
            f"math.exp(-abs({x}))",
            f"math.sqrt(abs({x}) + 0.5)",
            f"math.log(abs({x}) + 0.25)",
            f"math.atan2({x}, {y} * {y} + 1.0)",
            f"max({x}, {y})",
            f"min({x}, {y}, {self.constant()})",
            f"max({self.constant()}, {x})",
            f"abs({x})",
            f"({x} if {c} else {y})",
            f"TABLE[n % 4] * {x}",
            f"({x} + n * 0.5)",
            f"bent({x})",
            f"searching({x}, {y})",
            f"settling({x})",
            f"sorted([{x}, {y}])[{self.choice('0', '1')}]",
            f"(lambda z: z * {x} if z > 0.5 else z)({y})",
            f"math.log({x})" if self.random.random() < 0.3 else x,
            f"{x} / {y}" if self.random.random() < 0.3 else y,
            f"sum(z * {x} for z in (a, b, 1.0))",
            f"listening({x})" if self.effects else f"({x})",
        )

    def condition(self, depth: int = 1, size: int = 1) -> str:
        """Return a condition."""
        relation = self.choice("<", "<=", ">", ">=", "==", "!=", "<", ">")
        simple = (
            f"{self.number(size)} {relation} {self.number(size)}",
            f"{self.number(0)} {relation} {self.constant()}",
            f"{self.constant()} < {self.number(size)} <= {self.number(size)}",
        )
        if depth == 0 or self.random.random() < 0.5:
            return self.choice(*simple)
        return self.choice(
            f"n {self.choice('>', '<', '==')} {self.random.randint(0, 3)}",
            "n % 2 == 0",
            "flag",
            "not flag",
            f"({self.condition(0)} and {self.condition(0)})",
            f"({self.condition(0)} or {self.condition(0)})",
            f"not {self.condition(0)}",
            f"flag and {self.condition(0)}",
            f"any(z > {self.number(0)} for z in (a, b, t))",
            f"all(z < {self.constant()} for z in [t, u])",
            "math.isfinite(t)",
        )

    def block(self, depth: int, size: int) -> None:
        """Write statements."""
        for _ in range(size):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        """Write a statement."""
        kind = self.random.random()
        if depth > 3 or len(self.lines) > 32 or kind < 0.4:
            self.simple(depth)
        elif kind < 0.66:
            self.line(depth, f"if {self.condition()}:")
            self.block(depth + 1, self.random.randint(1, 2))
            self.exit(depth + 1, 0.3)
            if self.random.random() < 0.3:
                self.line(depth, f"elif {self.condition()}:")
                self.block(depth + 1, self.random.randint(1, 2))
                self.exit(depth + 1, 0.2)
            if self.random.random() < 0.5:
                self.line(depth, "else:")
                self.block(depth + 1, self.random.randint(1, 2))
                self.exit(depth + 1, 0.15)
        elif kind < 0.80 and self.loops < 2:
            variable = self.choice("i", "z")
            over = f"range({self.random.randint(1, 5)})"
            if variable == "z":
                over = self.choice("(a, b, 0.5)", "TABLE", "[t, u]")
            self.loop(depth, f"for {variable} in {over}:", variable)
        elif self.loops < 2:
            self.turns(depth)
        else:
            self.simple(depth)

    def turns(self, depth: int) -> None:
        """Write a while: some are counted, some end by their data alone."""
        mine = f"w{len(self.lines)}"
        kind = self.random.randint(0, 3)
        start = "0" if kind < 2 else self.number(1)
        self.line(depth, f"{mine} = {start}")
        count, shrink = f"{mine} += 1", f"{mine} = {mine} * 0.6"
        if kind == 0:
            head = f"while {mine} < 4 and {self.condition(0)}:"
            self.loop(depth, head, mine, count)
        elif kind == 1:
            leave = f"if {mine} > 12 or {self.condition(0)}:"
            self.loop(depth, "while True:", mine, count, leave, "    break")
        elif kind == 2:
            self.loop(depth, f"while 0.25 < abs({mine}) < 1e9:", mine, shrink)
        else:
            head = f"while 0.5 < abs({mine}) < 1e9 and {self.condition(0)}:"
            self.loop(depth, head, mine, "n += 1", shrink)
        if kind != 1 and self.random.random() < 0.3:
            self.line(depth, "else:")
            self.block(depth + 1, 1)
            self.exit(depth + 1, 0.3)

    def loop(self, depth: int, head: str, variable: str, *first: str) -> None:
        """Write a loop, whose block begins with these lines."""
        self.loops += 1
        self.line(depth, head)
        for text in first:
            self.line(depth + 1, text)
        self.line(depth + 1, f"t = t * 0.5 + {variable} * {self.constant()}")
        self.block(depth + 1, self.random.randint(1, 2))
        if self.random.random() < 0.6:
            self.line(depth + 1, f"if {self.condition()}:")
            self.simple(depth + 2)
            self.line(depth + 2, self.choice("break", "continue", "break", "return t"))
        self.block(depth + 1, 1)
        self.loops -= 1

    def simple(self, depth: int) -> None:
        """Write an assignment, or something with an effect."""
        options = [
            f"t = {self.number()}",
            f"u = {self.number()}",
            f"t += {self.number(1)}",
            f"u *= {self.constant()}",
            f"t, u = {self.number(1)}, {self.number(1)}",
            "n += 1",
            f"flag = {self.condition(0)}",
            f"s = {self.number(1)}\n{'    ' * depth}t = t + s",
        ]
        if self.effects:
            pad = "    " * depth
            listed = ("seen = [t]", "seen.append(u)", "t = seen[-1]")
            options += ["HEARD.append(t)", "BOX.heard += 1", f"\n{pad}".join(listed)]
        self.line(depth, self.random.choice(options))

    def exit(self, depth: int, probability: float) -> None:
        """Perhaps write a way out."""
        if self.random.random() < probability:
            kinds = [f"return {self.number(1)}", f"return {self.number()}"]
            if self.random.random() < 0.2:
                kinds = ["raise ValueError('no way')", "return 0", "return 1.0"]
            if self.loops:
                kinds += ["break", "continue"]
            self.line(depth, self.random.choice(kinds))


def source(seed: int) -> str:
    """Return a random function's source, with what it needs before it."""
    return HELPERS + "\n\n" + Writer(seed).text()


def made(text: str, math: object, name: str) -> object:
    """Return the function of a source, over some module `math`."""
    filename = f"<{name}>"
    linecache.cache[filename] = len(text), None, text.splitlines(True), filename
    names: dict[str, object] = {"math": math, "__name__": "random_source"}
    exec(compile(text, filename, "exec"), names)  # noqa: S102
    return names["f"]
