"""The two libraries that build and load engines: which is installed, and what this package uses of their API.

TensorRT and TensorRT-RTX have one Python API under two module names, so one code path serves both. It is typed
against TensorRT's stubs through `Bindings`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from mlconvert.errors import ConversionError, Refusal

if TYPE_CHECKING:
    import tensorrt


class Bindings(Protocol):
    """The names of TensorRT's Python module that this package uses; TensorRT-RTX has them all."""

    __version__: str
    Builder: type[tensorrt.Builder]
    BuilderFlag: type[tensorrt.BuilderFlag]
    Dims: type[tensorrt.Dims]
    ILogger: type[tensorrt.ILogger]
    IOutputAllocator: type[tensorrt.IOutputAllocator]
    IProgressMonitor: type[tensorrt.IProgressMonitor]
    MemoryPoolType: type[tensorrt.MemoryPoolType]
    NetworkDefinitionCreationFlag: type[tensorrt.NetworkDefinitionCreationFlag]
    OnnxParser: type[tensorrt.OnnxParser]
    Runtime: type[tensorrt.Runtime]
    TensorIOMode: type[tensorrt.TensorIOMode]
    TensorLocation: type[tensorrt.TensorLocation]
    get_plugin_registry: Callable[[], tensorrt.IPluginRegistry]
    init_libnvinfer_plugins: Callable[[tensorrt.ILogger, str], bool]


@dataclass(frozen=True)
class Library:
    """One of the two libraries. `flavour` is that of the engines it builds and loads."""

    flavour: str
    title: str
    module: str
    distributions: tuple[str, ...]
    oldest: tuple[int, int]
    install: str

    def distribution(self) -> str | None:
        """The name of the installed distribution, without importing anything; None where the library is absent.

        A package that only carries type stubs answers to the module's name, too; it has no `__init__.py`.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            return None
        return next((name for name in self.distributions if _installed(name)), None)

    def version(self) -> str | None:
        """The installed version, without importing anything; None where the library is absent."""
        name = self.distribution()
        return None if name is None else importlib.metadata.version(name)

    def missing(self) -> Refusal | None:
        """Why this library cannot be used here, or None."""
        version = self.version()
        if version is None:
            return Refusal("missing-package", f"{self.title} is not installed", fix=self.install)
        if numbers(version)[:2] < self.oldest:
            oldest = ".".join(map(str, self.oldest))
            return Refusal("missing-package", f"{self.title} {version} is older than {oldest}", fix=self.install)
        return None

    def load(self) -> Bindings:
        """The imported module. Raises ConversionError where it is absent or does not import."""
        missing = self.missing()
        if missing is not None:
            raise ConversionError(missing.message, code=missing.code, where=self.title, fix=missing.fix)
        try:
            return cast(Bindings, importlib.import_module(self.module))
        except (ImportError, OSError, RuntimeError) as error:
            raise ConversionError(
                f"{self.title} is installed and does not import: {error}",
                code="broken-package",
                where=self.title,
                fix=self.install,
            ) from error


TENSORRT = Library(
    flavour="tensorrt",
    title="TensorRT",
    module="tensorrt",
    distributions=("tensorrt", "tensorrt-cu13", "tensorrt-cu12"),
    oldest=(10, 0),
    install="pip install tensorrt",
)
RTX = Library(
    flavour="rtx",
    title="TensorRT-RTX",
    module="tensorrt_rtx",
    distributions=("tensorrt-rtx-cu13", "tensorrt-rtx-cu12", "tensorrt-rtx"),
    oldest=(1, 4),
    install="pip install 'mlconvert[trt]'",
)
LIBRARIES = {library.flavour: library for library in (TENSORRT, RTX)}


def _installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def numbers(version: str) -> tuple[int, ...]:
    """`1.7.1.116` as numbers; what follows the first part that is no number is left out."""
    found: list[int] = []
    for part in version.split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)


# TensorRT's element types by numpy's (and ml_dtypes') names. The packed 4-bit types have no array of their own.
DTYPES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "BF16": "bfloat16",
    "INT8": "int8",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "BOOL": "bool",
    "FP8": "float8_e4m3fn",
}


def dtype_name(dtype: Any) -> str:
    """The signature's name of a TensorRT element type; the library's own, in lower case, where there is none."""
    name: str = dtype.name
    return DTYPES.get(name, name.lower())


def sizes(dims: tensorrt.Dims) -> tuple[int, ...]:
    """TensorRT's dims as a tuple; -1 is a dynamic one."""
    return tuple(dims[number] for number in range(len(dims)))
