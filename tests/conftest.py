"""Choose which form of the engine is tested, and make sure that it is that one.

The project has its packages at the top, so a test run in the checkout would import the
checkout: the sources, never the wheel, never the compiled form. Therefore the root is
kept off sys.path (import mode importlib, and ``pytest`` instead of ``python -m
pytest``), and the option ``--form`` says what is tested:

- ``both`` (the default): ``installed`` and ``interpreted``, at once, a process each;
- ``installed``: the wheel that is installed, whichever form it has;
- ``compiled``: the same, and the run fails if it is not compiled;
- ``interpreted``: the sources out of the installed wheel, alone in a directory that
  goes first on the path of this process and of all it starts, notebooks among them;
- ``checkout``: the sources as they are being edited, for a quick look.

``both`` runs a test that is marked ``shared`` in one form alone, since what it tests
(a source, a notebook, machine code, the accuracy of a formula) is the same in both, or
since random cases are as good in either. The cases of one such test take turns.

A wheel older than the sources beside it stops the run: it would test yesterday's code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from pages import open_page  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
BOTH = ("installed", "interpreted")
FORMS = ("both", *BOTH, "compiled", "checkout")
# Options that ask pytest something, where nothing is run.
QUESTIONS = ("help", "version", "markers", "showfixtures", "collectonly", "cacheshow")
NOTHING = pytest.ExitCode.NO_TESTS_COLLECTED  # the other form has them all
NOT_IN_THE_WHEEL = Path("autograd/_build_hook.py")
# This notebook differentiates libraries that no other part of the project knows.
LIBRARIES, THEIR_NOTEBOOK = ("fluids", "sgp4"), "11_other_peoples_code"
# In the sources' own directory, this makes `import cython` fail as it does for most
# users, so that what is tested is the stand-in, though the tests' venv has Cython.
NO_CYTHON = 'raise ImportError("the interpreted form is tested without Cython")\n'

MSG_NOT_INSTALLED = """\
the wheel is not installed here, so there is nothing to test. Write
    pip install ".[all]" --group test
or test the sources as they are: pytest --form=checkout"""
MSG_ELSEWHERE = """\
`import autograd` finds {found}
where the {form} form is {meant}. Run the script `pytest`, not `python -m pytest`
(which puts the checkout first), and see that PYTHONPATH is empty; or ask for the
checkout: pytest --form=checkout"""
MSG_OLD = """\
the installed wheel is not of these sources: {files}. Write
    pip install .
or test the sources as they are: pytest --form=checkout"""
MSG_OTHER_FORM = """\
--form={form} was asked for, but autograd.COMPILED is {compiled}.
Build again with SCALAR_AUTOGRAD_BUILD=compiled, which says why it cannot compile."""

# The interpreted form is slower; otherwise as hypothesis has it, here or in a CI.
hypothesis.settings.register_profile(
    "any form", hypothesis.settings.default, deadline=None
)
hypothesis.settings.load_profile("any form")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--form", choices=FORMS, default="both", help="the form to test")
    words = "leave to the other form its half of what is shared, as --form=both does"
    parser.addoption("--share", action="store_true", help=words)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Run pytest for each of both forms, with the same options."""
    if config.getoption("form") != "both":
        return None
    if any(getattr(config.option, name, False) for name in QUESTIONS):
        config.option.form = "installed"
        return None
    options = [
        f"-X{k}" if v is True else f"-X{k}={v}" for k, v in sys._xoptions.items()
    ]
    python = [sys.executable, "-P", *options, "-m", "pytest"]
    one, other = (
        [*python, *config.invocation_params.args, f"--form={form}", "--share"]
        for form in BOTH
    )
    if config.getoption("usepdb") or config.getoption("capture") == "no":
        codes = [subprocess.run(form, check=False).returncode for form in (one, other)]
    else:
        codes = _at_once(one, other)
    codes = [code for code in codes if code != NOTHING] or [NOTHING]
    if codes[0] and not codes[-1]:  # the last line is the other's, and says "passed"
        print(f"failed: pytest --form={BOTH[0]}, see above")  # noqa: T201
    return max(codes, key=abs)  # below 0 where a signal ended it


