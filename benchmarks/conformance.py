"""ONNX's own node tests through onnx2tf and a reloaded SavedModel: how many pass, and why the others do not.

    python benchmarks/conformance.py                  all of them, going on where the last run of this code stopped
    python benchmarks/conformance.py --only Resize    those of one operator, each with its reason

Each test is converted by the stage, written, loaded again and run in a worker process, which may crash or hang. Its
outputs must have the test's own shapes and dtypes, and its numbers within the test's own tolerances.
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
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
TABLE = ROOT / "results" / "conformance.md"
JOURNAL = ROOT.parent / "proof" / "conformance.jsonl"
PACKAGES = ("onnx", "tensorflow-cpu", "numpy")
PASSED, REFUSED, WRONG, CRASH, EXCLUDED = "passed", "refused", "wrong", "crash", "excluded"
WORKERS = 2
# A test takes a tenth of a second; whatever hangs is stopped.
SECONDS = 60.0
# Domains whose operators are not converted: classical models have a route of their own, training has none.
DOMAINS = ("ai.onnx.ml", "ai.onnx.preview.training")
# Types of inputs and outputs for which TensorFlow has no tensor, by onnx's names.
TYPES = ("FLOAT8E8M0",)


@dataclass(frozen=True)
class Row:
    """What came of a test: `code` is the refusal's, `text` what a reader wants to know."""

    case: str
    op: str
    outcome: str
    code: str = ""
    text: str = ""


# --- in the worker --------------------------------------------------------------------------------------


def cases() -> dict[str, Any]:
    """The tests that the installed onnx makes, by name."""
    from onnx.backend.test.loader import load_node_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.name: case for case in load_node_model_tests()}


def operator_of(case: Any) -> str:
    """The operator that a test is for: its only node's, or the one that its name begins with."""
    nodes = {node.op_type for node in case.model.graph.node}
    return nodes.pop() if len(nodes) == 1 else case.name.removeprefix("test_").partition("_expanded")[0]


def why_excluded(model: Any) -> str:
    """What in the test TensorFlow's tensors, or this route, do not have; '' for nothing."""
    import onnx

    domains = {node.domain for node in model.graph.node} & set(DOMAINS)
    if domains:
        return f"domain {domains.pop()}"
    for slot in [*model.graph.input, *model.graph.output]:
        kind = slot.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"type {kind.removesuffix('_type')}"
        name = onnx.TensorProto.DataType.Name(slot.type.tensor_type.elem_type)
        if name in TYPES:
            return f"type {name.lower()}"
    return ""


def tried(case: Any, folder: Path) -> Row:
    """One test, whatever becomes of it."""
    from mlconvert.errors import ConversionError

    operator, excluded = operator_of(case), why_excluded(case.model)
    if excluded:
        return Row(case.name, operator, EXCLUDED, excluded)
    try:
        problem = "; ".join(problems(case, folder))
    except ConversionError as error:
        return Row(case.name, operator, REFUSED, error.code, f"{error.where}: {error}"[:300])
    except Exception as error:  # noqa: BLE001 - a defect of ours is a row of the table, too
        return Row(case.name, operator, CRASH, type(error).__name__, str(error)[:300])
    return Row(case.name, operator, WRONG, "wrong", problem[:300]) if problem else Row(case.name, operator, PASSED)


def problems(case: Any, folder: Path) -> Iterator[str]:
    """Convert the test's model, load what was written, and hold its outputs against those of the test."""
    from mlconvert.artifact import Artifact
    from mlconvert.errors import refuse
    from mlconvert.stage import Context
    from mlconvert_plugins.onnx2tf import Onnx2Tf
    from mlconvert_plugins.tf_runner import TfRunner

    stage, context = Onnx2Tf(), Context(folder, folder)
    source = Artifact(folder / "model.onnx", "onnx")
    source.path.write_bytes(case.model.SerializeToString())
    refuse(stage.requires(source, stage.Options(), context))
    outcome = stage.convert(source, stage.Options(), folder / "model", context)
    made = Artifact(folder / "model", "tf", None, outcome.signature)
    refuse(stage.ensures(made, context))
    with TfRunner(made) as runner:
        for inputs, outputs in case.data_sets:
            names = [slot.name for slot in case.model.graph.input]
            found = runner.run(dict(zip(names, map(array, inputs), strict=True)))
            for slot, expected in zip(case.model.graph.output, map(array, outputs), strict=True):
                yield from difference(slot.name, found[slot.name], expected, case)


def array(value: Any) -> Any:
    """A test's value as an array."""
    import numpy as np
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def difference(name: str, found: Any, expected: Any, case: Any) -> Iterator[str]:
    """What tells an output from the expected one: dtype, shape, numbers."""
    import numpy as np

    texts = expected.dtype.kind in "OUST"
    if found.dtype != expected.dtype and not (texts and found.dtype == object):
        yield f"{name} is {found.dtype}, not {expected.dtype}"
    elif found.shape != expected.shape:
        yield f"{name} has the shape {found.shape}, not {expected.shape}"
    elif texts:
        if found.tolist() != expected.tolist():
            yield f"{name} differs: {found.tolist()} and not {expected.tolist()}"
    else:
        try:
            wide = [one.astype(np.float64) if one.dtype.kind == "V" else one for one in (found, expected)]
            np.testing.assert_allclose(*wide, rtol=case.rtol, atol=case.atol)
        except AssertionError as error:
            yield f"{name} differs: " + " ".join(str(error).split())


