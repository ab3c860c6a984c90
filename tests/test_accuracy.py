from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlconvert.accuracy import Counter, judged
from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature, parse_tensor


def signature(*words: str, labels: tuple[Any, ...] = (), columns: int = 0) -> Signature:
    made = tuple(Column(f"c{place}", "numeric") for place in range(columns))
    return Signature((), tuple(map(parse_tensor, words)), {}, made, labels)


NETWORK = signature("logits:float32[batch,10]")
TREES = ("margin:float64[n,1]", "probability:float64[n,2]", "label:string[n]")


def one_hot(*places: int, width: int = 10) -> dict[str, np.ndarray]:
    return {"logits": np.eye(width, dtype=np.float32)[list(places)]}


def test_shares_of_all_batches() -> None:
    counter = Counter(judged(NETWORK))
    counter.add(np.array([1, 2, 3]), one_hot(1, 2, 4), one_hot(1, 3, 4))
    counter.add(np.array([5.0]), one_hot(5), one_hot(5))
    found = counter.as_json()
    top = found.pop("source_top5"), found.pop("artifact_top5")
    assert found == {"labels": 4, "output": "logits", "source": 0.75, "artifact": 0.5, "agreement": 0.75}
    assert top == (1.0, 1.0)  # nine scores of 0 tie for a place


def test_the_five_largest() -> None:
    scores = np.arange(10, dtype=np.float32)[None].repeat(10, 0)
    counter = Counter(judged(NETWORK))
    counter.add(np.arange(10), {"logits": scores}, {"logits": -scores})
    found = counter.as_json()
    assert (found["source"], found["source_top5"], found["artifact_top5"], found["agreement"]) == (0.1, 0.5, 0.5, 0)


def test_few_classes_have_no_five_largest() -> None:
    counter = Counter(judged(signature("y:float32[n,5]")))
    counter.add(np.array([0]), {"y": np.eye(5)[:1]}, {"y": np.eye(5)[:1]})
    assert counter.as_json().keys() == {"labels", "output", "source", "artifact", "agreement"}


@pytest.mark.parametrize(
    ("labels", "given"),
    [
        (("cat", "dog"), ["dog", "cat", "dog"]),
        ((0, 1), ["1", "0", "1"]),
        ((0, 1), [1.0, 0.0, 1.0]),
        ((False, True), ["True", "false", "TRUE"]),
        ((False, True), [True, False, True]),
        (("0", "1"), [1, 0, 1]),
        (("1", "2.5"), [2.5, 1.0, 2.5]),
    ],
)
def test_labels_are_found_by_what_they_mean(labels: tuple[Any, ...], given: list[Any]) -> None:
    counter = Counter(judged(signature(*TREES, labels=labels, columns=1)))
    answer = {"label": np.array([labels[1], labels[0], labels[0]], dtype=object), "probability": np.eye(2)[[1, 0, 0]]}
    counter.add(np.array(given), answer, answer)
    found = counter.as_json()
    assert (found["output"], round(found["source"], 3), found["agreement"]) == ("label", 0.667, 1.0)


def test_names_of_classes_stand_for_the_places_of_scores() -> None:
    counter = Counter(judged(signature("y:float32[n,3]", labels=("a", "b", "c"))))
    counter.add(np.array(["c", "a"]), {"y": np.eye(3)[[2, 1]]}, {"y": np.eye(3)[[2, 0]]})
    assert (counter.source, counter.artifact, counter.agreement) == (1, 2, 1)


@pytest.mark.parametrize(
    ("found", "label", "shown"),
    [
        (signature("y:float32[n,3]"), 3, "3"),
        (signature("y:float32[n,3]"), -1, "-1"),
        (signature("y:float32[n,3]"), 1.5, "1.5"),
        (signature("y:float32[n,3]", labels=("a", "b", "c")), "d", "'d'"),
        (signature("y:float32[n,3]", labels=("a", "b", "c")), None, "None"),
    ],
)
def test_a_label_that_the_model_does_not_know(found: Signature, label: Any, shown: str) -> None:
    counter = Counter(judged(found))
    scores = {"y": np.eye(3)[:1]}
    counter.add(np.array([(*found.labels, 0)[0]], dtype=object), scores, scores)
    with pytest.raises(ConversionError) as caught:
        counter.add(np.array([label], dtype=object), scores, scores)
    assert str(caught.value) == f"the model knows no label {shown} (row 2 of the labels)"
    assert caught.value.code == "bad-labels"
    assert caught.value.fix.startswith("its labels are: a, b, c" if found.labels else "its labels are: 0, 1, 2")


def test_the_output_that_tells_the_class() -> None:
    two = signature("y:float32[n,3]", "z:float32[n,4]", "features:float32[n,8,8]", "count:int64[n,2]")
    assert judged(two, "z").output == "z"
    assert judged(signature(*TREES, labels=(0, 1), columns=1), "probability").output == "probability"
    # A margin of one column is no score for each class.
    assert judged(signature("y:float32[n,3]", "margin:float32[n,1]")).output == "y"


@pytest.mark.parametrize(
    ("found", "output", "message"),
    [
        (
            signature("y:float32[n,3]", "z:float32[n,4]"),
            None,
            "several outputs hold a score for each class",
        ),
        (signature("y:float32[n,1]"), None, "no output holds a score for each of several classes: y:float32[n,1]"),
        (signature("y:float32[n,4,8]"), "y", "no output holds a score for each of several classes: y:float32[n,4,8]"),
        (signature("prediction:float64[n,1]", columns=2), None, "it is a regression: it has no classes"),
        (signature("logits:float32[n,3]"), "logit", "there is no output 'logit'; did you mean 'logits'?"),
    ],
)
def test_models_without_accuracy(found: Signature, output: str | None, message: str) -> None:
    with pytest.raises(ConversionError) as caught:
        judged(found, output)
    assert str(caught.value) == f"accuracy cannot be told: {message}"
    assert caught.value.code == "no-classes"
    assert caught.value.fix


def test_answers_that_have_no_row_for_a_label() -> None:
    counter = Counter(judged(NETWORK))
    with pytest.raises(ConversionError, match="'logits' holds 2 rows, not 3"):
        counter.add(np.array([1, 2, 3]), one_hot(1, 2), one_hot(1, 2))
    with pytest.raises(ConversionError, match="'logits' is not given"):
        counter.add(np.array([1, 2, 3]), {}, one_hot(1, 2, 3))
