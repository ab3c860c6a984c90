"""Building an engine: one path for both libraries, and what each of them adds to it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert.host import Host
from mlconvert.stage import Context
from mlconvert_plugins.tensorrt import checks, header, interface, plugins, profiles
from mlconvert_plugins.tensorrt.device import open_device
from mlconvert_plugins.tensorrt.library import RTX, TENSORRT, Bindings, Library
from mlconvert_plugins.tensorrt.loading import platform_of
from mlconvert_plugins.tensorrt.messages import clean, messages_of, progress_monitor
from mlconvert_plugins.tensorrt.options import RTX_DEFAULT, TrtOptions
from mlconvert_plugins.tensorrt.parsing import Network, parse
from mlconvert_plugins.tensorrt.passport import Passport, Plugin

if TYPE_CHECKING:
    import tensorrt


@dataclass(frozen=True)
class Target:
    """Where an engine will load; the fields of Passport."""

    gpus: tuple[str, ...]
    later: bool
    platforms: tuple[str, ...]
    gpu: str = ""


class Builder(Protocol):
    """What one library adds to the common path."""

    library: Library

    def prepare(self, trt: Bindings, config: tensorrt.IBuilderConfig, options: TrtOptions, ctx: Context) -> None:
        """Set in the builder's configuration what is particular to the library."""
        ...

    def finish(self, config: tensorrt.IBuilderConfig, options: TrtOptions, ctx: Context) -> None:
        """Keep what a successful build has learned."""
        ...

    def target(self, engine: Path, options: TrtOptions) -> Target:
        """Where the engine that was built will load."""
        ...


def build(builder: Builder, source: Artifact, options: TrtOptions, out: Path, ctx: Context) -> Passport:
    """Build an engine from an ONNX artifact into `out`.

    Raises ConversionError for what TensorRT does not take, and for a build that fails.
    """
    refuse(profiles.refusals(source.signature), where=source.path.name)
    trt, messages = builder.library.load(), messages_of(builder.library)
    with messages.heard_by(ctx):
        ctx.log(f"{builder.library.title} {builder.library.version()} builds; its engines load in that runtime alone")
        used = plugins.register(builder.library, options.plugin)
        ctx.progress("reading the model")
        network = parse(trt, source.path, messages)
        refuse(interface.differences(network, source.signature), where=source.path.name)
        config = _configure(builder, trt, network, source, options, ctx)
        monitor = progress_monitor(trt, ctx)
        config.progress_monitor = monitor
        engine = network.builder.build_serialized_network(network.network, config)
        if engine is None:
            raise failure(messages.errors)
        out.write_bytes(engine)
        builder.finish(config, options, ctx)
    return _passport(builder, network, source, options, used, out)


def _configure(
    builder: Builder, trt: Bindings, network: Network, source: Artifact, options: TrtOptions, ctx: Context
) -> tensorrt.IBuilderConfig:
    config = network.builder.create_builder_config()
    if options.workspace is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace)
    # TensorRT's default is TF32, whose ten bits of mantissa are no FP32.
    if options.tf32:
        config.set_flag(trt.BuilderFlag.TF32)
    else:
        config.clear_flag(trt.BuilderFlag.TF32)
    interface.add_profile(trt, network, config, source.signature)
    builder.prepare(trt, config, options, ctx)
    return config


def _passport(
    builder: Builder, network: Network, source: Artifact, options: TrtOptions, used: tuple[Plugin, ...], out: Path
) -> Passport:
    target = builder.target(out, options)
    return Passport(
        library=builder.library.distribution() or builder.library.module,
        flavour=builder.library.flavour,
        version=builder.library.version() or "",
        gpus=target.gpus,
        later=target.later,
        platforms=target.platforms,
        gpu=target.gpu,
        tf32=options.tf32,
        workspace=options.workspace,
        bytes=out.stat().st_size,
        inputs=interface.inputs(network, source.signature),
        outputs=interface.outputs(network),
        plugins=used,
    )


_TURING = re.compile(r"Cannot compile operation '(?P<node>[^']*)' for Turing \(SM75\): FP32 GEMM")
_NODE = re.compile(r"(?:layer|node|operation|implementation for)\W+(?P<node>[^'\"{}\s]+)", re.IGNORECASE)


