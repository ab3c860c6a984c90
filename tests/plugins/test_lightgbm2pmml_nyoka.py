from __future__ import annotations

import re
from pathlib import Path

import lightgbm
import numpy as np
import pytest

import lightgbm_models as models
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.testing import check_stage
from mlconvert_plugins.lightgbm import Lightgbm
from mlconvert_plugins.lightgbm2pmml_nyoka import Lightgbm2PmmlNyoka
from mlconvert_plugins.nyokawriter.options import NyokaBoostedOptions
from nyoka_documents import hold, made, refusals, source

STAGE = Lightgbm2PmmlNyoka()
EXACT = [
    Case("regression", missing="zero"),
    Case("lambdarank", missing="nan"),
    Case("quantile", "rf", missing="unused"),
    Case("custom", "dart", missing="none"),
    Case("binary", missing="nan"),
    Case("binary sigmoid", "rf", missing="zero"),
    Case("multiclass", "dart", missing="unused"),
    Case("gamma", missing="nan"),
    Case("cross_entropy", missing="none"),
]
REFUSED = [
    (Case("binary", categories="few"), "categorical-splits"),
    (Case("binary", linear=True), "linear-leaves"),
    (Case("multiclassova"), "several-outputs"),
    (Case("regression sqrt"), "unsupported-link"),
    (Case("cross_entropy_lambda"), "unsupported-link"),
]


def saved(case: Case, folder: Path) -> Artifact:
    return source(models.save(case, folder / "m"), "lightgbm")


@pytest.mark.parametrize("case", EXACT, ids=str)
def test_it_computes_what_lightgbm_computes(case: Case, tmp_path: Path) -> None:
    hold(STAGE, saved(case, tmp_path), tmp_path)


@pytest.mark.parametrize(("case", "code"), REFUSED, ids=str)
def test_what_nyoka_cannot_say_is_refused_by_name(case: Case, code: str, tmp_path: Path) -> None:
    assert [refusal.code for refusal in refusals(STAGE, saved(case, tmp_path), tmp_path)] == [code]


def test_all_that_is_in_the_way_is_said_at_once(tmp_path: Path) -> None:
    found = refusals(STAGE, saved(Case("multiclassova", categories="few", linear=True), tmp_path), tmp_path)
    assert {refusal.code for refusal in found} == {"categorical-splits", "linear-leaves", "several-outputs"}


def test_the_contract(tmp_path: Path) -> None:
    check_stage(STAGE, Artifact(models.save(Case(), tmp_path / "m"), "lightgbm"), tmp_path)


def test_names_labels_and_target(tmp_path: Path) -> None:
    """nyoka would write names as the host encodes text, and calls the classes 0 and 1."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((200, 3))
    model = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, verbosity=-1, n_jobs=1)
    model.fit(x, np.where(x[:, 0] > 0, "über <5%>", 'a "b" & c'), feature_name=["größe", "a&b<c>'d'", "target"])
    path = tmp_path / "m.txt"
    Lightgbm().adopt(model, path)
    document = hold(STAGE, source(path, "lightgbm"), tmp_path, NyokaBoostedOptions(target="ziel"))
    assert document.signature.labels == ('a "b" & c', "über <5%>")
    assert 'name="ziel"' in document.path.read_text(encoding="utf-8")


def test_a_target_that_is_called_as_a_column_is_refused(tmp_path: Path) -> None:
    options = NyokaBoostedOptions(target="Column_1")
    assert [one.code for one in refusals(STAGE, saved(Case(), tmp_path), tmp_path, options)] == ["bad-target"]


def test_some_iterations(tmp_path: Path) -> None:
    hold(STAGE, saved(Case("multiclass"), tmp_path), tmp_path, NyokaBoostedOptions(num_iteration=2, start_iteration=1))


def test_a_tie_goes_to_the_first_class(tmp_path: Path) -> None:
    """LightGBM takes the first of equal probabilities, where engines take the class that nyoka names first."""
    artifact = saved(Case(), tmp_path)
    text = artifact.path.read_text()
    zeros = re.sub(r"leaf_value=.*", lambda line: "leaf_value=" + re.sub(r"[^ =]+(?= |$)", "0", line[0][11:]), text)
    sizes = [len(tree) for tree in re.findall(r"Tree=.*?\n\n\n", zeros, re.DOTALL)]
    artifact.path.write_text(re.sub(r"tree_sizes=.*", f"tree_sizes={' '.join(map(str, sizes))}", zeros))
    hold(STAGE, artifact, tmp_path)


def test_a_name_that_xml_cannot_hold_is_refused(tmp_path: Path) -> None:
    artifact = saved(Case(), tmp_path)
    artifact.path.write_bytes(artifact.path.read_bytes().replace(b"Column_1", b"Column\x01"))
    with pytest.raises(ConversionError) as caught:
        made(STAGE, source(artifact.path, "lightgbm"), tmp_path)
    assert caught.value.code == "unwritable-name"
