"""torch2onnx on the shapes that models come in: same numbers, the model's names, the user's dims, or a refusal."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch.export import Dim

import models
from mlconvert.errors import ConversionError
from mlconvert.probes import single
from mlconvert_plugins.onnxfile.notes import CLASSES, FX_NODE, LINE, SCOPES
from mlconvert_plugins.torch2onnx import TorchOptions
from torch_files import STAGE, Made, convert, distance, live, source, words

BATCH = "batch=1:4:16"
CNN = ["x:float32[batch,3,h,16]"]
MIXED = ["scale:float32[batch]", "ids:int64[batch,seq]", "mask:bool[batch,seq]"]
TINY = 1e-5


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("cnn")
    return convert(source(live(models.drawn(models.Cnn), folder), CNN, [BATCH, "h=8:12:32"]), folder)


def test_dims_are_named_by_the_user_and_computed_from_there(cnn: Made) -> None:
    assert words(cnn.outcome.signature) == (
        ["x:float32[batch,3,h,16]"],
        ["output:float32[batch,5]"],
        {"batch": "1:4:16", "h": "8:12:32"},
    )
    assert distance(cnn) < TINY
    inner = {tuple(_dims(value)) for value in onnx.load(cnn.artifact.path).graph.value_info}
    assert ("batch", 4, "(h-1)//2+1", 8) in inner


def _dims(value: onnx.ValueInfoProto) -> list[Any]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def test_facts_say_how_it_was_made(cnn: Made) -> None:
    assert cnn.outcome.facts == {
        "exporter": "dynamo", "opset": 20, "ir_version": 10, "nodes": 6, "initializers": 7
    }  # fmt: skip


def test_the_file_keeps_torch_modules_and_nothing_of_this_machine(cnn: Made) -> None:
    proto = onnx.load(cnn.artifact.path)
    notes = {entry.key for node in proto.graph.node for entry in node.metadata_props}
    assert notes == {SCOPES, CLASSES, FX_NODE, LINE}
    content = cnn.artifact.path.read_bytes()
    assert str(Path(models.__file__).parent).encode() not in content
    assert not proto.doc_string and not any(node.doc_string for node in proto.graph.node)


@pytest.mark.parametrize(
    ("make", "inputs", "dims", "outputs"),
    [
        (models.Vit, ["x:float32[batch,3,16,16]"], [BATCH], ["output:float32[batch,5]"]),
        (models.Attention, ["x:float32[batch,5,4]"], [BATCH], ["output:float32[batch,5,4]"]),
        (models.Attention, ["x:float32[batch,2,3,5,4]"], [BATCH], ["output:float32[batch,2,3,5,4]"]),
        (
            models.Lstm,
            ["x:float32[batch,5,4]"],
            [BATCH],
            ["output_0:float32[batch,5,6]", "output_1.0:float32[1,batch,6]", "output_1.1:float32[1,batch,6]"],
        ),
        (models.Mixed, MIXED, [BATCH, "seq=1:5:9"], ["kept:float32[batch,seq,3]", "count:int64[batch]"]),
        (
            models.Structured,
            ["pair.0:float32[batch,4]", "pair.1:float32[k,2]", "more.shift:float32[batch,4]"],
            [BATCH],
            ["logits:float32[batch,3]", "parts.0:float32[k,2]", "parts.1:float32[batch]"],
        ),
        (
            models.Passing,
            ["relu:float32[batch,4]"],
            [BATCH],
            ["output_0.start:float32[batch,4]", "output_0.end:float32[batch,4]", "output_1:float32[batch,4]"],
        ),
        (models.Factory, ["x:float32[2*k,4]"], ["k=2:2:4"], ["output:float32[2*k,2]"]),
        (models.Factory, ["x:float32[batch,4]"], ["batch=1:1:1"], ["output:float32[1,2]"]),
    ],
    ids=[
        "vit", "attention of rank 3", "attention of rank 5", "lstm", "mixed", "structured", "passing", "expression",
        "one size",
    ],
)  # fmt: skip
def test_live_modules(
    make: Callable[[], torch.nn.Module], inputs: list[str], dims: list[str], outputs: list[str], tmp_path: Path
) -> None:
    made = convert(source(live(models.drawn(make), tmp_path), inputs, dims), tmp_path)
    assert words(made.outcome.signature)[1] == outputs
    assert distance(made) < TINY


def test_integers_are_drawn_from_their_embedding(tmp_path: Path) -> None:
    made = convert(source(live(models.drawn(models.Mixed), tmp_path), MIXED, [BATCH]), tmp_path)
    assert words(made.outcome.signature)[0][1] == "ids:int64[batch,seq]=0..49"


def test_a_transformers_model_has_its_outputs_names(tmp_path: Path) -> None:
    inputs = ["input_ids:int64[batch,seq]", "attention_mask:int64[batch,seq]=1..1"]
    made = convert(source(live(models.bert(), tmp_path), inputs, [BATCH, "seq=2:5:9"]), tmp_path)
    assert words(made.outcome.signature)[1] == [
        "last_hidden_state:float32[batch,seq,16]", "pooler_output:float32[batch,16]"
    ]  # fmt: skip
    assert distance(made) < TINY


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dims = {0: Dim("batch", min=1, max=32), 2: Dim("h", min=8, max=64)}
    program = torch.export.export(models.drawn(models.Cnn), (torch.zeros(3, 3, 12, 16),), dynamic_shapes=(dims,))
    return live(program, tmp_path_factory.mktemp("exported"))


def test_an_exported_program_needs_no_words(exported: Path, tmp_path: Path) -> None:
    made = convert(source(exported, trust=False), tmp_path, trust=False)
    assert words(made.outcome.signature) == (
        ["x:float32[batch,3,x_2,16]"],
        ["output:float32[batch,5]"],
        {"batch": "1:3:32", "x_2": "8:12:64"},
    )
    assert distance(made) < TINY


def test_the_dims_of_an_exported_program_can_be_renamed_narrowed_and_fixed(exported: Path, tmp_path: Path) -> None:
    made = convert(source(exported, ["x:float32[2,3,rows,16]"], ["rows=8:9:10"]), tmp_path)
    assert words(made.outcome.signature) == (
        ["x:float32[2,3,rows,16]"], ["output:float32[2,5]"], {"rows": "8:9:10"}
    )  # fmt: skip
    assert distance(made) < TINY


@pytest.mark.parametrize(
    ("inputs", "dims", "code"),
    [
        (["x:float32[batch,3,h,w]"], ["h=8:8:16"], "static-dim"),
        (["x:float32[batch,3,h,32]"], ["h=8:8:16"], "static-dim"),
        ([], ["batch=1:4:64"], "dim-out-of-range"),
        (["x:float32[n,3,h,16]"], ["h=8:8:16"], "dim-out-of-range"),
        (["x:float32[?,3,h,16]"], ["h=8:8:16"], "unknown-dim"),
    ],
)
def test_what_an_exported_program_cannot_be(
    exported: Path, inputs: list[str], dims: list[str], code: str, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(source(exported, inputs, dims), tmp_path)
    assert caught.value.code == code


def test_standardised_weights_are_no_training(tmp_path: Path) -> None:
    model = models.drawn(lambda: models.Standardised(3, 4, 3)).eval()
    path = tmp_path / "model.pt2"
    torch.export.save(torch.export.export(model, (torch.ones(2, 3, 8, 8),), dynamic_shapes=({0: Dim("batch")},)), path)
    assert distance(convert(source(path, [], [BATCH]), tmp_path)) < TINY


@pytest.mark.parametrize("kind", ["script", "trace"])
@pytest.mark.parametrize(
    ("make", "shapes", "inputs", "exporter"),
    [
        (models.Cnn, [(3, 3, 16, 16)], ["x:float32[batch,3,16,16]"], "dynamo"),
        (models.Mixed, None, MIXED, "dynamo"),
        (models.Lstm, [(3, 5, 4)], ["x:float32[batch,seq,4]"], "torchscript"),
    ],
    ids=["cnn", "dict outputs", "lstm"],
)
def test_torchscript(
    kind: str,
    make: Callable[[], torch.nn.Module],
    shapes: list[tuple[int, ...]] | None,
    inputs: list[str],
    exporter: str,
    tmp_path: Path,
) -> None:
    examples = (
        [torch.zeros(shape) for shape in shapes]
        if shapes
        else [torch.ones(3, 5, dtype=torch.int64), torch.ones(3, 5, dtype=torch.bool), torch.ones(3)]
    )
    model = models.drawn(make)
    script = models.scripted(model) if kind == "script" else models.traced(model, *examples)
    made = convert(source(live(script, tmp_path), inputs, [BATCH], trust=False), tmp_path, trust=False)
    assert made.outcome.facts["exporter"] == exporter
    assert [tensor.name for tensor in made.outcome.signature.inputs] == list(_parameters(make))
    assert distance(made) < TINY


def _parameters(make: Callable[[], torch.nn.Module]) -> list[str]:
    return list(make().forward.__annotations__)[:-1]


def test_a_traced_file_needs_no_words(tmp_path: Path) -> None:
    script = models.traced(models.drawn(models.Vit), torch.zeros(3, 3, 16, 16))
    made = convert(source(live(script, tmp_path), trust=False), tmp_path, trust=False)
    assert words(made.outcome.signature)[0] == ["x:float32[3,3,16,16]"]
    assert distance(made) < TINY


def test_a_script_with_control_flow_at_fixed_sizes(tmp_path: Path) -> None:
    """nn.MultiheadAttention as TorchScript has branches that no converter of torch takes; its trace has none."""
    script = models.scripted(models.drawn(models.Vit))
    made = convert(source(live(script, tmp_path), ["x:float32[2,3,16,16]"]), tmp_path)
    assert distance(made) < TINY


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_trace_without_gradients_holds_fused_attention(norm_first: bool, activation: str, tmp_path: Path) -> None:
    options = {"batch_first": True, "norm_first": norm_first, "activation": activation}
    layer = models.drawn(lambda: torch.nn.TransformerEncoderLayer(8, 2, 16, **options))
    with torch.no_grad():
        script = models.traced(layer, torch.zeros(3, 5, 8))
    assert "_transformer_encoder_layer_fwd" in str(script.graph)
    made = convert(source(live(script, tmp_path), ["src:float32[batch,seq,8]"], [BATCH]), tmp_path)
    assert made.outcome.facts["exporter"] == "dynamo"
    assert distance(made) < TINY


def test_a_traced_vit_with_fused_attention(tmp_path: Path) -> None:
    with torch.no_grad():
        script = models.traced(models.drawn(models.Vit), torch.zeros(3, 3, 16, 16))
    assert "_native_multi_head_attention" in str(script.inlined_graph)
    made = convert(source(live(script, tmp_path), ["x:float32[batch,3,16,16]"], [BATCH]), tmp_path)
    assert distance(made) < TINY


@pytest.mark.parametrize(
    ("make", "code"), [(lambda: models.Dropping().train(), "training-mode"), (models.Counting, "stateful")]
)
def test_programs_that_roll_dice_or_keep_state(make: Callable[[], torch.nn.Module], code: str, tmp_path: Path) -> None:
    program = torch.export.export(make(), (torch.zeros(3, 4),))
    with pytest.raises(ConversionError) as caught:
        convert(source(live(program, tmp_path)), tmp_path)
    assert caught.value.code == code


WEIGHTS = ["x:float32[batch,4]"]


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_weights_with_a_factory(form: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    state = models.drawn(models.Factory).state_dict()
    if form == "safetensors":
        from safetensors.torch import save_file

        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "zip")
    factory = f"{models.__file__}:Factory" if form == "zip" else "models:Factory"
    made = convert(source(path, WEIGHTS, [BATCH], model=factory, trust=False), tmp_path, trust=False)
    assert words(made.outcome.signature)[1] == ["output:float32[batch,2]"]
    assert distance(made) < TINY


@pytest.mark.parametrize(
    ("factory", "code", "says"),
    [
        (None, "needs-model", "--model"),
        ("models:Cnn", "weights-misfit", "missing: stem.weight"),
        ("models:failing", "bad-model-factory", "no such checkpoint"),
        ("models:not_a_model", "bad-model-factory", "int"),
        ("models:absent", "bad-model-factory", "absent"),
        ("no_such_module:Factory", "bad-model-factory", "no_such_module"),
        ("no_such_file.py:Factory", "bad-model-factory", "no_such_file.py"),
        ("models", "bad-model-factory", "pkg.mod:factory"),
    ],
)
def test_factories_that_do_not_do(factory: str | None, code: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(models.Factory().state_dict(), path)
    with pytest.raises(ConversionError) as caught:
        convert(source(path, WEIGHTS, [BATCH], model=factory), tmp_path)
    assert caught.value.code == code
    assert says in caught.value.message + caught.value.fix


def test_weights_alone_lack_a_model_and_inputs(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(models.Factory().state_dict(), path)
    with pytest.raises(ConversionError) as caught:
        convert(source(path), tmp_path)
    assert [refusal.code for refusal in caught.value.refusals] == ["needs-model", "needs-input"]


def test_a_checkpoint_is_no_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": models.Factory().state_dict(), "epoch": 3}, path)
    with pytest.raises(ConversionError, match="holds: model, epoch") as caught:
        convert(source(path, WEIGHTS, [BATCH], model="models:Factory"), tmp_path)
    assert caught.value.code == "not-a-state-dict"


@pytest.mark.parametrize(
    ("make", "inputs", "dims", "code", "where"),
    [
        (models.Factory, [], [], "needs-input", ""),
        (models.Factory, ["z:float32[batch,4]"], [BATCH], "unknown-input", ""),
        (models.Factory, ["x:int64[batch,4]"], [BATCH], "model-fails", "models.py"),
        (models.Factory, ["x:float32[batch,5]"], [BATCH], "model-fails", "models.py"),
        (models.Factory, ["x:float32[batch,4]", "y:float32[other,2]"], [], "model-fails", "models.py"),
        (models.Baked, ["x:float32[batch,4]"], [BATCH], "model-fails", "models.py"),
        (models.Baked, ["x:float32[batch,4]"], ["batch=1:3:16"], "dynamic-dim-specialised", "models.py"),
        (models.Lstm, ["x:float32[batch,seq,4]"], [BATCH], "dynamic-dim-specialised", "models.py"),
        (models.Deciding, ["x:float32[batch,4]"], [BATCH], "data-dependent", "models.py"),
        (models.Odd, ["x:float32[batch,4]"], [BATCH], "unsupported-op", ""),
    ],
)  # fmt: skip
def test_refusals_name_the_line_of_the_model(
    make: Callable[[], torch.nn.Module], inputs: list[str], dims: list[str], code: str, where: str, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(source(live(make(), tmp_path), inputs, dims), tmp_path)
    assert caught.value.code == code
    assert where in caught.value.where
    assert len(caught.value.message) < 500


def test_a_wrong_input_name_lists_the_models_own(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(source(live(models.Factory(), tmp_path), ["z:float32[batch,4]"], [BATCH]), tmp_path)
    assert [refusal.code for refusal in caught.value.refusals] == ["unknown-input", "missing-input"]
    assert "its inputs are: x, y" in caught.value.refusals[0].message


def test_a_traced_size_that_is_declared_dynamic_is_found(tmp_path: Path) -> None:
    script = models.traced(models.drawn(models.Baked), torch.zeros(3, 4))
    with pytest.raises(ConversionError, match=r"does not run at batch=4") as caught:
        convert(source(live(script, tmp_path), WEIGHTS, ["batch=1:3:16"]), tmp_path)
    assert caught.value.code == "dim-baked-in"


def test_a_size_baked_into_the_file_is_found_at_another_size(cnn: Made, tmp_path: Path) -> None:
    """A Reshape with the example's number in it, as the old exporter writes them, under a declared dynamic dim."""
    proto = onnx.load(cnn.artifact.path)
    (pooled,) = (node for node in proto.graph.node if node.op_type == "Gemm")
    shape = onnx.helper.make_tensor("baked", onnx.TensorProto.INT64, [2], [4, 4])
    reshape = onnx.helper.make_node("Reshape", [pooled.input[0], "baked"], ["reshaped"], name="the_culprit")
    entry = reshape.metadata_props.add()
    entry.key, entry.value = SCOPES, "['', 'head', 'reshape']"
    entry = reshape.metadata_props.add()
    entry.key, entry.value = CLASSES, "['Cnn', 'Linear', 'aten.reshape.default']"
    proto.graph.initializer.append(shape)
    proto.graph.node.insert(list(proto.graph.node).index(pooled), reshape)
    pooled.input[0] = "reshaped"
    proto.metadata_props[0].value = "torchscript"
    path = tmp_path / "baked.onnx"
    onnx.save(proto, path)
    (refusal,) = STAGE.ensures(replace(cnn.artifact, path=path), cnn.ctx)
    assert refusal.code == "dim-baked-in"
    assert "the_culprit" in refusal.where and "head (Linear)" in refusal.where


