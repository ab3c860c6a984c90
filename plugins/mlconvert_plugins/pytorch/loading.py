"""Opening PyTorch files: vetted first, on the CPU, in eval mode, with torch's own loaders."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert.usercode import importable
from mlconvert_plugins.pytorch.archive import broken, opened
from mlconvert_plugins.pytorch.factories import factory_of, made
from mlconvert_plugins.pytorch.failures import summary
from mlconvert_plugins.pytorch.quiet import quiet
from mlconvert_plugins.pytorch.trust import refuse_untrusted

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram

    Model = Union[ExportedProgram, torch.jit.ScriptModule, torch.nn.Module]

# What torch's loaders raise for a file that is damaged or not what its name says.
_LOAD_ERRORS = (
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    AssertionError,
    EOFError,
    OSError,
    ImportError,
)


def load(artifact: Artifact, *, trust: bool = False) -> Model:
    """The model in a file: an ExportedProgram, a ScriptModule, or a Module in eval mode on the CPU.

    Raises ConversionError: `needs-trust` for a file that can execute code, `broken-file`, and for weights without a
    factory `needs-model`.
    """
    refuse_untrusted(artifact.path, artifact.flavour, trust)
    waiting = _waiting.pop(_identity(artifact), None)
    if waiting is not None:
        return waiting
    with quiet(), _weights_only(not trust):
        if artifact.flavour == "exported":
            return _exported(artifact.path)
        if artifact.flavour == "torchscript":
            return _script(artifact.path)
        if artifact.flavour == "pickled":
            return _pickled(artifact.path)
        return _with_weights(artifact, trust)


# A program that was opened to read its signature, for the `load` that converts it: opening one takes seconds.
_waiting: dict[tuple[str, int, int], Model] = {}


def set_aside(artifact: Artifact, model: Model) -> None:
    """Keep an opened model, the last one alone, for the next `load` of the same file."""
    _waiting.clear()
    _waiting[_identity(artifact)] = model


def _identity(artifact: Artifact) -> tuple[str, int, int]:
    found = artifact.path.stat()
    return str(artifact.path.resolve()), found.st_mtime_ns, found.st_size


@contextlib.contextmanager
def _weights_only(wanted: bool) -> Iterator[None]:
    """torch's own switch that keeps its loaders, the fallbacks inside of them too, from unpickling objects."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    if wanted:
        os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def _exported(path: Path) -> ExportedProgram:
    import torch
    from torch.export.pt2_archive._package import load_pt2

    with opened(path) as archive:
        current = "archive_format" in archive
        program = b"".join(archive.read(name) for name in archive.names if name.startswith("models/"))
    _refuse_devices(path, program)
    _register_outputs(program)
    try:
        with path.open("rb") as stream:
            if not current:
                return torch.export.load(stream)
            programs: dict[str, ExportedProgram] = load_pt2(stream).exported_programs
    except (*_LOAD_ERRORS, pickle.UnpicklingError) as error:
        raise _unreadable(path, error) from error
    if len(programs) != 1:
        raise ConversionError(
            f"{for_terminal(path.name)} holds {len(programs)} programs ({for_terminal(', '.join(programs))})",
            code="several-programs",
            where=path.name,
            fix="save each one to a file of its own with torch.export.save",
        )
    return next(iter(programs.values()))


def _refuse_devices(path: Path, program: bytes) -> None:
    """A program holds the device of every tensor, and torch can load it there alone."""
    found = re.search(rb'"device": *\{"type": *"(?!cpu")(\w+)"', program)
    if found:
        raise ConversionError(
            f"{for_terminal(path.name)} was exported on {found[1].decode()}, and is read on the CPU",
            code="wrong-device",
            where=path.name,
            fix="save torch.export.passes.move_to_device_pass(program, 'cpu') instead",
        )


def _register_outputs(program: bytes) -> None:
    """transformers' classes of outputs are known to torch only once transformers has defined them."""
    if b"transformers.modeling_outputs." in program:
        with contextlib.suppress(ImportError):
            import transformers.modeling_outputs  # noqa: F401


def _script(path: Path) -> torch.jit.ScriptModule:
    import torch

    with opened(path) as archive:
        traced = "traced_inputs.pkl" in archive
    try:
        model: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            str(path), map_location="cpu", _restore_shapes=traced
        )
    except _LOAD_ERRORS as error:
        raise _unreadable(path, error) from error
    model.eval()
    return model


def _pickled(path: Path) -> torch.nn.Module:
    import torch

    try:
        with importable():
            model = torch.load(path, map_location="cpu", weights_only=False)
    except (ImportError, AttributeError) as error:
        raise ConversionError(
            f"{for_terminal(path.name)} needs code that is not here: {summary(error)}",
            code="missing-class",
            where=path.name,
            fix="run mlconvert in the folder from which the module's own code can be imported",
        ) from error
    except Exception as error:  # a pickle runs any code, and any of it can fail
        raise _unreadable(path, error) from error
    if not isinstance(model, torch.nn.Module):
        raise ConversionError(
            f"{for_terminal(path.name)} holds a {for_terminal(type(model).__name__)}, and no module",
            code="not-a-model",
            where=path.name,
            fix="save the module itself, or its state_dict and give --model",
        )
    return model.eval()


def _with_weights(artifact: Artifact, trust: bool) -> torch.nn.Module:
    import torch

    model = made(factory_of(artifact))
    weights = _weights(artifact.path, trust)
    odd = [key for key, value in weights.items() if not isinstance(value, torch.Tensor)]
    if odd:
        raise ConversionError(
            f"{for_terminal(artifact.path.name)} is a checkpoint and no state_dict; it holds: {_listed(list(weights))}",
            code="not-a-state-dict",
            where=artifact.path.name,
            fix="save the model's own state: torch.save(model.state_dict(), …)",
        )
    try:
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise _misfit(artifact, summary(error).replace("RuntimeError: ", "") + _sizes(error)) from error
    if missing or unexpected:
        parts = [
            f"{what}: {_listed(keys)}" for what, keys in (("missing", missing), ("unexpected", unexpected)) if keys
        ]
        raise _misfit(artifact, "; ".join(parts))
    return model.eval()


def _weights(path: Path, trust: bool) -> Mapping[str, Any]:
    import torch

    try:
        with path.open("rb") as stream:
            head = stream.read(9)
        if head[8:] == b"{" and head[:2] != b"PK":
            from safetensors.torch import load_file

            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=not trust, mmap=head[:2] == b"PK")
    except ImportError as error:
        raise ConversionError(
            "reading .safetensors needs the package safetensors", code="missing-package", fix="pip install safetensors"
        ) from error
    except Exception as error:  # safetensors and torch each raise types of their own
        raise _unreadable(path, error) from error
    if not isinstance(loaded, Mapping):
        raise _unreadable(path, TypeError(f"it holds a {type(loaded).__name__}"))
    return loaded


def _unreadable(path: Path, error: BaseException) -> ConversionError:
    return broken(path, f"torch cannot read it: {summary(error)}")


def _misfit(artifact: Artifact, reason: str) -> ConversionError:
    return ConversionError(
        f"the weights do not fit the model of {for_terminal(artifact.model)}: {for_terminal(reason)}",
        code="weights-misfit",
        where=artifact.path.name,
        fix="give the factory of the model that these weights were saved from",
    )


def _sizes(error: RuntimeError) -> str:
    """The first lines of load_state_dict's error that name a parameter."""
    lines = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
    return " " + "; ".join(lines[:3]) if lines else ""


def _listed(names: list[str], limit: int = 8) -> str:
    shown = ", ".join(for_terminal(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
