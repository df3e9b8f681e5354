"""The worked example of a well-known introduction, with the right numbers.

One step of a 2-2-1 sigmoid network by hand. The introduction (Volcengine developer
community, 2024) prints wrong intermediate numbers. Here are the right ones, pinned to
15 digits, from a plain 50-digit computation of the formulas of backpropagation; and
the printed ones, which must not be ours.

Letters: ``z`` and ``h`` are a hidden neuron's input and output, ``y`` the network's
output, ``t`` the target, ``delta`` the derivative of the loss by a neuron's input.
"""

from __future__ import annotations

import mpmath
import pytest
from mpmath import mp

from autograd import Value, value_and_grad
from autograd import math as am

X = ["0.5", "0.3"]
START = {
    "W1": [["0.5", "0.3"], ["0.2", "0.4"]],
    "b1": ["0.1", "0.2"],
    "W2": ["0.6", "0.7"],
    "b2": "0.3",
}
TARGET, RATE = "0.8", "0.1"

RIGHT = {
    "z": [0.41, 0.47],
    "h": [0.60108787884836977, 0.61538375639118217],
    "y": 0.74864927785420281,
    "loss": 0.0026368966648948657,
    "delta2": -0.019325693988596548,
    "delta1": [-0.0027803633297635711, -0.0032018928099207328],
    "W1": [
        [-0.0013901816648817856, -0.0016009464049603664],
        [-0.00083410899892907133, -0.00096056784297621983],
    ],
    "b1": [-0.0027803633297635711, -0.0032018928099207328],
    "W2": [-0.01161644040687819, -0.011892718161569032],
    "b2": -0.019325693988596548,
}
UPDATED = {
    "W1": [
        [0.50013901816648818, 0.30016009464049604],
        [0.20008341089989291, 0.40009605678429762],
    ],
    "b1": [0.10027803633297636, 0.20032018928099207],
    "W2": [0.60116164404068782, 0.7011892718161569],
    "b2": 0.30193256939885965,
}
LOSS_AFTER_THE_STEP = 0.0025699850950043129

PRINTED = {
    "z": [0.31, 0.29],
    "h": [0.57, 0.57],
    "y": 0.67,
    "loss": 0.017,
    "delta2": -0.05,
}
# What the article calls delta1: the derivatives by the hidden neurons' outputs.
DELTA_1 = [-0.01, -0.01]


def converted(tree, kind):
    if isinstance(tree, dict):
        return {key: converted(branch, kind) for key, branch in tree.items()}
    if isinstance(tree, list):
        return [converted(branch, kind) for branch in tree]
    return kind(tree)


def flat(tree):
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in flat(branch)]
    if isinstance(tree, list):
        return [x for branch in tree for x in flat(branch)]
    return [tree]


def forward(p, x, t, sigmoid):
    """Return z, h, the output neuron's input, y and the loss."""
    z = [x[0] * p["W1"][0][j] + x[1] * p["W1"][1][j] + p["b1"][j] for j in range(2)]
    h = [sigmoid(a) for a in z]
    out = h[0] * p["W2"][0] + h[1] * p["W2"][1] + p["b2"]
    y = sigmoid(out)
    return z, h, out, y, (t - y) ** 2


def with_values():
    parameters = converted(START, lambda text: Value(float(text)))
    x = [float(text) for text in X]
    return parameters, forward(parameters, x, float(TARGET), am.sigmoid)


def close(number):
    return pytest.approx(number, rel=2e-15, abs=0)


def nearly(number):
    """To 15 digits of the numbers that t - y is the small difference of."""
    return pytest.approx(number, rel=1e-15 * 0.8 / 0.05, abs=0)


def test_the_pinned_numbers_are_those_of_the_formulas_to_17_digits():
    with mp.workdps(50):
        p = converted(START, mpmath.mpf)
        x = converted(X, mpmath.mpf)
        t = mpmath.mpf(TARGET)
        z, h, _, y, loss = forward(p, x, t, lambda a: 1 / (1 + mpmath.exp(-a)))
        delta2 = 2 * (y - t) * y * (1 - y)
        delta1 = [delta2 * w * a * (1 - a) for w, a in zip(p["W2"], h, strict=True)]
        found = {
            "z": z, "h": h, "y": y, "loss": loss, "delta2": delta2, "delta1": delta1,
            "W1": [[a * d for d in delta1] for a in x],
            "b1": delta1,
            "W2": [a * delta2 for a in h],
            "b2": delta2,
        }  # fmt: skip
        assert converted(found, float) == RIGHT
        step = {
            name: [
                w - mpmath.mpf(RATE) * g
                for w, g in zip(flat(p[name]), flat(found[name]), strict=True)
            ]
            for name in START
        }
        assert converted(flat(step), float) == flat(UPDATED)


def test_the_forward_pass_gives_the_right_numbers():
    _, (z, h, _, y, loss) = with_values()
    assert [node.data for node in z] == close(RIGHT["z"])
    assert [node.data for node in h] == close(RIGHT["h"])
    assert y.data == close(RIGHT["y"])
    assert loss.data == nearly(RIGHT["loss"])


def test_the_backward_pass_gives_both_deltas_and_all_nine_gradients():
    parameters, (z, _, out, _, loss) = with_values()
    loss.backward()
    assert out.grad == nearly(RIGHT["delta2"])
    assert [node.grad for node in z] == nearly(RIGHT["delta1"])
    leaves = flat(parameters)
    assert len(leaves) == 9
    expected = flat({name: RIGHT[name] for name in START})
    assert [leaf.grad for leaf in leaves] == nearly(expected)


def test_the_functional_form_gives_the_same_nine_gradients():
    x, t = [float(text) for text in X], float(TARGET)
    loss = value_and_grad(lambda p: forward(p, x, t, am.sigmoid)[-1])
    value, gradient = loss(converted(START, float))
    assert value == nearly(RIGHT["loss"])
    assert flat(gradient) == nearly(flat({name: RIGHT[name] for name in START}))


def test_one_step_of_descent_gives_the_right_parameters_and_a_smaller_loss():
    parameters, (*_, loss) = with_values()
    loss.backward()
    for leaf in flat(parameters):
        leaf.data -= float(RATE) * leaf.grad
    assert [leaf.data for leaf in flat(parameters)] == close(flat(UPDATED))
    x, t = [float(text) for text in X], float(TARGET)
    after = forward(parameters, x, t, am.sigmoid)[-1].data
    assert after == nearly(LOSS_AFTER_THE_STEP)
    assert after < loss.data


def test_repeated_steps_converge_to_the_target():
    x, t = [float(text) for text in X], float(TARGET)
    parameters = converted(START, lambda text: Value(float(text)))
    for _ in range(2000):
        *_, y, loss = forward(parameters, x, t, am.sigmoid)
        loss.backward()
        for leaf in flat(parameters):
            leaf.data -= float(RATE) * leaf.grad
            leaf.grad = 0.0
    assert y.data == pytest.approx(t, abs=1e-6)


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_number_is_wrong_by_far_more_than_rounding(name):
    for printed, right in zip(flat(PRINTED[name]), flat(RIGHT[name]), strict=True):
        assert abs(printed - right) > 0.02 * abs(printed)


def test_the_article_s_delta_1_is_right_as_the_derivative_by_the_outputs():
    exact = [RIGHT["delta2"] * w for w in map(float, START["W2"])]
    assert exact == pytest.approx([-0.011595, -0.013528], abs=5e-7)
    assert [round(x, 2) for x in exact] == pytest.approx(DELTA_1, abs=0.005)