def _at_once(one: list[str], other: list[str]) -> list[int]:
    """Run two commands, each on a core of its own; return their codes.

    What the other prints is shown when the one is done.
    """
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(other, stdin=subprocess.DEVNULL, stdout=printed) as running,
    ):
        code = subprocess.run(one, check=False).returncode
        codes = [code, running.wait()]
        printed.seek(0)
        sys.stdout.buffer.write(printed.read())
        sys.stdout.flush()
    return codes


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    form = config.getoption("form")
    place = ROOT if form == "checkout" else _installed()
    if form == "interpreted":
        place = _sources_alone(place)
        config.add_cleanup(lambda: shutil.rmtree(place))
    if form in {"checkout", "interpreted"}:
        sys.path.insert(0, str(place))
        os.environ["PYTHONPATH"] = str(place)

    meant, spec = place / "autograd" / "__init__.py", find_spec("autograd")
    found = Path(spec.origin) if spec and spec.origin else None
    if found is None or not found.samefile(meant):
        _stop(MSG_ELSEWHERE.format(found=found, form=form, meant=meant))

    import autograd

    if form != "installed" and (form == "compiled") != autograd.COMPILED:
        _stop(MSG_OTHER_FORM.format(form=form, compiled=autograd.COMPILED))


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what the other form runs, and notebooks on libraries that lack."""
    if config.getoption("share"):
        others = _of_the_other(items, BOTH.index(config.getoption("form")))
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    for item in items if missing else ():
        runs = item.path.suffix == ".ipynb" or "test_exercises_" in item.name
        if runs and THEIR_NOTEBOOK in item.nodeid:
            reason = f"not installed: {', '.join(missing)}"
            item.add_marker(pytest.mark.skip(reason=reason))


def _of_the_other(items: list[pytest.Item], turn: int) -> dict[pytest.Item, None]:
    """Return what one form leaves to the other: every second case that is shared."""
    others, cases = {}, Counter[str]()
    for item in items:
        if item.path.suffix == ".ipynb" or item.get_closest_marker("shared"):
            test = item.nodeid.partition("[")[0]
            cases[test] += 1
            if cases[test] % 2 == turn:
                others[item] = None
    return others


def pytest_report_header() -> str:
    import autograd
    from autograd import _form

    if autograd.COMPILED:
        form = "compiled"
    else:
        form = f"interpreted ({_form.why_pure() or 'compiled form left out'})"
    return f"autograd: {form}, COMPILED={autograd.COMPILED}, {autograd.__file__}"


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python on the form under test, from outside the checkout."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def _installed() -> Path:
    """Return the directory of the installed wheel, which is of these sources."""
    try:
        place = Path(str(distribution("scalar-autograd").locate_file("")))
    except PackageNotFoundError:
        _stop(MSG_NOT_INSTALLED)
    if not place.joinpath("autograd", "__init__.py").exists():  # an editable install
        _stop(MSG_NOT_INSTALLED)
    sources = [
        path.relative_to(ROOT)
        for package in ("autograd", "nn")
        for path in ROOT.joinpath(package).rglob("*.py")
    ]
    old = [
        str(path)
        for path in sources
        if path not in {NOT_IN_THE_WHEEL, Path("autograd/_built.py")}
        and not _same(ROOT / path, place / path)
    ]
    if old:
        _stop(MSG_OLD.format(files=", ".join(sorted(old))))
    return place


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _sources_alone(place: Path) -> Path:
    """Copy the packages without their compiled modules; return where they are."""
    alone = Path(tempfile.mkdtemp(prefix="scalar-autograd-"))
    skip = shutil.ignore_patterns("__pycache__", *(f"*{s}" for s in EXTENSION_SUFFIXES))
    for package in ("autograd", "nn"):
        shutil.copytree(place / package, alone / package, ignore=skip)
    alone.joinpath("cython.py").write_text(NO_CYTHON)
    return alone


def _stop(message: str) -> None:
    raise pytest.UsageError(message)


@pytest.fixture(scope="session", autouse=True)
def _programs_are_checked_between_passes() -> None:
    """Have every program checked after each pass of the compiler."""
    from autograd.compiler.passes.pipeline import watchers

    watchers.append(lambda _pass, program: program.check())
