from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from distributions import distribution
from mlconvert.artifact import Artifact
from mlconvert.format import Format
from mlconvert.stage import Stage
from mlconvert.testing import check_format, check_stage
from mlconvert_toys import formats, line, offenders, stages
from mlconvert_toys.line import Line

WRITERS = {"alpha": line.alpha, "beta": line.beta, "gamma": line.gamma, "delta": line.delta, "omega": line.omega}


def sample(folder: Path, name: str) -> Path:
    source = folder / "source"
    source.mkdir()
    return WRITERS[name](source / f"m.{name}", Line())


@pytest.mark.parametrize("fmt", [formats.Alpha(), formats.Beta(), formats.Gamma(), formats.Delta(), formats.Omega()])
def test_sound_formats_pass(tmp_path: Path, fmt: Format) -> None:
    check_format(fmt, sample(tmp_path, fmt.name))


@pytest.mark.parametrize(
    ("stage", "options"),
    [
        (stages.Alpha2Beta(), None),
        (stages.Alpha2Beta(), stages.Alpha2BetaOptions(notation="hex")),
        (stages.Alpha2BetaRival(), None),
        (stages.Beta2Gamma(), stages.Beta2GammaOptions(table=Path("a/b.csv"), labels=("a",), sizes=())),
        (stages.Beta2Delta(), None),
        (stages.Delta2Omega(), None),
        (stages.Beta2BetaTidy(), None),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_sound_stages_pass(tmp_path: Path, stage: Stage, options: Any) -> None:
    made = check_stage(stage, Artifact(sample(tmp_path, stage.source), stage.source), tmp_path, options)
    assert made.format == stage.target
    assert made.signature == Line().signature
    assert made.path.exists()


@pytest.mark.parametrize("kind", offenders.FORMATS, ids=lambda kind: kind.__name__)
def test_a_format_that_breaks_a_rule_is_told_so(tmp_path: Path, kind: type[Format]) -> None:
    with pytest.raises(AssertionError) as caught:
        check_format(kind(), sample(tmp_path, "beta"))
    assert str(kind.__doc__) in str(caught.value)


@pytest.mark.parametrize("kind", offenders.STAGES, ids=lambda kind: kind.__name__)
def test_a_stage_that_breaks_a_rule_is_told_so(tmp_path: Path, kind: type[Stage]) -> None:
    stage = kind()
    with pytest.raises(AssertionError) as caught:
        check_stage(stage, Artifact(sample(tmp_path, stage.source), stage.source), tmp_path)
    assert str(kind.__doc__) in str(caught.value)


@pytest.mark.parametrize("kind", [offenders.Restless, offenders.Forgetful], ids=lambda kind: kind.__name__)
def test_a_builder_that_times_its_kernels_may_differ(tmp_path: Path, kind: type[Stage]) -> None:
    check_stage(kind(), Artifact(sample(tmp_path, "beta"), "beta"), tmp_path, deterministic=False)


def test_a_module_that_imports_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import numpy, json\nfrom mlconvert_toys.stages import Beta2BetaTidy\nclass Laden(Beta2BetaTidy): pass\n"
    monkeypatch.syspath_prepend(distribution(tmp_path / "laden", "laden", {}, laden=text))
    import laden

    artifact = Artifact(sample(tmp_path, "beta"), "beta")
    with pytest.raises(AssertionError, match="importing laden loads mlconvert_toys, numpy: import it inside"):
        check_stage(laden.Laden(), artifact, tmp_path)


def test_a_sample_that_is_no_sample(tmp_path: Path) -> None:
    path = line.alpha(tmp_path / "m.alpha", Line(quirks={"code": "rm"}))
    with pytest.raises(AssertionError, match="executes nothing; executes says: it holds the code rm"):
        check_format(formats.Alpha(), path)
    with pytest.raises(AssertionError, match="is_directory says whether an artifact is a folder"):
        check_format(formats.Gamma(), path)
    with pytest.raises(AssertionError, match="the options given are no Alpha2BetaOptions"):
        check_stage(stages.Alpha2Beta(), Artifact(path, "alpha"), tmp_path, stages.ScaleOptions())
