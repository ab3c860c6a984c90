"""ONNX's own node tests through onnx2tf and a reloaded SavedModel: how many pass, and why the others do not.

    python benchmarks/conformance.py                  all of them, going on where the last run of this code stopped
    python benchmarks/conformance.py --only Resize    those of one operator, each with its reason

Each test is converted by the stage, written, loaded again and run in a worker process, which may crash or hang: once
with TF_ENABLE_ONEDNN_OPTS=1 and once with 0. Its outputs must have the test's own shapes and dtypes, and its numbers
within the test's own tolerances. `differs` are numbers that part from the test's for a reason that was measured;
`wrong` are those without one.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import multiprocessing
import os
import platform
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from multiprocessing.connection import wait
from pathlib import Path

from nodetests import trial
from nodetests.trial import CRASH, DIFFERS, EXCLUDED, PASSED, REFUSED, WRONG, Row

ROOT = Path(__file__).resolve().parent
TABLE = ROOT / "results" / "conformance.md"
JOURNAL = ROOT.parent / "proof" / "conformance.jsonl"
PACKAGES = ("onnx", "tensorflow-cpu", "numpy", "onnxruntime")
SWITCH, SETTINGS = "TF_ENABLE_ONEDNN_OPTS", ("1", "0")
WORKERS = 2
# A test takes a tenth of a second on an idle machine; whatever hangs is stopped.
SECONDS = 300.0
Rows = dict[tuple[str, str], Row]


# --- the pool -------------------------------------------------------------------------------------------


class Server:
    """A worker process with one setting of oneDNN, and the test that it is at."""

    def __init__(self, setting: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.setting = setting
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=trial.serve, args=(theirs, SWITCH, setting), daemon=True)
        self.process.start()
        theirs.close()
        self.case = ""
        # The first test waits for what the worker loads.
        self.left = 2 * SECONDS
        self.seen = time.monotonic()

    def give(self, case: str) -> None:
        """Have it try a test."""
        self.case = case
        self.left = max(self.left, SECONDS)
        self.seen = time.monotonic()
        self.pipe.send(case)

    def row(self) -> Row | None:
        """What came of its test, None while it is at it; a worker that is gone or late has crashed."""
        try:
            if self.pipe.poll():
                row: Row = self.pipe.recv()
                self.left = SECONDS
                return row
        except (EOFError, ConnectionError):
            return self._crashed("died", f"exit code {self.process.exitcode}")
        # A machine that slept for a while is no worker that hangs.
        now = time.monotonic()
        self.left -= min(now - self.seen, 2)
        self.seen = now
        return None if self.left > 0 else self._crashed("late", f"more than {SECONDS:.0f} s")

    def _crashed(self, code: str, text: str) -> Row:
        return Row(self.case, self.case.removeprefix("test_"), CRASH, code, text, self.setting)

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()


def rows_of(names: Iterable[str], setting: str, workers: int) -> Iterator[Row]:
    """What comes of the tests, as it comes."""
    left = list(names)[::-1]
    servers = [Server(setting) for _ in range(min(workers, len(left)))]
    for server in servers:
        server.give(left.pop())
    while servers:
        wait([server.pipe for server in servers], timeout=1)
        for number, server in enumerate(list(servers)):
            row = server.row()
            if row is None:
                continue
            yield row
            if row.outcome == CRASH and row.code in ("died", "late"):
                server.stop()
                servers[number] = server = Server(setting)
            if left:
                server.give(left.pop())
            else:
                server.stop()
                servers.remove(server)
                break


# --- the journal and the table --------------------------------------------------------------------------


def code() -> str:
    """A digest of all that a row depends on."""
    from mlconvert import cache, manifest

    own = [path.read_text() for path in (Path(__file__), *sorted((ROOT / "nodetests").glob("*.py")))]
    parts = [cache.code_digest("mlconvert_plugins"), manifest.versions(PACKAGES), *own]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def journal(digest: str) -> Rows:
    """The rows that this code has found before."""
    if not JOURNAL.exists():
        return {}
    entries = [json.loads(line) for line in JOURNAL.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    rows = [Row(**entry) for entry in entries if entry.pop("digest") == digest]
    return {(row.case, row.onednn): row for row in rows}


def note(row: Row, digest: str) -> None:
    """Write a row down."""
    JOURNAL.parent.mkdir(exist_ok=True)
    with JOURNAL.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({**asdict(row), "digest": digest}) + "\n")


def failures(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows that did not pass by operator, the operator with the most of them first."""
    found: dict[str, list[Row]] = collections.defaultdict(list)
    for row in rows:
        if row.outcome not in (PASSED, EXCLUDED):
            found[row.op].append(row)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def summary(rows: Sequence[Row]) -> str:
    """The counts in one line."""
    counts = collections.Counter(row.outcome for row in rows)
    taken = len(rows) - counts[EXCLUDED]
    shown = ", ".join(f"{counts[name]} {name}" for name in (PASSED, DIFFERS, REFUSED, WRONG, CRASH, EXCLUDED))
    inert = [row for row in rows if row.outcome == EXCLUDED and row.code.startswith("type ") and "values" in row.text]
    strict = f"{counts[PASSED] / max(taken + len(inert), 1):.1%} with types of which TensorFlow has but the name"
    return (
        f"{counts[PASSED] / max(taken, 1):.1%} of {taken} tests that TensorFlow's types can express: {shown}; {strict}"
    )


