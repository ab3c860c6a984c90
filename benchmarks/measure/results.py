"""What a scenario found: one JSON document with every sample, and the table made from it."""

from __future__ import annotations

import json
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlconvert
from mlconvert import manifest
from mlconvert.benchmark.document import machine
from mlconvert.benchmark.statistics import Ratio, compared, paired

CONFIDENCE = 0.99
RESULTS = Path(__file__).resolve().parents[1] / "results"
_PACKAGES = (
    "torch", "onnxscript", "onnxruntime", "tensorrt-rtx-cu13", "tensorflow-cpu", "timm", "transformers", "click",
    "lightgbm", "xgboost", "scikit-learn",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One comparison: `ours` and `theirs` hold one number per pair, in `unit`.

    The ratio is ours over theirs, and a goal bounds it from above; with `faster` it is theirs over ours, from below.
    `known` is the ratio where `mlconvert.bench` has found it, from more numbers than stand here.
    """

    what: str
    unit: str
    ours: Sequence[float]
    theirs: Sequence[float]
    goal: float | None = None
    faster: bool = False
    known: Ratio | None = None

    @property
    def ratio(self) -> Ratio:
        """Ours over theirs; with `faster` theirs over ours."""
        if self.known is not None:
            return self.known
        return ratio(self.theirs, self.ours) if self.faster else ratio(self.ours, self.theirs)

    @property
    def verdict(self) -> str:
        """Whether the goal was met."""
        if self.goal is None:
            return "for information"
        met = self.ratio.median >= self.goal if self.faster else self.ratio.median <= self.goal
        return f"{'met' if met else 'missed'}: at {'least' if self.faster else 'most'} {self.goal:g}"

    def as_json(self) -> dict[str, Any]:
        """Every sample, and what follows from them."""
        own = {key: value for key, value in asdict(self).items() if key != "known"}
        return {**own, "ratio": asdict(self.ratio), "verdict": self.verdict}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """How many times `theirs` ours is, pair by pair, by the statistics of `mlconvert.bench`; of one pair, as it is."""
    if len(ours) == 1:
        return compared(ours, theirs, confidence=CONFIDENCE)
    return paired([[own] for own in ours], [[other] for other in theirs], confidence=CONFIDENCE)


def write(name: str, title: str, sides: tuple[str, str], rows: Iterable[Row]) -> None:
    """Write `results/<name>.json` and `results/<name>.md`; `sides` say what ours and theirs are."""
    rows = list(rows)
    document = {
        "scenario": name,
        "title": title,
        "sides": sides,
        "command": f"python benchmarks/{name}.py",
        "machine": machine(),
        "versions": {"python": platform.python_version(), "mlconvert": mlconvert.__version__}
        | manifest.versions(_PACKAGES),
        "rows": [row.as_json() for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    table = _table(document, rows)
    (RESULTS / f"{name}.md").write_text(table, encoding="utf-8")
    print(table)


def _table(document: dict[str, Any], rows: Sequence[Row]) -> str:
    here, (ours, theirs) = document["machine"], document["sides"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    lines = [
        f"# {document['title']}",
        "",
        f"`{document['command']}` on {here['cores']} {here['architecture']} cores with "
        f"{here['memory'] / 2**30:.0f} GiB, at a load of {here['load']:.1f}. With {versions}.",
        "",
        f"| | unit | {ours} | {theirs} | ratio ({100 * CONFIDENCE:g} %) | goal |",
        "|---|---|---|---|---|---|",
        *(_line(row) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    ours, theirs = (f"{statistics.median(side):.3g}" for side in (row.ours, row.theirs))
    found = row.ratio
    shown = f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"
    return f"| {row.what} | {row.unit} | {ours} | {theirs} | {shown} | {row.verdict} |"


def main(name: str, title: str, sides: tuple[str, str], measure: Callable[[int], Iterable[Row]], pairs: int) -> None:
    """A scenario's command line; another number of pairs may follow its name."""
    write(name, title, sides, measure(int(sys.argv[1]) if len(sys.argv) > 1 else pairs))
