"""Contexts where control changes hands: tasks, generators, threads that end inside."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, debug, no_grad, scope
from autograd.context import is_anything_entered, is_recording
from autograd.context import taping as record_on


def derivative():
    """Return d(5x)/dx at 2, computed in the context that is here."""
    x = Value(2.0)
    y = x * 5.0 + x.detach()
    if y.op != "const":
        y.backward()
    return x.grad


# --- asyncio ------------------------------------------------------------------------


def test_tasks_do_not_see_each_others_no_grad():
    async def evaluates(started, go_on):
        with no_grad():
            started.set()
            await go_on.wait()
            return derivative()

    async def trains(started, go_on):
        await started.wait()
        found = derivative()
        go_on.set()
        await asyncio.sleep(0)
        return found, derivative()

    async def both():
        events = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(evaluates(*events), trains(*events))

    assert asyncio.run(both()) == [0.0, (5.0, 5.0)]


def test_tasks_have_scopes_of_their_own_in_whatever_order_they_leave():
    async def work(name, turns):
        paths = set()
        for _ in range(turns):
            with scope(name), scope("inner"):
                await asyncio.sleep(0)
                paths.add((Value(1.0) * 2.0).scope)
            await asyncio.sleep(0)
            paths.add((Value(1.0) * 2.0).scope)
        return paths

    async def all_of_them():
        return await asyncio.gather(*(work(f"t{k}", 3 + k) for k in range(5)))

    found = asyncio.run(all_of_them())
    assert found == [{f"t{k}/inner", ""} for k in range(5)]
    assert (Value(1.0) * 2.0).scope == ""


def test_a_task_starts_with_the_context_of_who_made_it_and_keeps_it():
    async def late():
        await asyncio.sleep(0)
        return derivative()

    async def main():
        with no_grad():
            task = asyncio.create_task(late())
        return derivative(), await task, derivative()

    assert asyncio.run(main()) == (5.0, 0.0, 5.0)


def test_brief_scopes_of_tasks_do_not_reach_each_other():
    s = scope("s", brief=True)

    async def work():
        with s:
            inside = (Value(1.0) * 2.0).scope
        await asyncio.sleep(0)
        return inside, (Value(1.0) * 2.0).scope

    async def main():
        with s:
            pass
        with scope("outer"):
            tasks = [asyncio.create_task(work()) for _ in range(3)]
        return await asyncio.gather(*tasks, work())

    assert asyncio.run(main()) == [("outer/s", "outer")] * 3 + [("s", "")]


# --- generators ---------------------------------------------------------------------


def test_a_generator_inside_no_grad_leaves_its_caller_alone():
    def evaluations():
        with no_grad():
            for _ in range(3):
                yield derivative()

    found = [(inside, derivative()) for inside in evaluations()]
    assert found == [(0.0, 5.0)] * 3
    assert not is_anything_entered()


def test_generators_that_take_turns_keep_their_own_contexts():
    def one():
        with no_grad():
            yield derivative()
            yield derivative()

    def other():
        with scope("other"):
            for _ in range(3):
                yield (Value(1.0) * 2.0).scope

    a, b = one(), other()
    assert [next(a), next(b), next(a), next(b)] == [0.0, "other", 0.0, "other"]
    assert (derivative(), (Value(1.0) * 2.0).scope) == (5.0, "")
    a.close()
    assert next(b) == "other"
    b.close()
    assert derivative() == 5.0


def test_what_a_caller_enters_while_a_generator_waits_joins_in_when_it_goes_on():
    def evaluations():
        with no_grad():
            while True:
                y = Value(1.0) * 2.0
                yield derivative(), y.op

    items = evaluations()
    next(items)
    with scope("caller"):
        assert next(items) == (0.0, "const")
        assert (Value(1.0) * 2.0).scope == "caller"
        assert derivative() == 5.0
    items.close()
    assert derivative() == 5.0


def test_a_generator_dropped_inside_no_grad_leaves_nothing():
    def evaluations():
        with no_grad(), scope("s"):
            yield derivative()

    items = evaluations()
    next(items)
    del items
    gc.collect()
    assert derivative() == 5.0
    assert not is_anything_entered()


def test_a_generator_closed_by_another_thread_leaves_nothing():
    def evaluations():
        with no_grad():
            yield derivative()

    def work():
        items = evaluations()
        assert next(items) == 0.0
        with ThreadPoolExecutor(1) as pool:
            pool.submit(items.close).result()
        return derivative()

    assert contextvars.copy_context().run(work) == 5.0


def test_an_asynchronous_generator_leaves_its_caller_alone():
    async def evaluations():
        with no_grad():
            for _ in range(2):
                await asyncio.sleep(0)
                yield derivative()

    async def main():
        return [(inside, derivative()) async for inside in evaluations()]

    assert asyncio.run(main()) == [(0.0, 5.0)] * 2


def test_a_context_manager_made_of_a_generator_lends_its_contexts():
    @contextlib.contextmanager
    def frozen():
        with no_grad(), scope("frozen"):
            yield

    with frozen():
        assert derivative() == 0.0
    with contextlib.ExitStack() as stack:
        stack.enter_context(frozen())
        assert not is_recording()
    assert derivative() == 5.0

    def evaluations():
        with frozen():
            yield derivative()

    assert [(inside, derivative()) for inside in evaluations()] == [(0.0, 5.0)]


def test_an_asynchronous_context_manager_lends_its_contexts():
    @contextlib.asynccontextmanager
    async def frozen():
        with no_grad():
            yield

    async def main():
        async with frozen():
            found = derivative()
        return found, derivative()

    assert asyncio.run(main()) == (0.0, 5.0)


# --- any order ----------------------------------------------------------------------


def test_contexts_may_be_left_in_any_order():
    a, b, c = no_grad(), scope("b"), debug()
    for context in (a, b, c):
        context.__enter__()
    a.__exit__(None, None, None)
    y = Value(1.0) * 2.0
    assert (y.op, y.scope, bool(y.where)) == ("*", "b", True)
    b.__exit__(None, None, None)
    y = Value(1.0) * 2.0
    assert (y.op, y.scope, bool(y.where)) == ("*", "", True)
    c.__exit__(None, None, None)
    assert (Value(1.0) * 2.0).where == ""
    assert not is_anything_entered()


def test_leaving_twice_is_an_error_and_changes_nothing():
    context = no_grad()
    with scope("s"):
        context.__enter__()
        context.__exit__(None, None, None)
        with pytest.raises(RuntimeError, match=r"no_grad\(\) was left"):
            context.__exit__(None, None, None)
        assert derivative() == 5.0
        assert (Value(1.0) * 2.0).scope == "s"


# --- threads ------------------------------------------------------------------------


def test_a_thread_that_ends_inside_no_grad_leaves_nothing_to_later_ones():
    found = []

    def ends_inside():
        no_grad().__enter__()
        found.append(derivative())

    def later():
        found.append(derivative())

    for target in (ends_inside, *[later] * 20):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert found == [0.0] + [5.0] * 20
    gc.collect()
    assert not is_anything_entered()


def test_a_thread_that_is_given_a_context_starts_with_it():
    with no_grad(), scope("s"):
        given = contextvars.copy_context()
    s = scope("brief", brief=True)

    def work():
        with s:
            leaf = Value(1.0)
        return derivative(), leaf.scope

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(given.run, work).result() == (0.0, "s/brief")
        assert pool.submit(work).result() == (5.0, "brief")


# --- decorators ---------------------------------------------------------------------


def test_no_grad_decorates_a_generator_each_step_of_it():
    @no_grad()
    def evaluations():
        got = yield derivative()
        try:
            yield got, derivative()
        except KeyError:
            yield "caught", derivative()
        return 7

    items = evaluations()
    assert (next(items), derivative()) == (0.0, 5.0)
    assert (items.send("sent"), derivative()) == (("sent", 0.0), 5.0)
    assert (items.throw(KeyError), derivative()) == (("caught", 0.0), 5.0)
    with pytest.raises(StopIteration) as end:
        next(items)
    assert end.value.value == 7
    assert evaluations.__name__ == "evaluations"


def test_no_grad_decorates_a_coroutine():
    @no_grad()
    async def evaluate():
        await asyncio.sleep(0)
        return derivative()

    async def main():
        return await asyncio.gather(evaluate(), asyncio.to_thread(derivative))

    assert asyncio.iscoroutinefunction(evaluate)
    assert asyncio.run(main()) == [0.0, 5.0]


def test_no_grad_decorates_a_function_that_returns_a_generator():
    evaluations = no_grad()(lambda: (derivative() for _ in range(2)))
    assert [(x, derivative()) for x in evaluations()] == [(0.0, 5.0)] * 2


def test_no_grad_refuses_an_asynchronous_generator_function():
    async def evaluations():
        yield 1.0

    with pytest.raises(TypeError, match=r"asynchronous generator, .*evaluations"):
        no_grad()(evaluations)
    with pytest.raises(TypeError, match="asynchronous generator"):
        no_grad()(functools.partial(evaluations))()


def test_a_tape_under_no_grad_still_sees_what_was_computed():
    class Tape:
        def __init__(self):
            self.nodes, self.limit = [], 10

    tape, x = Tape(), Value(2.0)
    with record_on(tape), no_grad():
        y = x * 3.0
    assert (y.op, [node.op for node in tape.nodes]) == ("detach", ["*", "detach"])
    assert is_recording()
