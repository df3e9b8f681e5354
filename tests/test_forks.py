"""Fork while other threads compile, walk or pickle: the child goes on, and in time.

A child has no thread but the one that forked, so what another thread holds, a lock or
the collector that it stopped, would be held there for ever.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import threading
import time
import warnings

import pytest

from autograd import Value, copies, jit
from autograd import math as am
from autograd.collector import waiting

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

FORKS = 5
PATIENCE = 60.0  # seconds until a child counts as hung


@contextlib.contextmanager
def meanwhile(work):
    """Work again and again in another thread."""
    is_over, has_begun = threading.Event(), threading.Event()

    def run():
        while not is_over.is_set():
            work()
            has_begun.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert has_begun.wait(PATIENCE)
        yield
    finally:
        is_over.set()
        thread.join()


def passes_in_a_child(check):
    """Return whether a forked child finds that check is true, before long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os._exit(0 if check() else 1)
        os._exit(2)
    for _ in range(int(PATIENCE / 0.02)):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def compiles():
    k = time.perf_counter()
    jit(lambda x: am.sin(x) * k + sum([x * i for i in range(50)]))(1.0)


def walks():
    y = x = Value(2.0)
    for _ in range(2000):
        y = y * 1.0001 + x
    y.backward()
    return x.grad > 2000.0


def pickles():
    x = Value(2.0)
    again = pickle.loads(pickle.dumps([am.exp(x) * x, x + 1.0]))  # noqa: S301
    return again[1].data == 3.0


def child_compiles():
    return abs(jit(lambda x: am.cos(x) * x)(1.0) - 0.5403023058681398) < 1e-15


@pytest.mark.parametrize("check", [child_compiles, walks, pickles])
@pytest.mark.parametrize("work", [compiles, walks, pickles])
def test_a_child_goes_on_whatever_other_threads_did(work, check):
    if compiles in {work, check} or check is child_compiles:
        pytest.importorskip("llvmlite")
    with meanwhile(work):
        for i in range(FORKS):
            time.sleep(0.003 * i)
            assert passes_in_a_child(check)


def test_a_child_can_pickle_though_another_thread_held_the_lock():
    held, is_over = threading.Event(), threading.Event()

    def hold():
        with copies._lock:
            held.set()
            is_over.wait(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert passes_in_a_child(pickles)  # the fork waits until the lock is free
    is_over.set()
    thread.join()


def test_the_collector_runs_in_a_child_though_another_thread_had_stopped_it():
    stopped, is_over = threading.Event(), threading.Event()

    def stop():
        with waiting():
            stopped.set()
            is_over.wait()

    thread = threading.Thread(target=stop)
    thread.start()
    stopped.wait()
    try:
        assert not gc.isenabled()
        assert passes_in_a_child(gc.isenabled)
    finally:
        is_over.set()
        thread.join()
    assert gc.isenabled()


AT_EXIT = """
import atexit
import numpy as np
from autograd import math, vmap
f = vmap(lambda x: math.sin(x) * x + math.exp(-x))
x = np.linspace(0.0, 1.0, 200_000)
expected = f(x)
{before}
def last():
    print("same" if (f(x) == expected).all() else "other")
{register}(last)
"""
NO_THREADS = """
import threading
def start(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
from autograd.compiler.calls import vmap_runner
vmap_runner._pools.clear()
"""


@pytest.mark.parametrize("before", ["", NO_THREADS], ids=["threads", "no threads"])
@pytest.mark.parametrize("register", ["atexit.register", "threading._register_atexit"])
def test_a_batch_is_computed_when_python_exits_and_no_thread_can_be_started(
    run_python, register, before
):
    pytest.importorskip("llvmlite")
    script = "import threading\n" + AT_EXIT.format(before=before, register=register)
    done = run_python("-W", "error", "-c", script)
    assert (done.stdout, done.returncode) == ("same\n", 0), done.stderr