def test_a_file_that_lost_a_dynamic_dim_is_refused(cnn: Made, tmp_path: Path) -> None:
    proto = onnx.load(cnn.artifact.path)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    path = tmp_path / "static.onnx"
    onnx.save(proto, path)
    (refusal,) = STAGE.ensures(replace(cnn.artifact, path=path), cnn.ctx)
    assert refusal.code == "signature-changed" and refusal.where == "x"


@pytest.mark.parametrize("opset", [18, 23])
def test_the_opset_is_the_one_asked_for(opset: int, tmp_path: Path) -> None:
    made = convert(source(live(models.Factory(), tmp_path), WEIGHTS, [BATCH]), tmp_path, opset=opset)
    assert made.outcome.facts["opset"] == opset
    assert {entry.version for entry in onnx.load(made.artifact.path).opset_import if not entry.domain} == {opset}


@pytest.mark.parametrize("opset", [9, 13, 99])
def test_an_opset_that_torch_cannot_write_is_refused(opset: int, tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(source(live(models.drawn(models.Cnn), tmp_path), CNN, [BATCH, "h=8:12:32"]), tmp_path, opset=opset)
    assert caught.value.code == "unsupported-opset"


_AGAIN = """
import sys, pathlib
sys.path.insert(0, {tests!r})
from torch_files import convert, source
made = convert(source(pathlib.Path({path!r})), pathlib.Path({folder!r}))
"""


def test_the_same_bytes_in_another_folder_and_another_process(exported: Path, tmp_path: Path) -> None:
    first = convert(source(exported), tmp_path / "one")
    code = _AGAIN.format(
        tests=str(Path(models.__file__).parent), path=str(exported), folder=str(tmp_path / "two" / "more")
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    second = tmp_path / "two" / "more" / "out" / "model.onnx"
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first.artifact.path, second)}
    assert len(digests) == 1


