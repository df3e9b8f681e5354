"""Compile the engine while a wheel is being built: Hatchling's build hook.

The engine is Python that runs as it stands. Cython, in pure Python mode, turns the
very same source into an extension several times as fast, so whoever has a C
compiler gets that, and whoever has none gets the source. This file lives in the
package only to keep the top of the project free of a ``setup.py``; it is not part
of the wheel.

Everything happens in a temporary directory: a compiled file left in a checkout would
shadow the source that somebody edits. The wheel also gets ``autograd/_built.py``, which
tells which source each extension was made of; `autograd._form` refuses to import any
other pair, and says once why there is none. An editable install has both in a package
beside the checkout, ``_scalar_autograd``: they are used until a source is edited.

The environment variable ``SCALAR_AUTOGRAD_BUILD`` chooses the form: ``auto`` (the
default: compiled, or else pure, saying why), ``compiled`` (or fail), ``pure``.

PyPI shows the README without the files beside it. ``SCALAR_AUTOGRAD_ADDRESS`` is where
these are, ``https://github.com/owner/name``: then pictures and links in it lead there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from importlib.util import source_hash
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

MODULES = (
    "autograd/primitives/row.py",
    "autograd/primitives/arithmetic.py",
    "autograd/primitives/powers.py",
    "autograd/primitives/elementary.py",
    "autograd/primitives/normal.py",
    "autograd/primitives/special.py",
    "autograd/primitives/activations.py",
    "autograd/primitives/pairs.py",
    "autograd/context.py",
    "autograd/walk.py",
    "autograd/value.py",
    "autograd/dot.py",
    "autograd/adjoints.py",
    "autograd/compiler/record/numbering.py",
    "autograd/compiler/record/ints.py",
    "autograd/compiler/record/mirror.py",
    "autograd/lifting/branches/operations.py",
    "autograd/compiler/machine/ask.py",
    "autograd/compiler/calls/native_cython.py",
)

# The bits must be those of the interpreted form: no fused multiply-add that the
# source did not write, no reordering, nothing that depends on the machine.
FLAGS = (
    ["/O2", "/fp:precise"] if os.name == "nt" else ["-O3", "-g0", "-ffp-contract=off"]
)

BUILT = '''\
"""Written when the wheel was built: what each compiled module was made of."""

DIGESTS = {digests!r}
PURE_BECAUSE = {pure_because!r}
'''
MSG_CHOICE = "SCALAR_AUTOGRAD_BUILD is {!r}; write auto, compiled or pure"
MSG_PURE = "scalar-autograd installs as pure Python (slower, same numbers): {}"
MSG_FAILED = (
    "SCALAR_AUTOGRAD_BUILD=compiled, but the engine does not compile. Install a C "
    "compiler and Python's headers, or leave the variable out to install pure Python."
)
LINK = re.compile(r"(!?)(\[[^\]]*\])\((?!https?:|#)([^)]+)\)")


class AddressTheReadme(MetadataHookInterface):
    """Give the README's pictures and links the address at which they are."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description of the project."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        address = os.environ.get("SCALAR_AUTOGRAD_ADDRESS", "").rstrip("/")
        if address:
            text = LINK.sub(
                lambda found: (
                    f"{found[1]}{found[2]}({address}/"
                    f"{'raw' if found[1] else 'blob'}/HEAD/{found[3]})"
                ),
                text,
            )
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


class CompileTheEngine(BuildHookInterface[Any]):
    """Put the compiled modules, or a word on why there are none, into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is written; ``version`` is "editable" or not."""
        choice = os.environ.get("SCALAR_AUTOGRAD_BUILD") or "auto"
        if choice not in {"auto", "compiled", "pure"}:
            raise ValueError(MSG_CHOICE.format(choice))
        self.scratch = TemporaryDirectory(prefix="scalar-autograd-")
        scratch = Path(self.scratch.name)
        extensions: dict[str, str] = {}
        pure_because = "asked for by SCALAR_AUTOGRAD_BUILD=pure"
        if choice != "pure":
            try:
                extensions = _compile(Path(self.root), scratch)
            except Exception as error:
                if choice == "compiled":
                    raise RuntimeError(MSG_FAILED) from error
                pure_because = shorten(f"{type(error).__name__}: {error}", 120)

        digests = {}
        if extensions:
            pure_because = ""
            build_data.update(pure_python=False, infer_tag=True)
            for module in MODULES:
                digests[module] = source_hash(Path(self.root, module).read_bytes())
        else:
            self.app.display_warning(MSG_PURE.format(pure_because))

        built = scratch / "_built.py"
        built.write_text(BUILT.format(digests=digests, pure_because=pure_because))
        places = {**extensions, str(built): "autograd/_built.py"}
        if version != "editable":
            build_data["force_include"] |= places
            return
        places[str(built)] = "__init__.py"
        beside = {file: f"_scalar_autograd/{place}" for file, place in places.items()}
        build_data["force_include_editable"] |= beside

    def finalize(self, version: str, build_data: dict[str, Any], path: str) -> None:  # noqa: ARG002 (Hatchling's signature)
        """Remove the temporary directory, which the wheel has been read from."""
        self.scratch.cleanup()


def _compile(root: Path, scratch: Path) -> dict[str, str]:
    """Compile in ``scratch``; return path there -> path in the wheel."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    # A relative path, as seen from the wheel's root, is what tracebacks then show,
    # and what Python's linecache finds the line of source by.
    skip = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    shutil.copytree(root / "autograd", scratch / "autograd", ignore=skip)
    with contextlib.chdir(scratch):
        modules = [
            Extension(
                module.removesuffix(".py").replace("/", "."),
                [module],
                extra_compile_args=FLAGS,
            )
            for module in MODULES
        ]
        command = build_ext(
            Distribution({"ext_modules": cythonize(modules, language_level=3)})
        )
        command.build_lib, command.build_temp = "lib", "temp"
        command.parallel = os.cpu_count()
        command.ensure_finalized()
        command.run()
    lib = scratch / "lib"
    return {
        str(file): file.relative_to(lib).as_posix()
        for file in lib.rglob("*")
        if file.is_file()
    }
