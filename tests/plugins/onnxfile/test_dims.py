"""Any text can be an ONNX dim: names and expressions are kept, the rest becomes a stable name or is unknown."""

from __future__ import annotations

import pytest

from mlconvert.signature import Dim, evaluate, names_in
from mlconvert_plugins.onnxfile.dims import Dims


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("batch", "batch"),
        ("s16", "s16"),
        ("unk__12", "unk__12"),
        ("batch size", "batch_size"),
        ("batch-size", "batch_size"),
        ("past.sequence/length", "past_sequence_length"),
        ("?", "dim"),
        ("12", "dim_12"),
        ("lambda", "dim_lambda"),
        ("max", "dim_max"),
        ("größe", "gr_e"),
        ("\x1b[31m", "31m"),
        ("x" * 5000, "x" * 60),
    ],
)
def test_an_inputs_text_becomes_a_name(text: str, dim: str) -> None:
    dims = Dims([text])
    found = dims.of_text(text)
    assert isinstance(found, str) and found.removeprefix("dim_") == dim.removeprefix("dim_")
    assert found.isidentifier() and dims.of_text(text) == found and names_in(found) == (found,)


@pytest.mark.parametrize(
    ("text", "at_33"),
    [("(s16 - 1)//2 + 1", 17), ("((s16-1)//2)+1", 17), ("2*s16", 66), ("Max(1, s16//64)", 1), ("s16 % 4", 1)],
)
def test_an_expression_over_the_inputs_names_is_kept(text: str, at_33: int) -> None:
    assert evaluate(Dims(["s16", text]).of_text(text), {"s16": 33}) == at_33
    assert evaluate(Dims(["s16"]).of_text(text), {"s16": 33}) == at_33


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("u0", "u0"),
        ("u0 + 1", "u0 + 1"),
        ("floor(batch/2)", None),
        ("batch**2", None),
        ("Addy dim 0", "Addy_dim_0"),
        ("", None),
        (" ", None),
        ("__import__('os').system('x')", None),
        ("(" * 5000, None),
    ],
)
def test_an_outputs_text_is_never_a_free_name_that_looks_like_a_formula(text: str, dim: Dim) -> None:
    assert Dims(["batch"]).of_text(text) == dim


def test_different_texts_never_share_a_name() -> None:
    dims = Dims(["batch_size", "batch size", "batch-size"])
    found = [dims.of_text(text) for text in ("batch_size", "batch size", "batch-size")]
    assert found == ["batch_size", "batch_size_2", "batch_size_3"]


def test_the_same_text_is_the_same_dim_in_inputs_and_outputs() -> None:
    dims = Dims(["batch size"])
    assert dims.of_text("batch size") == "batch_size" and dims.of_text("batch_size") == "batch_size"
