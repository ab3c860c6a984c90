from __future__ import annotations

import getpass
import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mlconvert import frame, manifest
from mlconvert.request import Request
from mlconvert.signature import DimRange, parse_tensor
from mlconvert.worker import Worker
from mlconvert_toys import line

TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
STATUS = {"enum": ["passed", "failed", "unproven"]}


def record(optional: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """The schema of an object that has these properties and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def maybe(schema: Any) -> dict[str, Any]:
    return {"oneOf": [{"type": "null"}, schema]}


TENSORS = array(
    record(
        ("range",),
        name=TEXT,
        dtype=TEXT,
        shape=array({"type": ["integer", "string", "null"]}),
        range={"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    )
)
DIMS = {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 3, "maxItems": 3}
CHECK = {
    "type": "object",
    "properties": {
        "stage": maybe(TEXT),
        "status": STATUS,
        "reason": TEXT,
        "tolerance": {"type": "object"},
        "outputs": array({"type": "object", "required": ["name", "status", "max_abs", "max_rel", "cosine", "argmax"]}),
        "probes": array(record(label=TEXT, sizes={"type": "object"}, status=STATUS)),
    },
    "required": ["stage", "status", "reason", "tolerance", "outputs", "probes"],
}
SCHEMA = record(
    mlconvert=TEXT,
    schema={"const": 1},
    format=TEXT,
    flavour=maybe(TEXT),
    artifact=TEXT,
    sha256=DIGEST,
    bytes=COUNT,
    files=maybe(array(record(path=TEXT, bytes=COUNT, sha256=DIGEST))),
    source=record(format=TEXT, flavour=maybe(TEXT), file=maybe(TEXT), sha256=DIGEST),
    signature=record(inputs=TENSORS, outputs=TENSORS, dims={"type": "object", "additionalProperties": DIMS}),
    route=array(
        record(
            stage=TEXT,
            options={"type": "object"},
            versions={"type": "object", "additionalProperties": TEXT},
            loads_in=TEXT,
            facts={"type": "object"},
        )
    ),
    parity=record(status=STATUS, reason=TEXT, checks=array(CHECK)),
    host=record(system=TEXT, machine=TEXT, python=TEXT, gpus=array({"type": "object"})),
    command=TEXT,
)


@pytest.fixture
def toys(tmp_path: Path, worker: Worker) -> Any:
    def convert(folder: str = "here", to: str = "beta", **given: Any) -> frame.Result:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        given = {"dims": {"batch": DimRange(1, 2, 5)}, "cache": False, **given}
        return frame.run(Request(line.alpha(place / "m.alpha"), to, **given), worker=worker)

    return convert


def page_of(result: frame.Result) -> Path:
    return manifest.beside(result.artifact.path)


# --- what it says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["beta", "gamma", "delta"])
@pytest.mark.parametrize("mischief", ["", "wrong", "device"])
def test_it_keeps_its_schema(toys: Any, to: str, mischief: str) -> None:
    result = toys(to=to, options={"alpha2beta": {"mischief": mischief}})
    entry = json.loads(page_of(result).read_text())
    assert entry == result.manifest
    assert list(entry) == list(SCHEMA["properties"])
    jsonschema.validate(entry, SCHEMA)
    assert entry["parity"]["status"] == {"": "passed", "wrong": "failed", "device": "unproven"}[mischief]


def test_a_file_is_its_bytes(toys: Any) -> None:
    entry = toys().manifest
    content = (toys(force=True).artifact.path).read_bytes()
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert (entry["bytes"], entry["files"], entry["artifact"]) == (len(content), None, "m.beta")


@pytest.mark.parametrize("to", ["gamma", "delta"])
def test_several_files_are_their_list(toys: Any, to: str) -> None:
    result = toys(to=to)
    entry, path = result.manifest, result.artifact.path
    root = path if path.is_dir() else path.parent
    names = [part["path"] for part in entry["files"]]
    assert names == sorted(names)
    assert len(names) == 2
    parts = [(name, (root / name).stat().st_size, manifest.sha256(root / name)) for name in names]
    assert [(part["path"], part["bytes"], part["sha256"]) for part in entry["files"]] == parts
    whole = hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()
    assert entry["sha256"] == whole
    assert entry["bytes"] == sum(size for _, size, _ in parts)


def test_the_route_says_what_was_done(toys: Any) -> None:
    entry = toys(to="gamma", options={"beta2gamma": {"table": "/etc/hosts", "level": 9}}).manifest
    assert [step["stage"] for step in entry["route"]] == ["alpha2beta", "beta2gamma"]
    assert entry["route"][0]["options"]["level"] == 9
    assert entry["route"][0]["facts"] == {"level": 9}
    assert entry["route"][1]["options"]["table"] == "hosts"
    assert [check["stage"] for check in entry["parity"]["checks"]] == ["alpha2beta", "beta2gamma"]
    assert entry["signature"]["dims"] == {"batch": [1, 2, 5]}


# --- what it does not say -------------------------------------------------------------------------------


def test_no_path_no_user_and_no_host_stand_in_it(toys: Any, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("")
    text = str(tmp_path / "table.csv")
    for number, table in enumerate([text, Path(text)]):
        result = toys(
            to="gamma",
            out=tmp_path / f"out{number}.gamma",
            inputs=(parse_tensor("x:float32[batch,3]=0..1234567.5"),),
            options={"beta2gamma": {"table": table}},
            passes=(("tidy", {}),),
        )
        page = page_of(result).read_text()
        assert str(tmp_path) not in page
        assert str(Path.home()) not in page
        assert getpass.getuser() not in page.replace("root2", "")
        assert socket.gethostname() not in page
        assert "table.csv" in result.manifest["command"]


def test_a_failure_names_no_folder(toys: Any, tmp_path: Path) -> None:
    result = toys(options={"alpha2beta": {"mischief": "refuses"}})
    assert result.parity["status"] == "failed"
    assert str(tmp_path) not in page_of(result).read_text()


def test_the_same_again_is_the_same_page(toys: Any) -> None:
    pages = []
    for folder in ("one", "two"):
        entry = json.loads(page_of(toys(folder, to="delta")).read_text())
        assert {entry.pop("host") is None, entry.pop("parity") is None} == {False}
        pages.append(json.dumps(entry))
    assert pages[0] == pages[1]


def test_the_command_says_it_all(toys: Any, tmp_path: Path) -> None:
    data = tmp_path / "my data.npz"
    import numpy as np

    np.savez(data, x=np.ones((2, 3), np.float32))
    result = toys(
        to="gamma",
        out=tmp_path / "it's.gamma",
        inputs=(parse_tensor("x:float32[batch,3]=0..1234567.5"),),
        via=("beta",),
        passes=(("scale", {"factor": "1"}),),
        data=data,
        options={"beta2gamma": {"fast": True, "labels": ("a", "b"), "workspace": "2kib", "sizes": "3,4"}},
        atol=1e-5,
        rtol=1e-6,
        seed=7,
        require_proof=True,
        trust=True,
    )
    assert result.manifest["command"] == (
        "mlconvert alpha2gamma m.alpha -o 'it'\"'\"'s.gamma' --input 'x:float32[batch,3]=0..1234567.5' "
        "--dim batch=1:2:5 --data 'my data.npz' --via beta --pass scale:factor=1 --beta2gamma.fast "
        "--beta2gamma.labels a,b --beta2gamma.workspace 2kib --beta2gamma.sizes 3,4 --atol 1e-05 --rtol 1e-06 "
        "--seed 7 --require-proof --trust"
    )


# --- whether it counts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["beta", "gamma", "delta"])
def test_it_counts_for_its_own_bytes_alone(toys: Any, to: str) -> None:
    result = toys(to=to)
    path = result.artifact.path
    assert manifest.read(path) == result.manifest
    part = next(part for part in [*path.rglob("*"), *path.parent.glob("*.numbers"), path] if part.is_file())
    with part.open("a") as stream:
        stream.write(" ")
    assert manifest.read(path) is None
    assert manifest.glance(path) == result.manifest


def test_a_side_file_that_is_gone(toys: Any, tmp_path: Path) -> None:
    path = toys(to="delta").artifact.path
    next(path.parent.glob("*.numbers")).unlink()
    assert manifest.read(path) is None


@pytest.mark.parametrize(
    "damage",
    [
        "", "[]", "null", "{}", '{"schema": 1}', '{"schema": 2, "sha256": "x"}', '{"schema": 1, "sha256": 7}', "\udcff",
    ],
)  # fmt: skip
def test_a_page_that_is_none_counts_as_absent(toys: Any, damage: str) -> None:
    result = toys()
    page_of(result).write_bytes(damage.encode(errors="surrogateescape"))
    assert manifest.read(result.artifact.path) is None


@pytest.mark.parametrize("key", ["files", "signature", "route", "parity", "command", "format", "flavour", "source"])
@pytest.mark.parametrize("value", [7, "text", [7], {"a": 7}], ids=str)
def test_a_page_with_a_strange_value_counts_as_absent(toys: Any, key: str, value: Any) -> None:
    result = toys()
    if value == "text" and key in ("command", "format", "flavour"):
        return
    page_of(result).write_text(json.dumps({**result.manifest, key: value}))
    assert manifest.read(result.artifact.path) is None


def test_a_page_names_no_file_outside_its_folder(tmp_path: Path) -> None:
    entry = {"artifact": "m", "files": [{"path": "m"}, {"path": "../../etc/passwd"}, {"path": "/etc/shadow"}]}
    found = manifest.side_files(entry, tmp_path / "m")
    assert found == [tmp_path / "passwd", tmp_path / "shadow"]


def test_versions_are_those_that_are_installed() -> None:
    found = manifest.versions(["numpy>=1", "nothing-of-this-name", "click[extra]>=8; python_version > '3'"])
    assert list(found) == ["numpy", "click"]
