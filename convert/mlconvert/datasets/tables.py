"""Tables in files, `.csv` and `.parquet`: their columns, and their rows block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

# What of a CSV file is read at once; a row must fit. pyarrow reads some thirty of them ahead.
_BLOCK = 2**20

_FIXES = {
    "csv": "write it in UTF-8, with a header line and no row above 1 MiB, or as parquet",
    "parquet": "write it with pandas' to_parquet",
}


def opened(path: Path) -> Table:
    """The table in a file. Raises ConversionError: `missing-package`, or `bad-data` for what cannot be read."""
    try:
        import pyarrow as pa  # noqa: F401
    except ImportError:
        raise ConversionError(
            f"{for_terminal(path.name)} needs pyarrow, which is not installed",
            code="missing-package",
            where="pyarrow",
            fix="pip install 'mlconvert[data]', or give the data as .npz",
        ) from None
    table = _parquet(path) if path.suffix in (".parquet", ".pq") else _csv(path)
    twice = sorted({name for name in table.columns if table.columns.count(name) > 1})
    if twice:
        raise ConversionError(
            f"{for_terminal(path.name)} has the column {for_terminal(twice[0])!r} twice",
            code="bad-data",
            where=twice[0],
            fix="give each column a name of its own",
        )
    return table


@contextlib.contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    """What pyarrow raises, as a ConversionError (`bad-data`)."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConversionError(
            f"{for_terminal(path.name)} cannot be read as {kind}: {for_terminal(reason, 300)}",
            code="bad-data",
            where=path.name,
            fix=_FIXES[kind],
        ) from error


def _numeric(schema: Any) -> tuple[str, ...]:
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return tuple(field.name for field in schema if any(test(field.type) for test in tests))


def _lists(schema: Any) -> tuple[str, ...]:
    from pyarrow import types

    tests = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return tuple(field.name for field in schema if any(test(field.type) for test in tests))


@dataclass(frozen=True)
class Csv:
    """`numeric` are the columns whose first block holds numbers or booleans. How many rows there are is not known."""

    path: Path
    name: str
    columns: tuple[str, ...]
    numeric: tuple[str, ...]
    lists: tuple[str, ...] = ()
    rows: int | None = None

    def blocks(self, columns: Sequence[str], rows: int) -> Iterator[dict[str, Any]]:
        """Some rows at a time: pyarrow arrays by column, of texts, and null where nothing stands."""
        import pyarrow as pa
        from pyarrow import csv

        convert = csv.ConvertOptions(
            include_columns=list(columns),
            column_types={name: pa.string() for name in columns},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        with _reading(self.path, "csv"), _reader(self.path, convert) as reader:
            for block in reader:
                yield dict(zip(block.schema.names, block.columns, strict=True))


def _csv(path: Path) -> Csv:
    with _reading(path, "csv"), _reader(path, None) as reader:
        schema = reader.schema
    return Csv(path, path.name, tuple(schema.names), _numeric(schema))


def _reader(path: Path, convert: Any) -> Any:
    from pyarrow import csv

    return csv.open_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=convert,
    )


@dataclass(frozen=True)
class Parquet:
    """`numeric` are the columns of numbers or booleans, `lists` those of lists; `rows` is what the file says itself."""

    path: Path
    name: str
    columns: tuple[str, ...]
    numeric: tuple[str, ...]
    lists: tuple[str, ...]
    rows: int | None

    def blocks(self, columns: Sequence[str], rows: int) -> Iterator[dict[str, Any]]:
        """At most so many rows at a time: pyarrow arrays by column, of the types that the file gives them."""
        with _reading(self.path, "parquet"), _file(self.path) as file:
            for block in file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False):
                found = dict(zip(block.schema.names, block.columns, strict=True))
                yield {name: found[name] for name in columns}


def _parquet(path: Path) -> Parquet:
    with _reading(path, "parquet"), _file(path) as file:
        schema = file.schema_arrow
        return Parquet(path, path.name, tuple(schema.names), _numeric(schema), _lists(schema), file.metadata.num_rows)


def _file(path: Path) -> Any:
    from pyarrow import parquet

    # Through a small buffer, or whole chunks of columns would be held.
    return parquet.ParquetFile(path, buffer_size=2**16, pre_buffer=False)


Table = Union[Csv, Parquet]
