"""The trt format knows engines by their content, and says where they load from header and manifest alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import BATCH, CONV, NO_GPU, WEIGHTS, built, convert, gpu_host, model, source, write_manifest
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.format import Verdict
from mlconvert.host import Host
from mlconvert.signature import DimRange, Signature, Tensor
from mlconvert.stage import Outcome
from mlconvert_plugins.tensorrt import header
from mlconvert_plugins.tensorrt.library import RTX, TENSORRT
from mlconvert_plugins.tensorrt.loading import verdict
from mlconvert_plugins.tensorrt.passport import Passport
from mlconvert_plugins.tensorrt.profiles import range_of
from mlconvert_plugins.trt import Trt

FORMAT = Trt()
# What trtexec reads of a classic engine: tag, layout 0, and the version's four numbers at byte 24.
CLASSIC = b"ftrt" + bytes(20) + bytes([10, 13, 3, 9]) + bytes(100)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An engine of the default GPUs with its manifest; tests leave it as it is."""
    yield built(tmp_path_factory.mktemp("engine"))[0].path


def no(reason: str, found: Verdict) -> bool:
    return found.answer == "no" and reason in found.reason


# --- content -----------------------------------------------------------------------------------------


def test_engines_are_known_by_their_tag(engine: Path, tmp_path: Path) -> None:
    assert FORMAT.sniff(engine) == "rtx"
    (tmp_path / "classic").write_bytes(CLASSIC)
    assert FORMAT.sniff(tmp_path / "classic") == "tensorrt"


