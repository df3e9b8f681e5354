from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn import (
    SGD,
    Adam,
    Optimizer,
    cosine_decay,
    exponential_decay,
    linear_decay,
)

gradients = st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=8)


def run(make: Any, start: Any, grads: Any) -> Any:
    """Return the places of one parameter after each of the gradients."""
    p = Value(start)
    optimizer = make([p])
    places = []
    for g in grads:
        p.grad = g
        optimizer.step()
        places.append(p.data)
    return places


@given(gradients)
def test_sgd_goes_against_the_gradient(grads: Any) -> None:
    x, expected = 1.0, []
    for g in grads:
        x -= 0.1 * g
        expected.append(x)
    assert run(lambda ps: SGD(ps, lr=0.1), 1.0, grads) == expected


@pytest.mark.parametrize("nesterov", [False, True])
@given(gradients)
def test_sgd_with_momentum_follows_its_formula(nesterov: Any, grads: Any) -> None:
    x, v, expected = 1.0, 0.0, []
    for g in grads:
        decayed = g + 0.01 * x
        v = 0.9 * v + decayed
        x -= 0.1 * (decayed + 0.9 * v if nesterov else v)
        expected.append(x)
    found = run(
        lambda ps: SGD(ps, 0.1, 0.9, nesterov=nesterov, weight_decay=0.01), 1.0, grads
    )
    assert found == pytest.approx(expected, rel=1e-12)


@given(gradients)
def test_adam_follows_algorithm_1_of_the_paper(grads: Any) -> None:
    x, m, v, expected = 1.0, 0.0, 0.0, []
    for t, g in enumerate(grads, start=1):
        m = 0.8 * m + 0.2 * g
        v = 0.9 * v + 0.1 * g * g
        m_hat = m / (1 - 0.8**t)
        v_hat = v / (1 - 0.9**t)
        x -= 0.1 * m_hat / (math.sqrt(v_hat) + 1e-8)
        expected.append(x)
    found = run(lambda ps: Adam(ps, 0.1, (0.8, 0.9)), 1.0, grads)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("g", [1e-4, 1.0, 1e6])
def test_the_first_step_of_adam_is_the_learning_rate(g: Any) -> None:
    assert run(lambda ps: Adam(ps, 0.1), 1.0, [g]) == pytest.approx([0.9], rel=1e-3)


def test_a_parameter_without_gradient_stays() -> None:
    assert run(lambda ps: Adam(ps, 0.1), 1.0, [0.0, 0.0]) == [1.0, 1.0]
    assert run(lambda ps: SGD(ps, 0.1, 0.9), 1.0, [0.0, 0.0]) == [1.0, 1.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda ps: SGD(ps, 0.05),
        lambda ps: SGD(ps, 0.02, 0.9),
        lambda ps: SGD(ps, 0.02, 0.9, nesterov=True),
        lambda ps: Adam(ps, 0.1),
    ],
    ids=["plain", "momentum", "nesterov", "adam"],
)
def test_an_optimiser_finds_the_bottom_of_a_bowl(make: Any) -> None:
    x, y = Value(3.0), Value(-2.0)
    optimizer = make([x, y])
    for _ in range(600):
        optimizer.zero_grad()
        ((x - 1.0) ** 2 + 3.0 * (y + x) ** 2).backward()
        optimizer.step()
    assert [x.data, y.data] == pytest.approx([1.0, -1.0], abs=1e-4)


def test_zero_grad_zeroes() -> None:
    p = Value(1.0)
    p.grad = 3.0
    SGD([p], 0.1).zero_grad()
    assert p.grad == 0.0


def test_a_schedule_is_asked_with_the_number_of_steps_taken() -> None:
    asked = []

    def schedule(k: int) -> float:
        asked.append(k)
        return 0.1 / (k + 1)

    assert run(lambda ps: SGD(ps, schedule), 1.0, [1.0, 1.0]) == [0.9, 0.85]
    assert asked == [0, 0, 1]  # once when it was made, to see that it is right


def test_what_is_assigned_to_an_optimiser_takes_effect_or_raises() -> None:
    p = Value(1.0)
    p.grad = 1.0
    optimizer: Any = SGD([p], 0.1)
    optimizer.lr = 0.5
    optimizer.step()
    assert p.data == 0.5
    optimizer.momentum = 0.5
    optimizer.step()
    optimizer.step()
    assert p.data == pytest.approx(0.5 - 0.5 * 1.0 - 0.5 * 1.5)
    with pytest.raises(AttributeError):
        optimizer.learning_rate = 0.1
    optimizer.lr = -1.0
    with pytest.raises(ValueError, match="learning rate"):
        optimizer.step()


