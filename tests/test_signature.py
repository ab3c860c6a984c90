from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconvert.signature import (
    DTYPES,
    Column,
    DimRange,
    Signature,
    Tensor,
    evaluate,
    names_in,
    parse_dim_range,
    parse_tensor,
)

NAMES = st.sampled_from(["batch", "h", "w", "s16", "_2", "u0", "N"])


def expressions() -> st.SearchStrategy[str]:
    leaves = NAMES | st.integers(0, 10**6).map(str)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(
                lambda t: f"({t[0]} {t[1]} {t[2]})"
            ),
            st.tuples(st.sampled_from(["max", "min"]), st.lists(inner, min_size=1, max_size=3)).map(
                lambda t: f"{t[0]}({', '.join(t[1])})"
            ),
            inner.map(lambda text: f"-{text}"),
        ),
        max_leaves=6,
    )


DIMS = st.one_of(st.none(), st.integers(0, 2**40), NAMES, expressions().filter(lambda text: not text.isdigit()))
RANGES = st.tuples(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12)).map(lambda ends: (min(ends), max(ends)))
TENSORS = st.builds(
    Tensor,
    name=st.text("ab:./[] -é=", min_size=1, max_size=8).map(str.strip).filter(bool),
    dtype=st.sampled_from(sorted(DTYPES)),
    shape=st.lists(DIMS, max_size=4).map(tuple),
    range=st.none() | RANGES,
)


# --- the words a user writes ----------------------------------------------------------------------------


@given(TENSORS)
def test_a_tensor_reads_back_what_it_writes(tensor: Tensor) -> None:
    assert parse_tensor(str(tensor)) == tensor


@given(st.text(max_size=40))
def test_any_text_is_a_tensor_or_a_value_error(text: str) -> None:
    try:
        parse_tensor(text)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "tensor"),
    [
        ("x:float32[batch,3,224,224]", Tensor("x", "float32", ("batch", 3, 224, 224))),
        ("ids:int64[batch,seq]=0..30521", Tensor("ids", "int64", ("batch", "seq"), (0, 30521))),
        ("scalar:float64[]", Tensor("scalar", "float64", ())),
        ("a/b:0:bool[?, 2]", Tensor("a/b:0", "bool", (None, 2))),
        ("x:float32[(h-1)//2+1]=-1.5e-05..1.5", Tensor("x", "float32", ("(h-1)//2+1",), (-1.5e-05, 1.5))),
    ],
)
def test_an_input_of_the_command_line(text: str, tensor: Tensor) -> None:
    assert parse_tensor(text) == tensor


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "is no input"),
        ("x:float32", "is no input"),
        ("x:floaty[1]", "is no dtype"),
        ("x:float32[1,,2]", "is no dim expression"),
        ("x:float32[batch size]", "is no dim expression"),
        ("x:float32[1]=5..1", "is empty"),
        ("x:float32[1]=a..b", "no readable range"),
        ("x:float32[1]=0..inf", "no readable range"),
        ("x:float32[1]=nan..nan", "no readable range"),
    ],
)
def test_what_is_no_input(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_tensor(text)


@given(st.integers(0, 100), st.integers(0, 100), st.none() | st.integers(0, 100))
def test_a_dim_range_reads_back_what_it_writes(low: int, more: int, most: int | None) -> None:
    sizes = DimRange(low, low + more, None if most is None else low + more + most)
    assert parse_dim_range(f"batch={sizes}") == ("batch", sizes)


def test_one_size_is_a_range_of_one() -> None:
    assert parse_dim_range(" batch = 8 ") == ("batch", DimRange(8, 8, 8))
    assert 8 in DimRange(8, 8, 8)
    assert 9 not in DimRange(8, 8, 8)
    assert 10**9 in DimRange(1, 2)


@pytest.mark.parametrize(
    "text",
    ["batch", "=1:2:3", "1=1", "a b=1", "batch=", "batch=1:2", "batch=::3", "batch=x", "batch=3:2:1", "batch=-1"],
)
def test_what_is_no_dim_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"dim|needs"):
        parse_dim_range(text)


# --- expressions ----------------------------------------------------------------------------------------


@given(expressions(), st.integers(0, 1000))
def test_an_expression_has_pythons_value(text: str, size: int) -> None:
    sizes = dict.fromkeys(names_in(text), size)
    listed = {"max": lambda *values: max(values), "min": lambda *values: min(values)}
    try:
        expected = eval(text, {"__builtins__": {}}, {**listed, **sizes})
    except ZeroDivisionError:
        expected = None
    assert evaluate(text, sizes) == expected