@pytest.mark.parametrize("content", [b"", b"v", b"PK\x03\x04", b"hello, this is no engine", b"\0\0\0\0{\x22}"])
def test_other_files_are_not(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert FORMAT.sniff(tmp_path / "file") is None
    assert FORMAT.sniff(tmp_path) is None


@pytest.mark.parametrize("keep", [4, 40, 64, -1])
def test_a_truncated_engine_says_where_it_ends(keep: int, engine: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.plan").write_bytes(engine.read_bytes()[:keep])
    with pytest.raises(ConversionError) as caught:
        FORMAT.sniff(tmp_path / "cut.plan")
    assert caught.value.code == "broken-file" and "bytes" in caught.value.message


def test_an_engine_whose_end_is_overwritten_is_broken(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.plan").write_bytes(engine.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(ConversionError, match="end mark"):
        FORMAT.sniff(tmp_path / "torn.plan")


def test_an_engine_behind_json_is_refused_with_the_way_out(engine: Path, tmp_path: Path) -> None:
    metadata = json.dumps({"task": "detect"}).encode()
    wrapped = len(metadata).to_bytes(4, "little") + metadata + engine.read_bytes()
    (tmp_path / "yolo.engine").write_bytes(wrapped)
    with pytest.raises(ConversionError, match="JSON in front") as caught:
        FORMAT.sniff(tmp_path / "yolo.engine")
    skipped = int(caught.value.fix.split("+")[1].split()[0])
    assert wrapped[skipped - 1 :] == engine.read_bytes()


@pytest.mark.parametrize(
    ("gpus", "listed", "later"),
    [
        ((), ("sm_80", "sm_86", "sm_89", "sm_120", "sm_121"), True),
        (("sm_75",), ("sm_75",), False),
        (("sm_89", "sm_80"), ("sm_80", "sm_89"), False),
        (("sm_120", "sm_121"), ("sm_120", "sm_121"), False),
    ],
)
def test_the_header_names_version_and_gpus(
    gpus: tuple[str, ...], listed: tuple[str, ...], later: bool, tmp_path: Path
) -> None:
    artifact, outcome = built(tmp_path, gpu=gpus)
    found = header.read(artifact.path)
    assert found == header.Header("rtx", RTX.version(), listed, later)
    assert (tuple(outcome.facts["gpus"]), outcome.facts["later"]) == (listed, later)


def test_the_header_of_another_release_proves_no_more_than_its_flavour(engine: Path, tmp_path: Path) -> None:
    content = bytearray(engine.read_bytes())
    content[24] = 9
    (tmp_path / "new.plan").write_bytes(content)
    assert header.read(tmp_path / "new.plan") == header.Header("rtx", None)


def test_the_release_counts_and_of_the_build_one_byte() -> None:
    assert header.same_version("1.7.1.116", "1.7.1.372")
    assert not header.same_version("1.7.1.116", "1.7.1.117")
    assert not header.same_version("1.7.1.116", "1.7.2.116")
    assert header.same_version("10.13.3.9", "10.13.3.9.post1")


# --- trust, signature, description -------------------------------------------------------------------


def test_every_engine_is_code(engine: Path) -> None:
    assert "native code" in str(FORMAT.executes(engine, "rtx"))


def test_the_signature_comes_from_the_manifest(engine: Path, tmp_path: Path) -> None:
    known = FORMAT.signature(Artifact(engine, "trt", "rtx"))
    assert known == Signature((Tensor("x", "float32", ("batch", 3, 8, 8)),), (), BATCH)
    (tmp_path / "bare.plan").write_bytes(engine.read_bytes())
    assert FORMAT.signature(Artifact(tmp_path / "bare.plan", "trt", "rtx")) == Signature()


def test_a_manifest_of_other_bytes_is_none(engine: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.plan"
    other.write_bytes(engine.read_bytes()[:-5] + b"\0" + engine.read_bytes()[-4:])
    beside = engine.with_name(engine.name + ".mlconvert.json")
    other.with_name("other.plan.mlconvert.json").write_text(beside.read_text())
    assert "platforms" not in FORMAT.describe(other)


def test_a_manifest_without_a_signature_is_refused(engine: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.plan"
    path.write_bytes(engine.read_bytes())
    entry = json.loads(engine.with_name(engine.name + ".mlconvert.json").read_text())
    entry["signature"] = {"inputs": [{"name": "x"}]}
    path.with_name("m.plan.mlconvert.json").write_text(json.dumps(entry))
    with pytest.raises(ConversionError, match="no readable signature"):
        FORMAT.signature(Artifact(path, "trt", "rtx"))


def test_a_description_holds_header_and_passport(engine: Path) -> None:
    said = FORMAT.describe(engine)
    assert said["flavour"] == "rtx" and said["version"] == RTX.version()
    assert said["platforms"] == ["linux-x86_64", "windows-x86_64"] and said["plugins"] == []
    assert said["disagree"] is None
    assert json.loads(json.dumps(said)) == said


# --- where it loads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("gpu", ["sm_80", "sm_86", "sm_89", "sm_120", "sm_121"])
def test_yes_where_everything_is_as_the_engine_needs_it(gpu: str, engine: Path) -> None:
    found = FORMAT.loads_on(engine, gpu_host(gpu))
    assert found.answer == "yes" and gpu in found.reason


def test_a_gpu_that_the_engine_was_not_built_for_is_named(engine: Path, tmp_path: Path) -> None:
    for gpu in ("sm_75", "sm_90", "sm_100"):
        assert no(f"here is {gpu}", FORMAT.loads_on(engine, gpu_host(gpu)))
    one = built(tmp_path, gpu=("sm_86",))[0].path
    assert FORMAT.loads_on(one, gpu_host("sm_86")).answer == "yes"
    found = FORMAT.loads_on(one, gpu_host("sm_89"))
    assert no("built for sm_86", found) and "--gpu sm_89" in found.fix


def test_a_gpu_newer_than_the_list_is_unknown(engine: Path, tmp_path: Path) -> None:
    assert FORMAT.loads_on(engine, gpu_host("sm_130")).answer == "unknown"
    one = built(tmp_path, gpu=("sm_121",))[0].path
    assert FORMAT.loads_on(one, gpu_host("sm_130")).answer == "no"


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        (NO_GPU, "no NVIDIA GPU"),
        (gpu_host("sm_86", system="Darwin", machine="arm64"), "not on Darwin"),
        (gpu_host("sm_86", driver="550.54"), "needs driver 580"),
    ],
)
def test_what_the_host_lacks_is_named(host: Host, reason: str, engine: Path) -> None:
    assert no(reason, FORMAT.loads_on(engine, host))


def test_another_machine_type_is_unknown_and_windows_is_not(engine: Path) -> None:
    assert FORMAT.loads_on(engine, gpu_host("sm_86", machine="aarch64")).answer == "unknown"
    assert FORMAT.loads_on(engine, gpu_host("sm_86", system="Windows", machine="AMD64")).answer == "yes"


def test_an_engine_of_another_release_does_not_load(engine: Path, tmp_path: Path) -> None:
    content = bytearray(engine.read_bytes())
    content[25:28] = bytes([6, 1, 120])
    (tmp_path / "old.plan").write_bytes(content)
    found = FORMAT.loads_on(tmp_path / "old.plan", gpu_host("sm_86"))
    assert no("1.6.1.120 built it", found) and found.fix == "pip install tensorrt-rtx-cu13==1.6.1.120"


def test_without_a_passport_it_is_never_yes(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "bare.plan").write_bytes(engine.read_bytes())
    assert FORMAT.loads_on(tmp_path / "bare.plan", gpu_host("sm_86")).answer == "unknown"
    assert no("sm_90", FORMAT.loads_on(tmp_path / "bare.plan", gpu_host("sm_90")))


def test_a_passport_that_contradicts_the_file_proves_nothing(tmp_path: Path) -> None:
    artifact, outcome = built(tmp_path)
    write_manifest(artifact.path, outcome, version="1.6.0.1")
    assert "its passport says" in FORMAT.loads_on(artifact.path, gpu_host("sm_86")).reason


def test_a_plugin_has_to_stand_beside_the_engine(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    plugin = tmp_path / "away" / "ops.py"
    plugin.write_text("import tensorrt_rtx\n# ops\n")
    path = built(tmp_path, plugin=(plugin,))[0].path
    assert no("needs the plugin ops.py", FORMAT.loads_on(path, gpu_host("sm_86")))
    (tmp_path / "ops.py").write_text("other bytes")
    assert no("needs the plugin ops.py", FORMAT.loads_on(path, gpu_host("sm_86")))
    plugin.rename(tmp_path / "ops.py")
    assert FORMAT.loads_on(path, gpu_host("sm_86")).answer == "yes"


def test_a_broken_or_foreign_file_does_not_load(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.plan").write_bytes(engine.read_bytes()[:1000])
    assert no("has 1000 bytes", FORMAT.loads_on(tmp_path / "cut.plan", gpu_host("sm_86")))
    (tmp_path / "text").write_text("text")
    assert no("no TensorRT engine", FORMAT.loads_on(tmp_path / "text", gpu_host("sm_86")))


@pytest.mark.skipif(TENSORRT.version() is not None, reason="TensorRT itself is installed here")
def test_a_classic_engine_needs_its_own_library(tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(CLASSIC)
    passport = Passport("tensorrt", "tensorrt", "10.13.3.9", ("sm_86",), False, ("linux-x86_64",), "NVIDIA Test")
    write_manifest(path, Outcome(Signature(), passport.facts()))
    found = verdict(path, gpu_host("sm_86"))
    assert no("TensorRT is not installed", found) and found.fix == "pip install tensorrt==10.13.3.9"
    assert FORMAT.describe(path)["gpu"] == "NVIDIA Test"


# --- profiles ----------------------------------------------------------------------------------------


def test_the_ends_of_an_expression_are_found_also_where_it_falls() -> None:
    signature = Signature((Tensor("x", "float32", ("10-h", "h*w", 7)),), (), {
        "h": DimRange(2, 4, 8), "w": DimRange(1, 3, 5),
    })  # fmt: skip
    found = range_of(signature.inputs[0], signature)
    assert (found.min, found.opt, found.max) == ((2, 2, 7), (6, 12, 7), (8, 40, 7))


def test_an_engine_is_built_whatever_its_name(tmp_path: Path) -> None:
    path = model(tmp_path / "модель [x].onnx", CONV, **WEIGHTS[0])
    assert convert(source(path, x=("batch", 3, 8, 8)), tmp_path / "движок.plan").flavour == "rtx"
