from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlconvert.artifact import Artifact
from mlconvert.datasets import Batch, open_data
from mlconvert.errors import ConversionError
from mlconvert.signature import Column, DimRange, Signature, parse_tensor

IMAGE = "x:float32[batch,3]"


def signature(*words: str, **dims: tuple[int, int, int | None]) -> Signature:
    return Signature(tuple(map(parse_tensor, words)), (), {name: DimRange(*sizes) for name, sizes in dims.items()})


def tabular(*columns: Column) -> Signature:
    width = sum(column.type != "text" for column in columns)
    texts = [f"{column.name}:string[n]" for column in columns if column.type == "text"]
    return Signature(tuple(map(parse_tensor, [f"x:float64[n,{width}]", *texts])), columns=columns)


def npz(folder: Path, **stored: Any) -> Path:
    np.savez(folder / "data.npz", **stored)
    return folder / "data.npz"


def csv(folder: Path, text: str) -> Path:
    (folder / "calls.csv").write_text(text, encoding="utf-8")
    return folder / "calls.csv"


def parquet(folder: Path, **columns: Any) -> Path:
    pyarrow.parquet.write_table(pa.table(columns), folder / "calls.parquet")
    return folder / "calls.parquet"


def read(*arguments: Any, rows: int = 4, **more: Any) -> list[Batch]:
    return list(open_data(*arguments, rows=rows, **more))


def refused(*arguments: Any, rows: int = 4, **more: Any) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        read(*arguments, rows=rows, **more)
    assert "\n" not in str(caught.value)
    assert caught.value.fix
    return caught.value


def lengths(batches: list[Batch]) -> list[int]:
    return [len(batch) for batch in batches]


# --- how rows are cut ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "dims", "expected"),
    [
        (["x:float32[batch,3]"], {}, [4, 4, 2]),
        (["x:float32[?,3]"], {}, [4, 4, 2]),
        (["x:float32[batch,3]"], {"batch": (1, 2, 3)}, [3, 3, 3, 1]),
        (["x:float32[batch,3]"], {"batch": (5, 5, None)}, [5, 5]),
        (["x:float32[2,3]"], {}, [2, 2, 2, 2, 2]),
        (["x:float32[10,3]"], {}, [10]),
        # What is no dim of rows is not cut.
        (["x:float32[2*half,3]"], {}, [10]),
        (["x:float32[batch,3]", "y:float32[rest]"], {}, [10]),
        (["x:float32[batch,3]", "y:float32[]"], {}, [10]),
        (["x:float32[batch,3]", "y:float32[batch,batch]"], {}, [10]),
    ],
)
def test_batches_are_what_the_model_takes(
    tmp_path: Path, words: list[str], dims: dict[str, tuple[int, int, int | None]], expected: list[int]
) -> None:
    found = signature(*words, **dims)
    x = np.arange(30, dtype=np.float32).reshape(10, 3)
    others = {t.name: np.zeros([10] * len(t.shape), np.float32) for t in found.inputs[1:]}
    batches = read(npz(tmp_path, x=x, **others), found)
    assert lengths(batches) == expected
    assert np.array_equal(np.concatenate([batch.inputs["x"] for batch in batches]), x)


def test_rows_that_fill_no_batch_are_left_out_and_said(tmp_path: Path) -> None:
    path = npz(tmp_path, x=np.zeros((10, 3), np.float32))
    dataset = open_data(path, signature("x:float32[4,3]"), rows=100)
    assert lengths(list(dataset)) == [4, 4]
    assert dataset.facts == {"left out": "2 of 10 rows, which do not fill a batch of 4"}
    error = refused(path, signature("x:float32[16,3]"))
    assert str(error) == "data.npz has 10 rows, and the model takes no fewer than 16 at once"
    assert refused(npz(tmp_path, x=np.zeros((0, 3))), signature(IMAGE)).message == "data.npz has no rows"


def test_a_dataset_can_be_read_twice(tmp_path: Path) -> None:
    dataset = open_data(npz(tmp_path, x=np.ones((3, 3))), signature(IMAGE), rows=2)
    assert (dataset.name, dataset.rows) == ("data.npz", 3)
    assert lengths(list(dataset)) == lengths(list(dataset)) == [2, 1]


