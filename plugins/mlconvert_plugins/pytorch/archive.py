"""The zip archives that torch writes, by its layout: every member below one top folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from mlconvert_plugins.zipped import archive
from mlconvert_plugins.zipped.archive import Archive, Kind

__all__ = ["Archive", "broken", "opened"]

# torch stores tensors uncompressed: an archive that unfolds to many times its size was not written by it.
_KIND = Kind(
    "archive that torch writes",
    expansion=20,
    again="save the model again with torch.export.save, torch.jit.save or torch.save",
)
broken = _KIND.broken


@contextlib.contextmanager
def opened(path: Path, content: Optional[bytes] = None) -> Iterator[Archive]:
    """The archive at `path`, or the one whose bytes are `content` and which lies within it; names below its top folder.

    Raises ConversionError for one that is damaged, too large inside, or ambiguous.
    """
    with archive.opened(path, _KIND, content=content, name_of=_below_top) as found:
        refused = _misplaced({info.orig_filename for info in found.infos})
        if refused:
            raise _KIND.refused(path, refused)
        yield found


def _misplaced(names: set[str]) -> str:
    """What is wrong with the members' names; '' for nothing."""
    # miniz, with which torch reads, finds members without regard to case.
    folded = {name.casefold() for name in names}
    if len(folded) < len(names):
        return "two members differ in the case of their names alone"
    if len({name.partition("/")[0] for name in folded if "/" in name}) > 1 and not _is_flat(folded):
        return "it holds several top folders"
    return ""


def _is_flat(names: set[str]) -> bool:
    """Whether it is laid out as torch.export.save did up to 2.7: plain files, and a folder of extra ones."""
    return "serialized_exported_program.json" in names


def _below_top(name: str) -> str:
    return name.partition("/")[2] or name
