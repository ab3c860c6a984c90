"""The contract of the frame: what it calls, in which order, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlconvert import frame, manifest
from mlconvert.errors import ConversionError, InternalError
from mlconvert.request import Request
from mlconvert.signature import DimRange, parse_tensor
from mlconvert.worker import Worker
from mlconvert_toys import line
from mlconvert_toys.line import Line

OLD = "what stood there before"


class Place:
    """A folder with a source in it, and what conversions do there."""

    def __init__(self, folder: Path, worker: Worker) -> None:
        self.folder = folder
        self.worker = worker
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.source = line.alpha(folder / "m.alpha")

    def convert(self, target: str = "beta", mischief: str = "", source: Any = None, **given: Any) -> frame.Result:
        options = {**given.pop("options", {})}
        if mischief:
            options["alpha2beta"] = {"mischief": mischief, **options.get("alpha2beta", {})}
        request = Request(source or self.source, target, options=options, **{"cache": False, **given})
        self.heard.clear()
        return frame.run(request, lambda kind, entry: self.heard.append((kind, entry)), worker=self.worker)

    def fails(self, *words: Any, error: type[Exception] = ConversionError, **given: Any) -> Any:
        """The error of a conversion that leaves everything as it was."""
        before = self.names()
        with pytest.raises(error) as caught:
            self.convert(*words, **given)
        assert self.names() == before
        return caught.value

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


@pytest.fixture
def place(tmp_path: Path, worker: Worker) -> Place:
    return Place(tmp_path, worker)


# --- the order ------------------------------------------------------------------------------------------


def test_hooks_are_called_in_order(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    place.convert("gamma", options={"alpha2beta": {"log": log}})
    assert log.read_text().split() == ["requires", "convert"]
    kinds = [kind for kind, _ in place.heard if kind not in ("log", "progress")]
    assert kinds == ["route", "hop", "check", "hop", "check"]
    assert [text for kind, entry in place.heard if kind == "progress" if "parity" in (text := entry["text"])]


def test_what_is_said_before_the_work(place: Place) -> None:
    place.convert("gamma")
    kind, entry = place.heard[0]
    assert kind == "route"
    assert [hop.edge.name for hop in entry["route"]] == ["alpha2beta", "beta2gamma"]
    assert entry["target"] == place.folder / "m.gamma"
    assert (entry["source"].format, entry["source"].flavour) == ("alpha", None)


def test_nothing_stands_at_the_target_before_parity_has_spoken(place: Place) -> None:
    seen = []

    def listen(kind: str, entry: dict[str, Any]) -> None:
        seen.append((kind, (place.folder / "m.beta").exists()))

    frame.run(Request(place.source, "beta", cache=False), listen, worker=place.worker)
    assert ("check", False) in seen
    assert not any(there for _, there in seen)
    assert (place.folder / "m.beta").exists()


def test_what_a_conversion_makes(place: Place) -> None:
    result = place.convert("delta", dims={"batch": DimRange(1, 2, 3)})
    assert result.parity["status"] == "passed"
    assert result.artifact.path == place.folder / "m.delta"
    (beside,) = result.artifact.side_files
    assert beside.parent == place.folder
    assert beside.exists()
    assert result.artifact.signature.dims == {"batch": DimRange(1, 2, 3)}
    assert manifest.read(result.artifact.path) == result.manifest
    assert place.names() == sorted(["m.alpha", "m.delta", "m.delta.mlconvert.json", beside.name])


def test_a_live_object(place: Place, tmp_path: Path) -> None:
    result = place.convert("beta", source=Line(quirks={"code": "mine"}), out=tmp_path / "live.beta")
    assert result.manifest["source"] == {**result.manifest["source"], "file": None, "format": "alpha"}
    assert result.manifest["command"] == "mlconvert alpha2beta model -o live.beta"


# --- what stands in the way -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mischief", "code", "where", "message"),
    [
        ("refuse", "odd-weight", "alpha2beta", "2 things stand in the way"),
        ("fail", "too-heavy", "alpha2beta: weight[0]", "the weight is too heavy"),
        ("unsound", "unsound", "alpha2beta: hinge", "the artifact creaks"),
        ("disk-full", "disk-full", "alpha2beta", "No space left on device: weights.bin"),
        ("abort", "worker-died", "alpha2beta", "the library has lost its temper"),
    ],
)
def test_a_hop_that_fails(place: Place, mischief: str, code: str, where: str, message: str) -> None:
    error = place.fails("gamma", mischief)
    assert (error.code, error.where) == (code, where)
    assert message in error.message
    assert error.done == ()


def test_all_refusals_come_at_once(place: Place) -> None:
    error = place.fails(mischief="refuse")
    assert [(refusal.where, refusal.fix) for refusal in error.refusals] == [
        ("weight[1]", "make it even"),
        ("bias[2]", "make it even, too"),
    ]


def test_a_later_hop_that_fails_names_those_before(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    error = place.fails("gamma", options={"beta2gamma": {"modes": "loud"}})
    assert (error.code, error.where) == ("too-loud", "beta2gamma: modes")
    assert error.done == ("alpha2beta",)


@pytest.mark.parametrize(
    ("mischief", "message"),
    [("defect", "ValueError: nobody expected this"), ("nothing", "alpha2beta has written nothing")],
)
def test_a_defect_of_a_stage(place: Place, mischief: str, message: str) -> None:
    error = place.fails("gamma", mischief, error=InternalError)
    assert error.message == message
    assert error.where == "alpha2beta"
    if mischief == "defect":
        assert "in misbehave" in error.trace


def test_a_stage_that_takes_too_long(place: Place) -> None:
    with Worker(seconds=0.7) as worker:
        impatient = Place(place.folder, worker)
        error = impatient.fails("gamma", "hang")
    assert (error.code, error.where) == ("timeout", "alpha2beta")


def test_a_stage_that_takes_too_much(place: Place) -> None:
    with Worker(memory=150 * 2**20) as worker:
        error = Place(place.folder, worker).fails("gamma", "memory")
    assert (error.code, error.where) == ("out-of-memory", "alpha2beta")


def test_what_a_stage_prints_breaks_nothing(place: Place) -> None:
    assert place.convert(mischief="print").parity["status"] == "passed"


def test_a_refusal_says_which_other_route_there_is(place: Place) -> None:
    assert place.fails(mischief="unsupported").fix == "make it even; or try another route: --via alpha2beta.foreign"
    assert place.fails(mischief="refuse").fix == "make it even"


def test_what_is_missing_here_is_said_for_all_hops_before_any_work(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlconvert_toys import stages

    log = place.folder / "log"
    log.touch()
    monkeypatch.setattr(stages.Alpha2Beta, "requirements", ("nothing-of-this-name>=2", "numpy>=999"))
    monkeypatch.setattr(stages.Beta2Gamma, "python", ">=4")
    error = place.fails("gamma", options={"alpha2beta": {"log": log}})
    assert [refusal.code for refusal in error.refusals] == ["missing-package", "wrong-python"]
    assert [refusal.where for refusal in error.refusals] == ["alpha2beta", "beta2gamma"]
    assert error.refusals[0].fix.startswith("pip install 'nothing-of-this-name>=2' 'numpy>=999', or add --isolate")
    assert log.read_text() == ""


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"inputs": (parse_tensor("z:float32[1,3]"),)}, "bad-input", "no input 'z'; its inputs are: x"),
        ({"inputs": (parse_tensor("x:float64[1,3]"),)}, "bad-input", "is float32, not float64"),
        ({"inputs": (parse_tensor("x:float32[1]"),)}, "bad-input", "has rank 2, not 1"),
        ({"dims": {"bach": DimRange()}}, "bad-input", "no input has a dim named 'bach'; named dims are: batch"),
        ({"options": {"alpha2beta": {"levle": 1}}}, "unknown-option", "no option 'levle'; did you mean 'level'?"),
        ({"origin": "beta"}, "wrong-format", "m.alpha is no beta file, it is alpha"),
        ({"target": "kappa"}, "no-route", "there is no route from alpha to kappa"),
        ({"data": Path("missing.npz")}, "no-such-file", "there is no file missing.npz"),
    ],
)
def test_words_that_do_not_fit(place: Place, given: dict[str, Any], code: str, message: str) -> None:
    error = place.fails(**given)
    assert error.code == code
    assert message in error.message
    assert not place.heard or place.heard[0][0] == "route"


def test_files_that_are_no_models(place: Place) -> None:
    (place.folder / "prose").write_text("Once upon a time")
    (place.folder / "empty").write_text("")
    (place.folder / "broken.beta").write_text("beta\nweight 1.0")
    assert place.fails(source=place.folder / "missing").code == "no-such-file"
    assert place.fails(source=place.folder / "prose").code == "not-a-model"
    assert place.fails(source=place.folder / "empty").code == "not-a-model"
    assert place.fails(source=place.folder).code == "not-a-model"
    os.mkfifo(place.folder / "pipe")
    for origin in (None, "beta"):
        assert place.fails(source=place.folder / "pipe", origin=origin).code == "not-a-model"
        assert place.fails(source=Path("/proc/self/mem"), origin=origin).code == "not-readable"
    assert place.fails("gamma", source=place.folder / "broken.beta").code == "truncated"


def test_a_file_that_can_execute_code_needs_a_word(place: Place) -> None:
    line.alpha(place.source, Line(quirks={"code": "rm"}))
    error = place.fails()
    assert error.code == "needs-trust"
    assert "it holds the code rm" in error.message
    assert "--trust" in error.fix
    assert place.convert(trust=True).parity["status"] == "passed"


# --- parity ---------------------------------------------------------------------------------------------


def test_what_failed_parity_stands_aside(place: Place) -> None:
    old = line.beta(place.folder / "m.beta", Line(weight=(9.0,), bias=(9.0,)))
    before = old.read_bytes()
    result = place.convert("gamma", "wrong", force=True)
    assert result.parity["status"] == "failed"
    assert result.artifact.path == place.folder / "m.beta.rejected"
    assert [step["stage"] for step in result.manifest["route"]] == ["alpha2beta"], "what follows is not worth making"
    assert manifest.read(result.artifact.path) == result.manifest
    assert old.read_bytes() == before
    reproducer = place.folder / "m.beta.rejected.reproducer"
    assert result.parity["checks"][0]["first_bad"]["reproducer"] == reproducer.name
    rejected = ["m.beta.rejected", "m.beta.rejected.mlconvert.json", reproducer.name, f"{reproducer.name}/README.txt"]
    assert place.names() == ["m.alpha", "m.beta", *rejected]
    shown = (reproducer / "README.txt").read_text()
    again = place.convert("gamma", "nan", force=True)
    assert again.parity["status"] == "failed"
    assert len(place.names()) == 6, "a rejected artifact gives way to the next one"
    assert (reproducer / "README.txt").read_text() != shown


def test_a_rejected_artifact_keeps_its_side_files(place: Place) -> None:
    result = place.convert("delta", via=("beta",), passes=(("delta2delta.scale", {"factor": "2"}),))
    assert result.parity["status"] == "failed"
    assert result.artifact.path.name == "m.delta.rejected"
    assert all(path.exists() for path in result.artifact.side_files)
    assert manifest.read(result.artifact.path) == result.manifest


@pytest.mark.parametrize(
    ("mischief", "reason"),
    [
        ("static", "at opt (batch=1) the artifact does not run"),
        ("refuses", "at max (batch=2) the artifact does not run"),
        ("dtype", "dtype float64 instead of float32"),
    ],
)
def test_parity_can_fail(place: Place, mischief: str, reason: str) -> None:
    result = place.convert(mischief=mischief, dims={"batch": DimRange(1, 1, 2)})
    assert result.parity["status"] == "failed"
    assert reason in result.parity["reason"]


def test_an_absent_device_is_unproven_and_says_what_to_do(place: Place) -> None:
    result = place.convert(mischief="device")
    assert result.parity["status"] == "unproven"
    (check,) = result.parity["checks"]
    assert check["fix"] == "on a machine that has it: mlconvert validate m.alpha m.beta"
    assert result.artifact.path == place.folder / "m.beta"


def test_proof_that_is_required(place: Place) -> None:
    result = place.convert(mischief="device", require_proof=True)
    assert result.artifact.path == place.folder / "m.beta.rejected"
    assert not (place.folder / "m.beta").exists()
    assert place.convert(require_proof=True).artifact.path.name == "m.beta"


def test_without_validation(place: Place) -> None:
    result = place.convert(mischief="wrong", validate=False)
    assert result.parity == {"status": "unproven", "reason": "not validated (--no-validate)", "checks": []}
    assert result.artifact.path.name == "m.beta"


# --- targets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["beta", "gamma", "delta"])
def test_a_target_that_exists_is_kept(place: Place, target: str) -> None:
    first = place.convert(target)
    before = {name: (place.folder / name).stat() for name in place.names()}
    error = place.fails(target)
    assert error.code == "target-exists"
    assert "--force" in error.fix
    assert place.heard == [], "it is found out before the work"
    assert {name: (place.folder / name).stat() for name in place.names()}.keys() == before.keys()
    assert manifest.read(first.artifact.path) == first.manifest
    second = place.convert(target, force=True, seed=1)
    assert manifest.read(second.artifact.path) == second.manifest


def test_a_failure_keeps_what_stood_there(place: Place) -> None:
    first = place.convert("gamma")
    for mischief in ("fail", "abort", "unsound", "disk-full"):
        place.fails("gamma", mischief, force=True)
        assert manifest.read(first.artifact.path) == first.manifest


def test_names_of_targets(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.folder / "folder").mkdir()
    monkeypatch.chdir(place.folder)

    def made(target: str = "beta", **given: Any) -> str:
        path = place.convert(target, validate=False, force=True, **given).artifact.path
        return str(path.relative_to(place.folder))

    assert made() == "m.beta"
    assert made(options={"alpha2beta": {"notation": "hex"}}) == "m.hex.beta"
    assert made(out=Path("folder")) == "folder/m.beta"
    assert made(out=Path("name")) == "name"
    assert made(source=Line()) == "model.beta"
    assert made("gamma", out=Path("new/deep/g")) == "new/deep/g"
    assert made(source=place.folder / "m.beta", passes=(("tidy", {}),)) == "m.tidy.beta"
    assert made(passes=(("tidy", {}),)) == "m.beta"


def test_folders_are_made_and_taken_back(place: Place) -> None:
    out = place.folder / "new" / "deep" / "m.beta"
    place.fails(mischief="fail", out=out)
    place.fails(mischief="abort", out=out)
    place.convert(out=out)
    assert out.exists()


@pytest.mark.parametrize("out", ["m.alpha/x.beta", "x" * 300, "/proc/x.beta"])
def test_a_target_that_cannot_be_written(place: Place, out: str) -> None:
    error = place.fails(out=place.folder / out)
    assert error.code in ("not-writable", "bad-name")
    assert "-o" in error.fix


def test_the_source_is_not_the_target(place: Place) -> None:
    before = place.source.read_bytes()
    assert place.fails(out=place.source).code == "target-exists"
    assert place.source.read_bytes() == before


def test_a_target_that_appears_meanwhile_is_kept(place: Place) -> None:
    target = place.folder / "m.beta"

    def listen(kind: str, entry: dict[str, Any]) -> None:
        if kind == "check":
            target.write_text(OLD)

    with pytest.raises(ConversionError, match="exists and was kept"):
        frame.run(Request(place.source, "beta", cache=False), listen, worker=place.worker)
    assert target.read_text() == OLD
    assert place.names() == ["m.alpha", "m.beta"]


def test_what_a_dead_run_set_aside_is_put_back_and_kept(place: Place) -> None:
    dead = place.folder / ".m.gamma.mlconvert-dead"
    line.gamma(dead / "aside" / "m.gamma", Line())
    with pytest.raises(ConversionError, match="exists and was kept"):
        place.convert("gamma")
    assert place.heard == [], "it is found out before the work"
    assert (place.folder / "m.gamma" / "gamma.json").exists()
    assert not dead.exists()


def test_two_conversions_at_once_onto_one_target(place: Place) -> None:
    """One of them wins whole; the other says that something is there."""
    arrived = threading.Barrier(2, timeout=60)
    outcomes: list[frame.Result | ConversionError] = []

    def listen(kind: str, entry: dict[str, Any]) -> None:
        if kind == "check":
            arrived.wait()

    def work(seed: int) -> None:
        try:
            outcomes.append(frame.run(Request(place.source, "delta", seed=seed, cache=False, via=("beta",)), listen))
        except ConversionError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, frame.Result)]
    (loser,) = [outcome for outcome in outcomes if isinstance(outcome, ConversionError)]
    assert loser.code == "target-exists"
    assert manifest.read(place.folder / "m.delta") == winner.manifest
    assert not [name for name in place.names() if name.startswith(".")]


# --- intermediate artifacts -----------------------------------------------------------------------------


def test_intermediate_artifacts_go(place: Place) -> None:
    place.convert("omega", via=("delta",))
    assert place.names() == ["m.alpha", "m.omega", "m.omega.mlconvert.json"]


@pytest.mark.parametrize("force", [False, True])
def test_intermediate_artifacts_are_kept(place: Place, force: bool) -> None:
    for _ in range(2 if force else 1):
        result = place.convert("omega", via=("delta",), keep=True, force=force)
    assert result.parity["status"] == "unproven"
    kept = {name: manifest.read(place.folder / name) for name in ("m.beta", "m.delta", "m.omega")}
    assert [len(entry["route"]) for entry in kept.values() if entry] == [1, 2, 3]


def test_of_several_with_one_name_the_last_is_kept(place: Place) -> None:
    result = place.convert("delta", passes=(("tidy", {}), ("delta2delta.scale", {})), keep=True)
    assert result.parity["status"] == "passed"
    assert [step["stage"] for step in result.manifest["route"]] == [
        "alpha2beta", "beta2beta.tidy", "beta2delta", "delta2delta.scale",
    ]  # fmt: skip
    entry = manifest.read(place.folder / "m.beta")
    assert entry is not None
    assert [step["stage"] for step in entry["route"]] == ["alpha2beta", "beta2beta.tidy"]


def test_an_intermediate_artifact_that_exists_is_kept_as_it_is(place: Place) -> None:
    (place.folder / "m.beta").write_text(OLD)
    error = place.fails("gamma", keep=True)
    assert (error.code, error.where) == ("target-exists", "m.beta")
    assert place.heard == [], "it is found out before the work"
    assert (place.folder / "m.beta").read_text() == OLD
    assert place.convert("gamma").parity["status"] == "passed"


def test_files_beside_an_artifact_belong_to_it(place: Place) -> None:
    result = place.convert(mischief="side-file")
    assert [path.name for path in result.artifact.side_files] == ["readme.txt"]
    assert [part["path"] for part in result.manifest["files"]] == ["m.beta", "readme.txt"]


# --- disks ----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("room", [0, 8192, 40960])
@pytest.mark.parametrize("target", ["beta", "gamma", "delta"])
def test_a_full_disk(place: Place, small_disk: Path, target: str, room: int) -> None:
    model = Line(tuple(float(n) / 7 for n in range(4000)), tuple(float(n) / 3 for n in range(4000)))
    line.alpha(place.source, model)
    old = small_disk / "out"
    old.write_text(OLD)
    with (small_disk / "filler").open("wb") as stream:
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        stream.write(bytes(max(0, free - room)))
    names = sorted(path.name for path in small_disk.iterdir())
    with pytest.raises(ConversionError) as caught:
        place.convert(target, out=old, force=True)
    assert caught.value.code in ("disk-full", "not-writable")
    assert "No space left on device" in caught.value.message
    assert old.read_text() == OLD
    assert sorted(path.name for path in small_disk.iterdir()) == names


def test_nothing_is_left_in_the_temporary_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place.folder / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("MLCONVERT_CACHE_DIR", "/proc/nowhere")
    with Worker() as worker:
        own = Place(place.folder, worker)
        own.convert("gamma")
        own.fails("delta", "fail")
        own.fails("delta", "abort")
    assert not list(folder.iterdir())
