"""onnx2trt builds real engines with TensorRT-RTX, and refuses before the build what TensorRT does not take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from engines import (
    ATTENTION,
    BATCH,
    CONV,
    GEMM,
    HEAD,
    NO_GPU,
    RELU,
    STAGE,
    WEIGHTS,
    Heard,
    built,
    context,
    convert,
    gpu_host,
    model,
    required,
    source,
)
from mlconvert import options as core_options
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, UsageError
from mlconvert.host import Host
from mlconvert.runner import DeviceAbsentError
from mlconvert.signature import DimRange, Signature, Tensor
from mlconvert.stage import Tolerance
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.pieces import Slot
from mlconvert_plugins.tensorrt import building, header, library
from mlconvert_plugins.tensorrt.library import RTX
from mlconvert_plugins.tensorrt.messages import messages_of
from mlconvert_plugins.tensorrt.options import TrtOptions, read_bytes, read_gpu
from mlconvert_plugins.tensorrt.rebuilt import RebuiltEngine

SEQUENCE = {**BATCH, "seq": DimRange(2, 16, 64)}
REAL = [
    pytest.param(CONV, WEIGHTS[0], {"x": ("batch", 3, 8, 8)}, BATCH, id="conv"),
    pytest.param(GEMM, WEIGHTS[1], {"x": ("batch", 16)}, BATCH, id="gemm"),
    pytest.param(ATTENTION, WEIGHTS[2], {"x": ("batch", "seq", 16)}, SEQUENCE, id="attention"),
    pytest.param(GEMM, WEIGHTS[1], {"x": (4, 16)}, {}, id="one fixed size"),
]


@pytest.mark.parametrize(("graph", "weights", "shapes", "dims"), REAL)
def test_it_builds_what_it_accepts(
    graph: str, weights: dict[str, tuple[int, ...]], shapes: dict[str, Any], dims: Any, tmp_path: Path
) -> None:
    artifact = source(model(tmp_path / "m.onnx", graph, **weights), dims, **shapes)
    assert required(artifact, tmp_path) == []
    outcome = convert(artifact, tmp_path / "m.rtx.plan")
    assert outcome.flavour == "rtx"
    made = Artifact(tmp_path / "m.rtx.plan", "trt", "rtx", outcome.signature)
    assert list(STAGE.ensures(made, context(tmp_path))) == []


def test_the_facts_are_a_passport(tmp_path: Path) -> None:
    _, outcome = built(tmp_path, workspace=2**28)
    facts = outcome.facts
    assert facts["version"] == library.RTX.version()
    assert facts["gpus"] == ["sm_80", "sm_86", "sm_89", "sm_120", "sm_121"] and facts["later"]
    assert facts["bytes"] == (tmp_path / "conv.rtx.plan").stat().st_size
    assert facts["workspace"] == 2**28 and facts["strongly_typed"] and not facts["tf32"]
    profile = [[1, 3, 8, 8], [8, 3, 8, 8], [32, 3, 8, 8]]
    assert facts["inputs"] == [
        {"name": "x", "dtype": "float32", "shape": [-1, 3, 8, 8], "profile": profile, "values": False}
    ]
    assert facts["outputs"][0]["shape"] == [-1, 4, 6, 6]


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    engines = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        engines.append(built(tmp_path / name)[0].path.read_bytes())
    assert engines[0] == engines[1]


def test_tf32_is_off_unless_asked_for(tmp_path: Path) -> None:
    """The flag reaches the engine: on the GPUs that have TF32, FP32 products lose 13 bits with it."""
    path = model(tmp_path / "m.onnx", GEMM, **WEIGHTS[1])
    for name, tf32 in (("exact", False), ("tf32", True)):
        convert(source(path, x=("batch", 16)), tmp_path / name, tf32=tf32)
    assert (tmp_path / "exact").read_bytes() != (tmp_path / "tf32").read_bytes()


def test_a_profile_takes_expressions_over_dims(tmp_path: Path) -> None:
    graph = "g (float[batch,h] x, float[batch,k] z) => (float[batch,n] y) { y = Concat<axis=1>(x, z) }"
    dims = {**BATCH, "h": DimRange(3, 5, 9)}
    artifact = source(model(tmp_path / "m.onnx", graph), dims, x=("batch", "h"), z=("batch", "(h-1)//2+1"))
    facts = convert(artifact, tmp_path / "m.plan").facts
    assert facts["inputs"][1]["profile"] == [[1, 2], [8, 3], [32, 5]]


def test_an_input_that_is_a_shape_needs_a_range(tmp_path: Path) -> None:
    graph = "g (float[batch,1] x, int64[2] s) => (float[a,b] y) { y = Expand(x, s) }"
    path = model(tmp_path / "m.onnx", graph)
    x = Tensor("x", "float32", ("batch", 1))
    with pytest.raises(ConversionError, match="values of input 's'") as caught:
        convert(Artifact(path, "onnx", None, Signature((x, Tensor("s", "int64", (2,))), (), BATCH)), tmp_path / "e")
    assert caught.value.fix == "--input 's:int64[2]=1..64'"
    bounded = Signature((x, Tensor("s", "int64", (2,), (32, 64))), (), {"batch": DimRange(1, 1, 1)})
    facts = convert(Artifact(path, "onnx", None, bounded), tmp_path / "e").facts
    assert facts["inputs"][1]["values"] and facts["inputs"][1]["profile"] == [[32, 32], [48, 48], [64, 64]]


def test_weights_beside_the_model_are_read_from_its_folder(tmp_path: Path) -> None:
    proto = parser.parse_model(HEAD + GEMM)
    weight = np.random.default_rng(0).standard_normal((16, 4)).astype(np.float32)
    proto.graph.initializer.append(numpy_helper.from_array(weight, "w"))
    path = tmp_path / "m.onnx"
    onnx.save_model(proto, path, save_as_external_data=True, location="m.data", size_threshold=0)
    artifact = source(path, x=("batch", 16))
    convert(artifact, tmp_path / "one")
    inside = model(tmp_path / "inside.onnx", GEMM, **WEIGHTS[1])
    convert(source(inside, x=("batch", 16)), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    (tmp_path / "m.data").unlink()
    with pytest.raises(ConversionError, match="initializer"):
        convert(artifact, tmp_path / "three")


def test_progress_is_told(tmp_path: Path) -> None:
    heard = Heard()
    convert(source(model(tmp_path / "m.onnx", RELU), x=("batch", 16)), tmp_path / "e", heard)
    assert heard.texts("progress")[0] == "reading the model" and len(heard.texts("progress")) > 1


# --- refusals ----------------------------------------------------------------------------------------


def test_every_unsupported_op_is_named_with_its_nodes(tmp_path: Path) -> None:
    graph = """g (float[batch,16] x) => (float[batch,16] y, float[batch,16] z) {
        [first] a = my.Foo(x)
        [second] b = my.Foo(a)
        [third] y = Det(b)
        z = Relu(x)
    }"""
    found = required(source(model(tmp_path / "m.onnx", graph), x=("batch", 16)), tmp_path)
    assert [(refusal.code, refusal.where) for refusal in found] == [
        ("unsupported-op", "first"),
        ("unsupported-op", "third"),
    ]
    assert found[0].message == "TensorRT has no my::Foo, which stands at first, second"
    assert "--plugin" in found[0].fix


def test_a_foreign_op_is_not_taken_for_the_standard_op_of_that_name(tmp_path: Path) -> None:
    graph = "g (float[batch,16] x) => (float[batch,16] y) { y = my.Relu(x) }"
    found = required(source(model(tmp_path / "m.onnx", graph), x=("batch", 16)), tmp_path)
    assert [refusal.message for refusal in found] == ["TensorRT has no my::Relu, which stands at node 0"]


@pytest.mark.parametrize(
    "graph",
    [
        "g (float[batch,16] x) => (float[batch,16] y) { y = my.f(x) }\n"
        '<domain: "my", opset_import: ["": 20]> f (x) => (y) { y = Bogus(x) }',
        "g (float[batch,16] x, bool c) => (float[batch,16] y) { y = If(c) <"
        "then_branch = t () => (float[batch,16] a) { a = Bogus(x) },"
        "else_branch = e () => (float[batch,16] b) { b = Relu(x) }> }",
    ],
    ids=["function", "branch"],
)
def test_ops_inside_functions_and_branches_are_found(graph: str, tmp_path: Path) -> None:
    found = required(source(model(tmp_path / "m.onnx", graph), x=("batch", 16)), tmp_path)
    assert ["Bogus" in refusal.message for refusal in found] == [True]


def test_what_only_the_parser_finds_names_op_node_and_module(tmp_path: Path) -> None:
    proto = parser.parse_model(HEAD + "g (float[batch,16] x) => (int64[2,n] y) { [nz] y = NonZero(x) }")
    scopes = proto.graph.node[0].metadata_props.add()
    scopes.key, scopes.value = "pkg.torch.onnx.name_scopes", "['', 'head', 'head.1', 'nonzero']"
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(ConversionError) as caught:
        convert(source(tmp_path / "m.onnx", x=("batch", 16)), tmp_path / "e")
    assert caught.value.code == "unsupported-op"
    assert caught.value.message == "TensorRT has no NonZero, which stands at nz (from head.1)"


def test_dtypes_that_engines_lack_are_refused_by_name(tmp_path: Path) -> None:
    graph = "g (double[batch] x, string[batch] s) => (double[batch] y, string[batch] z) {y = Relu(x) z = Identity(s)}"
    inputs = (Tensor("x", "float64", ("batch",)), Tensor("s", "string", ("batch",)))
    signature = Signature(inputs, (Tensor("y", "float64", ("batch",)),), BATCH)
    found = required(Artifact(model(tmp_path / "m.onnx", graph), "onnx", None, signature), tmp_path)
    assert [(refusal.code, refusal.where) for refusal in found] == [
        ("unsupported-dtype", "x"),
        ("unsupported-dtype", "s"),
        ("unsupported-dtype", "y"),
    ]


def test_an_input_that_the_parser_narrows_is_refused_by_the_build_too(tmp_path: Path) -> None:
    graph = "g (double[batch] x) => (double[batch] y) { y = Relu(x) }"
    signature = Signature((Tensor("x", "float64", ("batch",)),), (), BATCH)
    with pytest.raises(ConversionError, match="is float64 and became float32"):
        convert(Artifact(model(tmp_path / "m.onnx", graph), "onnx", None, signature), tmp_path / "e")


def test_float64_inside_the_model_is_said(tmp_path: Path) -> None:
    graph = "g (float[batch,16] x) => (float[batch,16] y) { [wide] d = Cast<to=11>(x) y = Cast<to=1>(d) }"
    heard = Heard()
    artifact = source(model(tmp_path / "m.onnx", graph), x=("batch", 16))
    assert list(STAGE.requires(artifact, TrtOptions(), context(tmp_path, heard))) == []
    assert heard.texts("warning") == ["TensorRT computes float64 in float32, at wide"]


def test_dims_without_name_or_end_are_refused_together(tmp_path: Path) -> None:
    artifact = source(model(tmp_path / "m.onnx", RELU), {}, x=("batch", None))
    found = required(artifact, tmp_path)
    assert [(refusal.code, refusal.where) for refusal in found] == [("unknown-dim", "x"), ("open-dim", "batch")]
    assert found[1].fix == "--dim batch=1:8:32"
    with pytest.raises(ConversionError, match="2 things"):
        convert(artifact, tmp_path / "e")


def test_a_dim_that_its_names_make_impossible_is_refused(tmp_path: Path) -> None:
    artifact = source(model(tmp_path / "m.onnx", RELU), BATCH, x=("batch", "batch-4"))
    assert [refusal.code for refusal in required(artifact, tmp_path)] == ["impossible-dim"]


def test_a_batch_that_the_model_has_baked_in_is_refused(tmp_path: Path) -> None:
    graph = "g (float[4,16] x) => (float[4,16] y) { y = Relu(x) }"
    with pytest.raises(ConversionError) as caught:
        convert(source(model(tmp_path / "m.onnx", graph), x=("batch", 16)), tmp_path / "e")
    assert caught.value.code == "signature-lost" and "became 4" in caught.value.message


def test_a_matrix_product_in_fp32_is_refused_for_turing(tmp_path: Path) -> None:
    artifact = source(model(tmp_path / "m.onnx", GEMM, **WEIGHTS[1]), x=("batch", 16))
    found = required(artifact, tmp_path, gpu=("sm_75", "sm_86"))
    assert [refusal.code for refusal in found] == ["unsupported-op"] and "sm_75" in found[0].message
    with pytest.raises(ConversionError, match="no FP32 matrix product for sm_75"):
        convert(artifact, tmp_path / "e", gpu=("sm_75",))
    conv = source(model(tmp_path / "c.onnx", CONV, **WEIGHTS[0]), x=("batch", 3, 8, 8))
    assert convert(conv, tmp_path / "e", gpu=("sm_75",)).facts["gpus"] == ["sm_75"]


def test_a_workspace_that_is_too_small_is_said(tmp_path: Path) -> None:
    artifact = source(model(tmp_path / "m.onnx", GEMM, **WEIGHTS[1]), x=("batch", 16))
    with pytest.raises(ConversionError) as caught:
        convert(artifact, tmp_path / "e", workspace=1)
    assert caught.value.code == "workspace-too-small" and "--workspace" in caught.value.fix


@pytest.mark.parametrize("content", [b"", b"hello world", b"\x08\x0a" * 50], ids=["empty", "text", "broken"])
def test_a_file_that_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ConversionError):
        convert(source(tmp_path / "m.onnx", x=("batch", 16)), tmp_path / "e")


# --- options and the host ----------------------------------------------------------------------------


def test_options_are_read_from_the_command_line() -> None:
    given = {"gpu": "8.6,sm_89", "workspace": "4GiB", "plugin": "a.so,b.py", "builder": "rtx"}
    read = core_options.build(TrtOptions, given, "onnx2trt")
    assert read.gpu == ("sm_86", "sm_89") and read.workspace == 2**32
    assert read.plugin == (Path("a.so"), Path("b.py"))
    with pytest.raises(UsageError):
        core_options.build(TrtOptions, {"gpu": "ampere"}, "onnx2trt")


@pytest.mark.parametrize(
    ("text", "read"), [("86", "sm_86"), ("SM_120", "sm_120"), ("12.0", "sm_120"), ("sm89", "sm_89")]
)
def test_a_compute_capability_is_written_in_many_ways(text: str, read: str) -> None:
    assert read_gpu(text) == read


@pytest.mark.parametrize("text", ["many", "4 cups", "-1", ""])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="4GiB"):
        read_bytes(text)


def test_auto_takes_rtx_where_no_gpu_is() -> None:
    assert list(STAGE.available(TrtOptions(), NO_GPU)) == []
    assert STAGE.delivers(TrtOptions(), NO_GPU).flavour == "rtx"


def test_everything_unavailable_is_listed(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("")
    chosen = TrtOptions(
        gpu=("sm_90", "sm_86"), optimization_level=3, plugin=(tmp_path / "gone.so", tmp_path / "note.txt")
    )
    found = {refusal.code: refusal for refusal in STAGE.available(chosen, NO_GPU)}
    assert list(found) == ["unsupported-gpu", "no-effect", "no-such-file", "bad-plugin"]
    assert "sm_90" in found["unsupported-gpu"].message and "sm_86, sm_89" in found["unsupported-gpu"].message


@pytest.mark.skipif(library.TENSORRT.version() is not None, reason="TensorRT itself is installed here")
def test_tensorrt_needs_its_library_and_a_gpu() -> None:
    chosen = TrtOptions(builder="tensorrt", optimization_level=9)
    codes = [refusal.code for refusal in STAGE.available(chosen, NO_GPU)]
    assert codes == ["missing-package", "bad-option", "no-gpu"]
    other = [
        refusal.code for refusal in STAGE.available(TrtOptions(builder="tensorrt", gpu=("sm_86",)), gpu_host("sm_90"))
    ]
    assert other == ["missing-package", "unsupported-gpu"]


def test_the_opset_before_is_asked_for() -> None:
    assert STAGE.wants(TrtOptions()) == {"opset": 20}


def test_half_precision_has_its_own_tolerance() -> None:
    def of(dtype: str) -> Tolerance:
        artifact = Artifact(Path("m.onnx"), "onnx", None, Signature((Tensor("x", dtype, (1,)),)))
        return STAGE.tolerance(artifact, artifact)

    assert of("float32") == Tolerance()
    assert of("float32").rtol < of("float16").rtol < of("bfloat16").rtol


# --- plugins -----------------------------------------------------------------------------------------

CREATOR = """
import tensorrt_rtx as trt