def together(rows: Iterable[Row]) -> list[Row]:
    """The rows of a test as one where they say the same, whatever the setting."""
    found: dict[Row, list[str]] = {}
    for row in rows:
        found.setdefault(replace(row, onednn="", text=row.text[:60]), []).append(row.onednn)
    first = {(row.case, row.onednn): row for row in rows}
    return [replace(first[row.case, on[0]], onednn=", ".join(sorted(on))) for row, on in found.items()]


def page(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    from mlconvert import manifest

    versions: Mapping[str, str] = manifest.versions(PACKAGES)
    made = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = ["# ONNX's node tests in TensorFlow", "", f"| {SWITCH} | |", "|---|---|"]
    for setting in SETTINGS:
        lines.append(f"| {setting} | {summary([row for row in rows if row.onednn == setting])} |")
    lines += ["", (__doc__ or "").partition("\n\n    ")[0], "", (__doc__ or "").rpartition("\n\n")[2].strip(), ""]
    lines += [f"Made by `python benchmarks/conformance.py` with {made}, Python {platform.python_version()}.", ""]
    excluded = [row for row in rows if row.outcome == EXCLUDED and row.onednn == SETTINGS[0]]
    why = {row.code: row.text for row in excluded}
    lines += ["| left out | tests | because |", "|---|---|---|"]
    counted = collections.Counter(row.code for row in excluded)
    lines += [f"| {kind} | {count} | {why[kind]} |" for kind, count in counted.most_common()]
    lines += ["", "| operator | test | oneDNN | outcome | reason |", "|---|---|---|---|---|"]
    for operator, some in failures(rows).items():
        for row in sorted(together(some), key=lambda row: row.case):
            reason = re.sub(r"[|\n]", " ", f"`{row.code}` {row.text}")
            lines.append(f"| {operator} | {row.case} | {row.onednn} | {row.outcome} | {reason} |")
    return "\n".join(lines) + "\n"


def measured(names: Sequence[str], workers: int) -> list[Row]:
    """The rows of these tests: those that are noted, and those that must be found yet."""
    digest = code()
    known = journal(digest)
    todo = {setting: [name for name in names if (name, setting) not in known] for setting in SETTINGS}
    start, count = time.monotonic(), 0
    for setting in SETTINGS:
        for row in rows_of(todo[setting], setting, workers):
            note(row, digest)
            known[row.case, row.onednn] = row
            count += 1
            if sys.stderr.isatty() or count % 200 == 0:
                spent = f"{time.monotonic() - start:.0f} s"
                print(f"\r{count}/{sum(map(len, todo.values()))} in {spent}", end="", file=sys.stderr, flush=True)
    return [known[name, setting] for setting in SETTINGS for name in names]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="OP", help="the tests of this operator, or whose name has this in it")
    parser.add_argument("--workers", type=int, default=WORKERS)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    chosen = {name: trial.operator_of(case) for name, case in trial.cases().items()}
    if options.only:
        word = options.only.lower()
        chosen = {name: kind for name, kind in chosen.items() if kind.lower() == word or word in name}
    rows = measured(list(chosen), options.workers)
    for operator, some in failures(rows).items():
        print(f"{len(some):4} {operator}")
        for row in together(some)[: None if options.only else 3]:
            print(f"       {row.case} ({row.onednn}): {row.outcome} {row.code} {row.text[:160]}")
    for setting in SETTINGS:
        print(f"{SWITCH}={setting}: {summary([row for row in rows if row.onednn == setting])}")
    if not options.only:
        TABLE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
