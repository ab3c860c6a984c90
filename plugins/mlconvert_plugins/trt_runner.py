"""Runs an engine on the GPU: TensorRT's in TensorRT, TensorRT-RTX's in TensorRT-RTX."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert.signature import Dim, DimRange, Signature, Tensor
from mlconvert.text import for_shell
from mlconvert_plugins.tensorrt import header, loading, passport, plugins
from mlconvert_plugins.tensorrt.device import Device, open_device
from mlconvert_plugins.tensorrt.execution import Execution, deserialize
from mlconvert_plugins.tensorrt.header import Header
from mlconvert_plugins.tensorrt.library import LIBRARIES
from mlconvert_plugins.tensorrt.messages import messages_of
from mlconvert_plugins.tensorrt.passport import Binding

if TYPE_CHECKING:
    import numpy as np

    from mlconvert.runner import Arrays


class TrtRunner(Runner):
    """An engine on the first GPU that this process sees. `seconds` is the GPU's time, copies excluded."""

    clock = "the GPU's own time, copies excluded"

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._held = contextlib.ExitStack()
        self._execution: Execution | None = None

    def __enter__(self) -> TrtRunner:
        with contextlib.ExitStack() as stack:
            found = _header(self.artifact)
            device = _device(self.artifact)
            stack.callback(device.close)
            _check_gpu(found, device, self.artifact)
            library = LIBRARIES[found.flavour]
            trt, messages = library.load(), messages_of(library)
            self._register_plugins(found)
            engine = deserialize(trt, self.artifact.path, messages, trust=self._trust)
            self._execution = Execution(trt, engine, device)
            stack.callback(self._execution.close)
            self._held = stack.pop_all()
        if not self.signature.inputs:
            self.signature = _signature(self._execution)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._execution = None
        self._held.close()

    @property
    def bindings(self) -> tuple[list[Binding], list[Binding]]:
        """The engine's own inputs and outputs."""
        return self._opened.inputs, self._opened.outputs

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs by name. Raises ConversionError for inputs outside the engine's profile."""
        found, self.seconds = self._opened.run(inputs)
        return found

    @property
    def _opened(self) -> Execution:
        if self._execution is None:
            raise RuntimeError("enter the runner before using it")
        return self._execution

    def _register_plugins(self, found: Header) -> None:
        """Load the plugins that the engine's passport names, from beside the engine, byte for byte the same."""
        known = passport.read(self.artifact.path)
        for plugin in known.plugins if known else ():
            path = loading.plugin_file(self.artifact.path, plugin)
            if path is None or not self._trust:
                raise ConversionError(
                    f"the engine needs its plugin {plugin.file}",
                    code="missing-plugin",
                    where=plugin.file,
                    fix=f"put {plugin.file} beside the engine and add --trust",
                )
            plugins.register(LIBRARIES[found.flavour], [path])


def _header(artifact: Artifact) -> Header:
    found = header.read(artifact.path)
    if found is None:
        raise ConversionError("it is no TensorRT engine", code="wrong-format", where=artifact.path.name)
    return found


def _device(artifact: Artifact) -> Device:
    try:
        return open_device()
    except DeviceAbsentError as error:
        raise DeviceAbsentError(error.message, fix=error.fix or _on_target(artifact)) from error


def _check_gpu(found: Header, device: Device, artifact: Artifact) -> None:
    """An engine for other GPUs is not broken: the device that it is made for is not here."""
    if found.gpus is None or found.later or device.compute_capability in found.gpus:
        return
    raise DeviceAbsentError(
        f"the engine is for {', '.join(found.gpus)}, and the {device.name} here is {device.compute_capability}",
        fix=_on_target(artifact),
    )


def _on_target(artifact: Artifact) -> str:
    return f"on a machine with the GPU: mlconvert validate SOURCE {for_shell(artifact.path.name)} --trust"


def _signature(execution: Execution) -> Signature:
    """The engine's own signature; a dynamic dim is named after its tensor and number, for it has no name left."""
    dims: dict[str, DimRange] = {}
    inputs = tuple(_tensor(binding, dims) for binding in execution.inputs)
    outputs = tuple(
        Tensor(binding.name, binding.dtype, tuple(None if size < 0 else size for size in binding.shape))
        for binding in execution.outputs
    )
    return Signature(inputs, outputs, dims)


def _tensor(binding: Binding, dims: dict[str, DimRange]) -> Tensor:
    shape: list[Dim] = []
    for number, size in enumerate(binding.shape):
        if size >= 0:
            shape.append(size)
            continue
        name = "".join(letter if letter.isalnum() else "_" for letter in f"{binding.name}_{number}")
        name = name if name.isidentifier() else f"d_{name}"
        dims[name] = DimRange(*(sizes[number] for sizes in binding.profile))
        shape.append(name)
    return Tensor(binding.name, binding.dtype, tuple(shape))