# --- arrays --------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    x=arrays.arrays(
        arrays.scalar_dtypes().filter(lambda dtype: dtype.kind in "biuf" and dtype.itemsize <= 8),
        st.tuples(st.integers(1, 9), st.integers(0, 3)),
    ),
    rows=st.integers(1, 5),
    kind=st.sampled_from(["npz", "compressed", "npy", "folder", "fortran"]),
)
def test_arrays_come_back_as_they_were_written(tmp_path: Path, x: np.ndarray, rows: int, kind: str) -> None:
    path = tmp_path / {"npy": "x.npy", "folder": "arrays"}.get(kind, "x.npz")
    if kind == "folder":
        path.mkdir(exist_ok=True)
        np.save(path / "x.npy", x)
    elif kind == "npy":
        np.save(path, x)
    else:
        written = np.asfortranarray(x) if kind == "fortran" else x
        (np.savez_compressed if kind == "compressed" else np.savez)(path, x=written)
    batches = read(path, signature(f"x:{x.dtype.name}[n,{x.shape[1]}]"), rows=rows)
    found = np.concatenate([batch.inputs["x"] for batch in batches])
    assert found.dtype.name == x.dtype.name
    assert np.array_equal(found, x, equal_nan=x.dtype.kind == "f")
    assert all(batch.inputs["x"].flags.writeable and batch.inputs["x"].dtype.isnative for batch in batches)


def test_types_that_numpy_does_not_write(tmp_path: Path) -> None:
    import ml_dtypes

    x = np.array([[1.5, -2.0]], ml_dtypes.bfloat16)
    (batch,) = read(npz(tmp_path, x=x), signature("x:bfloat16[n,2]"))
    assert batch.inputs["x"].dtype == ml_dtypes.bfloat16
    assert np.array_equal(batch.inputs["x"], x)


def test_text_in_arrays(tmp_path: Path) -> None:
    (batch,) = read(npz(tmp_path, x=np.array(["a", "bc"])), signature("x:string[n]"))
    assert batch.inputs["x"].dtype == object
    assert batch.inputs["x"].tolist() == ["a", "bc"]
    assert refused(npz(tmp_path, x=np.zeros(2)), signature("x:string[n]")).message.endswith("it holds float64")


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    dataset = open_data(npz(tmp_path, x=np.zeros((2, 3)), other=np.zeros(7)), signature(IMAGE), rows=2)
    assert dataset.facts == {"not used": "data.npz: other"}
    list(dataset)
    assert dataset.facts == {"not used": "data.npz: other", "rounded x": "from float64 to float32"}


@pytest.mark.parametrize(
    ("dtype", "values", "message"),
    [
        ("int64", np.array([1.0, 2.5]), "the float64 2.5 at [1] is no int64"),
        ("int64", np.array([1.0, np.nan]), "the float64 nan at [1] is no int64"),
        ("uint8", np.array([0, 256]), "the int64 256 at [1] is no uint8"),
        ("int64", np.array([2**63], np.uint64), "the uint64 9223372036854775808 at [0] is no int64"),
        ("float32", np.array([0, 2**24 + 1]), "the int64 16777217 at [1] is no float32"),
        ("float16", np.array([1e5]), "the float64 100000.0 at [0] is no float16"),
        ("bool", np.array([2]), "the int64 2 at [0] is no bool"),
        ("float32", np.array(["1"]), "it holds text"),
        ("float32", np.array([1j]), "it holds complex128"),
    ],
)
def test_nothing_is_lost(tmp_path: Path, dtype: str, values: np.ndarray, message: str) -> None:
    error = refused(npz(tmp_path, x=values), signature(f"x:{dtype}[n]"))
    assert str(error) == f"the data do not fit the input 'x': {message}"
    assert (error.code, error.where, error.fix) == ("bad-data", "x", f"the model takes x:{dtype}[n]")


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int64", np.array([1.0, -2.0])),
        ("float32", np.array([0, 2**24])),
        ("uint8", np.array([True])),
        ("bool", np.array([0, 1])),
        ("float32", np.array([np.inf, np.nan, 0.1])),
    ],
)
def test_what_loses_nothing_is_taken(tmp_path: Path, dtype: str, values: np.ndarray) -> None:
    (batch,) = read(npz(tmp_path, x=values), signature(f"x:{dtype}[n]"))
    assert np.array_equal(batch.inputs["x"], values.astype(dtype), equal_nan=dtype == "float32")


