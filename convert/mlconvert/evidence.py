"""What `mlconvert.validate` and `mlconvert.bench` return: a document that shows itself and can be saved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mlconvert.errors import ConversionError
from mlconvert.reports import forms, html, saving
from mlconvert.reports.composing import report
from mlconvert.reports.text import as_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Evidence:
    """A document, and what can be done with it. `document` is JSON by the schemas in `mlconvert/reports/schema`."""

    document: Mapping[str, Any]

    kind: ClassVar[str]

    @property
    def status(self) -> str:
        """The verdict in one word."""
        return str(self.document["status"])

    @property
    def reason(self) -> str:
        """Why the verdict is not `passed`; empty where it is."""
        return str(self.document["reason"])

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The evidence in a document from elsewhere. Raises ConversionError for what is none, or of a newer schema."""
        forms.check(document, cls.kind, "the document")
        return cls(document)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The evidence in a file that `save` wrote as `.json`. Raises ConversionError."""
        return cls(forms.read(Path(path), cls.kind))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a report by the path's suffix: .html, .md, .json, .xml (JUnit) or .txt. Raises ConversionError."""
        return saving.save(self.document, path)

    def to_pandas(self) -> pd.DataFrame:
        """One row for each measurement. Raises ConversionError where pandas is not installed."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ConversionError(
                "a table needs pandas", code="missing-package", where="pandas", fix="pip install pandas"
            ) from error
        return pd.DataFrame(list(self._rows()))

    def _rows(self) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return as_text(report(self.document)).rstrip()

    def _repr_html_(self) -> str:
        return html.fragment(report(self.document))


class Validation(Evidence):
    """Artifacts held against their source. `status` is `passed`, `failed` or `unproven`."""

    kind = "validation"

    def _rows(self) -> Iterator[dict[str, Any]]:
        """A row for each artifact and output, with the details that are numbers."""
        for artifact in self.document["artifacts"]:
            for output in artifact["check"]["outputs"]:
                details = output.get("details") or {}
                numbers = {key: value for key, value in details.items() if not isinstance(value, (list, dict))}
                named = {key: value for key, value in output.items() if key not in ("name", "details")}
                yield {
                    "artifact": artifact["label"],
                    "output": output["name"],
                    **named,
                    **numbers,
                    **_percentiles(details),
                }


def _percentiles(details: Mapping[str, Any]) -> dict[str, Any]:
    """`abs_p99` and so on."""
    return {
        f"{kind}_p{name}": value
        for kind in ("abs", "rel")
        for name, value in (details.get(f"{kind}_percentiles") or {}).items()
    }


class Benchmark(Evidence):
    """Artifacts timed against their source. `status` is `passed` or `failed`."""

    kind = "benchmark"

    def _rows(self) -> Iterator[dict[str, Any]]:
        """A row for each cell and subject: times in seconds, the ratio with its interval."""
        for cell in self.document["cells"]:
            single = {key: value for key, value in cell.items() if key not in ("samples", "ratio")}
            found = cell["ratio"] or {}
            ratio = {"ratio": found.get("median"), **{key: found.get(key) for key in ("low", "high", "verdict")}}
            yield {**single, **ratio}
