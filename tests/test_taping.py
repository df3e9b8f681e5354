"""On a tape a function leaves all that it does, so that it can be done again elsewhere.

Every function here is recorded at one point and played again at another at which all
comparisons turn out the same. The result must be the function's own there, bit for bit:
a number that had got into the recording past the Values would be that of the old point.
"""
# ruff: noqa: ARG005 - all functions take three numbers, needed or not

from __future__ import annotations

import math
import random

import pytest
from outcomes import bits, outcome

from autograd import Value, grad, hvp, jvp, no_grad, primitive, scope, value_and_grad
from autograd import math as am
from autograd.context import tape_in_use, taping
from autograd.value import number
from nn import MLP, Layer, Neuron, losses

RELATIONS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Tape:
    """Hold what happened: nodes in order, comparisons, and what was refused."""

    def __init__(self):
        self.nodes, self.limit = [], 10**9
        self.comparisons = []
        self.refused = []

    def compare(self, relation, a, b):
        x, y = (number(v) if isinstance(v, Value) else v for v in (a, b))
        outcome = RELATIONS[relation](x, y)
        self.comparisons.append((relation, a, b, outcome))
        return outcome

    def call(self, f, /, *args, **kwargs):
        return f(*args, **kwargs)

    def raised(self, primitive, operands, error):
        pass

    def refuse(self, reason):
        self.refused.append(reason)

    def defer(self, *_):
        return None

    def asks_class(self, frame, skip):
        pass


def flat(result):
    """Return the numbers of a result in a list."""
    if isinstance(result, (list, tuple)):
        return [x for item in result for x in flat(item)]
    return [result]


def record(f, numbers):
    """Return the leaves, the tape, and the results of f at a point."""
    leaves = [Value(x) for x in numbers]
    tape = Tape()
    with taping(tape):
        results = flat(f(*leaves))
    return leaves, tape, results


def play(leaves, tape, results, numbers):
    """Return results and outcomes of the comparisons at another point."""
    known = {id(leaf): x for leaf, x in zip(leaves, numbers, strict=True)}

    def played(x):
        return known.get(id(x), x.data) if isinstance(x, Value) else x

    for node in tape.nodes:
        if node.operands:
            known[id(node)] = node.primitive.value(*map(played, node.operands))
    asked = [RELATIONS[r](played(a), played(b)) for r, a, b, _ in tape.comparisons]
    return [played(x) for x in results], asked


def assert_it_can_be_played_elsewhere(f, here, there):
    recording = record(f, here)
    assert recording[1].nodes or recording[1].comparisons
    played, asked = play(*recording, there)
    assert asked == [outcome for *_, outcome in recording[1].comparisons]
    expected = flat(f(*map(Value, there)))
    assert list(map(bits, played)) == list(map(bits, expected))
    # The recording there is the same, node by node and constant by constant.
    assert shape(recording) == shape(record(f, there))


def shape(recording):
    """Return what was recorded, with places for Values."""
    leaves, tape, results = recording
    places = {id(x): i for i, x in enumerate([*leaves, *tape.nodes])}

    def word(x):
        return f"v{places[id(x)]}" if id(x) in places else repr(x)

    nodes = [
        (x.op, *map(word, x.operands)) if x.operands else (x.op, x._label, repr(x))
        for x in tape.nodes
    ]
    asked = [(r, word(a), word(b), held) for r, a, b, held in tape.comparisons]
    return nodes, asked, [word(x) for x in results if id(x) in places]


square_root = primitive(math.sqrt, lambda y, x: 0.5 / y, name="square_root")