SCHEDULES = {
    "linear": (linear_decay(1.0, 0.1, steps=100), [1.0, 0.55, 0.1, 0.1]),
    "cosine": (cosine_decay(1.0, 0.0, steps=100), [1.0, 0.5, 0.0, 0.0]),
    "exponential": (exponential_decay(1.0, 0.5, every=50), [1.0, 0.5, 0.25, 2.0**-20]),
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_schedule_goes_where_it_says_and_pickles(case: Any) -> None:
    schedule, expected = SCHEDULES[case]
    again = pickle.loads(pickle.dumps(schedule))  # noqa: S301 - our own bytes
    for s in (schedule, again):
        found = [s(k) for k in (0, 50, 100, 1000)]
        assert found == pytest.approx(expected, abs=1e-15)


def test_micrograds_learning_rates_come_out() -> None:
    schedule = linear_decay(1.0, 0.1, steps=100)
    expected = [1.0 - 0.9 * k / 100 for k in range(100)]
    assert [schedule(k) for k in range(100)] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("g", [math.nan, math.inf, -math.inf, 1.7e308])
def test_a_step_that_is_not_finite_is_refused_and_changes_nothing(
    make: Any, g: Any
) -> None:
    good, bad = Value(1.0), Value(2.0, name="b")
    optimizer = make([good, bad], 10.0)
    good.grad, bad.grad = 1.0, 1.0
    optimizer.step()
    before, steps = (good.data, bad.data), optimizer.steps
    bad.grad = g
    with pytest.raises(FloatingPointError, match=r"parameter 1 \(b\)"):
        optimizer.step()
    assert (good.data, bad.data) == before
    assert optimizer.steps == steps
    bad.grad = 0.0
    optimizer.step()
    assert math.isfinite(bad.data)


def test_great_but_finite_parameters_are_no_error() -> None:
    ps = [Value(1.5e308), Value(1.5e308)]
    SGD(ps, 0.1).step()
    assert [p.data for p in ps] == [1.5e308] * 2


P: Any = Value(1.0)
NO_RATE: Any = {"text": "0.1", "schedule": lambda _: None}
FLOATS: Any = [1.0]
BAD: dict[str, Any] = {
    "no parameters": (lambda: SGD([], 0.1), ValueError, "there is none"),
    "floats": (lambda: SGD(FLOATS, 0.1), TypeError, "number 0 is 1.0"),
    "an inner node": (lambda: SGD([P, P + 1.0], 0.1), ValueError, r"computed by '\+'"),
    "one twice": (lambda: SGD([P, P], 0.1), ValueError, "twice"),
    "a negative rate": (lambda: SGD([P], -0.1), ValueError, "learning rate"),
    "a rate that is NaN": (lambda: SGD([P], math.nan), ValueError, "learning rate"),
    "an infinite rate": (lambda: Adam([P], math.inf), ValueError, "learning rate"),
    "a rate as string": (lambda: SGD([P], NO_RATE["text"]), TypeError, "learning rate"),
    "a schedule of None": (
        lambda: SGD([P], NO_RATE["schedule"]),
        TypeError,
        "not None",
    ),
    "momentum 1": (lambda: SGD([P], 0.1, 1.0), ValueError, "momentum"),
    "negative momentum": (lambda: SGD([P], 0.1, -0.5), ValueError, "momentum"),
    "nesterov alone": (lambda: SGD([P], 0.1, nesterov=True), ValueError, "needs a"),
    "negative decay": (lambda: SGD([P], 0.1, weight_decay=-1), ValueError, "decay"),
    "beta 1": (lambda: Adam([P], 0.1, (0.9, 1.0)), ValueError, "beta"),
    "eps 0": (lambda: Adam([P], 0.1, eps=0.0), ValueError, "eps"),
    "no steps": (lambda: linear_decay(1.0, 0.1, 0), ValueError, "steps"),
    "no period": (lambda: exponential_decay(1.0, 0.1, 0), ValueError, "every"),
}


@pytest.mark.parametrize("case", BAD)
def test_arguments_that_make_no_sense_are_refused(case: Any) -> None:
    make, error, message = BAD[case]
    with pytest.raises(error, match=message):
        make()


def test_an_optimiser_of_ones_own_says_what_to_propose() -> None:
    class Signs(Optimizer):
        def _propose(self, rate: Any, gradients: Any) -> Any:
            signs = [math.copysign(rate, g) for g in gradients]
            return [p.data - s for p, s in zip(self.params, signs, strict=True)], ()

    assert run(lambda ps: Signs(ps, 0.5), 1.0, [3.0, -4.0]) == [0.5, 1.0]
    p = Value(1.0)
    with pytest.raises(NotImplementedError):
        Optimizer([p], 0.1).step()


# PyTorch's numbers, which tests/bench/torch_numbers.py wrote.

NUMBERS = json.loads(Path(__file__).with_name("torch_numbers.json").read_text("utf-8"))


def gradient(x: list[float]) -> list[float]:
    """Return the gradient of x0**4 / 4 + cosh(x1) + 3 x2**2 + x0 x2."""
    a, b, c = x
    return [a**3 + c, math.sinh(b), 6.0 * c + a]


@pytest.mark.parametrize("name", NUMBERS["cases"])
def test_every_optimizer_has_the_numbers_of_pytorch_for_20_steps(name: str) -> None:
    case = NUMBERS["cases"][name]
    params = [Value(x) for x in NUMBERS["start"]]
    optimizer = getattr(nn, name.partition(" ")[0])(params, **case["settings"])
    assert len(case["places"]) == 20
    for place in case["places"]:
        slopes = gradient([p.data for p in params])
        for p, slope in zip(params, slopes, strict=True):
            p.grad = slope
        optimizer.step()
        assert [p.data for p in params] == pytest.approx(place, rel=1e-12, abs=1e-14)


MAKES: dict[str, Any] = {
    "sgd": lambda ps: nn.SGD(ps, lr=0.05, momentum=0.9),
    "rmsprop": lambda ps: nn.RMSprop(ps, momentum=0.5),
    "adagrad": nn.Adagrad,
    "adam": nn.Adam,
    "adamw": nn.AdamW,
}


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_an_optimizer_goes_on_from_its_state(make: Any) -> None:
    def steps(optimizer: Any, n: int) -> list[float]:
        for _ in range(n):
            slopes = gradient([p.data for p in optimizer.params])
            for p, slope in zip(optimizer.params, slopes, strict=True):
                p.grad = slope
            optimizer.step()
        return [p.data for p in optimizer.params]

    whole = steps(make([Value(x) for x in NUMBERS["start"]]), 7)
    first = make([Value(x) for x in NUMBERS["start"]])
    then = steps(first, 3)
    state = json.loads(json.dumps(first.state_dict()))
    second = make([Value(x) for x in then])
    second.load_state_dict(state)
    assert steps(second, 4) == whole


def test_groups_go_on_from_their_state_where_one_of_them_alone_has_a_velocity() -> None:
    def make(p: Value, q: Value) -> Any:
        groups = [{"params": [p]}, {"params": [q], "momentum": 0.5}]
        return nn.SGD(groups, lr=0.1)

    def step(optimizer: Any) -> list[float]:
        for p in optimizer.params:
            p.grad = 1.0
        optimizer.step()
        return [p.data for p in optimizer.params]

    first = make(Value(1.0), Value(1.0))
    second = make(*map(Value, step(first)))
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert step(second) == step(first)


BAD_STATES: dict[str, tuple[Any, type[Exception]]] = {
    "nothing": (None, TypeError),
    "no state": ({"steps": 1}, TypeError),
    "half a step": ({"steps": 0.5, "state": []}, ValueError),
    "steps before the first": ({"steps": -1, "state": []}, ValueError),
    "a column too many": ({"steps": 1, "state": [[0.0], [0.0], [0.0]]}, ValueError),
    "a row too many": ({"steps": 1, "state": [[0.0, 0.0], [0.0, 0.0]]}, ValueError),
    "no number": ({"steps": 1, "state": [["a"], [0.0]]}, TypeError),
    "NaN": ({"steps": 1, "state": [[math.nan], [0.0]]}, ValueError),
}


@pytest.mark.parametrize("case", BAD_STATES)
def test_a_state_of_another_optimizer_is_refused(case: str) -> None:
    state, error = BAD_STATES[case]
    optimizer = nn.Adam([Value(1.0)])
    with pytest.raises(error):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == {"steps": 0, "state": []}


def test_groups_of_parameters_have_settings_of_their_own() -> None:
    p, q, r = Value(1.0), Value(1.0), Value(1.0)
    groups = [{"params": [p]}, {"params": [q, r], "lr": 0.01, "momentum": 0.9}]
    optimizer = nn.SGD(groups, lr=0.1)
    for _ in range(2):
        p.grad = q.grad = r.grad = 1.0
        optimizer.step()
    assert p.data == pytest.approx(0.8)
    assert q.data == r.data == pytest.approx(1.0 - 0.01 - 0.019)
    with pytest.raises(TypeError, match="no setting 'speed'"):
        nn.SGD([{"params": [p], "speed": 1.0}], lr=0.1)
    with pytest.raises(ValueError, match="momentum"):
        nn.SGD([{"params": [p], "momentum": 1.0}], lr=0.1)


def test_lbfgs_finds_a_minimum_to_many_digits_or_changes_nothing() -> None:
    pytest.importorskip("scipy")
    x, y = Value(-1.2), Value(1.0)
    optimizer = nn.LBFGS([x, y], iterations=200)

    def rosenbrock() -> Any:
        optimizer.zero_grad()
        loss = (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2
        loss.backward()
        return loss

    optimizer.step(rosenbrock)
    assert [x.data, y.data] == pytest.approx([1.0, 1.0], abs=1e-4)
    with pytest.raises(TypeError, match="takes a function"):
        optimizer.step()

    def broken() -> Any:
        raise ZeroDivisionError

    before = [x.data, y.data]
    with pytest.raises(FloatingPointError, match="no step was taken"):
        optimizer.step(broken)
    assert [x.data, y.data] == before


def test_numbers_of_numpy_are_taken_as_pythons_are() -> None:
    numpy = pytest.importorskip("numpy")
    p = Value(1.0)
    p.grad = 1.0
    rate, mu = numpy.float32(0.5), numpy.float64(0.5)
    nn.SGD([p], lr=rate, momentum=mu, weight_decay=numpy.array(0.0)).step()
    assert p.data == 0.5
    assert nn.linear_decay(numpy.float64(1.0), 0, numpy.int64(4))(2) == 0.5
    model = nn.MLP(numpy.int64(2), [numpy.int32(3), 1], seed=numpy.int64(0))
    assert model.state_dict() == nn.MLP(2, [3, 1], seed=0).state_dict()
    state = {name: numpy.array(x) for name, x in model.state_dict().items()}
    model.load_state_dict(state)
    assert model.state_dict() == nn.MLP(2, [3, 1], seed=0).state_dict()
    nn.fit(
        model, numpy.ones((4, 2), dtype=numpy.float32), numpy.ones(4), loss=nn.mse_loss,
        epochs=numpy.int64(2), batch_size=numpy.int16(3), patience=numpy.int64(5),
        seed=numpy.int64(1), progress=False, l2=numpy.float32(0.5),
        compiled=numpy.False_, shuffle=numpy.True_,
    )  # fmt: skip
    sizes = nn.MLP(2, numpy.array([3, 1]), init=numpy.float32(0.5), bias_init=rate)
    assert {p.data for p in sizes.parameters()} == {0.5}
    table = nn.Embedding(3, numpy.int8(2), seed=0)
    assert table(numpy.array([2, 0])) == [table.rows[2], table.rows[0]]
    optimizer = nn.Adam([p], 0.1, betas=numpy.array([0.5, 0.75]))
    optimizer.step()
    kept = optimizer.state_dict()
    columns = numpy.array(kept["state"])
    optimizer.load_state_dict({"steps": numpy.int64(1), "state": columns})
    assert optimizer.state_dict() == kept
    items = [[numpy.array(x) for x in column] for column in columns]
    optimizer.load_state_dict({"steps": 1, "state": items})
    assert optimizer.state_dict() == kept


def test_the_plateau_waits_and_then_lowers_the_rate() -> None:
    rate = nn.Plateau(1.0, factor=0.5, patience=2, low=0.2)
    seen = []
    for loss in [3.0, 2.0, 2.0, 2.0, 2.0, 1.0, *[1.0] * 9]:
        rate.see(loss)
        seen.append(rate(0))
    assert seen[:6] == [1.0] * 4 + [0.5] * 2
    assert seen[-1] == 0.2


def test_clipping_bounds_each_gradient_and_then_their_norm() -> None:
    params = [Value(0.0) for _ in range(3)]
    for p, g in zip(params, [3.0, -0.5, 4.0], strict=True):
        p.grad = g
    assert nn.clip_gradients(params, value=1.0) == math.hypot(1.0, 0.5, 1.0)
    assert [p.grad for p in params] == [1.0, -0.5, 1.0]
    nn.clip_gradients(params, norm=0.75)
    assert [p.grad for p in params] == pytest.approx([0.5, -0.25, 0.5])
