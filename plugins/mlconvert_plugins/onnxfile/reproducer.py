"""A reproducer: the smallest part of a model that is wrong, of both sides, with its inputs and both answers."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.stage import Tolerance
from mlconvert.text import for_shell
from mlconvert_plugins.onnxfile.closeness import Bounds
from mlconvert_plugins.onnxfile.search import Part, Side

if TYPE_CHECKING:
    import numpy as np

_README = """\
The smallest part of the model that fails. In this folder, it is shown by

    {command}

{files}
"""
_ARRAYS = {
    "inputs.npz": "what goes in: the values that the source itself has there",
    "expected.npz": "what the source makes of it",
    "got.npz": "what the artifact made of it",
}


def write(folder: Path, part: Part, source: Side, artifact: Side, bounds: Bounds, word: str) -> None:
    """Write the folder, over what an earlier one had. Raises ConversionError (`no-reproducer`).

    It is shown by what both sides make of the part, and by the conversion `word` where the artifact's side has no file.
    """
    try:
        _write(folder, part, source, artifact, bounds, word)
    except Exception as error:  # what the libraries raise that write the parts; the suspect is known all the same
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConversionError(f"no reproducer could be written: {reason}", code="no-reproducer") from error


def _write(folder: Path, part: Part, source: Side, artifact: Side, bounds: Bounds, word: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("source.*"), *folder.glob("artifact.*")]:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    one, other = source.save(part, folder / "source"), artifact.save(part, folder / "artifact")
    if one is None or (other is None and not word):
        raise ConversionError("this part cannot be a model of its own", code="no-reproducer")
    _save(folder / "inputs.npz", part.given)
    _save(folder / "expected.npz", {part.name: part.expected})
    _save(folder / "got.npz", {part.name: part.got})
    flags = ["--data", "inputs.npz", *_flags(bounds, part.expected)]
    again = _line(word, one.name, *flags)
    command = again if other is None else _line("validate", one.name, other.name, *flags)
    if other is not None and word:
        command += f"\n\nand, where it is the conversion that is wrong, by\n\n    {again}"
    files = {one.name: "the part in the source"}
    if other is not None:
        files[other.name] = "the same part in the artifact"
    width = max(map(len, [*files, *_ARRAYS]))
    listed = "\n".join(f"{name:<{width}}  {what}" for name, what in {**files, **_ARRAYS}.items())
    text = _README.format(command=command, files=listed)
    (folder / "README.txt").write_text(text, encoding="utf-8")


def _line(*words: str) -> str:
    return " ".join(map(for_shell, ("mlconvert", *words)))


def _flags(bounds: Bounds, expected: np.ndarray) -> list[str]:
    """The bounds in words of the command line, where they are not the usual ones."""
    usual = Tolerance()
    if (bounds.rtol, bounds.share) == (usual.rtol, usual.rms):
        return []
    return ["--rtol", f"{bounds.rtol:.3g}", "--atol", f"{bounds.floor(expected):.3g}"]


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz whose arrays may have any name, which numpy.savez does not take."""
    import numpy as np

    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            plain = array.astype(str) if array.dtype == object else array
            if plain.dtype.kind == "V" or (plain.dtype.isbuiltin != 1 and plain.dtype.kind != "U"):
                raise ConversionError(f"numpy has no file for {plain.dtype.name}", code="no-reproducer", where=name)
            # A fixed time, so that the same part gives the same bytes.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(plain), allow_pickle=False)
