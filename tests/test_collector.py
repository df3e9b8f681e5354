"""Python's collector stops while programs are rewritten, and runs again after that."""

from __future__ import annotations

import gc

from autograd.collector import waiting


def test_it_runs_again_when_the_last_has_left():
    assert gc.isenabled()
    first, second = waiting(), waiting()
    with first:
        second.__enter__()
        assert not gc.isenabled()
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_it_stays_as_it_was_found():
    gc.disable()
    try:
        with waiting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
