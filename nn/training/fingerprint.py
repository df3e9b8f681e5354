"""Whether a model is still the one that was recorded.

A model that draws random numbers or changes when it is called is not the same function
at each call, so it cannot be recorded once and run natively after that: `fingerprint`
is taken before and after `nn.fit` first calls it. One that somebody else changes while
it is trained, in ``each_epoch`` or in a schedule, is recorded anew: `Watched` tells.
"""

from __future__ import annotations

import random
import sys
from typing import Any

from nn.part import Part


def fingerprint(model: Any) -> object:
    """Return what a call leaves as it is, if the model is a function of its row.

    These are the states of Python's random numbers and of NumPy's, and all that the
    model consists of, the generators that it holds included.
    """
    numpy_random = sys.modules.get("numpy.random")
    words = numpy_random and numpy_random.get_state()[1].tobytes()
    return random.getstate(), words, _content(model)


class Watched:
    """A model, for a compiled function to ask whether it is another now.

    Attributes:
        version: another object whenever the model has been found changed.
        unread: what the model holds that cannot be looked into.

    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.unread: list[object] = []
        self.version = self._first = object()
        self._now = _content(model, self.unread)

    def look(self) -> None:
        """Look at the model again."""
        before, self._now = self._now, _content(self.model, self.unread)
        if self._now != before:
            self.version = object()

    def stays(self) -> bool:
        """Look at the model again, and return whether it is what it was at first."""
        self.look()
        return self.version is self._first

    def __structure__(self, _: object) -> object:
        """Return what counts in a compiled function that is given it."""
        return self.version


def _content(model: Any, unread: list[object] | None = None) -> object:
    if isinstance(model, Part):
        return model.structure()
    from autograd.contents import contents

    return contents(model, unread)
