"""The cells of a table's column as an input takes them: numbers, the codes of categories, booleans and text."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.places import Places
from mlconvert.signature import Column
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Cells:
    """A block of one column, a pyarrow array. `first` is its first row in the file; rows count from 1.

    Of a column of lists they are the lists' values, `width` of them in each row.
    """

    source: str
    name: str
    values: Any
    first: int
    width: int = 1

    def refused(self, row: int, message: str, fix: str) -> ConversionError:
        """The error (`bad-data`) about one row of the block."""
        place = f"{for_terminal(self.source)}, row {self.first + row // self.width}, column {for_terminal(self.name)!r}"
        return ConversionError(f"{place}: {message}", code="bad-data", where=self.name, fix=fix)


def of_column(cells: Cells, column: Column) -> np.ndarray:
    """float64[n] for a column of a tabular model: NaN where nothing stands, a category as its place.

    Text stays text. Raises ConversionError (`bad-data`) with the row.
    """
    import numpy as np

    if column.type == "text":
        found = texts(cells, absent="" if column.missing is None else None)
    elif column.categories is not None:
        found = _codes(cells, column.categories)
    else:
        found = numbers(cells, "leave the cell of a missing value empty")
        wrong = (found != 0) & (found != 1) & ~np.isnan(found)
        if column.type == "boolean" and wrong.any():
            raise cells.refused(int(wrong.argmax()), f"{found[wrong][0]:g} is no boolean", "write true, false, 1 or 0")
    if column.missing == "refused":
        gaps = np.isnan(found) if column.type != "text" else cells.values.is_null().to_numpy(zero_copy_only=False)
        if gaps.any():
            raise cells.refused(int(gaps.argmax()), "it is empty, and the model takes no missing value", "fill it in")
    return found


def of_tensor(cells: Cells, dtype: str) -> np.ndarray:
    """The values for an input of a network, which takes nothing empty: float64[n], int64[n] or text.

    Raises ConversionError (`bad-data`) with the row.
    """
    if cells.values.null_count:
        row = cells.values.is_null().index(True).as_py()
        raise cells.refused(
            row, "it is empty, and the model takes no missing value", "fill it in, or leave out the row"
        )
    if dtype == "string":
        return texts(cells, absent=None)
    return _integers(cells, dtype) if "int" in dtype else numbers(cells, f"the model takes {dtype}")


def of_lists(cells: Cells, dtype: str) -> np.ndarray:
    """The lists of a column as rows: [n, width]. Raises ConversionError (`bad-data`) where they differ in length."""
    import numpy as np
    from pyarrow import compute as pc

    lengths = pc.list_value_length(cells.values).fill_null(0).to_numpy(zero_copy_only=False)
    differs = lengths != lengths[0]
    if differs.any():
        row = int(differs.argmax())
        raise cells.refused(row, f"it holds {lengths[row]} values, and row {cells.first} {lengths[0]}", "pad the lists")
    flat = replace(cells, values=cells.values.flatten(), width=max(1, int(lengths[0])))
    return np.reshape(of_tensor(flat, dtype), (len(lengths), -1))


def numbers(cells: Cells, fix: str) -> np.ndarray:
    """float64[n], NaN where nothing stands; true and false are 1 and 0. Raises ConversionError (`bad-data`)."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute as pc

    values = _plain(cells.values)
    is_text = pa.types.is_string(values.type)
    for kind in (pa.float64(), pa.bool_()) if is_text else (pa.float64(),):
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            found = pc.cast(pc.cast(values, kind), pa.float64())
            return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.float64)
    row = _first_wrong(values)
    what = "float64" if pa.types.is_integer(values.type) else "number"
    raise cells.refused(row, f"{for_terminal(repr(values[row].as_py()), 60)} is no {what}", fix)


def _plain(values: Any) -> Any:
    """Values themselves in place of a dictionary's indices; texts without spaces around them."""
    import pyarrow as pa
    from pyarrow import compute as pc

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type):
        values = pc.cast(values, pa.string())
    return pc.utf8_trim_whitespace(values) if pa.types.is_string(values.type) else values


def _first_wrong(values: Any) -> int:
    """The first row whose value cannot be read as a number."""
    import pyarrow as pa
    from pyarrow import compute as pc

    start, stop = 0, len(values)
    while stop - start > 1:
        middle = (start + stop) // 2
        try:
            pc.cast(values.slice(start, middle - start), pa.float64())
            start = middle
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            stop = middle
    return start


def _integers(cells: Cells, dtype: str) -> np.ndarray:
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute as pc

    values, fix = _plain(cells.values), f"the model takes {dtype}"
    if pa.types.is_integer(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    found = numbers(cells, fix)
    wrong = found != np.rint(found)
    if wrong.any():
        raise cells.refused(int(wrong.argmax()), f"{found[wrong][0]} is not whole", fix)
    if (np.abs(found) < 2**53).all():
        return found.astype(np.int64)
    # What a double does not hold exactly is read as what it is.
    try:
        exact = pc.cast(values, pa.uint64() if dtype == "uint64" else pa.int64())
    except pa.ArrowInvalid:
        row = int((np.abs(found) >= 2**53).argmax())
        raise cells.refused(row, f"{found[row]:.0f} is too large", fix) from None
    return np.asarray(exact.to_numpy(zero_copy_only=False))


def texts(cells: Cells, absent: str | None) -> np.ndarray:
    """str[n] as objects, `absent` where nothing stands. Raises ConversionError (`bad-data`) for what is no text."""
    import numpy as np

    listed = cells.values.to_pylist()
    wrong = next((row for row, value in enumerate(listed) if value is not None and not isinstance(value, str)), None)
    if wrong is not None:
        raise cells.refused(wrong, f"{for_terminal(repr(listed[wrong]), 60)} is no text", "the model takes text here")
    found = np.empty(len(listed), dtype=object)
    found[:] = [absent if value is None else value for value in listed]
    return found


def _codes(cells: Cells, categories: tuple[Any, ...]) -> np.ndarray:
    import numpy as np
    from pyarrow import compute as pc

    encoded = pc.dictionary_encode(cells.values)
    places = Places(categories)
    listed = encoded.dictionary.to_pylist()
    code_of = np.array([np.nan if value != value else places.find(value) for value in listed], dtype=np.float64)
    at = encoded.indices.fill_null(len(code_of)).to_numpy()
    found: np.ndarray = np.append(code_of, np.nan)[at]
    unknown = np.append(code_of, 0.0)[at] < 0
    if unknown.any():
        row = int(unknown.argmax())
        shown = for_terminal(", ".join(map(str, categories[:8])) + (", …" if len(categories) > 8 else ""))
        value = for_terminal(repr(cells.values[row].as_py()), 60)
        raise cells.refused(row, f"the model knows no category {value}", f"it knows: {shown}")
    return found
