"""Modules imported a second time, lifted as a whole, beside their originals."""

from __future__ import annotations

import colorsys
import math
import pickle
import sys
import traceback
from pathlib import Path

import pytest

from autograd import Value, grad, jit, lift

FILES = {
    "__init__.py": """
        from .shapes import Kind, MISSING, area, TooBig
        from . import curves
        __version__ = "1"
        """,
    "shapes.py": """
        import math
        import enum
        import functools
        from dataclasses import dataclass

        MISSING = object()
        limit = float


        class Kind(enum.Enum):
            ROUND = 1
            SQUARE = 2


        class TooBig(ValueError):
            pass


        class Circle:
            def __init__(self, r):
                self.__r = float(r)

            @property
            def area(self):
                return math.pi * math.pow(self.__r, 2)

            def __add__(self, other):
                return Circle(math.hypot(self.__r, other.__r))

            def __lt__(self, other):
                return self.area < other.area


        @dataclass
        class Box:
            a: float
            b: float = 2.0

            def diagonal(self):
                return math.sqrt(self.a ** 2 + self.b ** 2)


        def area(kind, x, scale=MISSING):
            if scale is MISSING:
                scale = 1.0
            if limit(x) > 100:
                raise TooBig(x)
            if kind is Kind.ROUND:
                return (Circle(x) + Circle(1.0)).area * scale
            return Box(x).diagonal() * scale


        def is_circle(x):
            return isinstance(x, Circle)


        @functools.lru_cache
        def cached(x):
            return math.exp(x)
        """,
    "curves.py": """
        from __future__ import annotations
        from math import *
        from .shapes import cached
        try:
            import numba
        except ImportError:
            numba = None

        calls = 0

        def curve(x: float, n: int = 3) -> float:
            global calls
            calls += 1
            return sum(sin(k * x) / factorial(k) for k in range(1, n)) + cached(x)

        def fails(x):
            y = log(x - 5.0)
            return y

        def bent(x):
            if isinstance(x, (int, float)) and x > 1.0:
                y = exp(x)
            else:
                y = float(x) * 3.0
            return y
        """,
    "needy.py": """
        import math
        from numba import njit

        @njit
        def f(x):
            return math.exp(x)
        """,
    "typed.py": """
        import importlib
        import math
        import sys
        from numba import boolean, float64, njit, vectorize

        @njit(float64(float64, float64[:]), fastmath=True)
        def f(x, rest):
            return math.exp(x) * rest[0]

        @vectorize([float64(float64)])
        def g(x):
            return f(x, [2.0])

        def above_zero(x):
            return x > 0

        named = njit(boolean(float64))(above_zero)
        setattr(sys.modules["lib_to_lift.typed"], "made", lambda x: g(x) + 1.0)

        class Own:
            pass

        def home():
            return Own.__module__, importlib.import_module("lib_to_lift.shapes").area
        """,
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    import inspect

    folder = tmp_path_factory.mktemp("site")
    package = folder / "lib_to_lift"
    package.mkdir()
    for name, text in FILES.items():
        package.joinpath(name).write_text(inspect.cleandoc(text) + "\n")
    sys.path.insert(0, str(folder))
    yield "lib_to_lift"
    sys.path.remove(str(folder))


def both(name):
    import importlib

    return importlib.import_module(name), lift(name)


def test_the_twin_is_another_module_of_the_same_file(library):
    original, twin = both(library)
    assert twin is not original
    assert twin.__file__ == original.__file__
    assert twin.area is not original.area
    assert lift(original) is twin
    assert sys.modules[library] is original


def test_what_a_twin_computes_is_what_the_original_computes(library):
    original, twin = both(library)
    for kind in original.Kind:
        for x in (0.5, 2.0):
            assert twin.area(kind, x) == original.area(kind, x)
            h = 1e-6
            slope = (original.area(kind, x + h) - original.area(kind, x - h)) / (2 * h)
            assert grad(lambda t, k=kind: twin.area(k, t))(x) == pytest.approx(slope)
    assert grad(twin.curves.curve)(0.5) == pytest.approx(
        math.cos(0.5) + math.cos(1.0) + math.exp(0.5)
    )


def test_enumerations_markers_and_exceptions_are_the_same_in_both(library):
    original, twin = both(library)
    assert twin.Kind is original.Kind
    assert twin.MISSING is original.MISSING
    assert twin.area(twin.Kind.SQUARE, 1.0, original.MISSING) == math.sqrt(5.0)
    with pytest.raises(original.TooBig):
        twin.area(twin.Kind.ROUND, Value(200.0))


def test_objects_of_the_original_are_known_to_the_twin(library):
    original, _ = both(f"{library}.shapes")
    twin = lift(f"{library}.shapes")
    assert twin.is_circle(original.Circle(1.0))
    assert twin.is_circle(twin.Circle(Value(1.0)))
    assert not twin.is_circle(1.0)


def test_both_have_globals_of_their_own(library):
    original, twin = both(f"{library}.curves")
    before = original.calls
    twin.curve(Value(1.0))
    assert twin.calls > 0
    assert original.calls == before


def test_the_traceback_of_a_twin_names_the_same_lines(library):
    original, twin = both(f"{library}.curves")
    lines = []
    for f, x in ((original.fails, 1.0), (twin.fails, 1.0), (twin.fails, Value(1.0))):
        with pytest.raises(ValueError, match="math domain error") as caught:
            f(x)
        frames = traceback.extract_tb(caught.tb)
        lines.append([(f.filename, f.lineno) for f in frames if f.name == "fails"])
    assert lines[0] == lines[1] == lines[2] != []


def test_what_a_twin_has_pickles_by_its_name(library, run_python, tmp_path):
    _, twin = both(library)
    assert pickle.loads(pickle.dumps(twin.area)) is twin.area  # noqa: S301
    file = tmp_path / "f.pickle"
    file.write_bytes(pickle.dumps(twin.curves.curve))
    folder = str(Path(twin.__file__).parent.parent)
    code = (
        f"import sys, pickle; sys.path.insert(0, {folder!r})\n"
        "from autograd import grad\n"
        f"print(grad(pickle.load(open({str(file)!r}, 'rb')))(0.5))"
    )
    shown = run_python("-c", code)
    assert float(shown.stdout) == grad(twin.curves.curve)(0.5)


def test_the_branches_of_a_twin_are_data_as_those_of_any_function(library):
    g = jit(grad(lift(f"{library}.curves").bent))
    assert g(2.0) == math.exp(2.0)
    assert g(0.5) == 3.0
    assert len(g.programs) == 1
    assert g.why_eager == ""


def test_numba_is_absent_or_does_nothing(library):
    twin = lift(f"{library}.curves")
    assert twin.numba is None
    loader = lift(f"{library}.shapes").__spec__.loader
    assert type(loader).__module__ == "autograd.lifting.twins"


@pytest.fixture
def as_if_numba_were_there(monkeypatch):
    from autograd.lifting.twins import NUMBA

    monkeypatch.setitem(sys.modules, "numba", NUMBA)


@pytest.mark.usefixtures("as_if_numba_were_there")
def test_numba_with_signatures_does_nothing_either(library):
    twin = lift(f"{library}.typed")
    assert grad(twin.made)(0.5) == pytest.approx(2.0 * math.exp(0.5))
    assert twin.named(Value(1.0))


@pytest.mark.usefixtures("as_if_numba_were_there")
def test_a_twin_finds_itself_by_the_name_of_the_original(library):
    twin = lift(f"{library}.typed")
    home, area = twin.home()
    assert home == f"{library}.typed"
    assert area is lift(f"{library}.shapes").area


def test_what_is_compiled_beside_its_source_has_a_twin(tmp_path):
    from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec

    from autograd.lifting.twins import _source_of

    (tmp_path / "fast.py").write_text("def f(x):\n    return x * x\n")
    compiled = str(tmp_path / f"fast{EXTENSION_SUFFIXES[0]}")
    loader = ExtensionFileLoader("pack.fast", compiled)
    spec = ModuleSpec("pack.fast", loader, origin=compiled)
    assert _source_of(spec) == str(tmp_path / "fast.py")
    (tmp_path / "fast.py").unlink()
    assert _source_of(spec) is None


def test_a_module_of_the_standard_library_can_be_lifted():
    twin = lift("colorsys")
    assert twin.rgb_to_hsv(0.4, 0.2, 0.1) == colorsys.rgb_to_hsv(0.4, 0.2, 0.1)
    assert grad(lambda r: twin.rgb_to_hsv(r, 0.2, 0.1)[1])(0.4) == pytest.approx(0.625)


def test_a_module_that_is_not_there_or_has_no_source_says_so():
    with pytest.raises(ModuleNotFoundError, match="No module named 'not_there_at_all'"):
        lift("not_there_at_all")
    with pytest.raises(TypeError, match="no source in Python"):
        lift("math")
