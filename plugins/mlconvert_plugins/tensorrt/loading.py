"""Whether an engine will load on a host, from its header and its passport alone.

Sources of the rules: TensorRT's support matrix and "Engine Compatibility" page (a plain engine loads in the version,
on the platform and on the GPU architecture that it was built for), TensorRT-RTX's "Engine Compatibility" and
"CPU-Only AOT" pages (engines load in their own release alone, on Linux and Windows, on the compute capabilities that
they name), and CUDA's release notes (the driver that each CUDA major version needs).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from mlconvert.errors import ConversionError
from mlconvert.format import Verdict
from mlconvert.host import Gpu, Host
from mlconvert_plugins.tensorrt import header as headers
from mlconvert_plugins.tensorrt import passport as passports
from mlconvert_plugins.tensorrt.header import Header, same_version
from mlconvert_plugins.tensorrt.library import LIBRARIES, TENSORRT
from mlconvert_plugins.tensorrt.passport import Passport, Plugin

_DRIVERS = {"cu12": 525, "cu13": 580}
_PC = ("x86_64", "amd64")


def verdict(path: Path, host: Host) -> Verdict:
    """The verdict on an engine file for a host, whose packages are those of this interpreter.

    A certain obstacle is named before an uncertain one. It is never yes without a passport: a header does not say
    whether an engine needs plugins.
    """
    try:
        header = headers.read(path)
    except ConversionError as error:
        return Verdict("no", error.message, error.fix)
    if header is None:
        return Verdict("no", "it is no TensorRT engine")
    passport = passports.read(path)
    found = list(_obstacles(path, header, passport, host))
    found.sort(key=lambda obstacle: obstacle.answer != "no")
    return found[0] if found else _yes(header, passport, host)


def _obstacles(path: Path, header: Header, passport: Passport | None, host: Host) -> Iterator[Verdict]:
    yield from _passport(header, passport)
    yield from _library(header, passport)
    yield from _platform(header, passport, host)
    yield from _gpu(header, passport, host)
    yield from _driver(header, host)
    for plugin in passport.plugins if passport else ():
        if plugin_file(path, plugin) is None:
            yield Verdict("no", f"it needs the plugin {plugin.file}", f"put {plugin.file} beside the engine")


def plugin_file(engine: Path, plugin: Plugin) -> Path | None:
    """The plugin's file beside the engine, when its bytes are those that the engine was built with."""
    path = engine.with_name(Path(plugin.file).name)
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != plugin.sha256:
        return None
    return path


def _passport(header: Header, passport: Passport | None) -> Iterator[Verdict]:
    if passport is None:
        yield Verdict("unknown", "no manifest of mlconvert belongs to this file, and its header does not say all")
        return
    differs = passports.contradiction(header, passport)
    if differs is not None:
        yield Verdict("unknown", differs)


def _library(header: Header, passport: Passport | None) -> Iterator[Verdict]:
    library = LIBRARIES[header.flavour]
    installed = library.version()
    version = header.version or (passport.version if passport else None)
    if installed is None:
        yield Verdict("no", f"{library.title} is not installed", _install(header, version))
    elif version is None:
        yield Verdict("unknown", f"which version of {library.title} built it is not known")
    elif not same_version(version, installed):
        # An engine that nobody described may be version-compatible, which an older TensorRT then cannot load either.
        sure = header.flavour == "rtx" or passport is not None
        reason = f"{library.title} {version} built it, and {installed} is installed"
        yield Verdict("no" if sure else "unknown", reason, _install(header, version))


def _install(header: Header, version: str | None) -> str:
    library = LIBRARIES[header.flavour]
    name = library.distribution() or library.distributions[0]
    return f"pip install {name}" + (f"=={version}" if version else "")


def _platform(header: Header, passport: Passport | None, host: Host) -> Iterator[Verdict]:
    here = platform_of(host)
    if header.flavour == "rtx":
        if host.system not in ("Linux", "Windows"):
            yield Verdict("no", f"TensorRT-RTX runs on Linux and Windows, not on {host.system}")
        elif host.machine.lower() not in _PC:
            yield Verdict("unknown", f"whether it loads on {host.machine} is not known")
    elif passport is None:
        yield Verdict("unknown", "which platform it was built on is not known")
    elif here not in passport.platforms:
        yield Verdict("no", f"it was built on {', '.join(passport.platforms)}, and this is {here}", "build it here")


def platform_of(host: Host) -> str:
    """System and machine in the passport's words: `linux-x86_64`."""
    machine = "x86_64" if host.machine.lower() in _PC else host.machine.lower()
    return f"{host.system.lower()}-{machine}"


def _gpu(header: Header, passport: Passport | None, host: Host) -> Iterator[Verdict]:
    gpus = header.gpus if header.gpus is not None else passport.gpus if passport else None
    if not host.gpus:
        yield Verdict("no", "no NVIDIA GPU is visible here", "run it where the GPU is")
    elif gpus is None:
        yield Verdict("unknown", "which GPUs it was built for is not known")
    elif not any(gpu.compute_capability in gpus for gpu in host.gpus):
        later = header.later or (passport is not None and passport.later)
        yield _other_gpu(host.gpus[0], gpus, later, LIBRARIES[header.flavour].title)
    elif header.flavour == TENSORRT.flavour and passport and passport.gpu not in [gpu.name for gpu in host.gpus]:
        reason = f"it was built on a {passport.gpu}; TensorRT warns against another model of the same architecture"
        yield Verdict("unknown", reason, "build it on this GPU")


def _other_gpu(gpu: Gpu, gpus: tuple[str, ...], later: bool, title: str) -> Verdict:
    built = f"it was built for {', '.join(gpus)}{' and later' if later else ''}"
    here = f"the {gpu.name} here is {gpu.compute_capability}"
    if later and _number(gpu.compute_capability) > max(map(_number, gpus), default=0):
        return Verdict("unknown", f"{built}; {here}, which this release of {title} does not know by name")
    return Verdict("no", f"{built}, and {here}", f"build it with --gpu {gpu.compute_capability}, or on this GPU")


def _number(compute_capability: str) -> int:
    digits = compute_capability.removeprefix("sm_")
    return int(digits) if digits.isdigit() else 0


def _driver(header: Header, host: Host) -> Iterator[Verdict]:
    name = LIBRARIES[header.flavour].distribution() or ""
    needed = _DRIVERS.get(name.rpartition("-")[2])
    for gpu in host.gpus[:1]:
        have = gpu.driver.partition(".")[0]
        if needed is None or not have.isdigit():
            continue
        if int(have) < needed:
            yield Verdict("no", f"{name} needs driver {needed} or newer, and {gpu.driver} is here", "update the driver")


def _yes(header: Header, passport: Passport | None, host: Host) -> Verdict:
    gpus = header.gpus if header.gpus is not None else passport.gpus if passport else ()
    gpu = next(gpu for gpu in host.gpus if gpu.compute_capability in gpus)
    title = LIBRARIES[header.flavour].title
    version = header.version or (passport.version if passport else "")
    return Verdict("yes", f"{title} {version} and the {gpu.name} ({gpu.compute_capability}) are what it was built for")


def fits_gpu(header: Header, host: Host) -> bool:
    """Whether a GPU here is one that an engine is for that was just built here; a classic one is for the GPU here."""
    if header.gpus is None:
        return header.flavour == TENSORRT.flavour and bool(host.gpus)
    return any(gpu.compute_capability in header.gpus for gpu in host.gpus)
