"""What the stages that write PMML share: a provider's document is finished, and held to the signature."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.signature import Signature
from mlconvert.stage import Context, Outcome, Stage, Tolerance
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile.verification import DOUBLE, FLOAT, Golden


@dataclass(frozen=True)
class Written:
    """What a provider has written: the model's signature, rows to verify the document with, facts for the manifest."""

    signature: Signature
    golden: Golden | None
    facts: Mapping[str, Any] = field(default_factory=dict)


class PmmlStage(Stage):
    """A stage to PMML. The same input gives the same bytes, and the document holds the source's own answers."""

    target = "pmml"
    cost = 4.0

    @abstractmethod
    def write(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Written:
        """The provider's document at `out`. Raises ConversionError with the provider's own reason."""

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        """Write and finish. Raises ConversionError."""
        from mlconvert_plugins.pmmlfile.finishing import finish

        made = self.write(artifact, options, out, ctx)
        ctx.progress("finishing the document")
        facts = finish(out, made.signature, made.golden, ctx.scratch)
        # PMML has no margins.
        outputs = tuple(tensor for tensor in made.signature.outputs if tensor.name != "margin")
        return Outcome(replace(made.signature, outputs=outputs), {**made.facts, **facts})

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """It parses within the limits, asks for no field that is no column, and knows every label."""
        from mlconvert_plugins.pmmlfile import outline
        from mlconvert_plugins.pmmlfile.texts import category

        found, own = outline.read(artifact.path), artifact.signature
        fix = "name the model's columns and classes, and convert it again"
        for name in set(found.active) - {column.name for column in own.columns}:
            message = f"the document asks for the field {for_terminal(name)!r}, which is no column"
            yield Refusal("unknown-field", message, for_terminal(name), fix)
        if found.target is None and not found.outputs:
            yield Refusal("no-target", "the document names neither a target nor an output", "MiningSchema", fix)
        if found.is_classifier != bool(own.labels):
            yield Refusal("wrong-function", f"the document is one of {found.attributes.get('functionName')}", "", fix)
        known = [*found.probabilities, *(found.fields[found.target].values if found.target else ())]
        for label in own.labels:
            if category(label, dict.fromkeys(known)) is None:
                yield Refusal("missing-label", f"the document does not know the label {label!r}", str(label), fix)

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """PMML's engines add up in the source's order, with mathematical functions of their own."""
        single = any(tensor.dtype == "float32" for tensor in artifact.signature.outputs)
        return FLOAT if single else DOUBLE
