from __future__ import annotations

import numpy as np
import pytest

from mlconvert.probes import draw
from mlconvert.signature import DimRange, Signature, parse_tensor
from mlconvert.tokens import told_by

BERT = (
    "input_ids:int64[batch,seq]=0..30521",
    "attention_mask:int64[batch,seq]",
    "token_type_ids:int64[batch,seq]=0..1",
)


def drawn(*words: str, seed: int = 0, batch: int = 6, seq: int = 16) -> list[dict[str, np.ndarray]]:
    dims = {"batch": DimRange(batch, batch, batch), "seq": DimRange(seq, seq, seq)}
    return [dict(probe.inputs) for probe in draw(Signature(tuple(map(parse_tensor, words)), dims=dims), seed)]


@pytest.mark.parametrize(
    ("word", "kind", "stem"),
    [
        ("input_ids:int64[b,s]", "ids", ""),
        ("inputIds:int32[b,s]", "ids", ""),
        ("serving_default_input_ids:0:int32[b,s]", "ids", "serving_default_"),
        ("decoder_input_ids:int64[b,s]", "ids", "decoder_"),
        ("src_tokens:int64[b,s]", "ids", "src_"),
        ("ids:int64[b]", "ids", ""),
        ("attention_mask:int64[b,s]", "mask", ""),
        ("encoder.attention_mask:bool[b,s]", "mask", "encoder."),
        ("src_key_padding_mask:bool[b,s]", "padding", "src_"),
        ("token_type_ids:int64[b,s]", "segments", ""),
        ("segment_ids:int32[b,s]", "segments", ""),
        ("position_ids:int64[b,s]", "positions", ""),
        ("cache_position:int64[s]", "positions", "cache_"),
        ("src_lengths:int64[b]", "lengths", "src_"),
        ("seq_len:int32[b]", "lengths", ""),
        # What is none of them.
        ("input_ids:float32[b,s]", "", ""),
        ("ids:bool[b,s]", "", ""),
        ("length:int64[]", "", ""),
        ("grids:int64[b,s]", "", ""),
        ("masked:int64[b,s]", "", ""),
        ("x:int64[b,s]", "", ""),
    ],
)
def test_names_say_what_an_input_is(word: str, kind: str, stem: str) -> None:
    assert told_by(parse_tensor(word)) == (kind, stem)


def test_masks_are_padding_at_the_end() -> None:
    for seed in range(8):
        for inputs in drawn(*BERT, seed=seed):
            mask, ids = inputs["attention_mask"], inputs["input_ids"]
            assert mask.dtype == ids.dtype == np.int64
            lengths = mask.sum(axis=1)
            assert len(set(lengths.tolist())) == 6
            assert lengths.min() >= 1
            assert (np.diff(mask, axis=1) <= 0).all()
            assert (ids[mask == 0] == 0).all()
            assert (inputs["token_type_ids"][mask == 0] == 0).all()


def test_rows_that_are_more_than_places() -> None:
    (inputs, *_) = drawn(*BERT, batch=9, seq=2)
    assert set(inputs["attention_mask"].sum(axis=1).tolist()) == {1, 2}
    (inputs, *_) = drawn(*BERT, batch=2, seq=1)
    assert inputs["attention_mask"].tolist() == [[1], [1]]
    (inputs, *_) = drawn("attention_mask:int64[batch,0]", "ids:int64[batch,0]", "token_type_ids:int64[batch,0]")
    assert inputs["ids"].shape == (6, 0)


def test_ids_come_as_words_do() -> None:
    (inputs, again) = drawn("input_ids:int32[batch,seq]=0..30521", batch=100, seq=100)
    ids = inputs["input_ids"]
    assert ids.dtype == np.int32
    assert (ids.min(), ids.max()) == (0, 30521)
    counts = np.bincount(ids.ravel())
    assert counts[0] > 300
    assert 2 < counts[:10].sum() / counts[10:20].sum() < 6
    assert len(np.unique(ids)) > 3000
    assert not np.array_equal(ids, again["input_ids"])
    assert np.array_equal(ids, drawn("input_ids:int32[batch,seq]=0..30521", batch=100, seq=100)[0]["input_ids"])


def test_positions_and_segments_go_up() -> None:
    words = (
        "position_ids:int64[batch,seq]=0..511",
        "token_type_ids:int32[batch,seq]",
        "cache_position:int64[seq]=0..7",
    )
    (inputs, *_) = drawn(*words)
    assert (inputs["position_ids"] == np.arange(16)).all()
    assert inputs["cache_position"].tolist() == [*range(8), *[7] * 8]
    segments = inputs["token_type_ids"]
    assert (np.diff(segments, axis=1) >= 0).all()
    assert (segments[:, 0] == 0).all()
    assert segments.max() == 1


def test_lengths_are_those_of_their_sequence() -> None:
    words = ("src_tokens:int64[batch,seq]=0..99", "src_lengths:int64[batch]", "tgt_tokens:int64[batch,3]=0..9")
    (inputs, *_) = drawn(*words)
    lengths = inputs["src_lengths"]
    assert len(set(lengths.tolist())) == 6
    assert 1 <= lengths.min() < 10 < lengths.max() <= 16
    assert (np.diff(lengths) <= 0).all()
    (inputs, *_) = drawn("frames:float32[batch,seq,80]", "lengths:int32[batch]", "tgt:int64[batch,3]")
    assert inputs["lengths"].max() <= 3


def test_each_half_of_a_model_has_its_mask() -> None:
    words = (
        "input_ids:int64[batch,seq]=5..99", "attention_mask:bool[batch,seq]",
        "decoder_input_ids:int64[batch,seq]=5..99", "decoder_attention_mask:int64[batch,seq]=1..1",
        "src_key_padding_mask:bool[batch,seq]",
    )  # fmt: skip
    (inputs, *_) = drawn(*words)
    mask = inputs["attention_mask"]
    assert mask.dtype == bool
    assert 0 < mask.sum() < mask.size
    assert (inputs["input_ids"][~mask] == 5).all()
    # A range that leaves no choice is kept.
    assert (inputs["decoder_attention_mask"] == 1).all()
    assert len(np.unique(inputs["decoder_input_ids"])) > 10
    assert (inputs["decoder_input_ids"] != 5).sum() > (inputs["input_ids"] != 5).sum()
    padding = inputs["src_key_padding_mask"]
    assert not padding.all(axis=1).any()
    assert padding.any()
