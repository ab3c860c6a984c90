"""ModelVerification: rows with the source's answers, which any engine can check the document with.

Missing values are cells that are left out. Cells are called c0, c1, … because not every field's name is one of an
element; `VerificationField` says whose they are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature
from mlconvert.stage import Tolerance
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile.dictionary import DataField
from mlconvert_plugins.pmmlfile.outline import Outline
from mlconvert_plugins.pmmlfile.texts import category, text_of

if TYPE_CHECKING:
    import numpy as np

DOUBLE = Tolerance(rtol=1e-12, rms=1e-15)
# Where the source computes in float32.
FLOAT = Tolerance(rtol=2e-6, rms=1e-7)
_DATA_PREFIX = "data"
_DATA = "http://jpmml.org/jpmml-model/InlineTable"


@dataclass(frozen=True)
class Golden:
    """Inputs by name, as in the signature, and the source's own answers to them.

    `x` is float64[n, columns] of every column that is not text, each text column is an object array of its own.
    `outputs` has `probability[n, k]` and `label[n]`, or `prediction[n, 1]`. `float32` where the source computes in it.
    """

    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    float32: bool = False


def writable(x: np.ndarray, columns: Sequence[Column]) -> np.ndarray:
    """Rows float64[n, columns] as a document can hold them: a categorical column has whole codes, of its categories."""
    import numpy as np

    made = np.array(x, dtype=np.float64)
    for place, column in enumerate(columns):
        if column.type == "categorical":
            most = len(column.categories) if column.categories else 2**31
            codes = made[:, place]
            with np.errstate(invalid="ignore"):
                made[:, place] = np.where(np.isfinite(codes), np.floor(codes) % most, np.nan)
    return made


# A cell that has no text: a code without a category, an infinity. Its row is left out.
_UNSAYABLE = "\0"


@dataclass(frozen=True)
class _Cells:
    """One field's column of the table: None is a cell that is left out."""

    field: str
    texts: list[str | None]
    expected: bool = False


def write(outline: Outline, signature: Signature, golden: Golden) -> str:
    """The element, as XML in the document's namespace. Raises ConversionError for a field that has no column."""
    tolerance = FLOAT if golden.float32 else DOUBLE
    table = [*_inputs(outline, signature, golden), *_expected(outline, signature, golden, tolerance)]
    rows = [
        row
        for row in zip(*(cells.texts for cells in table), strict=True)
        # A row without a cell is one that engines take for a slip.
        if _UNSAYABLE not in row and any(text is not None for text in row)
    ]
    # Whatever parity accepts, these accept: cells too small to be held to twice `rtol` are left out.
    held = f' precision="{2 * tolerance.rtol!r}" zeroThreshold="{tolerance.rms!r}"'
    fields = "".join(
        f'\t\t\t<VerificationField field={quoteattr(cells.field)} column="{_DATA_PREFIX}:c{number}"'
        f"{held if cells.expected else ''}/>\n"
        for number, cells in enumerate(table)
    )
    return (
        f'\t<ModelVerification xmlns="{outline.namespace}" recordCount="{len(rows)}" fieldCount="{len(table)}">\n'
        f"\t\t<VerificationFields>\n{fields}\t\t</VerificationFields>\n"
        f'\t\t<InlineTable xmlns:{_DATA_PREFIX}="{_DATA}">\n{"".join(map(_row, rows))}\t\t</InlineTable>\n'
        "\t</ModelVerification>\n"
    )


def _row(texts: tuple[str | None, ...]) -> str:
    cells = "".join(
        f"<{_DATA_PREFIX}:c{number}>{escape(text)}</{_DATA_PREFIX}:c{number}>"
        for number, text in enumerate(texts)
        if text is not None
    )
    return f"\t\t\t<row>{cells}</row>\n"


def _inputs(outline: Outline, signature: Signature, golden: Golden) -> Iterator[_Cells]:
    """The fields that the document asks for; columns that it does not ask for have none."""
    tabular = [column for column in signature.columns if column.type != "text"]
    place = {column.name: number for number, column in enumerate(tabular)}
    for name in outline.active:
        own = outline.fields[name]
        if name in place:
            column, values = tabular[place[name]], golden.inputs["x"][:, place[name]].tolist()
            yield _Cells(name, [_cell(value, column, own) for value in values])
        elif name in golden.inputs:
            yield _Cells(name, [None if value is None else str(value) for value in golden.inputs[name]])
        else:
            raise missing_column(name)


def missing_column(name: str) -> ConversionError:
    """The document asks for what the signature does not have."""
    return ConversionError(
        f"the document asks for the field {for_terminal(name)!r}, which is no column of the model",
        code="unknown-field", where=for_terminal(name), fix="name the model's columns, and convert it again",
    )  # fmt: skip


def _cell(value: float, column: Column, own: DataField) -> str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return _UNSAYABLE
    if column.categories is not None:
        return _category(value, column.categories, own)
    if own.data_type == "boolean":
        return text_of(bool(value))
    if own.data_type in ("float", "double"):
        number = _float32(value) if own.data_type == "float" else value
        return _UNSAYABLE if math.isinf(number) else text_of(number)
    return text_of(int(value)) if value.is_integer() else _UNSAYABLE


def _category(code: float, categories: tuple[Any, ...], own: DataField) -> str:
    """What the document calls the category of a code."""
    if not (code.is_integer() and 0 <= code < len(categories)):
        return _UNSAYABLE
    value = categories[int(code)]
    return category(value, own.values) or text_of(value)


def _float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _expected(outline: Outline, signature: Signature, golden: Golden, tolerance: Tolerance) -> Iterator[_Cells]:
    """The probabilities where the document gives them, else what it predicts."""
    shares = golden.outputs.get("probability")
    named = [category(label, outline.probabilities) for label in signature.labels]
    if shares is not None and all(named):
        for number, text in enumerate(named):
            assert text is not None
            yield _Cells(outline.probabilities[text], _figures(shares[:, number], tolerance), expected=True)
        return
    if outline.target is None:
        raise ConversionError(
            "the document names neither a target nor the probabilities", code="no-target", where="MiningSchema",
            fix="export it with the name of its target",
        )  # fmt: skip
    if "label" in golden.outputs:
        values = outline.fields[outline.target].values
        texts = [category(label, values) or text_of(label) for label in golden.outputs["label"].tolist()]
        yield _Cells(outline.target, list(texts), expected=True)
    else:
        yield _Cells(outline.target, _figures(golden.outputs["prediction"][:, 0], tolerance), expected=True)


def _figures(values: np.ndarray, tolerance: Tolerance) -> list[str | None]:
    """Parity allows rtol * |value| + rms * RMS: no more than 2 * rtol * |value| where that is rms / rtol of the RMS."""
    import numpy as np

    listed = np.asarray(values, dtype=np.float64)
    least = tolerance.rms / tolerance.rtol * float(np.sqrt(np.mean(listed**2)))
    return [text_of(value) if abs(value) >= least else None for value in listed.tolist()]
