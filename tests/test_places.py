"""Each number of a program with loops has an address; what is alike is lined up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_packs import random_block_program

from autograd.compiler import Instruction, Program
from autograd.compiler.loop import Along, Loop
from autograd.compiler.schedule import places as places_of_loops
from autograd.compiler.schedule.addresses import Addresses, Pace, Rows
from autograd.compiler.schedule.groups import Group
from autograd.compiler.schedule.lines import Cost, Lines
from autograd.compiler.schedule.packs import Packing
from autograd.compiler.schedule.places import Body, Places, Wide
from autograd.primitives import TABLE, Primitive

CALLS = ("tanh", "sin", "cos", "erf", "atan")


def weigh(primitive: Primitive) -> Cost | None:
    """Return costs as a machine with functions of vectors has them."""
    if primitive.name == "sigmoid":
        return None
    return Cost(32, 64) if primitive.name in CALLS else Cost(1, 2)


def all_places(program: Program, width: int) -> Iterator[Places]:
    """Yield the places of a program and of all bodies in it."""
    waiting = [Places(program, Wide(width, weigh), Lines())]
    while waiting:
        places = waiting.pop()
        yield places
        waiting += [unit.places for unit in places.units if isinstance(unit, Body)]


@pytest.mark.parametrize("width", [1, 2, 8])
@pytest.mark.parametrize("seed", range(12))
def test_no_two_places_have_one_address_and_reads_go_where_their_pace_says(
    seed: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_of_loops, "WORTH", 0)
    for places in all_places(random_block_program(seed), width):
        program, addresses = places.program, places.addresses
        found = [addresses[x] for x in range(program.size)]
        assert len(set(found)) == len(found)
        assert 0 <= min(found) <= max(found) < places.room
        for unit in places.units:
            if not isinstance(unit, Body):
                continue
            for j, pace in unit.paces(places).items():
                read = unit.loop.reads[j - len(unit.loop.carried)]
                assert type(read) is Along
                want = [addresses[read.at(k)] for k in range(unit.loop.count)]
                start = pace.start + pace.beyond
                assert [start + pace.stride * k for k in range(len(want))] == want


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("seed", range(12))
def test_units_run_each_instruction_once_and_after_what_it_reads(
    seed: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_of_loops, "WORTH", 0)
    for places in all_places(random_block_program(seed), width):
        program = places.program
        known = {*range(program.first_result), *places.lines.fixed}
        for unit in places.units:
            if isinstance(unit, Body):
                known |= set(range(unit.first, unit.first + unit.loop.width))
                continue
            assert len(unit.places) <= width
            for place, operands in zip(unit.places, unit.operands, strict=True):
                assert known.issuperset(operands)
                assert place not in known
            known |= set(unit.places)
        assert known == {*range(program.size)}


def test_rows_follow_one_another_and_are_read_from_both_ends() -> None:
    body = Program(("", ""), (), (Instruction(TABLE["add"], (0, 1)),), (2, 2, 1))
    loop = Loop(5, body, (0,), (Along(1, 0),))  # at 10: carried, then 2 times 5
    addresses = Addresses()
    addresses.enter(10, loop, Rows(5, [1, 0], 4, 20))
    assert [addresses[x] for x in (9, 10)] == [9, 10]
    assert [addresses[x] for x in range(11, 16)] == [12, 16, 20, 24, 28]
    assert [addresses[x] for x in range(16, 21)] == [11, 15, 19, 23, 27]
    assert addresses[21] == 31
    assert addresses.room(23) == 33
    assert addresses.pace(Along(15, -1), 5) == Pace(28, -4)
    assert addresses.pace(Along(16, 2), 3) == Pace(11, 8)
    assert addresses.pace(Along(12, 5), 2) == Pace(16, -1)
    assert addresses.pace(Along(13, 1), 5) is None  # on into the next output
    assert addresses.pace(Along(9, 1), 4) is None  # and from before the loop
    assert addresses.pace(Along(3, 2), 4) == Pace(3, 2)


def packed(*steps: tuple[str, tuple[int, ...]], first: int = 20) -> list[Group]:
    """Return instructions of a machine of 8 lanes as groups; inputs are in memory."""
    lines = Lines({x: ("memory", x) for x in range(first)})
    code = [Instruction(TABLE[name], operands) for name, operands in steps]
    return Packing(lines, 8, weigh).packed([*enumerate(code, first)])


def test_like_calls_are_one_vector_and_the_rest_that_is_too_short_another() -> None:
    groups = packed(*[("tanh", (k,)) for k in range(11)])
    assert [len(group.places) for group in groups] == [8, 3]
    assert [group.places for group in packed(("sin", (0,)), ("cos", (0,)))] == [
        [20],
        [21],
    ]


def test_a_group_is_in_the_order_of_what_it_reads() -> None:
    (group,) = packed(*[("tanh", (7 - k,)) for k in range(8)])
    assert group.operands == [(k,) for k in range(8)]
    first, second = packed(
        *[("tanh", (k,)) for k in range(8)],
        *[("neg", (20 + (3 * k) % 8,)) for k in range(8)],
    )
    assert second.operands == [(x,) for x in first.places]


def test_what_costs_more_in_vectors_is_left_alone() -> None:
    # Each number would have to be collected, and taken out again.
    scattered = [("mul", (3 * k % 20, 7 * k % 20)) for k in range(4)]
    chained = [("add", (20 + k, 24 + k - 1)) for k in range(1, 4)]
    assert all(len(group.places) == 1 for group in packed(*scattered, *chained))


def test_calls_wait_until_all_that_are_alike_can_be_made() -> None:
    groups = packed(
        *[("tanh", (k,)) for k in range(4)],
        *[("neg", (k,)) for k in range(4, 8)],
        *[("tanh", (24 + k,)) for k in range(4)],
    )
    assert [len(g.places) for g in groups if g.primitive is TABLE["tanh"]] == [8]


def test_functions_that_there_are_not_for_vectors_are_called_one_by_one() -> None:
    groups = packed(*[("sigmoid", (k,)) for k in range(8)])
    assert len(groups) == 8