@pytest.mark.parametrize(
    ("stored", "words", "message"),
    [
        ({"x": np.zeros((2, 4))}, [IMAGE], "the data do not fit the input 'x': it has the shape [2, 4]"),
        ({"x": np.zeros(3)}, [IMAGE], "the data do not fit the input 'x': it has the shape [3]"),
        ({"x": np.zeros(())}, ["x:float32[n]"], "the data do not fit the input 'x': it has the shape []"),
        ({"x": np.zeros((5, 3))}, ["x:float32[2*h,4]"], "the data do not fit the input 'x': it has the shape [5, 3]"),
        (
            {"a": np.zeros((2, 5)), "b": np.zeros((2, 6))},
            ["a:float32[n,seq]", "b:float32[n,seq]"],
            "the data do not fit the input 'b': seq is 6 here and 5 in a",
        ),
        (
            {"a": np.zeros((2, 5)), "b": np.zeros((3, 5))},
            ["a:float32[n,seq]", "b:float32[n,seq]"],
            "the arrays of data.npz have different numbers of rows: a has 2, b has 3",
        ),
        (
            {"mask": np.zeros(1), "input_id": np.zeros(1)},
            ["input_ids:float32[n]"],
            "data.npz has no array for the input 'input_ids'; it has: mask, input_id; did you mean 'input_id'?",
        ),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, stored: dict[str, np.ndarray], words: list[str], message: str) -> None:
    error = refused(npz(tmp_path, **stored), signature(*words))
    assert (str(error), error.code) == (message, "bad-data")


def broken(folder: Path, kind: str) -> Path:
    path = npz(folder, x=np.zeros((1000, 3)))
    whole = bytearray(path.read_bytes())
    if kind == "text":
        path.write_text("x,y\n1,2\n")
    elif kind == "truncated":
        path.write_bytes(whole[:9000])
    elif kind == "damaged":
        whole[5000] ^= 255
        path.write_bytes(whole)
    elif kind == "objects":
        np.savez(path, x=np.array([{}, []], dtype=object))
    elif kind == "short":
        path = folder / "x.npy"
        np.save(path, np.zeros((1000, 3)))
        path.write_bytes(path.read_bytes()[:9000])
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "data.npz cannot be read as npz: File is not a zip file"),
        ("truncated", "data.npz cannot be read as npz: File is not a zip file"),
        ("damaged", "data.npz cannot be read as npz: Bad CRC-32 for file 'x.npy'"),
        ("objects", "data.npz cannot be read as npz: it holds Python objects, which numpy pickles"),
        ("short", "x.npy cannot be read as npy: it ends within an array"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, kind: str, message: str) -> None:
    error = refused(broken(tmp_path, kind), signature("x:float64[n,3]"))
    assert str(error).startswith(message)
    assert error.code == "bad-data"


def test_what_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "x.txt").touch()
    assert str(refused(tmp_path / "x.txt", signature(IMAGE))) == "x.txt is no data that mlconvert reads"
    assert str(refused("absent.npz", signature(IMAGE))) == "there is no file absent.npz"
    assert ".parquet" in refused("absent.npz", signature(IMAGE)).fix
    assert "--input" in refused("absent.npz", Signature()).fix


def test_a_folder_is_read_by_names_and_not_by_paths(tmp_path: Path) -> None:
    np.save(tmp_path / "secret.npy", np.zeros((2, 3)))
    (tmp_path / "arrays").mkdir()
    error = refused(tmp_path / "arrays", signature("../secret:float32[n,3]"))
    assert str(error) == "arrays has no array for the input '../secret'; it has: none"


# --- tables of tabular models --------------------------------------------------------------------------

CHURN = (
    Column("age", "numeric"),
    Column("plan", "categorical", ("basic", "pro", "3")),
    Column("grade", "categorical", (1, 2.5, 3)),
    Column("active", "boolean"),
    Column("code", "categorical"),
)


