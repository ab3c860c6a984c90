"""Running a deserialized engine: buffers on the device, shapes, and the outputs back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.tensorrt.device import Device
from mlconvert_plugins.tensorrt.library import Bindings, dtype_name, sizes
from mlconvert_plugins.tensorrt.messages import Messages, clean
from mlconvert_plugins.tensorrt.passport import Binding

if TYPE_CHECKING:
    import numpy as np
    import tensorrt


def deserialize(trt: Bindings, path: Path, messages: Messages, *, trust: bool) -> tensorrt.ICudaEngine:
    """Load an engine file on the current GPU. Raises ConversionError with TensorRT's own reason.

    Host code inside an engine is allowed with `trust` alone.
    """
    runtime = trt.Runtime(messages.logger)
    runtime.engine_host_code_allowed = trust
    with messages.heard_by(None):
        engine = runtime.deserialize_cuda_engine(path.read_bytes())
        if engine is None:
            reason = clean(messages.errors[0]) if messages.errors else "it gives no reason"
            raise ConversionError(
                f"TensorRT does not load the engine: {reason}",
                code="engine-refused",
                where=path.name,
                fix="`mlconvert doctor` says what it was built for",
            )
    return engine


def bindings_of(trt: Bindings, engine: tensorrt.ICudaEngine) -> tuple[list[Binding], list[Binding]]:
    """The inputs and the outputs of an engine, with the ranges of its first profile."""
    found: tuple[list[Binding], list[Binding]] = ([], [])
    for number in range(engine.num_io_tensors):
        name = engine.get_tensor_name(number)
        is_input = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        shape, dtype = sizes(engine.get_tensor_shape(name)), dtype_name(engine.get_tensor_dtype(name))
        values = is_input and engine.is_shape_inference_io(name)
        profile = tuple(sizes(dims) for dims in engine.get_tensor_profile_shape(name, 0)) if is_input else ()
        found[0 if is_input else 1].append(Binding(name, dtype, shape, profile, values))
    return found


class Execution:
    """An engine with one execution context and the device buffers of its tensors, kept from run to run."""

    def __init__(self, trt: Bindings, engine: tensorrt.ICudaEngine, device: Device) -> None:
        self._trt, self._engine, self._device = trt, engine, device
        self.inputs, self.outputs = bindings_of(trt, engine)
        self._context = engine.create_execution_context()
        if self._context is None:
            raise ConversionError("the GPU has not enough memory to run this engine", code="out-of-memory", where="GPU")
        self._buffers: dict[str, tuple[int, int]] = {}
        self._allocators: dict[str, _Allocator] = {}

    def close(self) -> None:
        """Free what is held on the device, the engine included; nothing can be run afterwards."""
        del self._context, self._engine
        for pointer, _ in self._buffers.values():
            self._device.free(pointer)
        self._buffers.clear()

    def run(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], float]:
        """The outputs by name, and the GPU's time in seconds, copies excluded.

        Raises ConversionError for inputs that the engine does not take.
        """
        held = [self._bind_input(binding, inputs) for binding in self.inputs]
        unknown = self._context.infer_shapes()
        if unknown:
            raise ConversionError(
                f"the shape of {', '.join(unknown)} is not settled", code="bad-input", where=unknown[0]
            )
        results = {binding.name: self._bind_output(binding) for binding in self.outputs}
        seconds = self._device.timed(self._context.execute_async_v3)
        del held  # the arrays on the host had to outlive the run
        return {binding.name: self._fetch(binding, results[binding.name]) for binding in self.outputs}, seconds

    def _bind_input(self, binding: Binding, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        import numpy as np

        name = binding.name
        if name not in inputs:
            raise ConversionError(f"input {name!r} is missing", code="bad-input", where=name)
        array = np.ascontiguousarray(inputs[name]).reshape(np.shape(inputs[name]))
        if array.dtype.name != binding.dtype:
            raise ConversionError(
                f"input {name!r} is {binding.dtype}, not {array.dtype.name}", code="bad-input", where=name
            )
        if not self._context.set_input_shape(name, array.shape):
            ends = f"from {binding.profile[0]} to {binding.profile[2]}" if binding.profile else f"{binding.shape}"
            raise ConversionError(
                f"input {name!r} has the shape {array.shape}; the engine takes {ends}", code="bad-input", where=name
            )
        if self._on_host(name):
            self._context.set_tensor_address(name, array.ctypes.data)
        else:
            pointer = self._buffer(name, array.nbytes)
            self._device.upload(pointer, array)
            self._context.set_tensor_address(name, pointer)
        return array

    def _on_host(self, name: str) -> bool:
        return bool(self._engine.get_tensor_location(name) == self._trt.TensorLocation.HOST)

    def _bind_output(self, binding: Binding) -> np.ndarray | None:
        """The array that will take the output; None where its shape depends on the data."""
        import numpy as np

        name = binding.name
        shape = sizes(self._context.get_tensor_shape(name))
        if any(size < 0 for size in shape):
            allocator = self._allocators.setdefault(name, _Allocator(self._trt, self._buffer, name))
            self._context.set_output_allocator(name, allocator.interface)
            return None
        array = np.empty(shape, _numpy_dtype(binding.dtype))
        on_host = self._on_host(name)
        self._context.set_tensor_address(name, array.ctypes.data if on_host else self._buffer(name, array.nbytes))
        return array

    def _fetch(self, binding: Binding, array: np.ndarray | None) -> np.ndarray:
        import numpy as np

        if array is None:
            array = np.empty(self._allocators[binding.name].shape, _numpy_dtype(binding.dtype))
        if not self._on_host(binding.name):
            self._device.download(array, self._buffers[binding.name][0])
        return array

    def _buffer(self, name: str, size: int) -> int:
        """The tensor's buffer on the device, grown where it is too small."""
        pointer, have = self._buffers.get(name, (0, -1))
        if have < size:
            if have >= 0:
                self._device.free(self._buffers.pop(name)[0])
            pointer = self._device.allocate(size)
            self._buffers[name] = (pointer, size)
        return pointer


class _Allocator:
    """Takes an output whose size is known only while the engine runs."""

    def __init__(self, trt: Bindings, buffer: Any, name: str) -> None:
        self.shape: tuple[int, ...] = ()
        body = {
            "__init__": lambda own: trt.IOutputAllocator.__init__(own),
            "reallocate_output": lambda own, tensor, memory, size, alignment: buffer(name, size),
            "reallocate_output_async": lambda own, tensor, memory, size, alignment, stream: buffer(name, size),
            "notify_shape": lambda own, tensor, shape: self._note(shape),
        }
        self.interface: tensorrt.IOutputAllocator = type("OutputAllocator", (trt.IOutputAllocator,), body)()

    def _note(self, shape: Any) -> None:
        self.shape = sizes(shape)


def _numpy_dtype(name: str) -> np.dtype:
    import numpy as np

    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        if not hasattr(ml_dtypes, name):
            raise ConversionError(f"numpy has no {name}", code="unsupported-dtype", where=name) from None
        narrow: np.dtype = np.dtype(getattr(ml_dtypes, name))
        return narrow
