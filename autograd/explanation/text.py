"""An explanation for a terminal: plain text, aligned, 88 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from autograd.explanation import words
from autograd.explanation.notation import Notation, number
from autograd.explanation.steps import Part, Step, Use
from autograd.explanation.story import Story

WIDTH = 88
SUMMED = 4

SYMBOLS = Notation()
NUMBERS = Notation(numeric=True)


def as_text(story: Story) -> str:
    """Return a story as text."""
    return "\n".join(_lines(story))


def _lines(story: Story) -> Iterable[str]:
    y = story.names[-1]
    yield f"{y} = {number(story.sweep.order[-1].data)}, by the chain rule"
    yield ""
    for paragraph in words.introduction(story):
        yield from textwrap.wrap(paragraph, WIDTH)
    yield ""
    digits = len(str(len(story.steps)))
    said = False
    for i, step in enumerate(story.steps, start=1):
        lead = f"{i:{digits}}. "
        if isinstance(step, Part):
            yield from _wrapped(lead + step.title, " " * len(lead))
            for line in step.lines:
                yield from _wrapped(" " * len(lead) + line, " " * (len(lead) + 2))
            continue
        yield from _step(story, step, lead, said=said)
        said = said or bool(step.came or step.completed)
    yield ""
    yield from _paths(story)
    yield words.GRADIENTS.format(y=y)
    yield from _gradients(story)


def _step(story: Story, step: Step, lead: str, *, said: bool) -> Iterable[str]:
    indent = " " * len(lead)
    name = story.names[step.place]
    node = story.sweep.order[step.place]
    yield from equation(
        [
            f"{lead}{name}",
            SYMBOLS.application(step.row, step.operands),
            NUMBERS.application(step.row, step.operands),
            number(node.data),
        ],
        indent,
    )
    adjoint = number(story.sweep.adjoints[step.place])
    yield from equation([f"{indent}{name}_bar", *_sum(step.came), adjoint], indent)
    if step.came and not said:
        yield from _remark(words.why_add(story, step.place, len(step.came)), indent)
        said = True
    for note in step.notes:
        yield from _remark(note, indent)
    yield from _uses(story, step, indent + "  ")
    for place, amounts in step.completed:
        total = number(story.sweep.adjoints[place])
        bar = f"{indent}{story.names[place]}_bar"
        yield from equation([bar, *_sum(amounts), total], indent)
        if not said:
            yield from _remark(words.why_add(story, place, len(amounts)), indent)
            said = True


def _uses(story: Story, step: Step, indent: str) -> Iterable[str]:
    """Tell each use on one line, in two columns, or on two where that is too wide."""
    name = story.names[step.place]
    left: list[list[str]] = []
    right: list[list[str]] = []
    for use in step.uses:
        by = story.names[use.passed.to]
        left.append([f"{indent}{SYMBOLS.derivative(name, by)}", *_local(step, use)])
        product = SYMBOLS.product(story.sweep.adjoints[step.place], use.passed.partial)
        sign = "" if use.first else "+"
        right.append([f"{by}_bar {sign}".rstrip(), product, number(use.passed.amount)])
    pairs = [
        (
            " = ".join(a),
            b[0] + ("= " if b[0].endswith("+") else " = ") + " = ".join(b[1:]),
        )
        for a, b in zip(left, right, strict=True)
    ]
    width = max((len(a) for a, _ in pairs), default=0) + 3
    narrow = all(width + len(b) <= WIDTH for _, b in pairs)
    for (a, b), parts in zip(pairs, left, strict=True):
        if narrow:
            yield a.ljust(width) + b
        else:
            yield from equation(parts, indent + "  ")
            yield from _wrapped(indent + "  " + b, indent + "    ")
    if step.more:
        yield indent + words.MORE.format(n=step.more)


def _local(step: Step, use: Use) -> list[str]:
    """Return a local derivative with symbols, with numbers, and its number."""
    value = number(use.passed.partial)
    if use.formula is None:
        return [value]
    forms = [
        SYMBOLS.formula(use.formula, step.output),
        NUMBERS.formula(use.formula, step.output),
        value,
    ]
    return list(dict.fromkeys(forms))


def _sum(amounts: Sequence[float]) -> list[str]:
    if not 1 < len(amounts) <= SUMMED:
        return []
    shown = [number(a) for a in amounts]
    return [
        " + ".join(f"({x})" if x[0] == "-" and i else x for i, x in enumerate(shown))
    ]


def _paths(story: Story) -> Iterable[str]:
    told = words.products(story)
    if not told or story.target is None:
        return
    x = story.names[story.target]
    yield from textwrap.wrap(words.PATHS.format(y=story.names[-1], x=x), WIDTH)
    for path, partials, product in told:
        factors = " * ".join(map(number, partials))
        parts = [f"    {path}: {factors}"]
        yield from equation(parts + [number(product)] * (len(partials) > 1), " " * 6)
    yield ""


def _gradients(story: Story) -> Iterable[str]:
    y, sweep = story.names[-1], story.sweep
    rows = [(SYMBOLS.derivative(y, story.names[i]), i) for i in story.leaves]
    width = max((len(row) for row, _ in rows), default=0)
    for row, i in rows:
        times = f", used {sweep.uses[i]:,} times" if sweep.uses[i] > 1 else ""
        at = f"at {story.names[i]} = {number(sweep.order[i].data)}{times}"
        line = f"    {row:{width}} = {number(sweep.adjoints[i]):12} {at}"
        yield from _wrapped(line, " " * 8)
    if story.more:
        yield "    " + words.MORE.format(n=story.more)


def equation(parts: Sequence[str], indent: str) -> Iterable[str]:
    """Yield ``a = b = c`` on one line, or on several where it is too long for one."""
    parts = list(dict.fromkeys(parts))
    whole = " = ".join(parts)
    if len(whole) <= WIDTH:
        yield whole
        return
    if len(parts) == 1:
        yield from _wrapped(parts[0], indent + "    ")
        return
    yield from _wrapped(f"{parts[0]} = {parts[1]}", indent + "    ")
    for part in parts[2:]:
        yield from _wrapped(f"{indent}  = {part}", indent + "    ")


def _remark(text: str, indent: str) -> Iterable[str]:
    return _wrapped(f"{indent}  ({text})", f"{indent}   ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent=indent,
        drop_whitespace=True,
        break_on_hyphens=False,
    )
