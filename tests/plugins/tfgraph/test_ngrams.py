"""Counts of n-grams, as ONNX Runtime has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


@pytest.mark.parametrize("mode", ["TF", "TFIDF"])
def test_ngrams_with_gaps_are_counted(mode: str, tmp_path: Path) -> None:
    text = f"""g (int64[n,l] x) => (float[n,7] y) {{
        y = TfIdfVectorizer<mode="{mode}", min_gram_length=1, max_gram_length=2, max_skip_count=3,
            ngram_counts=[0, 4], ngram_indexes=[0, 1, 2, 3, 4, 5, 6], weights=[1.0, 2.0, 0.5, 1.0, 3.0, 4.0, 0.1],
            pool_int64s=[2, 3, 5, 4, 5, 6, 7, 8, 6, 7]>(x)
    }}"""
    check(tmp_path, text, {"x": np.array([[1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8]])})


def test_texts_are_counted(tmp_path: Path) -> None:
    text = """g (string[l] x) => (float[2] y) {
        y = TfIdfVectorizer<mode="IDF", min_gram_length=2, max_gram_length=2, max_skip_count=0,
            ngram_counts=[0, 0], ngram_indexes=[1, 0], pool_strings=["a", "b", "b", "c"], weights=[0.5, 2.0]>(x)
    }"""
    check(tmp_path, text, {"x": np.array(["a", "b", "a", "b", "d"], object)})