def test_rows_of_a_tabular_model(tmp_path: Path) -> None:
    text = (
        'id,plan,grade,age,code,active\n7,basic,3.0,-1.5e2,4,true\n8,3,1,,,0\n9,,2.50, 7 ,0,\n"10","pro",,inf,1,FALSE\n'
    )
    dataset = open_data(csv(tmp_path, text), tabular(*CHURN), rows=3)
    nan = np.nan
    expected = [[-150, 0, 2, 1, 4], [nan, 2, 0, 0, nan], [7, nan, 1, nan, 0], [np.inf, 1, nan, 0, 1]]
    batches = list(dataset)
    assert lengths(batches) == [3, 1]
    assert np.array_equal(np.concatenate([batch.inputs["x"] for batch in batches]), expected, equal_nan=True)
    assert batches[0].inputs["x"].dtype == np.float64
    assert dataset.facts == {"not used": "calls.csv: id"}
    assert dataset.rows is None


def test_parquet_says_the_same_with_types(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        plan=pa.array(["basic", "3", None]).dictionary_encode(),
        grade=[3, 1, None],
        age=pa.array([-150, None, 7], pa.int16()),
        code=[4.0, None, 0.0],
        active=[True, False, None],
    )
    dataset = open_data(path, tabular(*CHURN), rows=10)
    (batch,) = dataset
    nan = np.nan
    expected = [[-150, 0, 2, 1, 4], [nan, 2, 0, 0, nan], [7, nan, nan, nan, 0]]
    assert np.array_equal(batch.inputs["x"], expected, equal_nan=True)
    assert (dataset.rows, dataset.facts) == (3, {})


def test_not_a_number_is_missing_too(tmp_path: Path) -> None:
    path = parquet(tmp_path, a=np.array([1.0, np.nan]), b=pa.array(np.array([2.0, np.nan]), from_pandas=False))
    columns = Column("a", "categorical", (0, 1)), Column("b", "numeric")
    (batch,) = read(path, tabular(*columns))
    assert np.array_equal(batch.inputs["x"], [[1, 2], [np.nan, np.nan]], equal_nan=True)
    error = refused(path, tabular(columns[0], Column("b", "numeric", None, "refused")))
    assert str(error) == "calls.parquet, row 2, column 'b': it is empty, and the model takes no missing value"


def test_large_integers_keep_every_digit(tmp_path: Path) -> None:
    path = parquet(tmp_path, x=[2**53 + 1, -(2**63)])
    (batch,) = read(path, signature("x:int64[n]"))
    assert batch.inputs["x"].tolist() == [2**53 + 1, -(2**63)]
    error = refused(path, tabular(Column("x", "numeric")))
    assert str(error) == f"calls.parquet, row 1, column 'x': {2**53 + 1} is no float64"


@pytest.mark.parametrize(
    ("row", "message", "fix"),
    [
        ("x,basic,1,1,1", "row 2, column 'age': 'x' is no number", "leave the cell of a missing value empty"),
        ("NA,basic,1,1,1", "row 2, column 'age': 'NA' is no number", "leave the cell of a missing value empty"),
        ("1,gold,1,1,1", "row 2, column 'plan': the model knows no category 'gold'", "it knows: basic, pro, 3"),
        ("1,basic,4,1,1", "row 2, column 'grade': the model knows no category '4'", "it knows: 1, 2.5, 3"),
        ("1,basic,1,2,1", "row 2, column 'active': 2 is no boolean", "write true, false, 1 or 0"),
        ("1,basic,1,1,c", "row 2, column 'code': 'c' is no number", "leave the cell of a missing value empty"),
    ],
)
def test_a_cell_that_the_model_does_not_take(tmp_path: Path, row: str, message: str, fix: str) -> None:
    path = csv(tmp_path, f"age,plan,grade,active,code\n1,pro,1,1,1\n{row}\n")
    error = refused(path, tabular(*CHURN))
    assert (str(error), error.fix) == (f"calls.csv, {message}", fix)
    assert error.code == "bad-data"


def test_rows_are_counted_over_blocks(tmp_path: Path) -> None:
    lines = ["a", *["1.0000000000000000"] * 500_000, "no"]
    error = refused(csv(tmp_path, "\n".join(lines)), tabular(Column("a", "numeric")), rows=1000)
    assert str(error) == "calls.csv, row 500001, column 'a': 'no' is no number"


