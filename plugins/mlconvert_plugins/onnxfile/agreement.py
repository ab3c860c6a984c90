"""Whether a written file still says what its signature promised: names, dtypes, ranks, and above all dynamic dims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlconvert.errors import Refusal
from mlconvert.signature import Dim, Signature, Tensor


def disagreements(promised: Signature, found: Signature) -> Iterator[Refusal]:
    """What the file's own signature (`found`) does not keep of the promised one.

    `static-dim` for a named dim or an expression that became a number; a promised number where the file has a name
    is a narrower promise and no disagreement. `changed-signature` for names, order, dtypes, ranks and other numbers.
    """
    yield from _tensors("input", promised.inputs, found.inputs)
    yield from _tensors("output", promised.outputs, found.outputs)


def _tensors(kind: str, promised: Sequence[Tensor], found: Sequence[Tensor]) -> Iterator[Refusal]:
    names, has = [tensor.name for tensor in promised], [tensor.name for tensor in found]
    if names != has:
        shown = f"{', '.join(has)} in place of {', '.join(names)}"
        yield Refusal("changed-signature", f"the file has the {kind}s {shown}", f"{kind}s")
        return
    for one, other in zip(promised, found, strict=True):
        where = f"{kind} {one.name!r}"
        if one.dtype != other.dtype or len(one.shape) != len(other.shape):
            message = f"{where} is {other} in the file, and should be {one}"
            yield Refusal("changed-signature", message, where)
        else:
            for axis, (dim, size) in enumerate(zip(one.shape, other.shape, strict=True)):
                yield from _dim(dim, size, f"dim {axis} of {where}", where)


def _dim(promised: Dim, found: Dim, place: str, where: str) -> Iterator[Refusal]:
    if isinstance(promised, str) and isinstance(found, int):
        message = f"{place} should be dynamic ({promised}), and the file fixes it to {found}"
        yield Refusal(
            "static-dim", message, where, "give the source model another example size, or make the dim static"
        )
    elif isinstance(promised, int) and isinstance(found, int) and promised != found:
        yield Refusal("changed-signature", f"{place} is {found} in the file, and should be {promised}", where)
