"""Series and frames of pandas and polars are arguments of transforms, with names."""

from __future__ import annotations

import pytest

from autograd import grad, hessian, math, value_and_grad, vmap

np = pytest.importorskip("numpy")


def area(p):
    return p["a"] * p["b"] ** 2


def test_a_gradient_by_a_series_of_pandas_keeps_its_names():
    pandas = pytest.importorskip("pandas")
    at = pandas.Series([3.0, 2.0], index=["a", "b"], name="p")
    value, slope = value_and_grad(area)(at)
    assert value == 12.0
    expected = pandas.Series([4.0, 12.0], index=["a", "b"], name="p")
    pandas.testing.assert_series_equal(slope, expected)
    assert at.tolist() == [3.0, 2.0]
    # A Hessian is an array, as SciPy takes it.
    assert hessian(area)(at).tolist() == [[0.0, 4.0], [4.0, 6.0]]


def test_a_gradient_by_a_frame_of_pandas_is_such_a_frame():
    pandas = pytest.importorskip("pandas")
    at = pandas.DataFrame({"u": [1.0, 2.0], "v": [3, 4]}, index=["x", "y"])
    slope = grad(lambda d: d["u"]["x"] * d["v"]["y"] + math.fsum(d["v"]))(at)
    assert slope.to_dict() == {"u": {"x": 4.0, "y": 0.0}, "v": {"x": 1.0, "y": 2.0}}


def test_a_gradient_by_a_series_of_polars_is_a_series():
    polars = pytest.importorskip("polars")
    at = polars.Series("p", [3.0, 2.0])
    slope = grad(lambda p: p[0] * p[1] ** 2)(at)
    assert isinstance(slope, polars.Series)
    assert slope.name == "p"
    assert slope.to_list() == [4.0, 12.0]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_rows_may_be_a_frames(library):
    table = pytest.importorskip(library)
    frame = table.DataFrame({"u": [1.0, 2.0], "v": [0.5, 0.25]})
    loss = vmap(lambda w, x: (w * x[0] - x[1]) ** 2, (None, 0), reduce="sum")
    assert grad(loss)(2.0, frame) == 2 * 1.5 * 1.0 + 2 * 3.75 * 2.0
    assert vmap(lambda x: x * x)(frame["u"]).tolist() == [1.0, 4.0]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_text_in_a_series_is_refused(library):
    table = pytest.importorskip(library)
    with pytest.raises(TypeError, match="no number"):
        grad(lambda x: x[0])(table.Series(["a", "b"]))