def test_a_column_that_may_not_be_missing(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1,\n,2\n")
    found = tabular(Column("a", "numeric", None, "refused"), Column("b", "numeric", None, "nan"))
    error = refused(path, found)
    assert str(error) == "calls.csv, row 2, column 'a': it is empty, and the model takes no missing value"


def test_columns_of_text(tmp_path: Path) -> None:
    path = csv(tmp_path, 'a,note,other\n1,"fine, ""really""",x\n2,,\n')
    found = tabular(Column("note", "text"), Column("a", "numeric"), Column("other", "text", None, "nan"))
    (batch,) = read(path, found)
    assert batch.inputs["x"].tolist() == [[1.0], [2.0]]
    assert batch.inputs["note"].tolist() == ['fine, "really"', ""]
    assert batch.inputs["other"].tolist() == ["x", None]
    error = refused(parquet(tmp_path, a=[1], note=[2], other=["x"]), found)
    assert str(error) == "calls.parquet, row 1, column 'note': 2 is no text"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("aeg", "calls.csv has no column 'age'; did you mean 'aeg'?"),
        ("Id", "calls.csv has no column 'age'"),
        ("age,age", "calls.csv has the column 'age' twice"),
    ],
)
def test_columns_that_are_not_there(tmp_path: Path, header: str, message: str) -> None:
    path = csv(tmp_path, f"{header}\n{','.join('1' * len(header.split(',')))}\n")
    error = refused(path, tabular(Column("age", "numeric")))
    assert (str(error), error.code) == (message, "bad-data")


def test_all_missing_columns_are_named(tmp_path: Path) -> None:
    error = refused(csv(tmp_path, "a\n1\n"), tabular(*(Column(name, "numeric") for name in "abc")))
    assert str(error) == "calls.csv has no column 'b', nor 'c'"
    assert error.fix == "name the columns as the model does; the table has: a"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "Empty CSV file"), ("a,b\n1\n", "Expected 2 columns, got 1"), ("a\n1\n\x00\xff", "")],
)
def test_tables_that_cannot_be_read(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(text.encode("latin-1"))
    error = refused(path, tabular(Column("a", "numeric")))
    assert error.code == "bad-data"
    assert "calls.csv" in str(error)
    assert reason in str(error)


def test_a_row_that_is_too_long(tmp_path: Path) -> None:
    error = refused(csv(tmp_path, f"a\n1\n{'x' * 2**21}\n3\n"), signature("a:string[n]"))
    assert "straddling" in str(error)
    assert "no row above 1 MiB" in error.fix


def test_parquet_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "calls.parquet").write_text("a,b\n")
    error = refused(tmp_path / "calls.parquet", tabular(Column("a", "numeric")))
    assert str(error).startswith("calls.parquet cannot be read as parquet: ")
    assert refused(csv(tmp_path, "a\n"), tabular(Column("a", "numeric"))).message == "calls.csv has no rows"


def test_csv_of_other_hands(tmp_path: Path) -> None:
    """A byte order mark, CRLF, line ends within quotes, and gzip."""
    path = tmp_path / "calls.csv.gz"
    path.write_bytes(gzip.compress('\ufeffa,note\r\n1,"two\r\nlines"\r\n'.encode()))
    (batch,) = read(path, tabular(Column("a", "numeric"), Column("note", "text")))
    assert batch.inputs["x"].tolist() == [[1.0]]
    assert batch.inputs["note"].tolist() == ["two\r\nlines"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.none() | st.floats(allow_nan=False), min_size=1, max_size=20),
    data=st.data(),
    kind=st.sampled_from(["csv", "parquet"]),
)
def test_tables_come_back_as_they_were_written(
    tmp_path: Path, numbers: list[float | None], data: st.DataObject, kind: str
) -> None:
    categories = ("a", "b,c", 'd"e', " f", "Grüße\n!")
    row = st.lists(st.none() | st.sampled_from(categories), min_size=len(numbers), max_size=len(numbers))
    names = data.draw(row)
    frame = pd.DataFrame({"c": pd.Series(names, dtype=object), "a": pd.Series(numbers, dtype=np.float64)})
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    found = tabular(Column("a", "numeric"), Column("c", "categorical", categories))
    x = np.concatenate([batch.inputs["x"] for batch in read(path, found)])
    places = [np.nan if name is None else categories.index(name) for name in names]
    assert np.array_equal(x[:, 0], frame["a"].to_numpy(), equal_nan=True)
    assert np.array_equal(x[:, 1], places, equal_nan=True)


