"""An explanation as HTML and as LaTeX.

The HTML is for notebooks that are not trusted, whose viewers strip scripts, styles and
inline pictures. So it has none: ``<details>``, tables, and formulas of letters.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from autograd.explanation import words
from autograd.explanation.notation import Notation
from autograd.explanation.steps import Part, Step, Use
from autograd.explanation.story import Story
from autograd.explanation.styles import Html, Latex

OPEN_STEPS = 5  # steps of a long explanation that are shown open
SHORT = 20
SUMMED = 4

ADJOINT = re.compile(r"(\w+)_bar\b")

DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath}
\begin{document}
%s
\end{document}
"""


def _chain(parts: Iterable[str]) -> str:
    return " = ".join(dict.fromkeys(parts))


def _value(story: Story, style: Notation, step: Step, numbers: Notation) -> str:
    """Return the equation that computes a node."""
    return _chain(
        [
            style.name(story.names[step.place]),
            style.application(step.row, step.operands),
            numbers.application(step.row, step.operands),
            style.number(story.sweep.order[step.place].data),
        ]
    )


def _adjoint(story: Story, style: Notation, place: int, came: Sequence[float]) -> str:
    """Return the equation that sums up an adjoint."""
    parts = [style.bar(story.names[place])]
    if 1 < len(came) <= SUMMED:
        first, *others = came
        pieces = [style.number(first)]
        pieces += [f"({style.number(a)})" if a < 0 else style.number(a) for a in others]
        parts.append(" + ".join(pieces))
    return _chain([*parts, style.number(story.sweep.adjoints[place])])


def _local(step: Step, use: Use, style: Notation, numbers: Notation) -> str:
    """Return a local derivative with symbols, with numbers, and its number."""
    parts = [style.number(use.passed.partial)]
    if use.formula is not None:
        forms = (style, numbers)
        parts = [n.formula(use.formula, step.output) for n in forms] + parts
    return _chain(parts)


def _contribution(story: Story, style: Notation, step: Step, use: Use) -> str:
    product = style.product(story.sweep.adjoints[step.place], use.passed.partial)
    return _chain([product, style.number(use.passed.amount)])


# --- HTML ---------------------------------------------------------------------------


def as_html(story: Story) -> str:
    """Return a story as HTML."""
    style = Html()
    y = story.names[-1]
    head = f"{style.name(y)} = {style.number(story.sweep.order[-1].data)}"
    lines = [f"<div><p><b>{head}, by the chain rule</b></p>"]
    lines += [f"<p>{sentence(text, style)}</p>" for text in words.introduction(story)]
    shown = len(story.steps) if len(story.steps) <= SHORT else OPEN_STEPS
    for i, (head, body) in enumerate(html_steps(story), start=1):
        is_open = " open" if i <= shown else ""
        lines.append(f"<details{is_open}><summary>{i}. {head}</summary>")
        lines += [*body, "</details>"]
    lines += _html_paths(story, style)
    lines += html_gradients(story)
    return "\n".join([*lines, "</div>"])


def sentence(text: str, style: Html) -> str:
    """Return a sentence as HTML, its adjoints written as in formulas."""
    parts = ADJOINT.split(text)
    parts[::2] = map(html.escape, parts[::2])
    parts[1::2] = map(style.bar, parts[1::2])
    return "".join(parts)


def html_steps(story: Story) -> Iterable[tuple[str, list[str]]]:
    """Return each step as HTML: its equation or title, and the lines below that."""
    style, numbers = Html(), Html(numeric=True)
    said = False
    for step in story.steps:
        if isinstance(step, Part):
            items = [f"<li>{html.escape(line)}</li>" for line in step.lines]
            yield html.escape(step.title), ["<ul>", *items, "</ul>"]
            continue
        body = [*_html_step(story, step, style, numbers, said=said)]
        said = said or bool(step.came or step.completed)
        yield _value(story, style, step, numbers), body


def html_partials(story: Story, step: Step) -> list[str]:
    """Return the local derivatives of a step as HTML: they are known going forward."""
    style, numbers = Html(), Html(numeric=True)
    name = story.names[step.place]
    return [
        f"{style.derivative(name, story.names[use.passed.to])} = "
        f"{_local(step, use, style, numbers)}"
        for use in step.uses
    ]


