"""Texts, as ONNX Runtime has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from savedmodels import check

TEXTS = np.array([["a b  c", "", "Straße x"], ["one", " two three", "a,b,,c"]], object)
DETAILS = {"opset": 20, "ir_version": 9}


def test_texts_are_joined_split_and_matched(tmp_path: Path) -> None:
    text = """g (string[n,3] x) => (string[n,3] z, string[n,3,k] parts, int64[n,3] counts, bool[n,3] found) {
        z = StringConcat(x, suffix)
        parts, counts = StringSplit<delimiter=",">(x)
        found = RegexFullMatch<pattern="[a-z ]+">(x)
    }"""
    check(tmp_path, text, {"x": TEXTS}, suffix=np.array(["!", "", "é"], object), **DETAILS)


def test_a_limit_leaves_the_rest_whole(tmp_path: Path) -> None:
    text = """g (string[n,3] x) => (string[n,3,k] a, int64[n,3] na, string[n,3,l] b, int64[n,3] nb) {
        a, na = StringSplit<maxsplit=1>(x)
        b, nb = StringSplit(x)
    }"""
    check(tmp_path, text, {"x": TEXTS}, **DETAILS)


def test_words_are_left_out(tmp_path: Path) -> None:
    """In the locale that every machine has; ONNX Runtime's default is one that must be installed."""
    text = """g (string[n] x) => (string[k] y, string[l] z) {
        y = StringNormalizer<case_change_action="UPPER", locale="C.UTF-8", is_case_sensitive=0, stopwords=["Monday"]>(x)
        z = StringNormalizer<locale="C.UTF-8", is_case_sensitive=1, stopwords=["monday", "Tuesday"]>(x)
    }"""
    check(tmp_path, text, {"x": np.array(["monday", "Tuesday"], object)}, **DETAILS)
