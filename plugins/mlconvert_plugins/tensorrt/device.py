"""The GPU that an engine runs on, through cuda-python, or through pycuda where that is what is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError

if TYPE_CHECKING:
    import numpy as np


class Device(Protocol):
    """A GPU and its memory. Pointers are addresses on the device; copies are finished when they return."""

    name: str
    compute_capability: str

    def allocate(self, size: int) -> int:
        """The address of `size` new bytes, aligned as CUDA aligns them (256)."""
        ...

    def free(self, pointer: int) -> None:
        """Give back what `allocate` gave."""
        ...

    def upload(self, pointer: int, array: np.ndarray) -> None:
        """Copy a contiguous array to the device."""
        ...

    def download(self, array: np.ndarray, pointer: int) -> None:
        """Copy from the device into a contiguous array."""
        ...

    def timed(self, work: Callable[[int], bool]) -> float:
        """Queue work on this device's stream, wait for it, and return the GPU's time for it in seconds.

        `work` is given the stream's handle; when it answers False, ConversionError is raised.
        """
        ...

    def close(self) -> None:
        """Give back the stream and what else is held."""
        ...


def open_device() -> Device:
    """The first GPU that this process sees. Raises DeviceAbsentError where there is none, saying what is missing."""
    if _has("cuda.bindings"):
        return CudaPython()
    if _has("pycuda"):
        return PyCuda()
    raise DeviceAbsentError(
        "running an engine needs cuda-python or pycuda, and neither is installed", fix="pip install cuda-python"
    )


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _absent(reason: str) -> DeviceAbsentError:
    return DeviceAbsentError(f"no NVIDIA GPU is here that CUDA can use ({reason})")


class CudaPython:
    """NVIDIA's own bindings of the CUDA runtime."""

    def __init__(self) -> None:
        from cuda.bindings import runtime

        self._runtime: Any = runtime
        self._check_present()
        properties = self._call("cudaGetDeviceProperties", 0)
        self.name = properties.name.decode(errors="replace").rstrip("\0")
        self.compute_capability = f"sm_{properties.major}{properties.minor}"
        self._stream = self._call("cudaStreamCreate")
        self._events = self._call("cudaEventCreate"), self._call("cudaEventCreate")

    def _check_present(self) -> None:
        try:
            status, count = self._runtime.cudaGetDeviceCount()
        except RuntimeError as error:  # the driver's library is missing
            raise _absent(str(error)) from error
        if int(status) != 0:
            raise _absent(self._reason(status))
        if count == 0:
            raise _absent("none is visible")

    def _reason(self, status: Any) -> str:
        text: bytes = self._runtime.cudaGetErrorString(status)[1]
        return text.decode(errors="replace")

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the runtime: its value, or ConversionError with CUDA's words for what went wrong."""
        status, *values = getattr(self._runtime, name)(*arguments)
        if int(status) != 0:
            code = "out-of-memory" if int(status) == 2 else "cuda-error"
            raise ConversionError(f"{name}: {self._reason(status)}", code=code, where="GPU")
        return values[0] if values else None

    def allocate(self, size: int) -> int:
        """See Device."""
        return int(self._call("cudaMalloc", max(size, 1)))

    def free(self, pointer: int) -> None:
        """See Device."""
        self._call("cudaFree", pointer)

    def upload(self, pointer: int, array: np.ndarray) -> None:
        """See Device."""
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("cudaMemcpy", pointer, array.ctypes.data, array.nbytes, kind)

    def download(self, array: np.ndarray, pointer: int) -> None:
        """See Device."""
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("cudaMemcpy", array.ctypes.data, pointer, array.nbytes, kind)

    def timed(self, work: Callable[[int], bool]) -> float:
        """See Device."""
        before, after = self._events
        self._call("cudaEventRecord", before, self._stream)
        done = work(int(self._stream))
        self._call("cudaEventRecord", after, self._stream)
        self._call("cudaStreamSynchronize", self._stream)
        _check_done(done)
        return float(self._call("cudaEventElapsedTime", before, after)) / 1000

    def close(self) -> None:
        """See Device."""
        for event in self._events:
            self._call("cudaEventDestroy", event)
        self._call("cudaStreamDestroy", self._stream)


class PyCuda:
    """pycuda, on the device's primary context, which TensorRT uses too."""

    def __init__(self) -> None:
        import pycuda.driver as driver

        self._driver: Any = driver
        try:
            driver.init()
        except driver.Error as error:
            raise _absent(str(error)) from error
        if driver.Device.count() == 0:
            raise _absent("none is visible")
        device = driver.Device(0)
        self.name = str(device.name())
        self.compute_capability = "sm_{}{}".format(*device.compute_capability())
        self._context = device.retain_primary_context()
        self._context.push()
        self._stream = driver.Stream()
        self._held: dict[int, Any] = {}

    def allocate(self, size: int) -> int:
        """See Device."""
        try:
            allocation = self._driver.mem_alloc(max(size, 1))
        except self._driver.Error as error:
            raise ConversionError(str(error), code="out-of-memory", where="GPU") from error
        self._held[int(allocation)] = allocation
        return int(allocation)

    def free(self, pointer: int) -> None:
        """See Device."""
        self._held.pop(pointer).free()

    def upload(self, pointer: int, array: np.ndarray) -> None:
        """See Device."""
        if array.nbytes:
            self._driver.memcpy_htod(pointer, array)

    def download(self, array: np.ndarray, pointer: int) -> None:
        """See Device."""
        if array.nbytes:
            self._driver.memcpy_dtoh(array, pointer)

    def timed(self, work: Callable[[int], bool]) -> float:
        """See Device."""
        before, after = self._driver.Event(), self._driver.Event()
        before.record(self._stream)
        done = work(int(self._stream.handle))
        after.record(self._stream)
        try:
            self._stream.synchronize()
        except self._driver.Error as error:
            raise ConversionError(str(error), code="cuda-error", where="GPU") from error
        _check_done(done)
        return float(before.time_till(after)) / 1000

    def close(self) -> None:
        """See Device."""
        self._context.pop()
        self._context.detach()


def _check_done(done: bool) -> None:
    if not done:
        raise ConversionError("TensorRT did not take the work", code="run-failed", where="GPU")
