from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

import autograd
from autograd import tour

if TYPE_CHECKING:
    from pathlib import Path

# Computed with mpmath to 40 digits, and rounded to 15.
DATA = {
    "z1[1]": 0.410000000000000,
    "z1[2]": 0.470000000000000,
    "h[1]": 0.601087878848370,
    "h[2]": 0.615383756391182,
    "z2": 1.09142135678285,
    "y": 0.748649277854203,
    "loss": 0.00263689666489487,
}
GRAD = {
    "y": -0.102701444291594,
    "z2": -0.0193256939885965,
    "h[1]": -0.0115954163931579,
    "h[2]": -0.0135279857920176,
    "z1[1]": -0.00278036332976357,
    "z1[2]": -0.00320189280992073,
    "W1[1,1]": -0.00139018166488179,
    "W1[1,2]": -0.00160094640496037,
    "W1[2,1]": -0.000834108998929071,
    "W1[2,2]": -0.00096056784297622,
    "b1[1]": -0.00278036332976357,
    "b1[2]": -0.00320189280992073,
    "W2[1]": -0.0116164404068782,
    "W2[2]": -0.011892718161569,
    "b2": -0.0193256939885965,
}
FILES = ("worked-example.svg", "moons-boundary.png", "moons-loss.png")


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Take the tour as a person does, once; return what it says and where it was."""
    place = tmp_path_factory.mktemp("tour")
    command = [sys.executable, "-P", "-m", "autograd"]
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "epoch/s" in done.stderr
    return done.stdout, place / "autograd-tour"


@pytest.mark.parametrize("name", DATA)
def test_the_forward_numbers_of_the_worked_example(name: str) -> None:
    # Half a unit of the 15th digit is the last that the pins can tell.
    assert tour.worked_example()[name].data == pytest.approx(DATA[name], rel=5e-15)


@pytest.mark.parametrize("name", GRAD)
def test_the_gradients_of_the_worked_example(name: str) -> None:
    assert tour.worked_example()[name].grad == pytest.approx(GRAD[name], rel=5e-15)


def test_the_tour_shows_the_right_numbers_beside_the_printed_ones(
    taken: tuple[str, Path],
) -> None:
    lines = [line.split() for line in taken[0].splitlines()]
    ends = [line[-2:] for line in lines]
    for printed, right in (
        ("0.31", "0.410000"), ("0.29", "0.470000"), ("0.57", "0.601088"),
        ("0.57", "0.615384"), ("0.67", "0.748649"), ("0.017", "0.002637"),
        ("0.71", "1.091421"), ("-0.05", "-0.019326"), ("-0.01", "-0.011595"),
        ("-0.01", "-0.013528"), ("-0.03", "-0.011616"), ("-0.04", "-0.011893"),
    ):  # fmt: skip
        assert [printed, right] in ends
    for right in ("-0.002780", "-0.003202"):  # by the inputs, which are not printed
        assert any(line[-1:] == [right] for line in lines)
    for name in tour.PARAMETERS:
        gradient = f"{GRAD[name]:.8f}"
        after = f"{tour.PARAMETERS[name] - 0.1 * GRAD[name]:.8f}"
        assert any(x[:1] == [name] and x[2:] == [gradient, after] for x in lines)


def test_the_tour_learns_moons_and_digits(taken: tuple[str, Path]) -> None:
    shares = [float(share) for share in re.findall(r"([\d.]+)% of the", taken[0])]
    moons, zeros_and_ones, *all_ten = shares
    assert moons >= 99.0
    assert zeros_and_ones >= 99.0
    assert len(all_ten) == autograd.COMPILED
    assert all(share > 95.0 for share in all_ten)
    assert len(re.findall(r"epochs in [\d.]+ s", taken[0])) == len(shares)


def test_the_tour_names_the_files_that_it_wrote(taken: tuple[str, Path]) -> None:
    said, place = taken
    written = said.partition("Written:")[2]
    assert sorted(path.name for path in place.iterdir()) == sorted(FILES)
    for name in FILES:
        assert f"autograd-tour/{name} " in written.replace("\\", "/")
    assert (place / FILES[0]).read_text(encoding="utf-8").startswith("<svg")
    for name in FILES[1:]:
        assert (place / name).read_bytes().startswith(b"\x89PNG")


def test_the_tour_says_what_to_install_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = {"sklearn", "tqdm"}
    monkeypatch.setattr(
        "autograd.tour.find_spec",
        lambda name: None if name in absent else find_spec(name),
    )
    with pytest.raises(ModuleNotFoundError) as caught:
        tour.tour(tmp_path / "pictures")
    assert "scikit-learn and tqdm" in str(caught.value)
    assert 'pip install "scalar-autograd[draw,notebook]"' in str(caught.value)
    assert not (tmp_path / "pictures").exists()


def test_a_folder_that_cannot_be_written_is_found_before_the_work_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "below"):
        with pytest.raises(OSError, match="--out DIR"):
            tour.tour(out)
    assert capsys.readouterr().out == ""