def failure(said: list[str]) -> ConversionError:
    """The user's error for a build that gave no engine, from what TensorRT said."""
    text = " ".join(said)
    turing = _TURING.search(text)
    if turing is not None:
        refusal = checks.turing(turing["node"])
    elif "workspace limit" in text:
        message = "an operation of the model needs more workspace than it may use"
        refusal = Refusal("workspace-too-small", message, fix="give a larger --workspace, or leave it out")
    elif "OutOfMemory" in text or "out of memory" in text.lower():
        refusal = Refusal(
            "out-of-memory", "the GPU has not enough memory to build this engine", fix="lower --workspace"
        )
    else:
        named = _NODE.search(text)
        reason = clean(said[0]) if said else "it gave no reason"
        refusal = Refusal("build-failed", f"TensorRT built no engine: {reason}", where=named["node"] if named else "")
    return ConversionError(refusal.message, code=refusal.code, where=refusal.where, fix=refusal.fix)


class RtxBuilder:
    """TensorRT-RTX: needs no GPU, builds for the compute capabilities it is told."""

    library = RTX

    def prepare(self, trt: Bindings, config: tensorrt.IBuilderConfig, options: TrtOptions, ctx: Context) -> None:
        """See Builder."""
        targets: Any = config
        capabilities: Any = trt.ComputeCapability  # type: ignore[attr-defined]  # TensorRT-RTX alone has it
        if not options.gpu:
            return
        targets.num_compute_capabilities = len(options.gpu)
        for number, gpu in enumerate(options.gpu):
            value = getattr(capabilities, gpu.replace("sm_", "SM"), None)
            if value is None or not targets.set_compute_capability(value, number):
                known = ", ".join(name.replace("SM", "sm_") for name in capabilities.__members__ if name[:2] == "SM")
                raise ConversionError(
                    f"TensorRT-RTX does not build for {gpu}",
                    code="unsupported-gpu",
                    where=gpu,
                    fix=f"it knows: {known}",
                )

    def finish(self, config: tensorrt.IBuilderConfig, options: TrtOptions, ctx: Context) -> None:
        """See Builder. TensorRT-RTX times nothing, so there is nothing to keep."""

    def target(self, engine: Path, options: TrtOptions) -> Target:
        """See Builder. The engine's own header says which GPUs it is for, where its layout is known."""
        platforms = ("linux-x86_64", "windows-x86_64")
        found = header.read(engine)
        if found is not None and found.gpus is not None:
            return Target(found.gpus, found.later, platforms)
        return Target(options.gpu or RTX_DEFAULT, not options.gpu, platforms)


class TensorrtBuilder:
    """TensorRT: times its kernels on the GPU here, and builds for it."""

    library = TENSORRT

    def prepare(self, trt: Bindings, config: tensorrt.IBuilderConfig, options: TrtOptions, ctx: Context) -> None:
        """See Builder."""
        if options.optimization_level is not None:
            config.builder_optimization_level = options.optimization_level
        if not options.timing_cache:
            return
        path = self._timings(ctx)
        kept = path.read_bytes() if path.is_file() else b""
        if not load_timings(config, kept):
            ctx.log("the kept timing cache does not fit this GPU or version; a new one is begun")
            load_timings(config, b"")

    def finish(self, config: tensorrt.IBuilderConfig, options: TrtOptions, ctx: Context) -> None:
        """See Builder. The timings are kept for the next build on a GPU like this one."""
        cache = config.get_timing_cache() if options.timing_cache else None
        if cache is not None:
            replace_file(self._timings(ctx), bytes(cache.serialize()))

    def target(self, engine: Path, options: TrtOptions) -> Target:
        """See Builder."""
        name, gpu = _gpu_here()
        return Target((gpu,), False, (platform_of(Host.here()),), name)

    def _timings(self, ctx: Context) -> Path:
        name, gpu = _gpu_here()
        slug = re.sub(r"\W+", "-", name.lower())
        return ctx.cache / f"timings-{self.library.version()}-{gpu}-{slug}.cache"


BUILDERS: dict[str, Builder] = {builder.library.flavour: builder for builder in (TensorrtBuilder(), RtxBuilder())}


def _gpu_here() -> tuple[str, str]:
    """The name and compute capability of the GPU that TensorRT builds on: the first that this process sees."""
    device = open_device()
    try:
        return device.name, device.compute_capability
    finally:
        device.close()


def load_timings(config: tensorrt.IBuilderConfig, kept: bytes) -> bool:
    """Let the builder begin from timings of before; False where it does not take them."""
    cache = config.create_timing_cache(kept)
    return cache is not None and config.set_timing_cache(cache, ignore_mismatch=False)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; of two that write at once, the last one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(content)
    Path(stream.name).replace(path)
