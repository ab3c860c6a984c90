"""The contract of a format, as checks."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mlconvert import manifest
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.format import Format
from mlconvert.host import Host
from mlconvert.probes import shape_of
from mlconvert.signature import Signature
from mlconvert.testing.common import SECONDS, ask, check_light, check_requirements, expect, expect_json
from mlconvert.worker import Worker

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_format(fmt: Format, sample: Path) -> None:
    """Hold a format against its contract, with a sound file or folder that it reads and that needs no trust.

    Its names follow the grammar; importing and sniffing load nothing but the plugin itself; `signature`, `describe` and
    `side_files` answer in a worker; what is cut off, empty, garbled or foreign is None or a ConversionError; no hook
    changes what it reads.
    """
    expect(re.fullmatch("[a-z]+", fmt.name), f"a format's name is [a-z]+, not {fmt.name!r}")
    for suffix in (fmt.suffix, *fmt.suffixes.values()):
        expect(suffix.startswith("."), f"a suffix starts with a dot, unlike {suffix!r}")
    expect(sample.is_dir() == fmt.is_directory, "is_directory says whether an artifact is a folder; the sample differs")
    check_requirements(fmt.requirements)
    before = manifest.digest(sample)
    flavour = fmt.sniff(sample)
    expect(isinstance(flavour, str), f"sniff answers the sample's flavour, '' for none, not {flavour!r}")
    why = fmt.executes(sample, flavour or None)
    expect(why is None, f"the sample has to be one that executes nothing; executes says: {why}")
    check_light(type(fmt), sample)
    answer = fmt.loads_on(sample, Host.here()).answer
    expect(answer in ("yes", "no", "unknown"), f"loads_on answers yes, no or unknown, not {answer!r}")
    with Worker(seconds=SECONDS) as worker, tempfile.TemporaryDirectory() as folder:
        _check_readers(fmt, Artifact(sample, fmt.name, flavour or None), worker)
        for damage, path in _damaged(sample, Path(folder)):
            _check_damaged(fmt, damage, path, worker)
    expect(manifest.digest(sample) == before, "a hook has changed the file that it reads")


def _check_readers(fmt: Format, artifact: Artifact, worker: Worker) -> None:
    signature = ask(worker, fmt, "signature", artifact=artifact, trust=False)
    expect(isinstance(signature, Signature), f"signature answers a Signature, not {signature!r}")
    expect(Signature.from_json(signature.as_json()) == signature, "a signature has to go through JSON")
    expect_json(ask(worker, fmt, "describe", path=artifact.path), "describe answers values by name")
    for path in ask(worker, fmt, "side_files", path=artifact.path):
        expect(path.parent == artifact.path.parent, f"a side file stands beside its artifact, unlike {path}")
    if all(dim is not None for tensor in signature.inputs for dim in tensor.shape):
        _check_probes(fmt, dataclasses.replace(artifact, signature=signature))


def _check_probes(fmt: Format, artifact: Artifact) -> None:
    for one, other in zip(fmt.probes(artifact, 0) or (), fmt.probes(artifact, 0) or (), strict=True):
        for tensor in artifact.signature.inputs:
            array = one.inputs.get(tensor.name)
            if array is None:
                raise AssertionError(f"probes have no array for the input {tensor.name!r}")
            expect(array.shape == shape_of(tensor, one.sizes), f"a probe of {tensor} has the shape {array.shape}")
            same = array.tobytes() == other.inputs[tensor.name].tobytes()
            expect(same or array.dtype.hasobject, "probes of one seed have to be the same twice")


def _check_damaged(fmt: Format, damage: str, path: Path, worker: Worker) -> None:
    """Each hook takes a damaged file for sound, for another format's, or for broken: no more can happen."""
    flavour, why = None, None
    with _broken_at_most(damage):
        flavour = fmt.sniff(path)
        why = None if flavour is None else fmt.executes(path, flavour or None)
    if flavour is None or why is not None:
        return
    artifact = Artifact(path, fmt.name, flavour or None)
    for hook, arguments in (
        ("side_files", {"path": path}),
        ("signature", {"artifact": artifact, "trust": False}),
        ("describe", {"path": path}),
    ):
        with _broken_at_most(damage):
            ask(worker, fmt, hook, **arguments)


@contextlib.contextmanager
def _broken_at_most(damage: str) -> Iterator[None]:
    try:
        yield
    except ConversionError as error:
        expect(_CODE.fullmatch(error.code), f"a code is stable and written like-this, not {error.code!r}")
        expect(error.message.strip(), "a ConversionError has a message")
    except AssertionError as error:
        raise AssertionError(f"of a file that is {damage}, {error}") from error
    except Exception as error:
        raise AssertionError(
            f"of a file that is {damage}, sniff and executes raise {type(error).__name__}: {error}; "
            "a broken file is None or a ConversionError"
        ) from error


def _damaged(sample: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Copies of the sample, each with one damage; of a folder, in its largest file."""
    largest = max(
        (path for path in (sample, *sample.rglob("*")) if path.is_file()), key=lambda path: path.stat().st_size
    )
    whole = largest.read_bytes()
    ends = sorted({0, 1, 8, *(len(whole) * tenth // 10 for tenth in range(1, 10)), len(whole) - 1})
    contents = {f"cut off after {end} bytes": whole[:end] for end in ends}
    contents |= {f"garbled ({seed})": _garbled(whole, seed) for seed in range(4)}
    contents |= {"of random bytes": random.Random(0).randbytes(4096), "of text": b"Once upon a time\n" * 100}
    damages: dict[str, Callable[[Path], object]] = {"gone in part": Path.unlink} if sample.is_dir() else {}
    damages |= {damage: functools.partial(Path.write_bytes, data=content) for damage, content in contents.items()}
    for number, (damage, apply) in enumerate(damages.items()):
        copy = folder / str(number) / sample.name
        copy.parent.mkdir()
        shutil.copytree(sample, copy) if sample.is_dir() else shutil.copy(sample, copy)
        apply(copy / largest.relative_to(sample))
        yield damage, copy


def _garbled(whole: bytes, seed: int) -> bytes:
    generator = random.Random(seed)
    content = bytearray(whole)
    for _ in range(1 + len(content) // 100):
        content[generator.randrange(len(content))] = generator.randrange(256)
    return bytes(content)
