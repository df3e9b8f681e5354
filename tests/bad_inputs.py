"""Bad inputs: a table of sentences, statements, and the errors they must raise.

A row says in a sentence what is done wrong, does it in a statement, and tells the error
that must come and words that must be in it: what was done, why it cannot be, what to
write instead. Statements speak of the names in `leaves` and of public names.

In the rows of `bad_domains` ``m`` is `autograd.math` and the names are Values; the same
statement is run with Python's own `math` and floats, and must raise the same error.
"""

from __future__ import annotations

import copy
import math
import pickle
import random
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn
from autograd import Value

NUMBERS = {
    "x": 2.0, "y": 0.5, "minus": -2.0, "zero": 0.0, "one": 1.0, "half": 0.5,
    "large": 1e3, "huge": 1.7e308, "inf": math.inf, "nan": math.nan,
}  # fmt: skip
GRADIENT = 7.0


class Row(NamedTuple):
    """One bad input."""

    sentence: str
    error: type[BaseException]
    words: str
    statement: str


def rows(*table: tuple[str, type[BaseException], str, str]) -> list[Any]:
    """Return the rows of a table as parameters of a test, called by their sentences."""
    return [pytest.param(Row(*line), id=line[0]) for line in table]


def leaves() -> dict[str, Value]:
    """Return a leaf for each number, with a gradient that no error may change."""
    made = {name: Value(number, name=name) for name, number in NUMBERS.items()}
    for leaf in made.values():
        leaf.grad = GRADIENT
    return made


def run(row: Row, names: dict[str, Any]) -> None:
    """Do what a row says with these names."""
    public = {name: getattr(autograd, name) for name in autograd.__all__}
    public |= {name: getattr(nn, name) for name in nn.__all__}
    tools = {"copy": copy, "np": np, "pickle": pickle, "random": random, "stdlib": math}
    exec(row.statement, {**public, **tools, "m": autograd.math, "nn": nn, **names})  # noqa: S102 - our own statements
