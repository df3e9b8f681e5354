from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import nn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess


def test_another_package_called_autograd_is_named_with_the_way_to_repair(
    tmp_path: Path, run_python: Callable[..., CompletedProcess[str]]
) -> None:
    other = tmp_path / "autograd"
    other.mkdir()
    other.joinpath("__init__.py").write_text("def grad(f): ...\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import nn"
    done = run_python("-c", code)
    assert done.returncode == 1
    last = done.stderr[done.stderr.index("ImportError: ") :]
    assert "HIPS's autograd" in last
    assert str(other / "__init__.py") in last
    assert "pip uninstall autograd\n" in last
    assert "pip install --force-reinstall --no-deps scalar-autograd\n" in last


def test_every_public_name_is_there_and_documented() -> None:
    assert [name for name in nn.__all__ if not getattr(nn, name).__doc__] == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("MSELoss", "mse_loss"), ("CrossEntropyLoss", "cross_entropy"), ("Mlp", "MLP")],
)
def test_a_name_of_another_library_is_told_by_ours(theirs: str, ours: str) -> None:
    with pytest.raises(AttributeError, match=f"it may be '{ours}'"):
        getattr(nn, theirs)


def test_nn_imports_neither_numpy_nor_tqdm(
    run_python: Callable[..., CompletedProcess[str]],
) -> None:
    code = "import nn, sys; print({'numpy', 'tqdm'} & set(sys.modules))"
    assert run_python("-c", code).stdout == "set()\n"


def test_eager_training_imports_nothing_compiled(
    run_python: Callable[..., CompletedProcess[str]],
) -> None:
    code = (
        "import sys; from nn import MLP, fit, mse_loss; "
        "fit(MLP(1, [1]), [[1.0]], [1.0], loss=mse_loss, progress=False); "
        "print([name for name in sys.modules if name.startswith(('autograd.compiler', "
        "'nn.training.batches', 'nn.training.flat', 'numpy'))])"
    )
    assert run_python("-c", code).stdout == "[]\n"


def test_the_estimators_are_found_after_importing_nn_alone() -> None:
    pytest.importorskip("sklearn")
    assert nn.sklearn.MLPClassifier.__name__ == "MLPClassifier"