def test_a_table_is_to_a_model_what_a_frame_is_to_its_library(tmp_path: Path) -> None:
    import lightgbm

    from mlconvert_plugins.lightgbm_runner import LightgbmRunner

    generator = np.random.default_rng(0)
    plans = pd.Categorical(generator.choice(["pro", "basic", "gold"], 200), ["gold", "basic", "pro"])
    frame = pd.DataFrame({"plan": plans, "age": generator.integers(18, 80, 200), "income": generator.normal(size=200)})
    frame.loc[::7, "income"] = np.nan
    frame.loc[3::11, "plan"] = np.nan
    churned = (frame["plan"] == "pro") ^ (frame["age"] > 40)
    made = lightgbm.LGBMClassifier(n_estimators=5, min_child_samples=5, n_jobs=1, verbose=-1).fit(frame, churned)
    made.booster_.save_model(tmp_path / "model.txt")
    frame[["income", "plan", "age"]].to_csv(tmp_path / "calls.csv", index=False)
    with LightgbmRunner(Artifact(tmp_path / "model.txt", "lightgbm")) as runner:
        (batch,) = read(tmp_path / "calls.csv", runner.signature, rows=200)
        found = runner.run(batch.inputs)["probability"]
    assert np.array_equal(found, made.predict_proba(frame))


# --- tables of networks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("x_1,x_0,id\n1,2,9\n", "x:float32[n,2]", [[2, 1]]),
        ("b,a\n1,2\n", "x:float32[n,2]", [[1, 2]]),
        ("name,b,a\nz,1,2\n", "x:float32[n,2]", [[1, 2]]),
        ("x\n5\n", "x:float32[n,1]", [[5]]),
        ("x\n5\n", "x:float32[n]", [5]),
        ("x\n9007199254740993\n", "x:int64[n]", [9007199254740993]),
        ("x\n3.0\n", "x:int32[n]", [3]),
        ("x\ntrue\n", "x:bool[n]", [True]),
        ("x\nabc\n", "x:string[n]", ["abc"]),
    ],
)
def test_rows_of_a_network(tmp_path: Path, text: str, word: str, expected: list[Any]) -> None:
    (batch,) = read(csv(tmp_path, text), signature(word))
    assert batch.inputs["x"].tolist() == expected


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ("a,b,c\n1,2,3\n", "x:float32[n,2]", "calls.csv has no column 'x_0', nor 'x_1'"),
        ("x\n1.5\n", "x:int64[n]", "calls.csv, row 1, column 'x': 1.5 is not whole"),
        ("x\nnan\n", "x:int64[n]", "calls.csv, row 1, column 'x': nan is not whole"),
        (
            "x\n1\n99999999999999999999\n",
            "x:int64[n]",
            "calls.csv, row 2, column 'x': 100000000000000000000 is too large",
        ),
        ("x\n300\n", "x:uint8[n]", "the data do not fit the input 'x': the int64 300 at [0] is no uint8"),
        ('x\n1\n""\n', "x:float32[n]", "calls.csv, row 2, column 'x': '' is no number"),
        (
            "x,y\n1,2\n,2\n",
            "x:float32[n]",
            "calls.csv, row 2, column 'x': it is empty, and the model takes no missing value",
        ),
        ("x\n1\n", "x:float32[n,3,8]", "the input x:float32[n,3,8] cannot be made of the columns of calls.csv"),
        ("x\n1\n", "x:float32[n,seq]", "the input x:float32[n,seq] cannot be made of the columns of calls.csv"),
        ("x\n1\n", "x:float32[]", "a table holds rows, and the model's inputs do not share a first dim of rows"),
    ],
)
def test_tables_that_do_not_fit_a_network(tmp_path: Path, text: str, word: str, message: str) -> None:
    error = refused(csv(tmp_path, text), signature(word))
    assert (str(error), error.code) == (message, "bad-data")


