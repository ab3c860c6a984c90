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
from mlconvert_plugins.onnxfile.search import Part, Side

if TYPE_CHECKING:
    import numpy as np

_README = """\
The smallest part of the model that fails. Show it, in this folder, with:

    {command}

{source:<24} the part, of the source
{artifact:<24} the same part, of the artifact
{inputs:<24} what goes in: the values that the source itself has there
{expected:<24} what the source makes of it
{got:<24} what the artifact made of it
"""


def write(folder: Path, part: Part, source: Side, artifact: Side, tolerance: Tolerance) -> None:
    """Write the folder, over what an earlier one had. Raises ConversionError (`no-reproducer`)."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("artifact.*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    files = [side.save(part, folder / stem) for side, stem in ((source, "source"), (artifact, "artifact"))]
    saved = [path.name for path in files if path is not None]
    if len(saved) < len(files):
        raise ConversionError("this part cannot be written as a model of its own", code="no-reproducer")
    _save(folder / "inputs.npz", part.given)
    _save(folder / "expected.npz", {part.name: part.expected})
    _save(folder / "got.npz", {part.name: part.got})
    words = ["mlconvert", "validate", *saved, "--data", "inputs.npz", *_bounds(tolerance, part.expected)]
    text = _README.format(
        command=" ".join(map(for_shell, words)),
        source=saved[0],
        artifact=saved[1],
        inputs="inputs.npz",
        expected="expected.npz",
        got="got.npz",
    )
    (folder / "README.txt").write_text(text, encoding="utf-8")


def _bounds(tolerance: Tolerance, expected: np.ndarray) -> list[str]:
    """The flags for a tolerance that is not the usual one."""
    import numpy as np

    if tolerance == Tolerance():
        return []
    scale = float(np.sqrt(np.mean(np.square(np.abs(expected.astype(np.float64)))))) if expected.size else 0.0
    atol = tolerance.rms * scale if tolerance.atol is None else tolerance.atol
    return ["--rtol", f"{tolerance.rtol:g}", "--atol", f"{atol:.3g}"]


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
