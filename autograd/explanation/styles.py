"""Write formulas in HTML and in LaTeX: what differs from Python's notation."""
# ruff: noqa: RUF001 - mathematics has Greek letters and a minus of its own

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from autograd.explanation.notation import Notation, Piece, number

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip
OVERLINE = "\u0305"  # over the letter before it


class Html(Notation):
    """Formulas of ``<i>``, ``<sub>`` and ``<sup>`` alone, which every viewer keeps."""

    times, dots, minus = "·", "…", "−"

    def name(self, name: str) -> str:
        """Write a variable."""
        stem, index = _split(name)
        stem = GREEK.get(stem, html.escape(stem))
        return f"<i>{stem}</i>" + (f"<sub>{html.escape(index)}</sub>" if index else "")

    def bar(self, name: str) -> str:
        """Write the adjoint of a variable, with a line over its letters."""
        stem, index = _split(name)
        over = "".join(f"{letter}{OVERLINE}" for letter in GREEK.get(stem, stem))
        below = f"<sub>{html.escape(index)}</sub>" if index else ""
        return f"<i>{html.escape(over)}</i>{below}"

    def derivative(self, of: str, by: str) -> str:
        """Write a partial derivative."""
        return f"∂{self.name(of)}/∂{self.name(by)}"

    def number(self, x: float) -> str:
        """Write a number."""
        head, _, exponent = number(x).partition("e")
        power = f"·10<sup>{int(exponent)}</sup>" if exponent else ""
        return f"{head}{power}".replace("inf", "∞").replace("-", self.minus)

    def function(self, name: str, arguments: Sequence[str]) -> str:
        """Write a call."""
        return f"{html.escape(name)}({', '.join(arguments)})"

    def condition(self, left: str, relation: str, right: str) -> str:
        """Write Iverson's bracket."""
        return f"[{left} {html.escape(relation)} {right}]"

    def power(self, base: str, exponent: Piece) -> Piece:
        """Write a power."""
        return f"{base}<sup>{exponent[0]}</sup>", 4

    def infix(self, symbol: str) -> str:
        """Write an operator's symbol."""
        return self.minus if symbol == "-" else html.escape(symbol)

    def text(self, words: str) -> str:
        """Write words."""
        return html.escape(words)


class Latex(Notation):
    """LaTeX with amsmath, and nothing that KaTeX and MathJax lack."""

    times, dots = r" \cdot ", r"\dots"

    def name(self, name: str) -> str:
        """Write a variable."""
        stem, index = _split(name)
        if stem in GREEK:
            stem = f"\\{stem}"
        elif len(stem) > 1 or not stem.isascii() or not stem.isalpha():
            stem = f"\\mathit{{{escaped(stem)}}}"
        return stem + (f"_{{{escaped(index)}}}" if index else "")

    def bar(self, name: str) -> str:
        """Write the adjoint of a variable."""
        stem, index = _split(name)
        over = f"\\overline{{{self.name(stem)}}}"
        return over + (f"_{{{escaped(index)}}}" if index else "")

    def derivative(self, of: str, by: str) -> str:
        """Write a partial derivative."""
        above, below = self.name(of), self.name(by)
        return rf"\frac{{\partial {above}}}{{\partial {below}}}"

    def number(self, x: float) -> str:
        """Write a number."""
        head, _, exponent = number(x).partition("e")
        head = head.replace("inf", r"\infty ").replace("nan", r"\mathrm{NaN}")
        return f"{head} \\cdot 10^{{{int(exponent)}}}" if exponent else head

    def function(self, name: str, arguments: Sequence[str]) -> str:
        """Write a call."""
        inside = ", ".join(arguments)
        return rf"\operatorname{{{escaped(name)}}}\left({inside}\right)"

    def condition(self, left: str, relation: str, right: str) -> str:
        """Write Iverson's bracket."""
        return rf"\left[{left} {relation} {right}\right]"

    def power(self, base: str, exponent: Piece) -> Piece:
        """Write a power."""
        return f"{{{base}}}^{{{exponent[0]}}}", 4

    def quotient(self, above: Piece, below: Piece) -> Piece:
        """Write a fraction."""
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", 4

    def closed(self, piece: Piece, strength: int) -> str:
        """Return a piece in parentheses if it binds less than that."""
        text, own = piece
        return text if own >= strength else rf"\left({text}\right)"

    def infix(self, symbol: str) -> str:
        """Write an operator's symbol."""
        return {"%": r"\bmod", "//": r"\mathbin{//}"}.get(symbol, symbol)

    def text(self, words: str) -> str:
        """Write words."""
        words = words.translate(IN_WORDS)
        return "".join(c if c.isascii() else "?" for c in words)


def _split(name: str) -> tuple[str, str]:
    """Return the stem and the index of names such as x1, W1_11 and theta2."""
    found = re.fullmatch(r"([^\W\d_]+)_?(\d+(?:[_,]\d+)*)", name)
    return (found[1], found[2].replace("_", ",")) if found else (name, "")


LATEX = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\wedge{}", "~": r"\sim{}", "…": r"\dots{}",
    "'": r"\prime{}", '"': r"\prime\prime{}",
}  # fmt: skip
IN_WORDS = str.maketrans(
    {c: f"${LATEX[c]}$" for c in "\\^~"}
    | {c: LATEX[c] for c in "{}$&#%_…"}
    | {"<": "$<$", ">": "$>$", "|": "$|$"}
)


def escaped(text: str) -> str:
    """Return plain text as LaTeX's formulas read it; what they lack becomes a ?."""
    return "".join(LATEX.get(c, c if c.isascii() else "?") for c in text)
