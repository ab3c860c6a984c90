"""What the user declared against what the program is: names for its symbols, or the reasons why they do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Union

from mlconvert.errors import Refusal, refuse
from mlconvert.signature import Dim, DimRange, Signature, Tensor, evaluate, names_in
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch.dims import readable
from mlconvert_plugins.pytorch.programs import Program, dtype_name


def settled(signature: Signature) -> Signature:
    """The signature with sizes in place of dims that have just one, and a range for each of the others."""
    sizes = {name: r.min for name in signature.names() if (r := signature.range_of(name)).min == r.max}

    def settle(tensor: Tensor) -> Tensor:
        shape = (readable(dim, _names(dim, sizes)) if isinstance(dim, str) else dim for dim in tensor.shape)
        return replace(tensor, shape=tuple(shape))

    return replace(
        signature,
        inputs=tuple(settle(tensor) for tensor in signature.inputs),
        dims={name: signature.range_of(name) for name in signature.names() if name not in sizes},
    )


def _names(dim: str, sizes: Mapping[str, int]) -> dict[str, Union[int, str]]:
    return {name: sizes.get(name, name) for name in names_in(dim)}


def fitted(program: Program, signature: Signature) -> dict[str, Union[int, str]]:
    """What the program's symbols are called in the signature: names, or the sizes that the user wrote instead.

    Raises ConversionError with every reason why a declared input does not fit the program's.
    """
    declared = {tensor.name: tensor for tensor in signature.inputs}
    own = {name: node.meta["val"] for name, node in program.input_nodes().items()}
    refuse(_misnamed(declared, own))
    renaming: dict[str, Union[int, str]] = {}
    refusals: list[Refusal] = []
    for name, value in own.items():
        refusals += _misfits(declared[name], value, renaming)
    refuse(refusals or _out_of_range(program, signature, renaming))
    return renaming


def _misnamed(declared: Mapping[str, Tensor], own: Mapping[str, Any]) -> Iterator[Refusal]:
    known = ", ".join(own)
    for name in declared.keys() - own.keys():
        yield _refusal("unknown-input", name, f"the model has no input {name!r}; its inputs are: {known}")
    for name in own.keys() - declared.keys():
        yield _refusal("missing-input", name, f"the input {name!r} is not described", f"add --input '{name}:…'")
    for name, value in own.items():
        if name in declared and declared[name].dtype != dtype_name(value.dtype):
            text = f"input {name!r} is {dtype_name(value.dtype)}, not {declared[name].dtype}"
            yield _refusal("wrong-dtype", name, text, "write the dtype that the model takes")
        if name in declared and len(declared[name].shape) != value.dim():
            text = f"input {name!r} has rank {value.dim()}, not {len(declared[name].shape)}"
            yield _refusal("wrong-rank", name, text, "write one dim for each axis")


def _misfits(tensor: Tensor, value: Any, renaming: dict[str, Union[int, str]]) -> Iterator[Refusal]:
    for axis, (dim, size) in enumerate(zip(tensor.shape, value.shape, strict=True)):
        where = f"{tensor.name}, axis {axis}"
        if isinstance(size, int):
            if dim != size:
                kind = "fixes" if isinstance(dim, int) else "was exported with"
                yield _refusal("static-dim", where, f"the model {kind} {size} there, not {dim}", _DYNAMIC.format(axis))
        elif str(size).isidentifier():
            if dim is None or renaming.setdefault(str(size), dim) != dim:
                yield _refusal(
                    "conflicting-dim", where, f"it must equal {renaming.get(str(size))}, and is called {dim}"
                )
        elif _bound(str(size), dim, renaming) != _plain(dim):
            text = f"the model takes {readable(str(size), renaming) or size} there, not {dim}"
            yield _refusal("conflicting-dim", where, text)


def _bound(size: str, dim: Dim, renaming: dict[str, Union[int, str]]) -> Dim:
    """The size in the signature's words; where each side has one name that the other does not know, it is the same."""
    new = [symbol for symbol in re.findall(r"\b[a-z]\d+\b", size) if symbol not in renaming]
    names = [name for name in names_in(dim) if name not in renaming.values()]
    if len(new) == len(names) == 1:
        renaming[new[0]] = names[0]
    return readable(size, renaming)


_DYNAMIC = "write that size, or export the model with torch.export.Dim for axis {}"


def _plain(dim: Dim) -> Dim:
    return readable(dim, {name: name for name in names_in(dim)}) if isinstance(dim, str) else dim


def _out_of_range(program: Program, signature: Signature, renaming: Mapping[str, Union[int, str]]) -> Iterator[Refusal]:
    limits = {str(key): value for key, value in program.exported.range_constraints.items()}
    for symbol, dim in renaming.items():
        if symbol not in limits:
            continue
        for end, size in _ends(dim, signature):
            low, high = limits[symbol].lower, limits[symbol].upper
            if (high < 2**62) if size is None else not low <= size <= high:
                text = f"{dim} may be {low} to {high} in the exported model, and its {end} is {size or 'open'}"
                yield _refusal("dim-out-of-range", str(dim), text, f"narrow it with --dim {dim}=min:opt:max")


def _ends(dim: Union[int, str], signature: Signature) -> Iterator[tuple[str, Union[int, None]]]:
    if isinstance(dim, int):
        yield "size", dim
        return
    ranges = {name: signature.range_of(name) for name in names_in(dim)}
    yield "min", evaluate(dim, {name: r.min for name, r in ranges.items()})
    if all(r.max is not None for r in ranges.values()):
        yield "max", evaluate(dim, {name: r.max or 0 for name, r in ranges.items()})
    else:
        yield "max", None


def example_sizes(signature: Signature) -> dict[str, int]:
    """A size for each named dim: its opt, but neither 0 nor 1, and unlike every other size, as far as its range goes.

    torch takes 0 and 1 for special, and equal sizes could be mistaken for one dim.
    """
    taken = {dim for tensor in signature.inputs for dim in tensor.shape if isinstance(dim, int)}
    sizes: dict[str, int] = {}
    for name in signature.names():
        r = signature.range_of(name)
        sizes[name] = next((size for size in _candidates(r) if size not in taken), max(r.opt, min(2, r.max or 2)))
        taken.add(sizes[name])
    return sizes


def other_sizes(signature: Signature, sizes: Mapping[str, int]) -> dict[str, int]:
    """Sizes that differ from the given ones in every dim whose range allows it."""
    return {name: _neighbour(signature.range_of(name), size) for name, size in sizes.items()}


def _neighbour(r: DimRange, size: int) -> int:
    """A size of the range that is no multiple of the given one, nor of what a size of one hides, if there is any."""
    return next((other for other in (size + 1, size + 2, size - 1, r.min) if other in r and other > 0), size)


def _candidates(r: DimRange) -> Iterator[int]:
    """Sizes of a range, opt first, then upwards, then downwards."""
    low = max(2, r.min)
    top = r.opt + 64 if r.max is None else r.max
    yield from (size for size in range(max(r.opt, low), min(top, r.opt + 64) + 1))
    yield from (size for size in range(min(r.opt, top), low - 1, -1))


def _refusal(code: str, where: str, message: str, fix: str = "") -> Refusal:
    return Refusal(code, for_terminal(message), for_terminal(where), for_terminal(fix))