def test_what_an_expression_mentions() -> None:
    assert names_in("max(w, (h-1)//2+w) % batch") == ("w", "h", "batch")
    assert evaluate("(h-1)//2+1", {"h": 224}) == 112
    assert evaluate("h", {}) is None
    assert evaluate("4 // h", {"h": 0}) is None
    assert evaluate(None, {}) is None
    assert evaluate(7, {}) == 7


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "a.b",
        "a[0]",
        "2 ** 99999999",
        "1 << 99999999",
        "'x' * 10",
        "1.5",
        "True",
        "lambda: 1",
        "(a := 1)",
        "max()",
        "max(*a)",
        "max(a, key=b)",
        "abs(a)",
        "max",
        "a if b else c",
        "[a for a in b]",
        "a\0b",
        "",
        "(" * 400 + "a" + ")" * 400,
        "-" * 999 + "a",
        "+".join(["a"] * 600),
    ],
)
def test_a_hostile_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no dim expression|more than"):
        names_in(text)
    with pytest.raises(ValueError, match=r"no dim expression|more than"):
        evaluate(text, {"a": 1, "b": 1, "c": 1})


# --- signatures -----------------------------------------------------------------------------------------

TABULAR = Signature(
    inputs=(Tensor("x", "float32", ("batch", None, "h//2"), (0.0, 1.0)),),
    outputs=(Tensor("y", "int64", (3,)),),
    dims={"batch": DimRange(1, 8, 32), "h": DimRange(2, 4)},
    columns=(Column("age", "numeric", missing="nan"), Column("city", "categorical", ("Bern", "Graz"))),
    labels=("no", "yes"),
)


@pytest.mark.parametrize("signature", [Signature(), TABULAR], ids=["empty", "tabular"])
def test_a_signature_goes_through_json(signature: Signature) -> None:
    assert Signature.from_json(json.loads(json.dumps(signature.as_json()))) == signature


@given(st.lists(TENSORS, max_size=3), st.dictionaries(NAMES, st.builds(DimRange), max_size=2))
def test_any_signature_goes_through_json(inputs: list[Tensor], dims: dict[str, DimRange]) -> None:
    signature = Signature(tuple(inputs), (), dims)
    assert Signature.from_json(json.loads(json.dumps(signature.as_json()))) == signature


def test_names_stand_in_the_order_of_the_inputs() -> None:
    assert TABULAR.names() == ("batch", "h")
    assert TABULAR.range_of("nobody") == DimRange(1, 1, None)


def test_the_users_words_are_worked_in() -> None:
    given = Tensor("x", "float32", (4, 2, 2), (0.0, 0.5))
    merged = TABULAR.merged([given], {"batch": DimRange(1, 2, 3)})
    assert merged.inputs == (given,)
    assert merged.outputs == TABULAR.outputs
    assert merged.dims == {"batch": DimRange(1, 2, 3), "h": DimRange(2, 4)}
    assert Signature().merged([given], {}).inputs == (given,)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (Tensor("z", "float32", (1, 2, 3)), "no input 'z'; its inputs are: x"),
        (Tensor("x", "float64", (1, 2, 3)), "is float32, not float64"),
        (Tensor("x", "float32", (1, 2)), "has rank 3, not 2"),
    ],
)
def test_words_that_do_not_fit_the_model(tensor: Tensor, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        TABULAR.merged([tensor], {})


def test_a_range_stays_unless_another_is_written() -> None:
    own = Signature((parse_tensor("ids:int64[batch,seq]=0..99"),))
    assert own.merged([parse_tensor("ids:int64[batch,8]")], {}).inputs == (parse_tensor("ids:int64[batch,8]=0..99"),)
    narrow = parse_tensor("ids:int64[batch,8]=1..2")
    assert own.merged([narrow], {}).inputs == (narrow,)


def test_a_manifest_fills_in_what_the_file_cannot_say() -> None:
    own = Signature((parse_tensor("ids:int64[batch,seq]"),), (parse_tensor("y:float32[batch]"),))
    told = Signature(
        (parse_tensor("ids:int64[n,seq]=0..99"),), (), {"batch": DimRange(1, 8, 32), "other": DimRange(2, 2, 2)}
    )
    bounded = Signature((parse_tensor("ids:int64[batch,seq]=0..30521"),))
    assert bounded.informed_by(told).inputs == (parse_tensor("ids:int64[batch,seq]=0..99"),)
    assert bounded.informed_by(own).inputs == bounded.inputs
    known = own.informed_by(told)
    assert known.inputs == (parse_tensor("ids:int64[batch,seq]=0..99"),)
    assert known.dims == {"batch": DimRange(1, 8, 32)}