def _html_step(
    story: Story, step: Step, style: Html, numbers: Html, *, said: bool
) -> Iterable[str]:
    yield f"<p>{_adjoint(story, style, step.place, step.came)}</p>"
    notes = list(step.notes)
    if step.came and not said:
        notes.insert(0, words.why_add(story, step.place, len(step.came)))
        said = True
    for note in notes:
        yield f"<p>{html.escape(note)}</p>"
    if step.uses:
        yield "<table><tr><th>local derivative</th><th>contribution</th></tr>"
        name = story.names[step.place]
        for use in step.uses:
            by = story.names[use.passed.to]
            local = (
                f"{style.derivative(name, by)} = {_local(step, use, style, numbers)}"
            )
            sign = "=" if use.first else "+="
            amount = _contribution(story, style, step, use)
            yield f"<tr><td>{local}</td><td>{style.bar(by)} {sign} {amount}</td></tr>"
        yield "</table>"
    if step.more:
        yield f"<p>{words.MORE.format(n=step.more)}</p>"
    for place, amounts in step.completed:
        yield f"<p>{_adjoint(story, style, place, amounts)}</p>"
        if not said:
            yield f"<p>{html.escape(words.why_add(story, place, len(amounts)))}</p>"
            said = True


def _html_paths(story: Story, style: Html) -> Iterable[str]:
    told = words.products(story)
    if not told or story.target is None:
        return
    sentence = words.PATHS.format(y=story.names[-1], x=story.names[story.target])
    yield f"<p>{html.escape(sentence)}</p><ul>"
    for path, partials, product in told:
        factors = f" {style.times} ".join(map(style.number, partials))
        equation = _chain([factors, style.number(product)])
        yield f"<li>{html.escape(path)}: {equation}</li>"
    yield "</ul>"


def html_gradients(story: Story) -> Iterable[str]:
    """Return the derivatives as HTML."""
    style = Html()
    y, sweep = story.names[-1], story.sweep
    yield f"<p>{html.escape(words.GRADIENTS.format(y=y))}</p>"
    yield "<table><tr><th>by</th><th>at</th><th>derivative</th><th>uses</th></tr>"
    for i in story.leaves:
        cells = (
            style.name(story.names[i]),
            style.number(sweep.order[i].data),
            style.number(sweep.adjoints[i]),
            f"{sweep.uses[i]:,}",
        )
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</table>"
    if story.more:
        yield f"<p>{words.MORE.format(n=story.more)}</p>"


# --- LaTeX --------------------------------------------------------------------------


def as_latex(story: Story, *, document: bool) -> str:
    """Return a story in LaTeX."""
    text = "\n".join(_latex(story))
    return DOCUMENT % text if document else text


def _latex(story: Story) -> Iterable[str]:
    style, numbers = Latex(), Latex(numeric=True)
    y, sweep = story.names[-1], story.sweep
    yield f"Here {style.text('x_bar')} is written ${style.bar('x')}$.\n"
    for text in words.introduction(story):
        yield f"{style.text(text)}\n"
    said = False
    for i, step in enumerate(story.steps, start=1):
        if isinstance(step, Part):
            yield rf"\paragraph{{{i}. {style.text(step.title)}}}"
            yield "; ".join(map(style.text, step.lines)) + ".\n"
            continue
        yield rf"\paragraph{{{i}.}} ${_value(story, style, step, numbers)}$"
        rows = [_row(_adjoint(story, style, step.place, step.came))]
        name = story.names[step.place]
        for use in step.uses:
            by = story.names[use.passed.to]
            local = _local(step, use, style, numbers)
            rows.append((style.derivative(name, by), "=", local))
            sign = "=" if use.first else r"\mathrel{+}="
            amount = _contribution(story, style, step, use)
            rows.append((style.bar(by), sign, amount))
        for place, came in step.completed:
            rows.append(_row(_adjoint(story, style, place, came)))
        yield _aligned(rows)
        notes = list(step.notes)
        summed = [(step.place, step.came)] if step.came else list(step.completed)
        if summed and not said:
            place, amounts = summed[0]
            notes.insert(0, words.why_add(story, place, len(amounts)))
            said = True
        if step.more:
            notes.append(words.MORE.format(n=step.more))
        yield from (f"{style.text(note)}\n" for note in notes)
    yield f"{style.text(words.GRADIENTS.format(y=y))}"
    yield _aligned(
        (style.derivative(y, story.names[i]), "=", style.number(sweep.adjoints[i]))
        for i in story.leaves
    )
    if story.more:
        yield style.text(words.MORE.format(n=story.more))


def _row(equation: str) -> tuple[str, str, str]:
    left, sign, right = equation.partition(" = ")
    return left, sign.strip(), right


def _aligned(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return equations below one another: what is on the left, the sign, the right."""
    lines = " \\\\\n".join(f"{left} &{sign} {right}" for left, sign, right in rows)
    return f"\\[\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\\]"
