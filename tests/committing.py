"""Commits of artifacts whose wholeness can be seen, also in a process of their own, for tests that kill it."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from multiprocessing.synchronize import Event
from pathlib import Path

from mlconvert import manifest
from mlconvert.commit import Scratch, Step

SHAPES = ("file", "side file", "folder")
# Large enough for a commit to take a while.
COUNT = 200_000


def make(shape: str, folder: Path, name: str, version: int) -> tuple[Path, list[Path]]:
    """An artifact of a version and its side files."""
    content = f"{version}" * COUNT
    made = folder / name
    if shape == "folder":
        for number in range(5):
            (made / str(number)).mkdir(parents=True)
            (made / str(number) / "part").write_text(content)
        return made, []
    made.write_text(content)
    if shape == "file":
        return made, []
    beside = [folder / f"{version}-{part}.data" for part in "ab"]
    for path in beside:
        path.write_text(content)
    return made, beside


def page(made: Path, beside: list[Path], version: int) -> dict[str, object]:
    """As much of a manifest as a commit reads."""
    return {"schema": manifest.SCHEMA, "artifact": made.name, "version": version, **manifest.digest(made, beside)}


def commit(shape: str, target: Path, version: int, step: Step | None = None, *, replace: bool = True) -> None:
    with Scratch(target, *([step] if step else [])) as scratch:
        made, beside = make(shape, scratch.place("0"), target.name, version)
        scratch.commit(made, beside, page(made, beside, version), replace=replace)


def version_of(shape: str, target: Path) -> int | None:
    """The version that stands at the target whole; None where nothing stands there."""
    if not target.exists():
        return None
    parts = sorted(target.glob("*/part")) if shape == "folder" else [target]
    contents = {part.read_text() for part in parts}
    assert len(contents) == 1, "versions are mixed"
    (content,) = contents
    version = int(content[0])
    assert content == f"{version}" * COUNT, "the artifact is cut off"
    assert shape != "folder" or len(parts) == 5, "the artifact has lost parts"
    if shape == "side file":
        assert all((target.parent / f"{version}-{part}.data").read_text() == content for part in "ab")
    return version


def claimed(target: Path) -> int | None:
    """The version that the manifest speaks of, where it counts."""
    entry = manifest.read(target)
    return None if entry is None else entry["version"]


def commit_and_die(shape: str, target: Path, last: int) -> None:
    """Commit version 2, and be killed at the step of that number."""
    steps = itertools.count()

    def step(name: str) -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    commit(shape, target, 2, step)


def commit_forever(shape: str, target: Path, started: Event) -> None:
    """Commit versions 1 and 2 in turn."""
    for version in itertools.cycle((1, 2)):
        commit(shape, target, version)
        started.set()


# Processes that are forked from one that has all of this imported, and nothing else.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])