FUNCTIONS = {
    "softmax": lambda a, b, c: am.softmax([a, b, c, 0.5]),
    "log_softmax": lambda a, b, c: am.log_softmax([a, b, c]),
    "logsumexp": lambda a, b, c: am.logsumexp([a, b, c]),
    "modf": lambda a, b, c: [am.modf(x) for x in (a, b, c, -a)],
    "frexp": lambda a, b, c: [am.frexp(x)[0] for x in (a, b, c, -a)],
    "ldexp": lambda a, b, c: am.ldexp(a * b, 3),
    "isnan": lambda a, b, c: a if am.isnan(b) else b * c,
    "isinf": lambda a, b, c: a if am.isinf(b) else b * c,
    "isfinite": lambda a, b, c: a * b if am.isfinite(c) else b,
    "isclose": lambda a, b, c: a * b if am.isclose(b, c, rel_tol=0.3) else b,
    "where": lambda a, b, c: am.where(a > b, b * c, c),
    "where of a Value": am.where,
    "clip": lambda a, b, c: am.clip(a, b, c) + am.maximum(a, c) * am.minimum(b, c),
    "relu": lambda a, b, c: am.relu(a) + (-b).relu() * am.sigmoid(c),
    "powers": lambda a, b, c: a**2 + b**c + 2**a + am.pow(a, b) + am.log(b, c),
    "sum": lambda a, b, c: sum([a, b, c]) + sum([-a, b]),
    "dist": lambda a, b, c: am.dist([a, b], [c, 1.0]) + am.hypot(a, b, c),
    "fsum and prod": lambda a, b, c: am.fsum([a, b, c]) * am.prod([a, b, 2.0]),
    "rounding": lambda a, b, c: [round(a), math.floor(b), math.ceil(c), a // b, a % b],
    "the largest": lambda a, b, c: max(a, b, c) * min(a, b, c),
    "sorting": lambda a, b, c: sorted([a, b, c]),
    "truth": lambda a, b, c: b if a else c,
    "detach": lambda a, b, c: a * (b * c).detach(),
    "grad": lambda a, b, c: grad(lambda x: am.tanh(x * b) * c)(a),
    "grad of a softmax": lambda a, b, c: grad(lambda x: am.softmax([x, b, c])[0])(a),
    "second order": lambda a, b, c: grad(grad(lambda x: x**3 * b))(a) + c,
    "value_and_grad": lambda a, b, c: value_and_grad(lambda x: am.exp(x * b))(c),
    "jvp": lambda a, b, c: jvp(lambda x, y: [x * y, x / y], (a, b), (c, 1.0)),
    "hvp": lambda a, b, c: hvp(lambda x: x[0] ** 2 * x[1])([a, b], [c, 1.0]),
    "a primitive of one's own": lambda a, b, c: grad(lambda x: square_root(x * b))(a),
    "a second order of it": lambda a, b, c: grad(grad(square_root))(a) * b,
}  # fmt: skip

# All comparisons that any of them asks turn out alike at both.
HERE, THERE = (1.25, 0.6, 0.7), (1.375, 0.65, 0.725)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_on_the_tape_gives_the_function_at_another_point(name):
    assert_it_can_be_played_elsewhere(FUNCTIONS[name], HERE, THERE)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sum", "modf"])
def test_it_does_so_at_a_point_in_another_order_and_of_other_signs(name):
    # The whole parts and the largest are other ones there.
    leaves, tape, results = record(FUNCTIONS[name], HERE)
    for there in ((-3.5, 2.25, 0.5), (40.0, -0.0, -7.75)):
        played, asked = play(leaves, tape, results, there)
        expected = flat(FUNCTIONS[name](*map(Value, there)))
        assert asked == [held for *_, held in tape.comparisons]
        assert list(map(bits, played)) == list(map(bits, expected))


@pytest.mark.parametrize(
    "network",
    [
        Neuron(3, "tanh", seed=1),
        Layer(3, 2, "sigmoid", seed=2),
        MLP(3, [4, 2], seed=3),
        MLP(3, [2, 2], activation="gelu", output="softplus", seed=4),
    ],
    ids=repr,
)
def test_a_network_can_be_played_elsewhere(network):
    assert_it_can_be_played_elsewhere(lambda *xs: network(list(xs)), HERE, THERE)


@pytest.mark.parametrize(
    "loss",
    [
        lambda a, b, c: losses.mse_loss([a, b, c], [1.0, 2.0, a]),
        lambda a, b, c: losses.binary_cross_entropy_with_logits([a, b, c], [1, 0, 0.5]),
        lambda a, b, c: losses.cross_entropy([[a, b], [b, c]], [0, 1]),
        lambda a, b, c: losses.hinge_loss([a, b, c], [1, -1, 1]),
        lambda a, b, c: losses.l2([a, b, c]),
    ],
    ids=["mse", "binary cross entropy", "cross entropy", "hinge", "l2"],
)
def test_a_loss_can_be_played_elsewhere(loss):
    assert_it_can_be_played_elsewhere(loss, HERE, THERE)


def test_the_test_finds_a_number_that_got_past_the_values():
    def leaking(a, b, c):
        return a * number(b) + c

    with pytest.raises(AssertionError):
        assert_it_can_be_played_elsewhere(leaking, HERE, THERE)


# --- Questions are comparisons ------------------------------------------------------

SPECIAL = [
    0.0, -0.0, 0.5, 1.0, 1.0 + 1e-10, -1.0, 2.5, 5e-324, 1e-308, 1.7e308, -1.7e308,
    math.inf, -math.inf, math.nan,
]  # fmt: skip


@pytest.mark.parametrize("x", SPECIAL)
def test_a_question_about_a_value_is_answered_as_for_the_float_and_on_the_tape(x):
    for name in ("isnan", "isinf", "isfinite"):
        leaf, tape = Value(x), Tape()
        with taping(tape):
            answer = getattr(am, name)(leaf)
        assert answer is getattr(math, name)(x)
        assert all(leaf in (a, b) for _, a, b, _ in tape.comparisons)
        assert tape.comparisons


@pytest.mark.parametrize("tolerances", [(1e-9, 0.0), (0.0, 0.0), (0.5, 0.1), (0.0, 2)])
def test_closeness_is_the_same_on_a_tape_as_in_floats(tolerances):
    rel, absolute = tolerances
    for a in SPECIAL:
        for b in SPECIAL:
            expected = math.isclose(a, b, rel_tol=rel, abs_tol=absolute)
            for pair in ((Value(a), Value(b)), (Value(a), b), (a, Value(b)), (a, b)):
                with taping(Tape()):
                    found = am.isclose(*pair, rel_tol=rel, abs_tol=absolute)
                assert found is expected, (a, b)


def test_a_negative_tolerance_is_refused_on_a_tape_too():
    with taping(Tape()), pytest.raises(ValueError, match="tolerances must be non-nega"):
        am.isclose(Value(1.0), 2.0, rel_tol=-1.0)


@pytest.mark.parametrize("x", SPECIAL)
def test_the_parts_of_a_number_are_the_same_on_a_tape(x):
    leaf = Value(x)
    with taping(Tape()):
        parts, (m, e) = am.modf(leaf), am.frexp(leaf)
    assert bits(parts) == bits(math.modf(x))
    assert (bits(m), e) == (bits(math.frexp(x)[0]), math.frexp(x)[1])


def test_the_exponent_of_a_number_is_guarded_by_comparisons():
    points = [1.0, 1.999, 2.0, 0.999, -1.0, -2.0, 0.0, 1e-300, math.inf, math.nan]
    for here in points:
        leaf, tape = Value(here), Tape()
        with taping(tape):
            _, e = am.frexp(leaf)
        held = [outcome for *_, outcome in tape.comparisons]
        for there in points:
            agrees = play([leaf], tape, [], [there])[1] == held
            assert not agrees or math.frexp(there)[1] == e, (here, there)


# --- The tape itself ----------------------------------------------------------------


def test_the_number_of_a_value_cannot_be_read_while_a_tape_is_on():
    x = Value(2.0)
    with taping(Tape()), pytest.raises(RuntimeError, match="freeze"):
        (x * x).data  # noqa: B018 - to read it is what is refused
    assert x.data == 2.0


def test_an_error_on_a_tape_is_the_one_of_a_value_and_names_its_operands():
    zero = Value(0.0, name="zero")
    for call, error in (
        (lambda: 1.0 / zero, ZeroDivisionError),
        (lambda: am.log(zero), ValueError),
        (lambda: am.log(2.0, zero), ValueError),
        (lambda: am.pow(zero, -1.0), ValueError),
    ):
        with taping(Tape()), pytest.raises(error, match=r"zero = 0\.0"):
            call()


def test_under_no_grad_a_tape_gets_what_is_computed_but_no_gradient_passes():
    def f(a, b, c):
        with no_grad():
            frozen = am.softmax([a, b, c])[0] * am.fsum([a, b])
        return frozen * a

    assert_it_can_be_played_elsewhere(f, HERE, THERE)
    leaves, _, (result,) = record(f, HERE)
    result.backward()
    assert leaves[0].grad == pytest.approx(result.data / HERE[0], rel=1e-15)
    assert leaves[1].grad == 0.0


def test_a_tape_is_this_thread_s_and_ends_with_its_block():
    assert tape_in_use() is None
    outer, inner = Tape(), Tape()
    x = Value(1.0)
    with taping(outer):
        assert tape_in_use() is outer
        with scope("s"), taping(inner):
            y = x + 1.0
        with taping(None):
            x - 1.0  # nobody takes it down
        assert outer.nodes == []
        assert x < 2.0
    assert tape_in_use() is None
    assert inner.nodes == [y]
    assert outer.comparisons == [("<", x, 2.0, True)]
    assert outcome(lambda: y.data) == bits(2.0)


def test_random_programs_can_be_played_elsewhere():
    rng = random.Random(5)
    unary = [am.tanh, am.exp, am.sigmoid, am.softplus, am.sin, am.relu, abs, am.atan]
    for _ in range(40):
        steps = [(rng.choice(unary), rng.random(), rng.random()) for _ in range(12)]

        def f(a, b, c, steps=steps):
            pool = [a, b, c]
            for function, i, j in steps:
                x, y = (pool[int(len(pool) * k)] for k in (i, j))
                pool.append(function(am.tanh(x)) * y - x)
            return am.softmax(pool)

        assert_it_can_be_played_elsewhere(f, HERE, THERE)