def test_converting_leaves_random_state_and_logging_alone(exported: Path, tmp_path: Path) -> None:
    import logging

    before = torch.random.get_rng_state(), logging.root.manager.disable, logging.root.level, torch.get_num_threads()
    convert(source(exported), tmp_path)
    after = torch.random.get_rng_state(), logging.root.manager.disable, logging.root.level, torch.get_num_threads()
    assert torch.equal(before[0], after[0]) and before[1:] == after[1:]


def _negated(made: Made, name: str, folder: Path) -> Made:
    proto = onnx.load(made.artifact.path)
    (tensor,) = (tensor for tensor in proto.graph.initializer if tensor.name == name)
    tensor.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(tensor), name))
    path = folder / "negated.onnx"
    onnx.save(proto, path)
    return replace(made, artifact=replace(made.artifact, path=path))


@pytest.mark.parametrize("layer", ["stem", "branch", "head"])
def test_a_negated_layer_is_localised(cnn: Made, layer: str, tmp_path: Path) -> None:
    probe = single(cnn.outcome.signature, seed=0)
    assert probe is not None
    bad = _negated(cnn, f"{layer}.weight", tmp_path)
    suspect = STAGE.localise(bad.source, bad.artifact, probe.inputs, bad.ctx)
    assert suspect is not None
    assert f"{layer}.weight" in suspect.note
    # The stem's norm was folded into it.
    expected = "norm (torch.nn.modules.batchnorm" if layer == "stem" else f"{layer} (torch.nn.modules."
    assert suspect.source.startswith(expected)
    assert suspect.max_abs > 0.1


def test_a_right_file_has_no_suspect(cnn: Made) -> None:
    probe = single(cnn.outcome.signature, seed=0)
    assert probe is not None
    assert STAGE.localise(cnn.source, cnn.artifact, probe.inputs, cnn.ctx) is None


def test_large_weights_go_to_one_file_named_by_content(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlconvert_plugins.onnxfile import saving

    monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 100)
    monkeypatch.setattr(saving, "SMALL", 100)
    made = convert(source(exported), tmp_path)
    (data,) = (path for path in made.artifact.path.parent.iterdir() if path != made.artifact.path)
    assert re.fullmatch(r"model\.[0-9a-f]{12}\.data", data.name)
    assert distance(made) < TINY


def test_requires_says_all_at_once(exported: Path, tmp_path: Path) -> None:
    artifact = source(exported, ["x:float32[?,3,h,16]"])
    codes = [
        refusal.code for refusal in STAGE.requires(artifact, TorchOptions(99), convert(source(exported), tmp_path).ctx)
    ]
    assert codes == ["unknown-dim", "unsupported-opset"]
