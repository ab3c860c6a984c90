"""PyTorch files that would run a command if they were opened or run as torch opens and runs them."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import models


class Payload:
    """Unpickling it creates the file `marker`."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (command(self.marker),)


def command(marker: Path) -> str:
    return f"touch {marker}"


def expression(marker: Path) -> str:
    """Python that creates the marker, as an expression."""
    return f"__import__('os').system('{command(marker)}')"


def saved(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def program(folder: Path) -> Path:
    """A good .pt2 with a dynamic batch, to be made bad."""
    path = folder / "good.pt2"
    batch = torch.export.Dim("batch", min=2, max=9)
    exported = torch.export.export(
        models.drawn(models.Factory),
        (torch.ones(3, 4), torch.ones(3, 2)),
        dynamic_shapes={"x": {0: batch}, "y": {0: batch}},
    )
    torch.export.save(exported, path)
    return path


def rewritten(good: Path, out: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of an archive after `change` has had its members, by their names below the top folder."""
    with zipfile.ZipFile(good) as archive:
        top = archive.namelist()[0].partition("/")[0]
        members = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{top}/{name}", content)
    return out


def _edited(members: dict[str, bytes], name: str, edit: Callable[[Any], None]) -> None:
    document = json.loads(members[name])
    edit(document)
    members[name] = json.dumps(document).encode()


def sample_inputs(members: dict[str, bytes], marker: Path) -> None:
    members["data/sample_inputs/model.pt"] = saved(((Payload(marker),), {}))


def pickled_weight(members: dict[str, bytes], marker: Path) -> None:
    def edit(document: Any) -> None:
        next(iter(document["config"].values()))["use_pickle"] = True

    _edited(members, "data/weights/model_weights_config.json", edit)
    members["data/weights/weight_0"] = saved(Payload(marker))


def old_weights(members: dict[str, bytes], marker: Path) -> None:
    members["data/weights/model.pt"] = saved({"one.weight": Payload(marker)})


def old_constants(members: dict[str, bytes], marker: Path) -> None:
    members["data/constants/model.pt"] = saved({"c": Payload(marker)})


def opaque_constant(members: dict[str, bytes], marker: Path) -> None:
    entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
    _edited(members, "data/constants/model_constants_config.json", lambda document: document["config"].update(c=entry))
    members["data/constants/opaque_obj_0"] = pickle.dumps(Payload(marker))


def symbolic_size(members: dict[str, bytes], marker: Path) -> None:
    def edit(document: Any) -> None:
        size = document["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]
        size["as_expr"]["expr_str"] = expression(marker)

    _edited(members, "models/model.json", edit)


def guard(members: dict[str, bytes], marker: Path) -> None:
    guards = [f"{expression(marker)} == 0"]
    _edited(members, "models/model.json", lambda document: document.update(guards_code=guards))


def guard_text(members: dict[str, bytes], marker: Path) -> None:
    guards = [f"""L['a", "") + {expression(marker)}#'] == 1"""]
    _edited(members, "models/model.json", lambda document: document.update(guards_code=guards))


def operator(members: dict[str, bytes], marker: Path) -> None:
    def edit(document: Any) -> None:
        node = document["graph_module"]["graph"]["nodes"][0]
        node["target"] = "torch.serialization.os.system"
        node["inputs"] = [{"name": "command", "arg": {"as_string": command(marker)}, "kind": 1}]

    _edited(members, "models/model.json", edit)


def input_name(members: dict[str, bytes], marker: Path) -> None:
    text = json.dumps(f"x={expression(marker)}")[1:-1]
    content = members["models/model.json"].decode()
    members["models/model.json"] = (
        content.replace('"name": "x"', f'"name": "{text}"').replace('"x":', f'"{text}":').encode()
    )


def tree(members: dict[str, bytes], marker: Path) -> None:
    """Modules are imported by name for a defaultdict; `this` and `antigravity` are harmless examples."""

    def edit(document: Any) -> None:
        signature = document["graph_module"]["module_call_graph"][0]["signature"]
        context = {"default_factory_module": "antigravity", "default_factory_name": "x", "dict_context": []}
        kind = {"type": "collections.defaultdict", "context": json.dumps(context), "children_spec": []}
        signature["out_spec"] = json.dumps([1, kind])

    _edited(members, "models/model.json", edit)


def library(members: dict[str, bytes], marker: Path) -> None:
    members["data/aotinductor/model/model.so"] = b"\x7fELF"


def hidden_in_numbers(members: dict[str, bytes], marker: Path) -> None:
    members["data/weights/weight_0"] = pickle.dumps(Payload(marker), protocol=0)


def extra_file(members: dict[str, bytes], marker: Path) -> None:
    members["extra/notes"] = pickle.dumps(Payload(marker), protocol=4)


PROGRAMS = (
    sample_inputs, pickled_weight, old_weights, old_constants, opaque_constant, symbolic_size, guard, guard_text,
    operator, input_name, tree, library, hidden_in_numbers, extra_file,
)  # fmt: skip
# Those that torch 2.15 really runs, when it opens the file or runs what it opened.
LIVE = (sample_inputs, pickled_weight, old_weights, old_constants, opaque_constant, symbolic_size, guard)


class ReadsFile(torch.nn.Module):
    """Creates a file of the size that it asks for, when it runs."""

    def __init__(self, marker: Path) -> None:
        super().__init__()
        self.path = str(marker)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.from_file(self.path, True, 4)


class WritesFile(torch.nn.Module):
    """Saves its input."""

    def __init__(self, marker: Path) -> None:
        super().__init__()
        self.path = str(marker)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.save(x, self.path)
        return x


def script(folder: Path) -> Path:
    """A good TorchScript file, to be made bad."""
    path = folder / "good.pt"
    models.scripted(models.drawn(models.Factory)).save(str(path))
    return path


def script_member(name: str) -> Callable[[dict[str, bytes], Path], None]:
    def change(members: dict[str, bytes], marker: Path) -> None:
        members[name] = pickle.dumps(Payload(marker), protocol=2)

    return change


def script_code(line: str) -> Callable[[dict[str, bytes], Path], None]:
    """Put a line at the head of every function of the file's code."""

    def change(members: dict[str, bytes], marker: Path) -> None:
        for name in [name for name in members if name.endswith(".py")]:
            members[name] = members[name].replace(b"-> Tensor:\n", b"-> Tensor:\n    " + line.encode() + b"\n")

    return change
