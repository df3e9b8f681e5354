"""ADBench's objectives have the gradients that its own tests have (MIT licence)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from autograd import grad, jacobian, jit, vmap

np = pytest.importorskip("numpy")
mpmath = pytest.importorskip("mpmath")

PATH = Path(__file__).with_name("bench") / "adbench.py"
spec = importlib.util.spec_from_file_location("adbench", PATH)
adbench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adbench)

# The smallest mixture: one point of two dimensions, three components.
MIXTURE = (
    [-0.649014, 1.181166, -0.758453],
    [[0.092339, 0.186260], [0.345561, 0.396767], [0.538817, 0.419195]],
    [
        [0.586443, -0.851887, 0.800321],
        [-1.509405, 0.875874, -0.242790],
        [0.166813, -1.965419, -1.270071],
    ],
    [[1.175171, 2.029160]],
)
MIXTURE_VALUE = 8.073804080049758
MIXTURE_GRADIENT = [
    0.10866285550865246, -0.7412700395238985, 0.6326071840152461,
    1.1169257653278701, 0.16333301355145527, -0.021998982407119314,
    0.2277782922542361, 1.2096302561283219, -0.060637592073395634,
    2.5852999405116224, 0.11263269452421379, 0.3857443098496118,
    0.07351805731823055, 5.418363627155952, -0.32149440967744647,
    1.7189230977500494, 0.8600910907908669, -0.9946409304663228,
]  # fmt: skip

# One observation of bundle adjustment.
BUNDLE = (
    [
        1.797201,
        0.590697,
        -0.635786,
        90.85955,
        29.361415,
        28.777534,
        211.628116,
        -0.284531,
        -14.762924,
        0.058931,
        0.069976,
    ],
    [4.173048, 5.586898, 1.403869],
    0.417022,
    [-525.672849, 161.811929],
)
BUNDLE_VALUES = [-0.2690488492351894, 0.2599447926779019]
BUNDLE_JACOBIAN = [
    228.87720220824676,
    634.5748114955454,
    -782.2228662593405,
    2.4289261560715967,
    -11.782807962801131,
    2.5416931248774346,
    -1.0365708495851809,
    0.417022,
    0.0,
    -350.7395210960052,
    -912.1077736680086,
    -2.4289261560715967,
    11.782807962801131,
    -2.5416931248774346,
    -0.6451670397129874,
    -120.54243599499688,
    -385.6732407664604,
    97.54762914033265,
    -1.7837210852957657,
    4.154667994331261,
    2.040257180298989,
    0.3491763974331459,
    0.0,
    0.417022,
    118.1491477044145,
    307.25010896034325,
    1.7837210852957657,
    -4.154667994331261,
    -2.040257180298989,
    0.623335921553064,
]
WEIGHT_ERROR, WEIGHT_SLOPE = 0.826092651516, -0.834044


def flat(tree):
    """Return all numbers of nested lists and arrays, in order."""
    if isinstance(tree, (list, tuple)):
        return [x for part in tree for x in flat(part)]
    return np.ravel(tree).tolist()


def test_a_mixtures_gradient_is_adbenchs():
    derive = grad(adbench.mixture, argnums=(0, 1, 2))
    assert adbench.mixture(*MIXTURE) == pytest.approx(MIXTURE_VALUE, rel=1e-12)
    assert flat(derive(*MIXTURE)) == pytest.approx(MIXTURE_GRADIENT, abs=1e-10)
    points = np.array(MIXTURE[3])
    found = jit(derive)(*MIXTURE[:3], points, 1.0, 0, adbench.at_once)
    assert flat(found) == pytest.approx(MIXTURE_GRADIENT, abs=1e-10)


def test_the_jacobian_of_bundle_adjustment_is_adbenchs():
    assert adbench.residuals(*BUNDLE) == pytest.approx(BUNDLE_VALUES, abs=1e-10)
    derive = jacobian(adbench.residuals, argnums=(0, 1, 2))
    for found in (derive(*BUNDLE), jit(derive)(*BUNDLE)):
        assert flat(found) == pytest.approx(BUNDLE_JACOBIAN, rel=1e-12, abs=1e-10)
    rows = [np.array(x, dtype=float) for x in adbench.bundles(BUNDLE)]
    many = vmap(derive)(*rows)
    for k in (0, adbench.SEEN - 1):
        one = [[part[k] for part in residual] for residual in many]
        assert flat(one) == pytest.approx(BUNDLE_JACOBIAN, rel=1e-12, abs=1e-10)
    weight = BUNDLE[2]
    assert adbench.weight_residual(weight) == pytest.approx(WEIGHT_ERROR, abs=1e-10)
    assert grad(adbench.weight_residual)(weight) == pytest.approx(WEIGHT_SLOPE)


def test_an_lstms_gradient_is_that_of_differences_in_50_digits():
    args = adbench.drawn_lstm(2, 5, 3)
    found = flat(grad(adbench.lstm, argnums=(0, 1))(*args))
    compiled = jit(grad(adbench.lstm, argnums=(0, 1)))(*args)
    assert flat(compiled) == pytest.approx(found, abs=1e-14)
    rows = [[list(map(mpmath.mpf, row)) for row in part] for part in args]
    expected = []
    with mpmath.workdps(50), pytest.MonkeyPatch.context() as patch:
        patch.setattr(adbench, "math", ManyDigits)
        step = mpmath.mpf(10) ** -20
        for part in rows[:2]:
            for row in part:
                for i, x in enumerate(row):
                    row[i] = x + step
                    above = adbench.lstm(*rows)
                    row[i] = x - step
                    below = adbench.lstm(*rows)
                    row[i] = x
                    expected.append(float((above - below) / (2 * step)))
    assert found == pytest.approx(expected, abs=1e-14)


class ManyDigits:
    """autograd.math's functions over mpmath's numbers, as far as an LSTM needs."""

    log, tanh = mpmath.log, mpmath.tanh

    @staticmethod
    def sigmoid(x):
        return 1 / (1 + mpmath.exp(-x))

    @staticmethod
    def logsumexp(xs):
        return mpmath.log(sum(map(mpmath.exp, xs)))

    @staticmethod
    def sumprod(xs, ys):
        return sum(x * y for x, y in zip(xs, ys, strict=True))

    fsum = staticmethod(sum)
