"""The audit holds the whole table to its bounds, and finds what is planted."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest

from autograd import Value, grad
from autograd.audit import Report, audit, error, measure, measure_at, summary
from autograd.primitives import TABLE, Primitive

FEW = 12
# Of these the truth takes up to half a second a point.
COSTLY = {"polygamma_difference": 1, "beta_partial": 1, "digamma": 3, "gamma": 4}


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return [audit([name], points=COSTLY.get(name, FEW))[0] for name in TABLE]


def plant(monkeypatch: pytest.MonkeyPatch, wrong: Primitive) -> Report:
    """Return the audit of a row that stands in the table for the right one."""
    monkeypatch.setitem(TABLE, wrong.name, wrong)
    (report,) = audit([wrong.name], points=40)
    return report


@pytest.mark.shared
def test_every_row_is_measured_somewhere(reports):
    assert {report.row.name for report in reports if not report.points} == set()
    assert sum(report.first.total for report in reports) > 3000


@pytest.mark.shared
def test_no_value_of_any_row_is_lost_but_one_that_is_pythons_own(reports):
    lost = {r.row.name: r.value.lost_at for r in reports if r.value.lost}
    roots = [args for args, _, _ in lost.pop("lgamma", [])]
    assert lost == {}
    # The standard library's `lgamma` loses its digits beside its roots, at 1 and 2.
    assert all(min(abs(x - 1.0), abs(x - 2.0)) < 1e-9 for (x,) in roots)


@pytest.mark.shared
def test_no_value_of_an_elementary_row_is_4_ulp_off(reports):
    worst = {r.row.name: r.value.worst for r in reports if r.row.elementary}
    assert {name: ulp for name, ulp in worst.items() if ulp > 4.0} == {}


@pytest.mark.shared
def test_no_first_derivative_of_any_row_is_lost(reports):
    lost = {r.row.name: r.first.lost_at for r in reports if r.first.lost}
    assert lost == {}


@pytest.mark.shared
def test_less_than_one_second_derivative_in_a_thousand_is_lost(reports):
    lost = {r.row.name: r.second.lost_at for r in reports if r.second.lost}
    total = sum(report.second.total for report in reports)
    assert sum(map(len, lost.values())) < 0.001 * total, lost


@pytest.mark.shared
def test_of_all_first_derivatives_95_in_a_hundred_are_within_4_ulp(reports):
    for group in (reports, [r for r in reports if r.is_public]):
        ulps = [ulp for report in group for ulp in report.first.ulps]
        assert sum(ulp <= 4.0 for ulp in ulps) >= 0.95 * len(ulps)


@pytest.mark.shared
def test_no_first_derivative_of_an_elementary_row_is_16_ulp_off(reports):
    worst = {r.row.name: r.first.worst for r in reports if r.row.elementary}
    assert {name: ulp for name, ulp in worst.items() if ulp > 16.0} == {}


def test_operators_and_functions_are_public_and_their_helpers_are_not():
    public = {name for name, row in TABLE.items() if Report(row).is_public}
    assert {"add", "pow", "abs", "tanh", "erfinv", "logsumexp", "where"} <= public
    assert not {"power_partial", "sech_squared", "quotient", "greater"} & public


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("logit", (1e-310,)),
        ("silu", (-745.0,)),
        ("silu", (745.0,)),
        ("mish", (-745.0,)),
        ("mish", (1.7e308,)),
        ("normal_density", (1.0,)),
        ("normal_density", (38.2,)),
        ("exp_minus_square", (math.sqrt(0.5),)),
        ("sinc_partial", (1.0, 1e-300)),
        ("pow", (1.0000000001, 1e11)),
        ("remainder", (1.7e308, 1.1e308)),
        ("fmod", (1.7e308, -1.1e308)),
        ("prod", (1e-100, 1e200, 1e-160, 1e-160)),
        ("beta", (3e267, 1e-200)),
    ],
)
def test_first_and_second_derivatives_are_not_lost_where_they_once_were(name, args):
    report = measure_at(name, *args)
    assert report.points == 1
    assert report.first.lost_at == []
    assert report.second.lost_at == []


def test_a_partial_that_is_a_twentieth_of_a_percent_off_is_lost(monkeypatch):
    right = TABLE["tanh"]
    report = plant(
        monkeypatch,
        Primitive("tanh", right.value, [lambda y, x: 1.0005 * right.partials[0](y, x)]),
    )
    assert report.first.lost > 20
    assert report.second.lost > 20


def test_a_partial_that_cancels_is_lost_where_it_does(monkeypatch):
    wrong = Primitive("tanh", math.tanh, [lambda y, _: 1.0 - y * y])
    report = plant(monkeypatch, wrong)
    assert any(args == (20.0,) for args, _, _ in report.first.lost_at)
    assert all(abs(args[0]) > 10.0 for args, _, _ in report.first.lost_at)


def test_a_value_that_cancels_is_lost_where_it_does(monkeypatch):
    naive = Primitive(
        "tanhshrink",
        lambda x: x - math.tanh(x),
        [lambda _, x: TABLE["square"](TABLE["tanh"](x))],
        exact=lambda mp, x: x - mp.tanh(x),
    )
    report = plant(monkeypatch, naive)
    assert report.value.lost > 5
    assert all(abs(args[0]) < 0.1 for args, _, _ in report.value.lost_at)
    assert "lost: the value of tanhshrink at" in summary([report])


def test_a_partial_that_overflows_on_the_way_is_lost(monkeypatch):
    wrong = Primitive("asinh", math.asinh, [lambda _, x: 1.0 / (1.0 + x * x) ** 0.5])
    report = plant(monkeypatch, wrong)
    assert any(found == 0.0 < truth for _, found, truth in report.first.lost_at)


def test_a_second_derivative_alone_may_be_wrong_and_is_lost(monkeypatch):
    wrong = Primitive("sin", math.sin, [lambda _, x: math.cos(getattr(x, "data", x))])
    report = plant(monkeypatch, wrong)
    assert report.first.lost == 0
    assert report.second.lost > 20


def test_an_exact_zero_is_not_taken_for_a_lost_tiny_number():
    report = measure_at("sin", 0.0)
    assert report.second.lost_at == []
    assert grad(grad(TABLE["normal_density"]))(1.0) == 0.0
    assert measure_at("normal_density", 1.0).second.lost_at == []


def test_an_error_is_counted_in_units_in_the_last_place():
    assert error(1.0, 1.0) == (0.0, False)
    assert error(math.nextafter(1.0, 2.0), 1.0) == (1.0, False)
    assert error(math.nan, 1.0)[1]
    assert error(math.inf, 1.0)[1]
    assert error(1.0, math.inf)[1]
    assert error(-math.inf, math.inf)[1]
    assert error(math.inf, Fraction(10) ** 310) == (0.0, False)
    assert error(1.0, Fraction(10) ** 310)[1]
    assert error(-math.inf, Fraction(10) ** 310)[1]
    assert error(math.nan, math.nan) == (0.0, False)
    assert error(1.0, math.nan)[1]
    assert error(0.0, 1.0)[1]


def test_what_cannot_be_measured_is_refused_before_anything_is(monkeypatch):
    with pytest.raises(ValueError, match=r"'tahn'.*similar are .*tanh"):
        measure(["sin", "tahn"])
    with pytest.raises(ValueError, match="at 1 point or more, not at 0"):
        measure(["sin"], points=0)
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(ImportError, match="pip install mpmath"):
        measure(["sin"])


def test_the_summary_adds_up_rows_and_says_what_was_lost(monkeypatch):
    wrong = Primitive("tanh", math.tanh, [lambda y, _: 1.0 - y * y])
    monkeypatch.setitem(TABLE, "tanh", wrong)
    both = audit(["tanh", "sech_squared"], points=40)
    heading, everything, public, helpers, *lost = summary(both).splitlines()
    assert everything.split()[:6] == [
        "all", "rows", "2", str(sum(r.value.total for r in both)), "0",
        str(sum(r.first.total for r in both)),
    ]  # fmt: skip
    assert public.split()[6] == str(both[0].first.lost)
    assert helpers.split()[6] == "0"
    assert heading.split()[:5] == ["rows", "values", "lost", "first", "lost"]
    assert any("first derivative of tanh at 20.0, which is 1.699" in x for x in lost)


def test_derivatives_of_a_power_by_both_are_of_one_kind():
    a, b = Value(2.0), Value(0.5)
    mixed = grad(grad(lambda a, b: a**b, 0), 1)(2.0, 0.5)
    assert mixed == grad(grad(lambda a, b: a**b, 1), 0)(2.0, 0.5)
    assert mixed == pytest.approx(2.0**-0.5 * (1.0 + 0.5 * math.log(2.0)), rel=1e-15)
    assert (a**b).partials == (0.5 * 2.0**-0.5, 2.0**0.5 * math.log(2.0))
