from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import autograd
from autograd.__main__ import main
from autograd.audit import Report
from autograd.primitives import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

NEURON = """\
tanh(w*x + b) = 0.8004990217606297

node  computed as   value          gradient
w                   0.5            0.7184026323
x                   2              0.1796006581
b                   0.1            0.3592013162
v1    w * x         1              0.3592013162
v2    v1 + b        1.1            0.3592013162
v3    tanh(v2)      0.8004990218   1

The gradient is the derivative of the result by the node.
"""


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what the command line prints for arguments that are in order."""

    def run(*arguments: str) -> str:
        assert main(arguments) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what it says, on the standard error, to arguments that are not."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        captured = capsys.readouterr()
        assert caught.value.code == 2
        assert captured.out == ""
        prefix = "python -m autograd: error: "
        assert captured.err.startswith(prefix)
        return captured.err.removeprefix(prefix)

    return run


def test_an_expression_is_shown_as_a_table(said: Callable[..., str]) -> None:
    assert said("tanh(w*x + b)", "w=0.5", "x=2", "b=0.1") == NEURON


def test_the_module_runs_as_a_command(
    run_python: Callable[..., CompletedProcess[str]],
) -> None:
    done = run_python("-m", "autograd", "tanh(w*x + b)", "w=0.5", "x=2", "b=0.1")
    assert (done.returncode, done.stdout, done.stderr) == (0, NEURON, "")
    done = run_python("-m", "autograd", "tanh(w")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_local_derivatives_are_shown_when_asked_for(said: Callable[..., str]) -> None:
    table = said("x*y + x", "x=2", "y=3", "--partials")
    assert "local derivatives" in table
    assert "by x: 3, by y: 2" in table


def test_a_graph_is_drawn_when_asked_for(
    said: Callable[..., str], tmp_path: Path
) -> None:
    target = tmp_path / "graph.svg"
    assert said("x*y", "x=2", "--draw", str(target), "y=3").endswith(f"in {target}\n")
    assert "v1 = x * y" in target.read_text(encoding="utf-8")


def test_steps_have_names_that_no_variable_has(said: Callable[..., str]) -> None:
    table = said("(v1 + v3) * v1 + 1", "v1=1", "v3=2")
    names = [line.split()[0] for line in table.splitlines()[3:8]]
    assert names == ["v1", "v3", "v2", "v4", "v5"]


def test_the_value_of_a_variable_may_be_computed(said: Callable[..., str]) -> None:
    assert said("sin(x)", "x=pi/2").startswith("sin(x) = 1.0\n")
    assert said("a + b", "a=1_000", "b=-1e3").startswith("a + b = 0.0\n")


def test_an_expression_may_begin_with_a_minus(said: Callable[..., str]) -> None:
    assert said("-x**2", "x=3").startswith("-x**2 = -9.0\n")


def test_a_constant_has_no_gradient(said: Callable[..., str]) -> None:
    assert said("2*pi").startswith("2*pi = 6.283185307179586\n")
    assert "no gradient" in said("x > 1", "x=2")


def test_a_variable_alone_has_the_gradient_one(said: Callable[..., str]) -> None:
    assert said("x", "x=2").splitlines()[3].split() == ["x", "2", "1"]


def test_a_branch_that_is_not_taken_has_no_gradient(said: Callable[..., str]) -> None:
    rows = said("x if x > y else -y", "x=2", "y=1").splitlines()
    assert rows[3].split() == ["x", "2", "1"]
    assert rows[4].split() == ["y", "1", "0"]


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert '"tanh(w*x + b)" w=0.5 x=2 b=0.1 --draw' in capsys.readouterr().out


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"scalar-autograd {autograd.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "named", "instead"),
    [
        (["x*y", "x=1"], "no value for y", "y=1.0"),
        (["foo(x)", "x=1"], "no function foo", "did you mean"),
        (["x.data", "x=1"], "'x.data' is an attribute", "not possible"),
        (["__import__('os').system('ls')"], "is an attribute", "not possible"),
        (["lambda: 1"], "'lambda: 1'", "consists of numbers"),
        (["'text'"], "is not a real number", "0.5"),
        (["tanh(x=1)"], "'tanh(x=1)'", "by its place"),
        (["-" * 300 + "x", "x=1"], "200 levels deep", "fsum([x, y, z])"),
        (["9**9**9"], "9**9**9", "range"),
        (["log(x)", "x=-1"], "log(x) at x = -1.0", ""),
        (["1/x", "x=0"], "1.0 / x at x = 0.0", "division"),
        (["tanh(x, 1)", "x=1"], "tanh()", "not 2"),
        (["x", "x=abc"], "the value of x, 'abc', is not a number", "x=0.5"),
        (["x", "x="], "the value of x, '', is not a number", "x=0.5"),
        (["x", "x=y"], "the value of x, 'y', is not a number", "x=0.5"),
        (["x", "x=1", "y=2"], "y is given a value", "leave it out"),
        (["x", "x=1", "x=2"], "x is given a value twice", "once"),
        (["x", "x", "=", "2"], "'x' is no variable", "x=0.5, without spaces"),
        (["w*x", "+", "b"], "'+' is no variable", "quotation marks"),
        (["x", "2x=1"], "'2x' cannot be", "like x or w1"),
        (["x", "if=1"], "'if' cannot be", "means something in Python"),
        (["x=1", "x"], "'x=1' is a variable", '"w*x" w=2 x=3'),
        (["2*x\udcff", "x=1"], "has '\\udcff', which is no character", "UTF-8"),
        (["x", "x=\udcff"], "is not a number", "x=0.5"),
        (["x", "\udcff=1"], "cannot be the name of a variable", "like x or w1"),
        (["audit", "\udcff"], "there is no row", ""),
        ([""], "empty", "tanh(w*x + b)"),
        (["2", "--draw", "a.svg"], "2 is a constant", "leave --draw out"),
        (["x", "x=1", "--draw"], "--draw", "--help"),
        (["x", "x=1", "--draw", "a.jpg"], "'a.jpg'", ".svg"),
        (["x", "x=1", "--draw", "a"], "'a'", ".svg"),
        (["x", "x=1", "--foo"], "--foo", "--help"),
        (["x", "x=1", "--out", "d"], "--out", "--draw"),
        (["--partials"], "--partials belongs to an expression", '"w*x" w=2 x=3'),
        (["--draw", "a.svg"], "--draw belongs to an expression", '"w*x" w=2 x=3'),
    ],
)  # fmt: skip
def test_bad_input_gets_one_line(
    arguments: list[str], named: str, instead: str, refused: Callable[..., str]
) -> None:
    message = refused(*arguments)
    assert named in message
    assert instead in message
    assert message.count("\n") == 1


def test_a_file_that_cannot_be_written_is_named(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    target = tmp_path / "absent" / "graph.svg"
    message = refused("x", "x=1", "--draw", str(target))
    assert message.startswith(f"{target}: cannot write")
    assert message.count("\n") == 1


def test_the_tour_into_a_place_that_cannot_be_written_gets_one_line(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    message = refused("--out", str(file))
    assert str(file) in message
    assert "--out DIR" in message
    assert message.count("\n") == 1


def test_a_syntax_error_is_pointed_at(refused: Callable[..., str]) -> None:
    _, text, caret = refused("(x + 2) x", "x=1").splitlines()
    assert text.strip() == "(x + 2) x"
    assert caret.index("^") in range(text.index("("), text.rindex("x") + 1)


def test_in_a_long_expression_the_place_of_the_error_is_shown(
    refused: Callable[..., str],
) -> None:
    _, text, caret = refused("x + " * 100 + "1 1", "x=1").splitlines()
    assert len(text) < 80
    assert text[caret.index("^")] == "1"


def test_an_interrupted_tour_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_out: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("autograd.tour.tour", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == "\n"


def test_the_audit_prints_a_line_for_each_row_named_and_the_figures_of_all(
    said: Callable[..., str],
) -> None:
    text = said("audit", "tanh", "sech_squared", "--points", "5")
    _, heading, tanh, sech, blank, _, together, public, helper = text.splitlines()
    assert heading.split()[:2] == ["row", "points"]
    assert [tanh.split()[:2], sech.split()[:2]] == [
        ["tanh", "15"],
        ["sech_squared", "15"],
    ]
    assert blank == ""
    assert together.startswith("all rows")
    assert public.split()[:5] == ["public", "rows", "1", "15", "0"]
    assert helper.split()[:5] == ["helper", "rows", "1", "15", "0"]


def test_a_row_s_line_is_printed_before_the_next_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reports(names: list[str], *, points: int) -> Iterator[str]:
        assert (names, points) == (["tanh", "exp"], 7)
        yield "the first line"
        assert capsys.readouterr().out.endswith("the first line\n")
        raise KeyboardInterrupt

    monkeypatch.setattr("autograd.__main__.measure", reports)
    assert main(["audit", "tanh", "exp", "--points=7"]) == 130


def test_without_names_the_audit_is_of_the_whole_table(
    monkeypatch: pytest.MonkeyPatch, said: Callable[..., str]
) -> None:
    def reports(names: list[str]) -> list[Report]:
        assert names == []
        return [Report(TABLE["exp"]), Report(TABLE["greater"])]

    monkeypatch.setattr("autograd.__main__.measure", reports)
    assert "exp" in said("audit")


def test_a_variable_may_be_called_audit(said: Callable[..., str]) -> None:
    assert said("audit", "audit=2").startswith("audit = 2.0\n")
    assert said("audit * 2", "audit=2").startswith("audit * 2 = 4.0\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["audit", "tahn"], "there is no row 'tahn' in the table; similar are"),
        (["audit", "x=2"], "there is no row 'x=2' in the table"),
        (["audit", "tanh", "--points", "0"], "at 1 point or more, not at 0"),
        (["audit", "tanh", "--points", "few"], "invalid int value: 'few'"),
        (["audit", "tanh", "--partials"], "--partials does not belong to the audit"),
        (["audit", "--out", "there"], "--out does not belong to the audit"),
        (["x", "x=2", "--points", "3"], "--points belongs to the audit: write audit"),
        (["--points", "3"], "--points belongs to the audit: write audit"),
    ],
)
def test_what_the_audit_cannot_do_gets_one_line(
    refused: Callable[..., str], arguments: list[str], words: str
) -> None:
    message = refused(*arguments)
    assert words in message
    assert message.count("\n") == 1


def test_the_audit_without_mpmath_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    message = refused("audit", "tanh")
    assert "mpmath, which is not installed: pip install mpmath" in message
    assert message.count("\n") == 1
