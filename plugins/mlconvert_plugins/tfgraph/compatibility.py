"""Whether a TensorFlow loads a SavedModel, by the versions in its header and in TensorFlow's own.

Source: TensorFlow's version compatibility guide ("Data versioning of graphs and checkpoints"), core/public/version.h.
"""

from __future__ import annotations

import importlib.metadata
import re
from importlib.metadata import Distribution
from pathlib import Path

from mlconvert.format import Verdict
from mlconvert_plugins.tfgraph import metagraphs

# TensorFlow comes as several distributions of one package.
_DISTRIBUTIONS = ("tensorflow-cpu", "tensorflow", "tensorflow-gpu", "tf-nightly")
_VERSION_H = "tensorflow/include/tensorflow/core/public/version.h"
_FIX = "pip install --upgrade tensorflow-cpu"


def verdict(folder: Path) -> Verdict:
    """Whether the installed TensorFlow loads the model. Raises ConversionError for a broken file."""
    graphs = metagraphs.read(folder)
    found = installed()
    if found is None:
        return Verdict("no", "TensorFlow is not installed", "pip install 'mlconvert[tf]'")
    here, name = _graph_version(found), f"TensorFlow {found.version}"
    writers = ", ".join(sorted({graph.tensorflow for graph in graphs if graph.tensorflow})) or "an unnamed version"
    if here is None:
        return Verdict("unknown", f"TensorFlow {writers} wrote it, and {name} does not say which graphs it reads")
    for graph in graphs:
        if here < graph.min_consumer or here in graph.bad_consumers:
            reason = f"its graph needs graph version {graph.min_consumer}, and {name} has {here}"
            return Verdict("no", reason, _FIX)
    if any(graph.producer > here for graph in graphs):
        reason = f"TensorFlow {writers} wrote it, which is newer than {name} and may use operators that it lacks"
        return Verdict("unknown", reason, _FIX)
    return Verdict("yes", f"TensorFlow {writers} wrote it, and {name} reads what that wrote")


def installed() -> Distribution | None:
    """The distribution that TensorFlow is installed from, None without one."""
    for name in _DISTRIBUTIONS:
        try:
            return importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _graph_version(installed: Distribution) -> int | None:
    """TF_GRAPH_DEF_VERSION, from the header file that comes with every TensorFlow: importing it takes seconds."""
    try:
        text = Path(str(installed.locate_file(_VERSION_H))).read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^#define TF_GRAPH_DEF_VERSION (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None