class Creator(trt.IPluginCreatorV3One):
    def __init__(self):
        trt.IPluginCreatorV3One.__init__(self)
        self.name, self.plugin_version, self.plugin_namespace = "MyPlugin", "1", ""
        self.field_names = trt.PluginFieldCollection([])

creator = Creator()
trt.get_plugin_registry().register_creator(creator, "")
"""


def test_a_plugin_supplies_an_op_once_it_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "ops.py").write_text(CREATOR)
    graph = "g (float[batch,16] x) => (float[batch,16] y) { y = my.MyPlugin(x) }"
    artifact = source(model(tmp_path / "m.onnx", graph), x=("batch", 16))
    plugin = (tmp_path / "ops.py",)
    assert [refusal.code for refusal in required(artifact, tmp_path, plugin=plugin)] == ["needs-trust"]
    assert required(artifact, tmp_path, plugin=plugin, trust=True) == []


def test_plugins_are_recorded_by_hash(tmp_path: Path) -> None:
    (tmp_path / "quiet.py").write_text("import tensorrt_rtx\n")
    _, outcome = built(tmp_path, plugin=(tmp_path / "quiet.py",))
    assert [entry["file"] for entry in outcome.facts["plugins"]] == ["quiet.py"]
    assert len(outcome.facts["plugins"][0]["sha256"]) == 64


@pytest.mark.parametrize(("name", "content"), [("ops.py", b"1 / 0"), ("ops.so", b"not ELF")])
def test_a_plugin_that_does_not_load_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConversionError, match="does not load") as caught:
        built(tmp_path, plugin=(tmp_path / name,))
    assert caught.value.code == "bad-plugin"


# --- the part that the two libraries share -----------------------------------------------------------


def test_tensorrt_rtx_has_every_name_that_the_shared_path_uses() -> None:
    trt = library.RTX.load()
    assert [name for name in library.Bindings.__annotations__ if not hasattr(trt, name)] == []


# It says so with a warning that "Use Deprecated in ... instead" begins.
@pytest.mark.filterwarnings("ignore:Use Deprecated in TensorRT-RTX:DeprecationWarning")
def test_a_timing_cache_is_taken_up_again(tmp_path: Path) -> None:
    """TensorRT-RTX still has TensorRT's timing cache in its API, and times nothing."""
    trt = library.RTX.load()
    builder = trt.Builder(messages_of(library.RTX).logger)
    config = builder.create_builder_config()
    assert building.load_timings(config, b"")
    kept = bytes(config.get_timing_cache().serialize())
    building.replace_file(tmp_path / "cache" / "timings", kept)
    assert (tmp_path / "cache" / "timings").read_bytes() == kept
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["timings"]
    assert building.load_timings(builder.create_builder_config(), kept)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Error Code 2: OutOfMemory (Requested size was 12 bytes.)", "out-of-memory"),
        (
            "IBuilder::buildSerializedNetwork: Error Code 10: Internal Error (no implementation for node conv1)",
            "build-failed",
        ),
    ],
)
def test_what_tensorrt_says_becomes_the_users_error(said: str, code: str) -> None:
    assert building.failure([said]).code == code


def test_an_engine_is_built_anew_with_inner_tensors_and_in_part(tmp_path: Path) -> None:
    attention = source(model(tmp_path / "a.onnx", ATTENTION, **WEIGHTS[2]), x=("batch", "seq", 16))
    given = {"x": np.zeros((2, 4, 16), np.float32)}
    (tmp_path / "scratch").mkdir()
    file = OnnxFile(attention.path, given, tmp_path / "scratch")
    engine = Artifact(tmp_path / "a.rtx.plan", "trt", RTX.flavour)
    rebuilt = RebuiltEngine(attention, engine, file, given, context(tmp_path))
    inner = file.values(["q", "s"])
    for made, inputs in (
        (file.graph.piece((), ["q", "s", "y"]), given),
        (file.graph.piece([Slot.of("s", inner["s"])], ["y"]), {**given, "s": inner["s"]}),
    ):
        found = header.read(rebuilt.built(made, inputs).path)
        assert found is not None and found.flavour == RTX.flavour
    if not Host.here().gpus:
        with pytest.raises(DeviceAbsentError):
            rebuilt.values(["q"])
