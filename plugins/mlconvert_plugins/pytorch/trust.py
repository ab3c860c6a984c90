"""Why opening or running a PyTorch file can execute somebody's code, told without opening it in torch."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch import pickles, program, script
from mlconvert_plugins.pytorch.archive import Archive, broken, opened

# Members that torch reads as numbers are searched this far for a pickle that stands there all the same.
_HEAD = 2**20
# A file of torch.save's first form: a magic number, a version, the writer's machine, the object, its storages' keys.
_LEGACY_PICKLES = 5

_PICKLED = (".pkl", ".debug_pkl", ".pt", ".pth", ".pickle")
_SCRIPT_GLOBALS = pickles.SAFE | {
    f"torch.jit._pickle.{name}"
    for name in ("build_intlist", "build_boollist", "build_doublelist", "build_tensorlist", "restore_type_tag")
}


def why_it_executes(path: Path, flavour: Optional[str]) -> Optional[str]:
    """One sentence that says what can execute, or None when nothing can.

    Raises ConversionError for an archive that is damaged or ambiguous.
    """
    if flavour == "pickled":
        return "a pickled module runs code of its own when it is opened"
    if flavour in ("exported", "torchscript"):
        with opened(path) as archive:
            return next(_in_archive(archive, flavour), None)
    if flavour == "state_dict":
        return _in_weights(path)
    return None


def refuse_untrusted(path: Path, flavour: Optional[str], trust: bool) -> None:
    """Raise ConversionError (`needs-trust`) for a file that can execute code and that nobody vouched for."""
    reason = None if trust else why_it_executes(path, flavour)
    if reason:
        raise ConversionError(
            f"{for_terminal(path.name)} can execute code: {for_terminal(reason)}",
            code="needs-trust",
            where=path.name,
            fix="if you know who made the file, add --trust",
        )


def _in_weights(path: Path) -> Optional[str]:
    with path.open("rb") as stream:
        if stream.read(2) == b"PK":
            with opened(path) as archive:
                return next(_in_archive(archive, "state_dict"), None)
        stream.seek(8)
        if stream.read(1) == b"{":  # safetensors: a length, JSON, numbers
            return None
        stream.seek(0)
        return _calls(pickles.scan(stream, _LEGACY_PICKLES), path.name)


def _in_archive(archive: Archive, flavour: str) -> Iterator[str]:
    unpickled = set(_named_pickles(archive)) if flavour == "exported" else set()
    for name in archive.names:
        if name in unpickled or name.endswith(_PICKLED):
            reason = _in_pickle(archive, name, flavour)
        elif flavour == "exported":
            reason = _in_program_member(archive, name)
        elif flavour == "torchscript" and name.endswith(".py"):
            reason = script.objection(name, archive.read(name))
        else:
            reason = _in_numbers(archive, name)
        if reason:
            yield reason


def _in_program_member(archive: Archive, name: str) -> Optional[str]:
    if name.startswith("data/aotinductor/"):
        return "it holds a compiled library, which is loaded when it is opened"
    if name.startswith("data/constants/") and name.rpartition("/")[2].startswith(("custom_obj_", "opaque_obj_")):
        return f"{name} is a pickled object"
    if name.startswith("models/") or name == "serialized_exported_program.json":
        try:
            found = program.objection(archive.read(name))
        except ValueError as error:
            raise broken(archive.path, f"{name} is no JSON ({error})") from error
        return f"{name} holds {found}, which torch would evaluate" if found else None
    return _in_numbers(archive, name)


def _named_pickles(archive: Archive) -> Iterator[str]:
    """The members that a .pt2's own tables declare to be pickles."""
    for table in (name for name in archive.names if name.endswith("_config.json")):
        try:
            entries = json.loads(archive.read(table))["config"].values()
            named = [str(entry["path_name"]) for entry in entries if entry["use_pickle"]]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise broken(archive.path, f"{table} is no table of tensors ({error})") from error
        yield from (f"{table.rpartition('/')[0]}/{name}" for name in named)


def _in_pickle(archive: Archive, name: str, flavour: str) -> Optional[str]:
    content = archive.read(name)
    if content[:2] == b"PK":
        with opened(archive.path, content) as inner:
            return next((f"{name}/{reason}" for reason in _in_archive(inner, "state_dict")), None)
    if not content:
        return None
    if flavour == "torchscript":
        # Read by torch's C++ unpickler, which makes objects of the classes that the file's own code defines.
        read = pickles.scan(io.BytesIO(content))
        classes = next((g for g in read.globals if g.startswith("__torch__.torch.classes.")), None)
        if classes and not classes.startswith("__torch__.torch.classes.quantized."):
            return f"{name} makes the C++ object {classes[len('__torch__.torch.classes.') :]}"
        return _calls(read, name, _SCRIPT_GLOBALS, "__torch__.")
    count = 1 if name.endswith(".pkl") else _LEGACY_PICKLES
    return _calls(pickles.scan(io.BytesIO(content), count), name)


def _calls(
    read: pickles.Scan, name: str, allowed: frozenset[str] = pickles.SAFE, prefix: Optional[str] = None
) -> Optional[str]:
    found = read.beyond(allowed, prefix)
    if found:
        return f"{name} is a pickle that calls {found}"
    return f"{name} is a pickle that cannot be read to its end ({read.fault})" if read.fault else None


def _in_numbers(archive: Archive, name: str) -> Optional[str]:
    found = pickles.hidden(archive.head(name, _HEAD))
    return f"{name} hides a pickle that calls {found}" if found else None
