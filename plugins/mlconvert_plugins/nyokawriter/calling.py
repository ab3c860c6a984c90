"""Calling nyoka. It puts folders on the module path, prints, and can raise anything."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.nyokawriter import document
from mlconvert_plugins.nyokawriter.names import TARGET, Names

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

REQUIREMENTS = ("nyoka>=5.5", "defusedxml>=0.7")


@dataclass(frozen=True)
class _Pipeline:
    """All that nyoka asks a scikit-learn pipeline for."""

    steps: list[tuple[str, Any]]


def export(exporter: str, steps: Sequence[Any], names: Names, folder: Path) -> Element:
    """The root of the document that `exporter` (`lgb_to_pmml`, `xgboost_to_pmml`, `skl_to_pmml`) writes.

    Raises ConversionError (`nyoka-refused`, `nyoka-too-deep`) with nyoka's reason.
    """
    path = folder / "nyoka.pmml"
    pipeline = _Pipeline([(f"step{number}", step) for number, step in enumerate(steps)])
    try:
        with _contained():
            getattr(importlib.import_module("nyoka"), exporter)(pipeline, names.stand_ins, TARGET, str(path))
    except RecursionError as error:
        raise ConversionError(
            "a tree is deeper than nyoka can write", code="nyoka-too-deep", where="max_depth",
            fix="convert it with JPMML, without --via",
        ) from error  # fmt: skip
    except Exception as error:  # nyoka's errors have no other base
        reason = f"{type(error).__name__}: {for_terminal(error, 200)}"
        raise ConversionError(
            f"nyoka cannot write {type(steps[-1]).__name__}: {reason}", code="nyoka-refused",
            where=type(steps[-1]).__name__, fix="convert it with JPMML, without --via",
        ) from error  # fmt: skip
    return document.read(path)


@contextlib.contextmanager
def _contained() -> Iterator[None]:
    """Keep what nyoka prints and warns of to itself, and the module path and the modules of others as they were.

    It imports parts of itself as `base`, `skl`, `metadata`, names that belong to whoever comes next.
    """
    path, modules = list(sys.path), set(sys.modules)
    silence = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            sys.path[:] = path
            for name in sys.modules.keys() - modules:
                if _is_stray(name, sys.modules[name]):
                    del sys.modules[name]


def _is_stray(name: str, module: Any) -> bool:
    """Whether a module is a part of nyoka under a name that is not below nyoka's."""
    return name.partition(".")[0] != "nyoka" and "nyoka" in Path(getattr(module, "__file__", None) or "").parts
