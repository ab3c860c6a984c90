"""A kill at any moment leaves the old artifact or the new one, whole."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from committing import (
    SHAPES,
    claimed,
    commit,
    commit_and_die,
    commit_forever,
    make,
    page,
    processes,
    version_of,
)
from mlconvert import manifest
from mlconvert.commit import Scratch, recover
from mlconvert.errors import ConversionError

# The steps of a commit that replaces nothing; of one that replaces; each can be the last.
STEPS = {
    "file": (["synced", "manifest", "artifact"], ["synced", "manifest", "artifact"]),
    "side file": (
        ["synced", "side file", "side file", "manifest", "artifact"],
        ["synced", "side file", "side file", "manifest", "artifact"],
    ),
    "folder": (["synced", "manifest", "artifact"], ["synced", "manifest", "aside", "artifact"]),
}
KILLS = [
    pytest.param(shape, bool(old), number, id=f"{shape}-{'over old' if old else 'new'}-{number}-{name}")
    for shape, both in STEPS.items()
    for old, steps in enumerate(both)
    for number, name in enumerate(steps)
]


def ended(work: Callable[..., None], *words: object) -> int | None:
    """The exit code of a process that does the work."""
    process = processes.Process(target=work, args=words)
    process.start()
    process.join(60)
    return process.exitcode


@contextlib.contextmanager
def at_work(shape: str, target: Path) -> Iterator[None]:
    """A process commits while the context is open, and is killed at its end."""
    started = processes.Event()
    process = processes.Process(target=commit_forever, args=(shape, target, started))
    process.start()
    try:
        assert started.wait(60)
        yield
        assert process.is_alive()
    finally:
        process.kill()
        process.join()


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture(autouse=True)
def bare_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each child would import the main module of pytest otherwise, which takes longer than a commit."""
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None)
    monkeypatch.delattr(main, "__file__", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where that can be had: syncing is what takes the time of these tests."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as made:
        yield Path(made)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("old", [False, True], ids=["new", "over old"])
def test_the_steps_are_those_that_are_killed(folder: Path, shape: str, old: bool) -> None:
    target = folder / "model"
    if old:
        commit(shape, target, 1)
    steps: list[str] = []
    commit(shape, target, 2, steps.append)
    assert steps == STEPS[shape][old]


@pytest.mark.parametrize(("shape", "old", "number"), KILLS)
def test_a_kill_between_two_steps(folder: Path, shape: str, old: bool, number: int) -> None:
    target = folder / "model"
    if old:
        commit(shape, target, 1)
    assert ended(commit_and_die, shape, target, number) == -signal.SIGKILL
    last = number == len(STEPS[shape][old]) - 1
    expected = 2 if last else 1 if old else None
    assert claimed(target) in (None, expected)

    recover(target)
    assert version_of(shape, target) == expected
    assert claimed(target) in (None, expected)
    assert not hidden(folder)

    commit(shape, target, 3)
    assert version_of(shape, target) == claimed(target) == 3


@pytest.mark.parametrize("shape", SHAPES)
def test_a_kill_at_any_time(folder: Path, shape: str) -> None:
    target = folder / "model"
    moments = random.Random(shape)
    for _ in range(5):
        with at_work(shape, target):
            time.sleep(moments.uniform(0, 0.05))
        recover(target)
        assert version_of(shape, target) in (1, 2)
        assert claimed(target) in (None, version_of(shape, target))
        assert not hidden(folder)


# --- errors on the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("stopped", ["synced", "side file", "manifest", "aside"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_error_between_two_steps(folder: Path, shape: str, stopped: str, error: type[BaseException]) -> None:
    if stopped not in STEPS[shape][True]:
        return
    target = folder / "model"
    commit(shape, target, 1)

    def step(name: str) -> None:
        if name == stopped:
            raise error

    with pytest.raises(error):
        commit(shape, target, 2, step)
    assert version_of(shape, target) == 1
    assert claimed(target) in (None, 1)
    assert not hidden(folder)


def test_another_shape_at_the_target(folder: Path) -> None:
    target = folder / "model"
    for version, shape in enumerate(["file", "folder", "side file", "folder", "file"], start=1):
        commit(shape, target, version)
        assert version_of(shape, target) == claimed(target) == version
    assert sorted(path.name for path in folder.iterdir()) == ["model", "model.mlconvert.json"]


def test_a_file_gives_way_to_a_folder_only_when_that_is_there(folder: Path) -> None:
    target = folder / "model"
    commit("file", target, 1)

    def step(name: str) -> None:
        if name == "aside":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit("folder", target, 2, step)
    assert version_of("file", target) == 1


# --- what stands at the target --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("there", [*SHAPES, "dangling link"])
def test_what_stands_there_is_kept(folder: Path, shape: str, there: str) -> None:
    target = folder / "model"
    if there == "dangling link":
        target.symlink_to(folder / "nowhere")
    else:
        commit(there, target, 1)
    with pytest.raises(ConversionError, match="exists and was kept") as caught:
        commit(shape, target, 2, replace=False)
    assert caught.value.code == "target-exists"
    assert "--force" in caught.value.fix
    if there == "dangling link":
        assert target.is_symlink()
    else:
        assert version_of(there, target) == claimed(target) == 1
    assert not hidden(folder)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_appears_in_the_last_moment_is_kept(folder: Path, shape: str) -> None:
    target = folder / "model"

    def step(name: str) -> None:
        if name == "manifest":
            make(shape, folder, target.name, 7)

    with pytest.raises(ConversionError, match="exists and was kept"):
        commit(shape, target, 2, step, replace=False)
    assert version_of(shape, target) == 7


@pytest.mark.parametrize("shape", SHAPES)
def test_of_two_at_once_one_wins_whole(folder: Path, shape: str) -> None:
    """The loser notices when it commits, and touches neither the winner's manifest nor its files."""
    target = folder / "model"
    with Scratch(target) as slow, Scratch(target) as fast:
        for scratch, version in ((fast, 1), (slow, 2)):
            made, beside = make(shape, scratch.place("0"), target.name, version)
            if scratch is slow:
                with pytest.raises(ConversionError, match="exists and was kept"):
                    scratch.commit(made, beside, page(made, beside, version), replace=False)
            else:
                scratch.commit(made, beside, page(made, beside, version), replace=False)
    assert version_of(shape, target) == claimed(target) == 1
    assert not hidden(folder)


@pytest.mark.parametrize("shape", SHAPES)
def test_processes_that_replace_at_once(folder: Path, shape: str) -> None:
    target = folder / "model"
    with at_work(shape, target), at_work(shape, target):
        time.sleep(0.2)
    recover(target)
    assert version_of(shape, target) in (1, 2)
    assert claimed(target) in (None, version_of(shape, target))
    assert not hidden(folder)


# --- files beside it ------------------------------------------------------------------------------------


def test_side_files_of_the_old_one_go(folder: Path) -> None:
    target = folder / "model"
    commit("side file", target, 1)
    commit("side file", target, 2)
    names = ["2-a.data", "2-b.data", "model", "model.mlconvert.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    commit("file", target, 3)
    assert sorted(path.name for path in folder.iterdir()) == names[2:]


def test_side_files_that_another_artifact_shares_stay(folder: Path) -> None:
    commit("side file", folder / "model", 1)
    commit("side file", folder / "twin", 1)
    commit("side file", folder / "model", 2)
    assert version_of("side file", folder / "twin") == claimed(folder / "twin") == 1


def test_files_that_an_outdated_manifest_names_stay(folder: Path) -> None:
    target = folder / "model"
    commit("side file", target, 1)
    target.write_text("edited")
    commit("side file", target, 2)
    assert (folder / "1-a.data").exists()


# --- scratch folders ------------------------------------------------------------------------------------


def test_a_scratch_folder_of_a_living_run_is_left_alone(folder: Path) -> None:
    target = folder / "model"
    with Scratch(target) as scratch:
        scratch.place("0")
        recover(target)
        with Scratch(target):
            assert len(hidden(folder)) == 2
        assert (scratch.folder / "0").is_dir()
    assert not hidden(folder)


def test_a_scratch_folder_of_another_target_is_left_alone(folder: Path) -> None:
    orphan = folder / ".other.mlconvert-x1"
    orphan.mkdir()
    for name in ("model", "othe", "oth?r", "[o]ther", "*"):
        recover(folder / name)
    assert orphan.exists()
    recover(folder / "other")
    assert not orphan.exists()


def test_names_that_mean_something_to_glob(folder: Path) -> None:
    target = folder / "mo[d]el*?"
    (folder / f".{target.name}.mlconvert-x1").mkdir()
    commit("file", target, 1)
    assert version_of("file", target) == 1
    assert not hidden(folder)


def test_folders_are_made_and_taken_back(folder: Path) -> None:
    target = folder / "a" / "b" / "model"
    with pytest.raises(KeyboardInterrupt), Scratch(target):
        raise KeyboardInterrupt
    assert not list(folder.iterdir())
    commit("file", target, 1)
    assert version_of("file", target) == 1


@pytest.mark.parametrize("place", ["file/model", "file/deep/model", "/proc/model", "x" * 300])
def test_a_target_that_cannot_be_written(folder: Path, place: str) -> None:
    (folder / "file").write_text("")
    with pytest.raises(ConversionError, match="cannot write to") as caught:
        commit("file", folder / place, 1)
    assert caught.value.code == "not-writable"
    assert [path.name for path in folder.iterdir()] == ["file"]


# --- a file system that cannot rename folders -----------------------------------------------------------


@pytest.fixture
def overlay(folder: Path) -> Iterator[Path]:
    """A mounted overlay whose lower layer, as in a container's image, holds version 1."""
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    commit("folder", folder / "lower" / "model", 1)
    layers = ",".join(f"{option}={folder / name}" for option, name in LAYERS.items())
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", f"{layers},redirect_dir=off", str(folder / "merged")],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no overlay can be mounted here: {mounted.stderr.strip()}")
    yield folder / "merged"
    subprocess.run(["umount", str(folder / "merged")], check=True)


LAYERS = {"lowerdir": "lower", "upperdir": "upper", "workdir": "work"}
COPIED = ["synced", "manifest", "copy", "aside", "artifact"]


def test_on_an_overlay_the_folder_is_copied(overlay: Path) -> None:
    steps: list[str] = []
    commit("folder", overlay / "model", 2, steps.append)
    assert steps == COPIED
    assert version_of("folder", overlay / "model") == claimed(overlay / "model") == 2


@pytest.mark.parametrize("number", range(len(COPIED)), ids=COPIED)
def test_a_kill_on_an_overlay(overlay: Path, number: int) -> None:
    target = overlay / "model"
    assert ended(commit_and_die, "folder", target, number) == -signal.SIGKILL
    recover(target)
    assert version_of("folder", target) == (2 if COPIED[number] == "artifact" else 1)
    assert not hidden(overlay)


def test_a_kill_while_the_folder_is_emptied(folder: Path) -> None:
    target = folder / "model"
    commit("folder", target, 1)
    (target / "3" / "part").unlink()
    dead = folder / ".model.mlconvert-x1"
    (dead / "aside").mkdir(parents=True)
    make("folder", dead / "aside", target.name, 1)
    (dead / "emptying").touch()
    recover(target)
    assert version_of("folder", target) == claimed(target) == 1
    assert manifest.read(target) is not None
