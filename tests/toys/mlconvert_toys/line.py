"""The model that every toy format holds, and how each of them writes it down."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature, Tensor


@dataclass(frozen=True)
class Line:
    """y[batch, n] = weight[n] * x[batch, n] + bias[n], in float32.

    `quirks` are what is wrong with an artifact, written into it and honoured by its runner: `static` (the one batch
    that it takes), `refuses` (a batch that it refuses), `device` (which it needs), `dtype` and `rows` (of its output),
    `label` (the output is the place of the largest, or always the first), `unsound` (which `ensures` hears), `code`
    (what opening it would execute).
    """

    weight: tuple[float, ...] = (2.0, -1.0, 0.5)
    bias: tuple[float, ...] = (0.0, 1.0, -3.0)
    input: str = "x"
    output: str = "y"
    quirks: dict[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> Signature:
        batch = int(self.quirks["static"]) if "static" in self.quirks else "batch"
        shape = (batch, len(self.weight))
        return Signature((Tensor(self.input, "float32", shape),), (Tensor(self.output, "float32", shape),))

    def with_quirk(self, name: str, value: str) -> Line:
        return replace(self, quirks={**self.quirks, name: value})


def from_json(entry: Any) -> Line:
    return Line(tuple(entry["weight"]), tuple(entry["bias"]), entry["input"], entry["output"], entry["quirks"])


def alpha(path: Path, line: Line = Line()) -> Path:
    """Write the JSON form."""
    path.write_text(json.dumps({"toy": "alpha", **vars(line)}))
    return path


def beta(path: Path, line: Line, *, hexadecimal: bool = False) -> Path:
    """Write the text form: a word and its values per line, numbers in decimal or in C's hexadecimal."""
    number = float.hex if hexadecimal else repr
    rows = ["beta hex" if hexadecimal else "beta"]
    rows += [f"weight {' '.join(map(number, line.weight))}", f"bias {' '.join(map(number, line.bias))}"]
    rows += [f"names {json.dumps([line.input, line.output])}", f"quirks {json.dumps(line.quirks)}", "end", ""]
    path.write_text("\n".join(rows))
    return path


def gamma(path: Path, line: Line) -> Path:
    """Write the folder form: names in one file, numbers in another one folder below."""
    (path / "numbers").mkdir(parents=True)
    (path / "gamma.json").write_text(json.dumps({"input": line.input, "output": line.output, "quirks": line.quirks}))
    (path / "numbers" / "line.json").write_text(json.dumps({"weight": line.weight, "bias": line.bias}))
    return path


def delta(path: Path, line: Line) -> Path:
    """Write the form with a side file: the numbers stand beside it, under a name made of their digest."""
    numbers = json.dumps({"weight": line.weight, "bias": line.bias})
    name = f"{hashlib.sha256(numbers.encode()).hexdigest()[:12]}.numbers"
    path.with_name(name).write_text(numbers)
    rest = {"input": line.input, "output": line.output, "quirks": line.quirks}
    path.write_text(json.dumps({"toy": "delta", "numbers": name, **rest}))
    return path


def omega(path: Path, line: Line) -> Path:
    """Write the form that nothing runs."""
    path.write_text(json.dumps({"toy": "omega", **vars(line)}))
    return path


def read(artifact: Artifact) -> Line:
    """The line of an artifact in any of the forms. Raises ConversionError (`broken-toy`)."""
    try:
        return _READERS[artifact.format](artifact.path)
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise ConversionError(
            f"{artifact.path.name} holds no line: {error}", code="broken-toy", where=artifact.path.name
        ) from error


def _read_json(path: Path) -> Line:
    return from_json(json.loads(path.read_text()))


def _read_beta(path: Path) -> Line:
    head, *rows = path.read_text().splitlines()
    words = dict(row.split(" ", 1) for row in rows if row != "end")
    number = float.fromhex if head == "beta hex" else float
    weight, bias = (tuple(map(number, words[word].split())) for word in ("weight", "bias"))
    return Line(weight, bias, *json.loads(words["names"]), json.loads(words["quirks"]))


def _read_gamma(path: Path) -> Line:
    numbers = json.loads((path / "numbers" / "line.json").read_text())
    return from_json({**json.loads((path / "gamma.json").read_text()), **numbers})


def _read_delta(path: Path) -> Line:
    entry = json.loads(path.read_text())
    return from_json({**entry, **json.loads(path.with_name(entry["numbers"]).read_text())})


_READERS = {"alpha": _read_json, "beta": _read_beta, "gamma": _read_gamma, "delta": _read_delta, "omega": _read_json}
