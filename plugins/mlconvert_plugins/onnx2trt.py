"""onnx → trt: builds an engine with TensorRT on its GPU, or with TensorRT-RTX on a machine without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.host import Host
from mlconvert.runner import DeviceAbsentError
from mlconvert.stage import Context, Delivery, Outcome, Stage, Suspect, Tolerance
from mlconvert_plugins.tensorrt import checks, header, interface, loading, model, plugins, profiles
from mlconvert_plugins.tensorrt.building import BUILDERS, build
from mlconvert_plugins.tensorrt.library import LIBRARIES, RTX, TENSORRT, Library, numbers
from mlconvert_plugins.tensorrt.messages import messages_of
from mlconvert_plugins.tensorrt.options import TrtOptions

# The compute capabilities of TensorRT-RTX's `ComputeCapability`, and the first release that has them all.
_RTX_GPUS = {(1, 4): ("sm_75", "sm_80", "sm_86", "sm_89", "sm_120"), (1, 5): ("sm_121",)}
# What half precision leaves of a product's exactness: four units in its last place.
_TOLERANCES = {"bfloat16": Tolerance(rtol=2**-5, rms=2**-5), "float16": Tolerance(rtol=2**-8, rms=2**-8)}


def library_of(options: TrtOptions, host: Host) -> Library:
    """The library that these options lead to on this host."""
    if options.builder != "auto":
        return LIBRARIES[options.builder]
    return TENSORRT if host.gpus and TENSORRT.missing() is None else RTX


class Onnx2Trt(Stage):
    """Builds a strongly typed engine whose profile is the signature's dims."""

    name = "onnx2trt"
    source = "onnx"
    target = "trt"
    # One of the two builders is enough, so neither is required as such; `available` asks for the one chosen.
    requirements = ("onnx>=1.19", "tensorrt-rtx-cu13>=1.4; extra == 'rtx'", "tensorrt>=10.0; extra == 'tensorrt'")
    Options = TrtOptions

    def available(self, options: TrtOptions, host: Host) -> Iterator[Refusal]:
        """What keeps the chosen builder from building here, without importing it."""
        library = library_of(options, host)
        missing = library.missing()
        if missing is not None:
            yield missing
        yield from (_rtx if library is RTX else _tensorrt)(options, host)
        yield from plugins.refusals(options.plugin)

    def delivers(self, options: TrtOptions, host: Host) -> Delivery:
        """`tensorrt` or `rtx`: each loads in its own library alone, on the GPUs that it was built for."""
        library = library_of(options, host)
        version = ".".join((library.version() or "").split(".")[:2])
        if library is RTX:
            gpus = ", ".join(options.gpu) or "sm_80, sm_86, sm_89, sm_120 and later"
            elsewhere = "Triton loads engines of --builder tensorrt, built on its GPU"
            return Delivery(RTX.flavour, f"TensorRT-RTX {version} on {gpus}; {elsewhere}")
        gpu = f"{host.gpus[0].name} ({host.gpus[0].compute_capability})" if host.gpus else "the GPU here"
        return Delivery(TENSORRT.flavour, f"TensorRT {version} on {gpu}")

    def wants(self, options: TrtOptions) -> Mapping[str, Any]:
        """Opset 20, which every parser since TensorRT 10.0 reads, and which has Gelu and LayerNormalization whole."""
        return {"opset": 20}

    def requires(self, artifact: Artifact, options: TrtOptions, ctx: Context) -> Iterator[Refusal]:
        """Ops and dtypes that TensorRT has not, dims without an end, plugins that nobody vouches for."""
        distrusted = () if ctx.trust else tuple(plugins.untrusted(options.plugin))
        if distrusted:
            yield from distrusted
            return
        library = library_of(options, Host.here())
        messages = messages_of(library)
        plugins.register(library, options.plugin)
        proto = model.load(artifact.path)
        yield from checks.unsupported_ops(proto, library.load(), messages)
        yield from checks.unsupported_dtypes(artifact.signature)
        yield from profiles.refusals(artifact.signature)
        yield from checks.turing_products(proto, options.gpu)
        wide = checks.doubles(proto)
        if wide:
            ctx.warn(f"TensorRT computes float64 in float32, at {', '.join(wide[:5])}")

    def convert(self, artifact: Artifact, options: TrtOptions, out: Path, ctx: Context) -> Outcome:
        """Build the engine. Its passport is the outcome's facts."""
        builder = BUILDERS[library_of(options, Host.here()).flavour]
        passport = build(builder, artifact, options, out, ctx)
        return Outcome(artifact.signature, passport.facts(), builder.library.flavour)

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The header is that of a whole engine of this flavour and version; where a GPU it is for is here, it loads."""
        try:
            found = header.read(artifact.path)
        except ConversionError as error:
            yield Refusal(error.code, error.message, error.where, error.fix)
            return
        if found is None or found.flavour != artifact.flavour:
            what = "no engine" if found is None else f"an engine of flavour {found.flavour}"
            yield Refusal("wrong-artifact", f"the builder wrote {what}", artifact.path.name)
            return
        built = LIBRARIES[found.flavour].version() or ""
        if found.version is not None and not header.same_version(found.version, built):
            yield Refusal(
                "wrong-artifact", f"the engine is of version {found.version}, not {built}", artifact.path.name
            )
        if loading.fits_gpu(found, Host.here()):
            yield from _opened(artifact)

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """FP32's own tolerance; for half precision inputs or outputs what their type leaves."""
        dtypes = {tensor.dtype for tensor in (*source.signature.inputs, *source.signature.outputs)}
        return next((tolerance for dtype, tolerance in _TOLERANCES.items() if dtype in dtypes), Tolerance())

    def localise(self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context) -> Suspect | None:
        """The first ONNX node that TensorRT computes otherwise, from engines that are built anew on the GPU here."""
        from mlconvert_plugins.onnxfile.intermediate import OnnxFile
        from mlconvert_plugins.onnxfile.localising import suspect
        from mlconvert_plugins.tensorrt.rebuilt import RebuiltEngine

        file = OnnxFile(source.path, inputs, ctx.scratch)
        engine = RebuiltEngine(source, artifact, file, inputs, ctx)
        tolerance = ctx.tolerance or self.tolerance(source, artifact)
        found = suspect(file.graph, file, engine, inputs, ctx, tolerance, word=self.name)
        return found or Suspect("", "", note="an engine that was built again from the source is right")


