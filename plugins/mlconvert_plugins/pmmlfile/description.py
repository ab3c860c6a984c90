"""What stands out about a document, for `inspect`."""

from __future__ import annotations

from typing import Any

from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile.outline import Outline

# Elements that are models, or parts of them that are worth counting.
_PARTS = {
    "Segment": "segments",
    "TreeModel": "trees",
    "Node": "nodes",
    "RegressionModel": "regressions",
    "RegressionTable": "regression_tables",
    "DerivedField": "derived_fields",
    "DefineFunction": "functions",
    "NeuralLayer": "layers",
    "SupportVectorMachine": "support_vector_machines",
    "Cluster": "clusters",
}
_MOST_NAMES = 20


def describe(outline: Outline) -> dict[str, Any]:
    """The model's kind and sizes, who wrote it, its fields, and what makes engines differ."""
    found: dict[str, Any] = {
        "pmml": outline.version,
        "generator": for_terminal(outline.generator, 100),
        "model": outline.model,
        "function": outline.attributes.get("functionName", ""),
        "algorithm": for_terminal(outline.attributes.get("algorithmName", ""), 100),
        "target": None if outline.target is None else for_terminal(outline.target, 100),
        "active_fields": _names(outline.active),
        "output_fields": _names([one.name for one in outline.outputs if one.final]),
        **{name: outline.elements[element] for element, name in _PARTS.items() if outline.elements[element]},
        "verification_rows": outline.verification_rows,
        "treatments": _treatments(outline),
    }
    if outline.attributes.get("x-mathContext"):
        found["x-mathContext"] = outline.attributes["x-mathContext"]
    extensions = outline.elements["Extension"]
    return {key: value for key, value in {**found, "extensions": extensions}.items() if value not in ("", None, {}, 0)}


def _names(names: list[str]) -> list[str]:
    shown = [for_terminal(name, 100) for name in names[:_MOST_NAMES]]
    return shown if len(names) <= _MOST_NAMES else [*shown, f"and {len(names) - _MOST_NAMES} more"]


def _treatments(outline: Outline) -> dict[str, int]:
    """How many fields treat missing and invalid values in which way."""
    found: dict[str, int] = {}
    for name in outline.active:
        own = outline.schema[name]
        words = [f"invalid {own.get('invalidValueTreatment', 'returnInvalid')}"]
        if "missingValueReplacement" in own:
            words.append("missing replaced")
        for word in words:
            found[word] = found.get(word, 0) + 1
    return found