def test_columns_of_lists(tmp_path: Path) -> None:
    path = parquet(tmp_path, ids=[[1, 2, 3], [4, 5, 6]], mask=[[True, True, False]] * 2)
    (batch,) = read(path, signature("ids:int64[n,seq]", "mask:int64[n,seq]"))
    assert batch.inputs["ids"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert batch.inputs["mask"].tolist() == [[1, 1, 0]] * 2
    error = refused(parquet(tmp_path, ids=[[1, 2], [3]]), signature("ids:int64[n,seq]"))
    assert str(error) == "calls.parquet, row 2, column 'ids': it holds 1 values, and row 1 2"
    error = refused(parquet(tmp_path, ids=[[1, 2], [3, None]]), signature("ids:int64[n,seq]"))
    assert str(error).startswith("calls.parquet, row 2, column 'ids': it is empty")


# --- functions -----------------------------------------------------------------------------------------

CODE = """
import numpy as np
from helper import SIZE

def one():
    return {"x": np.ones((5, SIZE), np.float32), "y": [0, 1, 2, 1, 0]}

def many(signature):
    for number in range(3):
        yield {"x": np.full((2, signature["inputs"][0]["shape"][1]), number, np.float32)}

def ragged():
    for size in (2, 2, 3):
        yield {"ids": np.zeros((3, size), np.int64)}

def text():
    return "no arrays"

def failing():
    yield {"x": np.ones((1, 3))}
    raise KeyError("no such row")

class Loader:
    @staticmethod
    def other():
        return {"y": np.ones(3)}
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "loading.py").write_text(CODE)
    (tmp_path / "helper.py").write_text("SIZE = 3")
    monkeypatch.chdir(tmp_path)
    yield "loading.py:"
    for name in ("loading", "helper", "model_file_loading"):
        sys.modules.pop(name, None)


def test_functions_of_the_user(code: str) -> None:
    assert lengths(read(code + "one", signature(IMAGE), trust=True)) == [4, 1]
    assert lengths(read("loading:one", signature(IMAGE), trust=True)) == [4, 1]
    dataset = open_data(code + "many", signature(IMAGE), rows=4, trust=True)
    assert [batch.inputs["x"][:, 0].tolist() for batch in dataset] == [[0, 0, 1, 1], [2, 2]]
    assert lengths(list(dataset)) == [4, 2]
    assert (dataset.name, dataset.rows) == ("loading.py:many", None)
    # Rows of different shapes make no batch together.
    batches = read(code + "ragged", signature("ids:int64[n,seq]"), trust=True)
    assert [batch.inputs["ids"].shape for batch in batches] == [(4, 2), (2, 2), (3, 3)]
    (first, _) = read(code + "one", signature(IMAGE), labels="column:y", trust=True)
    assert first.labels is not None
    assert first.labels.tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text", "loading.py:text gives no inputs: TypeError: a str is no mapping of arrays by the names of inputs"),
        ("failing", "loading.py:failing gives no inputs: KeyError: 'no such row' (loading.py:21)"),
        ("absent", "loading.py:absent gives no inputs: AttributeError: module 'model_file_loading' has no attribute"),
        ("Loader.other", "loading.py:Loader.other has no array for the input 'x'; it has: y"),
    ],
)
def test_functions_that_give_no_inputs(code: str, name: str, message: str) -> None:
    error = refused(code + name, signature(IMAGE), trust=True)
    assert str(error).startswith(message)
    assert error.code == "bad-data"


def test_code_needs_a_word_of_trust(code: str) -> None:
    error = refused(code + "one", signature(IMAGE))
    assert error.code == "needs-trust"
    assert "--trust" in error.fix
    assert "model_file_loading" not in sys.modules


# --- labels --------------------------------------------------------------------------------------------


def labels_of(batches: list[Batch]) -> list[Any]:
    return [label for batch in batches if batch.labels is not None for label in batch.labels.tolist()]


@pytest.mark.parametrize("kind", ["npy", "npz", "csv", "parquet", "column"])
def test_labels(tmp_path: Path, kind: str) -> None:
    y = np.arange(10)
    stored = {"y": y[:, None]} if kind == "column" else {}
    path, place = npz(tmp_path, x=np.zeros((10, 3), np.float32), **stored), tmp_path / f"labels.{kind}"
    if kind == "npy":
        np.save(place, y)
    elif kind == "npz":
        np.savez(place, anything=y)
    elif kind == "csv":
        place.write_text("y\n" + "\n".join(map(str, y)))
    elif kind == "parquet":
        pyarrow.parquet.write_table(pa.table({"y": y}), place)
    found = labels_of(read(path, signature(IMAGE), labels="column:y" if kind == "column" else str(place)))
    assert [int(label) for label in found] == y.tolist()


def test_a_column_of_labels_is_no_input(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b,y\n1,2,cat\n3,4,dog\n")
    dataset = open_data(path, signature("x:float32[n,2]"), rows=1, labels="column:y")
    assert dataset.facts == {}
    assert labels_of(list(dataset)) == ["cat", "dog"]
    error = refused(path, signature("x:float32[n,2]"), labels="column:z")
    assert str(error) == "calls.csv has no column 'z'"
    error = refused(npz(tmp_path, x=np.zeros((1, 3)), yy=np.zeros(1)), signature(IMAGE), labels="column:y")
    assert str(error) == "data.npz has no array 'y' of labels; did you mean 'yy'?"


@pytest.mark.parametrize("count", [9, 11])
@pytest.mark.parametrize("kind", ["npz", "csv"])
def test_labels_of_the_wrong_length(tmp_path: Path, kind: str, count: int) -> None:
    np.save(tmp_path / "labels.npy", np.zeros(count))
    path = npz(tmp_path, x=np.zeros((10, 3))) if kind == "npz" else csv(tmp_path, "a,b,c\n" + "1,2,3\n" * 10)
    error = refused(path, signature(IMAGE), labels=str(tmp_path / "labels.npy"))
    assert str(error) == f"labels.npy holds {count} labels, and {path.name} 10 rows"
    assert error.code == "bad-labels"


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(2)}, "labels.npz holds 2 arrays, and labels are one: a, b"),
        ({"a": np.zeros((2, 3))}, "the labels of labels.npz have the shape [2, 3]"),
    ],
)
def test_what_is_no_labels(tmp_path: Path, stored: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "labels.npz", **stored)
    path = npz(tmp_path, x=np.zeros((2, 3)))
    error = refused(path, signature(IMAGE), labels=str(tmp_path / "labels.npz"))
    assert (str(error), error.code) == (message, "bad-labels")
    assert str(refused(path, signature(IMAGE), labels="no.npy")) == "there is no file no.npy"
    error = refused(path, signature("x:float32[2*n,3]"), labels="no.npy")
    assert "do not share a first dim" in str(error)


# --- memory --------------------------------------------------------------------------------------------

PEAK = """
import json, sys
import psutil
from mlconvert.datasets import open_data
from mlconvert.signature import Signature, parse_tensor

rss = lambda: psutil.Process().memory_info().rss
found = []
for path in sys.argv[1:]:
    batches = iter(open_data(path, Signature((parse_tensor("x:float64[n,16]"),)), rows=4096))
    rows, before = len(next(batches)), rss()
    peak = before
    for batch in batches:
        rows, peak = rows + len(batch), max(peak, rss())
    found.append([rows, (peak - before) / 2**20])
print(json.dumps(found))
"""


def test_memory_is_that_of_a_batch(tmp_path: Path) -> None:
    rows = {"npz": 1_600_000, "parquet": 600_000, "csv": 400_000}
    columns, paths = [f"x_{place}" for place in range(16)], [tmp_path / f"data.{kind}" for kind in rows]
    np.savez(paths[0], x=np.zeros((rows["npz"], 16)))
    table = pa.table(dict.fromkeys(columns, np.random.default_rng(0).random(rows["parquet"])))
    pyarrow.parquet.write_table(table, paths[1], row_group_size=10**9, use_dictionary=False)
    paths[2].write_text(",".join(columns) + "\n" + (",".join(["0.0000000000000001"] * 16) + "\n") * rows["csv"])
    done = subprocess.run([sys.executable, "-c", PEAK, *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [total for total, _ in found] == list(rows.values())
    assert [path.stat().st_size >> 20 for path in paths] == [195, 73, 115]
    assert max(grown for _, grown in found) < 60, found
