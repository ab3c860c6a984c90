"""The torch format: which files are which, which can execute code, what a file says of itself, live objects."""

from __future__ import annotations

import contextlib
import copy
import functools
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.export import Dim

import hostile
import models
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.pytorch import loading
from torch_files import FORMAT, live, source, words

Change = Callable[[dict[str, bytes], Path], None]


# --- telling files apart ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torch")


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    return hostile.program(folder)


@pytest.fixture(scope="module")
def script(folder: Path) -> Path:
    return hostile.script(folder)


def test_exported_programs_and_scripts(program: Path, script: Path) -> None:
    assert FORMAT.sniff(program) == "exported"
    assert FORMAT.sniff(script) == "torchscript"
    assert FORMAT.executes(program, "exported") is None
    assert FORMAT.executes(script, "torchscript") is None


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_and_pickled_modules(zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(models.Cnn().state_dict(), path, _use_new_zipfile_serialization=zipped)
    assert FORMAT.sniff(path) == "state_dict"
    assert FORMAT.executes(path, "state_dict") is None
    torch.save(models.Cnn(), path, _use_new_zipfile_serialization=zipped)
    assert FORMAT.sniff(path) == "pickled"
    assert "code of its own" in str(FORMAT.executes(path, "pickled"))


def test_safetensors_are_weights(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save_file(models.Cnn().state_dict(), path)
    assert FORMAT.sniff(path) == "state_dict"
    assert FORMAT.executes(path, "state_dict") is None


@pytest.mark.parametrize("name", ["model.onnx", "model.txt", "model.bin", "data.zip"])
def test_other_files_are_left_to_other_formats(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x08\x0a\x12\x07pytorch" if name != "model.txt" else b"tree\nversion=v4\n")
    if name == "data.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "a")
    assert FORMAT.sniff(path) is None


def _zip(path: Path, members: dict[str, bytes], **options: Any) -> None:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("m/data.pkl")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")


def _twice(path: Path) -> None:
    _zip(path, {"m/data.pkl": b"\x80\x02}.", "m/DATA.pkl": b"\x80\x02}."})


def _prefixed(path: Path) -> None:
    _zip(path, {"m/data.pkl": b"\x80\x02}."})
    path.write_bytes(b"PK  " + path.read_bytes())


def _followed(path: Path) -> None:
    _zip(path, {"m/data.pkl": b"\x80\x02}."})
    path.write_bytes(path.read_bytes() + b"more")


BAD_FILES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "empty": (lambda path: path.write_bytes(b""), "not-a-model", "empty"),
    "text": (lambda path: path.write_text("hello, model\n"), "not-a-model", "text"),
    "plain pickle": (lambda path: path.write_bytes(pickle.dumps({"a": 1})), "not-a-model", "pickle"),
    "another zip": (lambda path: _zip(path, {"a.txt": b"a"}), "not-a-model", "zip"),
    "a tar": (lambda path: path.write_bytes(bytes(257) + b"ustar" + bytes(300)), "old-format", "tar"),
    "old torchscript": (lambda path: _zip(path, {"m/model.json": b"{}", "m/version": b"1"}), "old-format", "1.2"),
    "compiled": (
        lambda path: _zip(path, {"m/archive_format": b"pt2", "m/data/aotinductor/model/x.so": b""}),
        "not-a-model",
        "compiled",
    ),
    "a bomb": (
        lambda path: _zip(path, {"m/data.pkl": bytes(2**26)}, compression=zipfile.ZIP_DEFLATED),
        "unsafe-archive",
        "unfolds",
    ),
    "a climber": (lambda path: _zip(path, {"m/../../data.pkl": b""}), "unsafe-archive", "outside"),
    "absolute": (lambda path: _zip(path, {"/m/data.pkl": b""}), "unsafe-archive", "outside"),
    "a link": (_link, "unsafe-archive", "link"),
    "one name twice": (_twice, "unsafe-archive", "two members"),
    "two folders": (lambda path: _zip(path, {"a/data.pkl": b"", "b/data.pkl": b""}), "unsafe-archive", "several"),
    "bytes in front": (_prefixed, "unsafe-archive", "in front"),
    "bytes behind": (_followed, "broken-file", "cut short"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    make, code, says = BAD_FILES[kind]
    path = tmp_path / "model.pt"
    make(path)
    with pytest.raises(ConversionError) as caught:
        FORMAT.sniff(path)
    assert caught.value.code == code
    assert says in caught.value.message
    assert "\n" not in caught.value.message and caught.value.fix


def test_a_truncated_file_says_that_it_is_cut_short(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.pt2"
    path.write_bytes(program.read_bytes()[:-100])
    with pytest.raises(ConversionError, match="cut short") as caught:
        FORMAT.sniff(path)
    assert caught.value.code == "broken-file"


def test_a_damaged_member_is_named(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pt2"
    content = bytearray(program.read_bytes())
    place = content.index(b'"graph_module"')
    content[place : place + 4] = b"\x00\x00\x00\x00"
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=r"models/model\.json") as caught:
        FORMAT.executes(path, FORMAT.sniff(path))
    assert caught.value.code == "broken-file"


def test_a_program_of_another_device_is_refused(program: Path, tmp_path: Path) -> None:
    def move(members: dict[str, bytes]) -> None:
        members["models/model.json"] = members["models/model.json"].replace(b'"type": "cpu"', b'"type": "cuda"')

    path = hostile.rewritten(program, tmp_path / "cuda.pt2", move)
    with pytest.raises(ConversionError, match="exported on cuda") as caught:
        loading.load(Artifact(path, "torch", "exported"))
    assert caught.value.code == "wrong-device" and "move_to_device_pass" in caught.value.fix


# --- files that execute ----------------------------------------------------------------------------------


def _open_as_torch_does(path: Path) -> None:
    with contextlib.suppress(Exception):
        torch.export.load(path).module()(torch.ones(3, 4), torch.ones(3, 2))


@pytest.mark.parametrize("change", hostile.LIVE, ids=lambda change: change.__name__)
@pytest.mark.filterwarnings("ignore")
def test_the_hostile_programs_do_execute_in_torch(change: Change, program: Path, tmp_path: Path) -> None:
    """Else the next test could not fail."""
    marker = tmp_path / "marker"
    path = hostile.rewritten(program, tmp_path / "bad.pt2", functools.partial(change, marker=marker))
    _open_as_torch_does(path)
    assert marker.exists()


@pytest.mark.parametrize("change", hostile.PROGRAMS, ids=lambda change: change.__name__)
def test_a_hostile_program_is_refused_and_never_executes(change: Change, program: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = hostile.rewritten(program, tmp_path / "bad.pt2", functools.partial(change, marker=marker))
    flavour = FORMAT.sniff(path)
    assert FORMAT.executes(path, flavour)
    for trust_nobody in (FORMAT.signature, loading.load):
        with pytest.raises(ConversionError) as caught:
            trust_nobody(Artifact(path, "torch", flavour), trust=False)
        assert caught.value.code == "needs-trust" and "--trust" in caught.value.fix
    assert not marker.exists()


def test_the_fallback_to_unpickling_is_out_of_reach(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second fence: even a pickle that vetting would miss is not run by the loader."""
    marker = tmp_path / "marker"
    path = hostile.rewritten(program, tmp_path / "bad.pt2", functools.partial(hostile.sample_inputs, marker=marker))
    monkeypatch.setattr(loading, "refuse_untrusted", lambda *_: None)
    with pytest.raises(ConversionError) as caught:
        loading.load(Artifact(path, "torch", "exported"), trust=False)
    assert caught.value.code == "broken-file"
    assert not marker.exists()
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_a_program_of_torch_2_7_is_vetted_too(tmp_path: Path) -> None:
    path = tmp_path / "old.pt2"
    marker = tmp_path / "marker"
    _zip(
        path,
        {
            "version": b"8.8",
            "serialized_exported_program.json": b"{}",
            "serialized_state_dict.pt": hostile.saved({}),
            "serialized_constants.pt": hostile.saved({}),
            "serialized_example_inputs.pt": hostile.saved(((hostile.Payload(marker),), {})),
        },
    )
    assert FORMAT.sniff(path) == "exported"
    assert "system" in str(FORMAT.executes(path, "exported"))


@pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated:FutureWarning")
@pytest.mark.parametrize("kind", [hostile.ReadsFile, hostile.WritesFile])
def test_scripts_that_touch_files_are_refused(kind: Callable[[Path], torch.nn.Module], tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "script.pt"
    models.scripted(kind(marker)).save(str(path))
    with pytest.raises(ConversionError, match=r"from_file|save") as caught:
        loading.load(Artifact(path, "torch", FORMAT.sniff(path)), trust=False)
    assert caught.value.code == "needs-trust"
    torch.jit.load(str(path))(torch.ones(4))
    assert marker.exists()  # it was no empty threat


@pytest.mark.parametrize(
    "name", ["data.pkl", "constants.pkl", "attributes.pkl", "data/0", "extra/notes.pkl", "code/x.debug_pkl"]
)
def test_a_pickle_in_any_member_of_a_script_is_refused(name: str, script: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    change = functools.partial(hostile.script_member(name), marker=marker)
    path = hostile.rewritten(script, tmp_path / "bad.pt", change)
    assert "system" in str(FORMAT.executes(path, "torchscript"))


@pytest.mark.parametrize(
    "line",
    [
        "ops.mylib.run(x)",
        "x.from_file('f', True, 4)",
        "y = __torch__.torch.classes.dist_rpc.Thing(x)",
        "import os",
        "this is no code",
    ],
)
def test_code_that_reaches_outside_is_refused(line: str, script: Path, tmp_path: Path) -> None:
    change = functools.partial(hostile.script_code(line), marker=tmp_path / "marker")
    path = hostile.rewritten(script, tmp_path / "bad.pt", change)
    assert FORMAT.executes(path, "torchscript")


def _weights(marker: Path) -> dict[str, Any]:
    return {"one.weight": torch.ones(2), "two.weight": hostile.Payload(marker)}


@pytest.mark.parametrize(
    "options",
    [{}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}, {"pickle_protocol": 0}],
    ids=["zip", "legacy", "protocol 4", "protocol 0"],
)
def test_weights_with_a_pickle_are_refused_and_never_execute(options: dict[str, Any], tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "weights.pt"
    torch.save(_weights(marker), path, **options)
    assert FORMAT.sniff(path) == "state_dict"
    assert FORMAT.executes(path, "state_dict")
    with pytest.raises(ConversionError) as caught:
        loading.load(Artifact(path, "torch", "state_dict", model="models:Factory"), trust=False)
    assert caught.value.code == "needs-trust"
    assert not marker.exists()


def test_a_pickled_module_is_read_with_trust_alone(tmp_path: Path) -> None:
    artifact = Artifact(live(models.Cnn(), tmp_path), "torch", "pickled")
    with pytest.raises(ConversionError) as caught:
        loading.load(artifact, trust=False)
    assert caught.value.code == "needs-trust"
    assert isinstance(loading.load(artifact, trust=True), models.Cnn)


# --- what a file says of itself --------------------------------------------------------------------------


def test_an_exported_program_says_all(program: Path) -> None:
    signature = FORMAT.signature(Artifact(program, "torch", "exported"))
    assert words(signature) == (
        ["x:float32[batch,4]", "y:float32[batch,2]"], ["output:float32[batch,2]"], {"batch": "2:3:9"}
    )  # fmt: skip


def test_nested_inputs_integers_and_open_dims(tmp_path: Path) -> None:
    more = {"shift": torch.zeros(3, 4)}
    shapes = {"pair": ({0: Dim.DYNAMIC}, {0: Dim.DYNAMIC}), "more": {"shift": {0: Dim.DYNAMIC}}}
    pair = torch.zeros(3, 4), torch.zeros(5, 2)
    model = models.drawn(models.Nested)
    path = live(torch.export.export(model, (pair, more), dynamic_shapes=shapes, strict=False), tmp_path)
    inputs, outputs, dims = words(source(path, trust=False).signature)
    assert inputs == ["pair.0:float32[pair_0_0,4]", "pair.1:float32[pair_1_0,2]", "more.shift:float32[pair_0_0,4]"]
    assert outputs == ["first:float32[pair_0_0,3]", "rest.0:float32[pair_1_0,2]", "rest.1:float32[pair_0_0]"]
    assert dims == {"pair_0_0": "2:3:", "pair_1_0": "2:5:"}


def test_a_traced_file_says_what_was_traced_and_a_script_nothing(tmp_path: Path, script: Path) -> None:
    assert FORMAT.signature(Artifact(script, "torch", "torchscript")).inputs == ()
    path = live(models.traced(models.drawn(models.Factory), torch.zeros(3, 4)), tmp_path)
    assert words(source(path, trust=False).signature)[0] == ["x:float32[3,4]"]


def test_describe_counts_operators_without_opening_the_file(program: Path, script: Path) -> None:
    shown = FORMAT.describe(program)
    assert shown["ops"]["aten.linear.default"] == 2
    assert shown["torch"] == torch.__version__
    assert (shown["tensors"], shown["tensor_bytes"]) == (4, 4 * (16 + 4 + 8 + 2))
    assert FORMAT.describe(script)["ops"]["torch.linear"] == 2


# --- live objects ----------------------------------------------------------------------------------------


def test_only_torch_objects_are_adopted(tmp_path: Path) -> None:
    assert FORMAT.adopt({"a": 1}, tmp_path / "x") is None
    assert not (tmp_path / "x").exists()


def test_adopting_leaves_the_module_alone(tmp_path: Path) -> None:
    model = models.Cnn().train()
    model.norm.eval()
    model.head.register_forward_hook(lambda module, inputs, output: None)
    model(torch.ones(2, 3, 8, 8)).sum().backward()
    before = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    grads = [parameter.grad for parameter in model.parameters()]
    path = live(model, tmp_path)
    assert [module.training for module in model.modules()] == before[1]
    assert all(torch.equal(a, b) for a, b in zip(before[0].values(), model.state_dict().values(), strict=True))
    assert all(now.grad is grad for now, grad in zip(model.parameters(), grads, strict=True))
    assert len(model.head._forward_hooks) == 1
    opened = loading.load(Artifact(path, "torch", "pickled"), trust=True)
    assert not any(module.training for module in opened.modules())


def test_tied_weights_stay_tied(tmp_path: Path) -> None:
    model = models.Factory()
    model.again = model.one
    model.two.other = model.one.weight
    opened: Any = loading.load(Artifact(live(model, tmp_path), "torch", "pickled"), trust=True)
    assert opened.again is opened.one and opened.two.other is opened.one.weight


def test_a_class_of_a_script_can_be_opened_elsewhere(tmp_path: Path) -> None:
    """Pickle would look for it in this process's __main__."""
    writer = (
        "import sys, torch, pathlib\n"
        "from mlconvert_plugins.torch import Torch\n"
        "class Mine(torch.nn.Module):\n"
        "    def forward(self, x): return x + 1\n"
        "assert Torch().adopt(Mine(), pathlib.Path(sys.argv[1])) == 'pickled'\n"
    )
    path = tmp_path / "mine.pt"
    subprocess.run([sys.executable, "-c", writer, str(path)], check=True)
    model: Any = loading.load(Artifact(path, "torch", "pickled"), trust=True)
    assert model(torch.ones(1)).item() == 2


def test_a_pickled_module_without_its_code_says_so(tmp_path: Path) -> None:
    path = tmp_path / "orphan.pt"
    torch.save(models.Cnn(), path)
    path = hostile.rewritten(
        path, tmp_path / "lost.pt", lambda m: m.update({"data.pkl": m["data.pkl"].replace(b"cmodels\n", b"cnowhere\n")})
    )
    with pytest.raises(ConversionError, match="nowhere") as caught:
        loading.load(Artifact(path, "torch", "pickled"), trust=True)
    assert caught.value.code == "missing-class"


def test_what_cannot_be_pickled_is_told_to_be_exported(tmp_path: Path) -> None:
    model = models.Factory()
    model.lock = open(tmp_path / "held", "w")  # noqa: SIM115
    with pytest.raises(ConversionError) as caught:
        FORMAT.adopt(model, tmp_path / "model.pt")
    model.lock.close()
    assert caught.value.code == "cannot-be-saved" and "torch.export" in caught.value.fix
