"""Run the examples in all docstrings, in either form, and those of the README.

A compiled module hides its docstrings' places from doctest's finder, so they are read
from the source beside it and run with the names of the module that was imported.
"""

from __future__ import annotations

import ast
import doctest
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).parent.parent
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples_of(package: str) -> list[doctest.DocTest]:
    spec = find_spec(package)
    assert spec
    assert spec.origin
    top = Path(spec.origin).parent
    found = []
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        if module == "autograd._build_hook":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, DOCUMENTED):
                continue
            text = ast.get_docstring(node) or ""
            if ">>>" in text:
                name = f"{module}.{getattr(node, 'name', '')}".rstrip(".")
                line = node.body[0].lineno - 1
                test = doctest.DocTestParser().get_doctest(
                    text, {"__name__": module}, name, str(path), line
                )
                found.append(test)
    return found


EXAMPLES = [*examples_of("autograd"), *examples_of("nn")]


def run(example: doctest.DocTest) -> str:
    report: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.name}:{e.lineno}")
def test_the_example_in_a_docstring_does_what_it_says(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # an example may write a file
    module = example.globs["__name__"]
    # A compiled module does not show what it has imported as C.
    public = {name: getattr(autograd, name) for name in autograd.__all__}
    example.globs = public | vars(import_module(module)) | {"__name__": module}
    assert run(example) == ""


def test_docstrings_of_compiled_modules_are_among_those_that_run() -> None:
    assert any(e.name.startswith("autograd.value.") for e in EXAMPLES)


PAGES = [ROOT / "README.md", *sorted(ROOT.joinpath(".github").glob("*.md"))]
# What needs other engines runs in tests/test_machines.py, where they are installed.
RUN_HERE = [page for page in PAGES if page.name != "MACHINES.md"]


def test_a_wrong_example_is_caught() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", "", 0)
    assert "Expected:\n    3\nGot:\n    2" in run(wrong)


def test_what_pages_link_to_is_there() -> None:
    for page in PAGES:
        links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        missing = [link for link in links if not page.parent.joinpath(link).exists()]
        assert not missing, page


def test_the_readme_is_read_in_minutes() -> None:
    assert len(ROOT.joinpath("README.md").read_text(encoding="utf-8").split()) <= 900


def _numbers(words: str) -> list[float]:
    """Return the numbers that words begin with, up to a comma."""
    try:
        return [float(word) for word in words.partition(", ")[0].split()]
    except ValueError:
        return []


@pytest.mark.parametrize("page", RUN_HERE, ids=lambda page: page.name)
def test_the_python_in_a_page_runs_and_prints_what_is_beside_it(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = page.read_text(encoding="utf-8").split("```python\n")
    printed: list[str] = []
    names: dict[str, object] = {
        "__name__": "page",
        "print": lambda *words: printed.append(" ".join(map(str, words))),
    }
    for number, block in enumerate(blocks[1:], start=1):
        code, where = block.split("```")[0], f"{page.name} block {number}"
        if ">>>" in code:
            example = doctest.DocTestParser().get_doctest(
                code, names, where, page.name, 0
            )
            assert run(example) == ""
            continue
        printed.clear()
        source = tmp_path / f"block_{number}.py"  # what is lifted is read again
        source.write_text(code, encoding="utf-8")
        exec(compile(code, str(source), "exec"), names)  # noqa: S102
        lines = [line for line in code.splitlines() if line.startswith("print(")]
        for line, words in zip(lines, printed, strict=True):
            beside = _numbers(line.rpartition("# ")[2])
            if beside:  # to as many digits as are written; libms differ
                assert _numbers(words) == pytest.approx(beside, rel=1e-14), line