def _rtx(options: TrtOptions, host: Host) -> Iterator[Refusal]:
    version = numbers(RTX.version() or "")
    known = tuple(gpu for since, gpus in _RTX_GPUS.items() if version[:2] >= since for gpu in gpus)
    for gpu in options.gpu:
        if version and gpu not in known:
            yield Refusal(
                "unsupported-gpu",
                f"TensorRT-RTX {RTX.version()} does not build for {gpu}; it knows {', '.join(known)}",
                where="gpu",
                fix="on a machine with that GPU: --builder tensorrt",
            )
    if options.optimization_level is not None:
        yield Refusal(
            "no-effect",
            "TensorRT-RTX chooses its kernels when an engine is loaded; --optimization-level has no effect in it",
            where="optimization_level",
            fix="leave it out, or --builder tensorrt",
        )


def _tensorrt(options: TrtOptions, host: Host) -> Iterator[Refusal]:
    level = options.optimization_level
    if level is not None and not 0 <= level <= 5:
        yield Refusal(
            "bad-option", f"--optimization-level goes from 0 to 5, not to {level}", where="optimization_level"
        )
    if not host.gpus:
        message = "TensorRT builds on the GPU that the engine is for, and none is visible here"
        yield Refusal("no-gpu", message, fix="--builder rtx builds without a GPU, for TensorRT-RTX")
        return
    here = host.gpus[0].compute_capability
    for gpu in options.gpu:
        if gpu != here:
            message = f"TensorRT builds for the GPU here, which is {here}, and not for {gpu}"
            yield Refusal("unsupported-gpu", message, where="gpu", fix=f"--builder rtx, or a machine with {gpu}")


def _opened(artifact: Artifact) -> Iterator[Refusal]:
    """Load the engine on the GPU here, and hold its inputs and outputs against the signature."""
    from mlconvert_plugins.trt_runner import TrtRunner

    try:
        with TrtRunner(artifact, trust=True) as runner:
            found = runner.bindings
    except DeviceAbsentError:
        return  # nothing here can open it after all; parity will say that it is unproven, and why
    except ConversionError as error:
        yield Refusal(error.code, error.message, error.where, error.fix)
        return
    yield from interface.compare("input", found[0], artifact.signature.inputs, artifact.signature)
    yield from interface.compare("output", found[1], artifact.signature.outputs, artifact.signature)
