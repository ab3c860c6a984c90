"""What a user hands over: the route that made an artifact, by its manifest where several lead to its format."""

from __future__ import annotations

from pathlib import Path

import mlconvert
from mlconvert import subjects
from mlconvert.artifact import Artifact
from mlconvert_toys import line


def names(source: Path, target: Path, form: str) -> list[str]:
    return [edge.name for edge in subjects.between(Artifact(source, "alpha"), Artifact(target, form))]


def test_the_route_between_two_is_the_graphs(tmp_path: Path) -> None:
    source = line.alpha(tmp_path / "m.alpha")
    assert names(source, line.beta(tmp_path / "m.beta", line.Line()), "beta") == ["alpha2beta"]


def test_a_manifest_says_which_stage_made_it(tmp_path: Path) -> None:
    source = line.alpha(tmp_path / "m.alpha")
    options = {"dims": {"batch": (1, 2, 3)}}
    rival = mlconvert.convert(source, "beta", tmp_path / "r.beta", via="alpha2beta.rival", **options).artifact
    assert names(source, rival.path, "beta") == ["alpha2beta.rival"]
    tidy = mlconvert.convert(source, "beta", tmp_path / "t.beta", passes="beta2beta.tidy", **options).artifact
    assert names(source, tidy.path, "beta") == ["alpha2beta"]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert names(line.alpha(tmp_path / "m.alpha"), line.alpha(tmp_path / "n.alpha"), "alpha") == []