def serve(pipe: Connection) -> None:
    """Try the tests whose names arrive, until none does."""
    known = cases()
    for name in iter(pipe.recv, None):
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipe.send(tried(known[name], Path(folder)))


# --- the pool -------------------------------------------------------------------------------------------


class Server:
    """A worker process and the test that it is at."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.case = ""
        self.until = 0.0
        self.fresh = True

    def give(self, case: str) -> None:
        """Have it try a test. The first one waits for what the worker loads."""
        self.case = case
        self.until = time.monotonic() + SECONDS + (120 if self.fresh else 0)
        self.fresh = False
        self.pipe.send(case)

    def row(self) -> Row | None:
        """What came of its test, None while it is at it; a worker that is gone or late has crashed."""
        try:
            if self.pipe.poll():
                row: Row = self.pipe.recv()
                return row
        except (EOFError, ConnectionError):
            return Row(self.case, self.case.removeprefix("test_"), CRASH, "died", f"exit code {self.process.exitcode}")
        if time.monotonic() > self.until:
            return Row(self.case, self.case.removeprefix("test_"), CRASH, "late", f"more than {SECONDS:.0f} s")
        return None

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()


def rows_of(names: Iterable[str], workers: int) -> Iterator[Row]:
    """What comes of the tests, as it comes."""
    left = list(names)[::-1]
    servers = [Server() for _ in range(min(workers, len(left)))]
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
                servers[number] = server = Server()
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

    parts = [cache.code_digest("mlconvert_plugins"), manifest.versions(PACKAGES), Path(__file__).read_text()]
    parts.append(os.environ.get("TF_ENABLE_ONEDNN_OPTS", ""))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def journal(digest: str) -> dict[str, Row]:
    """The rows that this code has found before."""
    if not JOURNAL.exists():
        return {}
    entries = [json.loads(line) for line in JOURNAL.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {entry["case"]: Row(**entry) for entry in entries if entry.pop("digest") == digest}


def note(row: Row, digest: str) -> None:
    """Write a row down."""
    JOURNAL.parent.mkdir(exist_ok=True)
    with JOURNAL.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({**asdict(row), "digest": digest}) + "\n")


def failures(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows that did not pass by operator, the operator with the most of them first."""
    found: dict[str, list[Row]] = collections.defaultdict(list)
    for row in rows:
        if row.outcome in (REFUSED, WRONG, CRASH):
            found[row.op].append(row)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def summary(rows: Sequence[Row]) -> str:
    """The counts in one line."""
    counts = collections.Counter(row.outcome for row in rows)
    taken = len(rows) - counts[EXCLUDED]
    shown = ", ".join(f"{counts[name]} {name}" for name in (PASSED, REFUSED, WRONG, CRASH, EXCLUDED))
    return f"{counts[PASSED] / max(taken, 1):.1%} of {taken} tests that TensorFlow's types can express: {shown}"


def page(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    from mlconvert import manifest

    versions: Mapping[str, str] = manifest.versions(PACKAGES)
    made = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = ["# ONNX's node tests in TensorFlow", "", f"{summary(rows)}.", ""]
    lines += [(__doc__ or "").partition("\n\n    ")[0], "", (__doc__ or "").rpartition("\n\n")[2].strip(), ""]
    lines += [f"Made by `python benchmarks/conformance.py` with {made}, Python {platform.python_version()}.", ""]
    excluded = collections.Counter(row.code for row in rows if row.outcome == EXCLUDED)
    lines += ["| left out | tests |", "|---|---|", *(f"| {why} | {count} |" for why, count in excluded.most_common())]
    lines += ["", "| operator | test | outcome | reason |", "|---|---|---|---|"]
    for operator, some in failures(rows).items():
        for row in sorted(some, key=lambda row: row.case):
            reason = re.sub(r"[|\n]", " ", f"`{row.code}` {row.text}")
            lines.append(f"| {operator} | {row.case} | {row.outcome} | {reason} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="OP", help="the tests of this operator, or whose name has this in it")
    parser.add_argument("--workers", type=int, default=WORKERS)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    digest = code()
    known = journal(digest)
    chosen = {name: operator_of(case) for name, case in cases().items()}
    if options.only:
        word = options.only.lower()
        chosen = {name: kind for name, kind in chosen.items() if kind.lower() == word or word in name}
    start = time.monotonic()
    todo = [name for name in chosen if name not in known]
    for count, row in enumerate(rows_of(todo, options.workers), 1):
        note(row, digest)
        known[row.case] = row
        if sys.stderr.isatty() or count % 200 == 0:
            print(f"\r{count}/{len(todo)} in {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)
    rows = [known[name] for name in chosen]
    for operator, some in failures(rows).items():
        print(f"{len(some):4} {operator}")
        for row in some[: None if options.only else 3]:
            print(f"       {row.case}: {row.outcome} {row.code} {row.text[:160]}")
    print(summary(rows))
    if not options.only:
        TABLE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
