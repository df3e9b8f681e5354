from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import distribution, metadata
from importlib.util import source_hash
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from work import calls_of

import autograd
from autograd import _form

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.config import Config

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parent.parent
PACKAGES = Path(autograd.__file__).parent.parent
SHOW = "import autograd; print(autograd.COMPILED, autograd.__file__)"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what the builds read: they leave a cache of bytecode behind."""
    copy = tmp_path / "checkout"
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("autograd", "nn"):
        shutil.copytree(ROOT / name, copy / name, ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy)
    return copy


def hatch(
    checkout: Path, target: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", "out"]
    skip = {"PYTHONPATH", "SCALAR_AUTOGRAD_ADDRESS", "SCALAR_AUTOGRAD_BUILD", "CC"}
    outside = {name: value for name, value in os.environ.items() if name not in skip}
    return subprocess.run(
        command,
        cwd=checkout,
        env=outside | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def build(
    checkout: Path, target: str = "wheel", **environment: str
) -> tuple[Path, list[str]]:
    """Build an archive; return it and the lines that were said on the way."""
    shown = hatch(checkout, target, environment)
    assert shown.returncode == 0, shown.stderr
    (archive,) = checkout.joinpath("out").iterdir()
    return archive, shown.stderr.splitlines()


def names_in(archive: Path) -> set[str]:
    if archive.suffix == ".whl":
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}


def extensions(names: set[str]) -> set[str]:
    return {name for name in names if name.endswith(tuple(EXTENSION_SUFFIXES))}


def installed(wheel: Path, place: Path) -> Path:
    shutil.unpack_archive(wheel, place, "zip")
    return place


# The wheel that is installed


def test_a_program_outside_the_checkout_gets_the_form_under_test(
    run_python: Run,
) -> None:
    shown = run_python("-c", SHOW)
    assert shown.stdout == f"{autograd.COMPILED} {autograd.__file__}\n"


def test_the_installed_wheel_holds_the_two_packages_and_their_types_alone(
    pytestconfig: Config,
) -> None:
    if pytestconfig.getoption("form") == "checkout":
        pytest.skip("the checkout is under test, not a wheel")
    files = distribution("scalar-autograd").files or ()
    names = {file.as_posix() for file in files}
    tops = {name.partition("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"autograd", "nn"}
    assert {"autograd/py.typed", "nn/py.typed", "autograd/_built.py"} <= names
    assert not {n for n in names if n.endswith((".c", ".html", "_build_hook.py"))}


def test_the_distribution_says_who_it_is(pytestconfig: Config) -> None:
    if pytestconfig.getoption("form") == "checkout":
        pytest.skip("the checkout is under test, not a wheel")
    data = metadata("scalar-autograd")
    assert data["Version"] == autograd.__version__
    assert data["License-Expression"] == "MIT"
    assert data["License-File"] == "LICENSE"
    extras = data.get_all("Provides-Extra") or []
    assert set(extras) == {
        "draw", "jit", "notebook", "safetensors", "sklearn", "all",
    }  # fmt: skip


# The wheels that are built


@pytest.mark.shared
def test_a_source_distribution_holds_sources_and_no_tests(checkout: Path) -> None:
    checkout.joinpath("autograd", "value.c").touch()
    archive, _ = build(checkout, "sdist")
    names = names_in(archive)
    assert {"autograd/py.typed", "nn/py.typed", "autograd/_build_hook.py"} <= names
    assert not {n for n in names if n.endswith(".c") or n.startswith("tests")}


def description(archive: Path) -> str:
    with tarfile.open(archive) as tar:
        (name,) = [name for name in tar.getnames() if name.endswith("/PKG-INFO")]
        file = tar.extractfile(name)
        assert file
        return file.read().decode().partition("\n\n")[2]


@pytest.mark.shared
def test_the_readme_is_the_description_as_it_stands(checkout: Path) -> None:
    archive, _ = build(checkout, "sdist")
    readme = ROOT.joinpath("README.md").read_text(encoding="utf-8")
    assert description(archive).strip() == readme.strip()


@pytest.mark.shared
def test_where_the_files_beside_the_readme_are_is_what_its_links_lead_to(
    checkout: Path,
) -> None:
    address = "https://example.org/someone/scalar-autograd"
    archive, _ = build(checkout, "sdist", SCALAR_AUTOGRAD_ADDRESS=f"{address}/")
    text = description(archive)
    assert f"]({address}/raw/HEAD/.github/stepper.png)" in text
    assert f"]({address}/blob/HEAD/notebooks/10_a_language_model.ipynb)" in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 15
    assert all(link.startswith("https://") for link in links)


@pytest.mark.shared
def test_a_wheel_asked_to_be_pure_works_on_any_machine(
    checkout: Path, run_python: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, _ = build(checkout, SCALAR_AUTOGRAD_BUILD="pure")
    assert wheel.name.endswith("-py3-none-any.whl")
    place = installed(wheel, checkout / "place")
    monkeypatch.setenv("PYTHONPATH", str(place))
    shown = run_python("-c", SHOW)
    assert shown.stdout == f"False {place / 'autograd' / '__init__.py'}\n"


@pytest.mark.shared
def test_without_a_compiler_the_wheel_is_pure_and_one_line_says_so(
    checkout: Path, run_python: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, lines = build(checkout, CC="/bin/false")
    assert sum("installs as pure Python" in line for line in lines) == 1
    assert wheel.name.endswith("-py3-none-any.whl")
    monkeypatch.setenv("PYTHONPATH", str(installed(wheel, checkout / "place")))
    code = "from autograd import COMPILED, _form; print(COMPILED, _form.why_pure())"
    shown = run_python("-c", code)
    assert shown.stdout.startswith("False ")
    assert "/bin/false" in shown.stdout
    # Installers hide what a build says, so the first import says it, and no other.
    assert "several times slower" in shown.stderr
    assert "/bin/false" in shown.stderr
    assert run_python("-c", code).stderr == ""


@pytest.mark.shared
def test_a_build_that_must_compile_fails_where_it_cannot(checkout: Path) -> None:
    checkout.joinpath("Cython.py").write_text('raise ImportError("no Cython here")')
    shown = hatch(checkout, "wheel", {"SCALAR_AUTOGRAD_BUILD": "compiled"})
    assert shown.returncode != 0
    assert "no Cython here" in shown.stderr
    assert "Install a C compiler" in shown.stderr


@pytest.mark.shared
def test_an_unknown_form_is_refused(checkout: Path) -> None:
    shown = hatch(checkout, "wheel", {"SCALAR_AUTOGRAD_BUILD": "fast"})
    assert shown.returncode != 0
    assert "is 'fast'; write auto, compiled or pure" in shown.stderr


def hasty(place: Path) -> dict[str, str]:
    """Return what makes a build quick: a compiler that does not optimise."""
    compiler = shutil.which("cc")
    if os.name == "nt" or compiler is None:
        return {}
    script = place / "cc"
    script.write_text(f'#!/bin/sh\nexec {compiler} "$@" -O0\n')
    script.chmod(0o755)
    return {"CC": str(script)}


@pytest.mark.shared
def test_an_editable_install_is_compiled_until_a_source_is_edited(
    checkout: Path, tmp_path: Path, run_python: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, _ = build(checkout, "wheel:editable", **hasty(tmp_path))
    site = tmp_path / "site"
    shutil.unpack_archive(wheel, site, "zip")
    assert not extensions({str(path) for path in checkout.rglob("*")})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (checkout, site))))
    shown = run_python("-c", SHOW)
    assert shown.stdout.startswith(f"True {checkout}")
    assert shown.stderr == ""
    with checkout.joinpath("autograd", "walk.py").open("a") as source:
        source.write("# edited\n")
    first, second = (run_python("-c", SHOW) for _ in range(2))
    assert first.stdout == second.stdout == shown.stdout.replace("True", "False")
    assert "autograd/walk.py is not what it was when it was compiled" in first.stderr
    assert second.stderr == ""
    # What was compiled for another Python is left alone.
    for extension in extensions({str(path) for path in site.rglob("*")}):
        Path(extension).rename(f"{extension}.other")
    checkout.joinpath("autograd", "walk.py").write_bytes(
        ROOT.joinpath("autograd", "walk.py").read_bytes()
    )
    assert run_python("-c", SHOW).stdout.startswith("False ")
    # A wheel that is built there later is none of that.
    shutil.rmtree(checkout / "out")
    wheel, _ = build(checkout, SCALAR_AUTOGRAD_BUILD="pure")
    assert "_told" not in "".join(names_in(wheel))
    assert "editable" not in zipfile.ZipFile(wheel).read("autograd/_built.py").decode()


# The compiled form is that of the source


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the packages under test where they may be tampered with."""
    place = tmp_path / "copy"
    shutil.copytree(PACKAGES / "autograd", place / "autograd")
    monkeypatch.setenv("PYTHONPATH", str(place))
    return place


def pretend_to_compile(place: Path, **digests: bytes) -> None:
    """Leave an empty extension module beside context.py, and nowhere else."""
    for extension in extensions({str(path) for path in place.rglob("*")}):
        Path(extension).unlink()
    package = place / "autograd"
    package.joinpath(f"context{EXTENSION_SUFFIXES[0]}").touch()
    made_of = {f"autograd/{name}.py": digest for name, digest in digests.items()}
    package.joinpath("_built.py").write_text(f"DIGESTS = {made_of!r}\n")


@pytest.mark.skipif(not autograd.COMPILED, reason="the form under test is the source")
def test_an_edited_source_is_not_shadowed_by_its_compiled_form(
    copy: Path, run_python: Run
) -> None:
    assert run_python("-c", SHOW).stdout.startswith("True ")
    with copy.joinpath("autograd", "value.py").open("a") as source:
        source.write("# edited\n")
    shown = run_python("-c", SHOW)
    assert "it was made of an earlier text" in shown.stderr
    assert "pip install ." in shown.stderr


@pytest.mark.parametrize(
    ("digests", "reason"),
    [
        ({}, "the build did not make it"),
        ({"context": b"of another text"}, "it was made of an earlier text"),
    ],
)
def test_a_compiled_form_of_unknown_descent_is_refused(
    copy: Path, run_python: Run, digests: dict[str, bytes], reason: str
) -> None:
    pretend_to_compile(copy, **digests)
    shown = run_python("-c", SHOW)
    assert "ImportError" in shown.stderr
    assert reason in shown.stderr


def test_a_compiled_form_of_this_source_is_let_in(copy: Path, run_python: Run) -> None:
    source = copy.joinpath("autograd", "context.py").read_bytes()
    pretend_to_compile(copy, context=source_hash(source))
    # An empty file is no extension module, so importing it is left out here.
    code = f"import sys; sys.modules['autograd.context'] = sys; {SHOW}"
    assert "_form.py" not in run_python("-c", code).stderr


def test_looking_for_stale_forms_is_little_work() -> None:
    calls, _ = calls_of(_form.refuse_stale)
    assert calls < 5_000
