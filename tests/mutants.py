"""Damaged files: cut, flipped, with lines and fields swapped, with numbers out of range."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_ODD = (
    b"-1",
    b"0",
    b"1",
    b"7",
    b"2147483648",
    b"4294967296",
    b"-2147483649",
    b"1e999",
    b"nan",
    b"inf",
    b"",
    b"1e-320",
    b"x",
)


def mutants(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """`count` damaged copies of a file, all different from it."""
    generator = np.random.default_rng(seed)
    kinds = (_cut, _flipped, _lines_swapped, _line_gone, _line_twice, _number_changed, _numbers_swapped, _overwritten)
    made = 0
    for kind in itertools.cycle(kinds):
        if made == count:
            return
        mutant = kind(content, generator)
        if mutant != content:
            made += 1
            yield mutant


def _separator(content: bytes) -> bytes:
    return b"\n" if content.count(b"\n") > 10 else b","


def _cut(content: bytes, generator: np.random.Generator) -> bytes:
    return content[: generator.integers(len(content))]


def _flipped(content: bytes, generator: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    damaged[generator.integers(len(damaged))] ^= 1 << generator.integers(8)
    return bytes(damaged)


def _lines_swapped(content: bytes, generator: np.random.Generator) -> bytes:
    lines = content.split(_separator(content))
    one, other = generator.integers(len(lines), size=2)
    lines[one], lines[other] = lines[other], lines[one]
    return _separator(content).join(lines)


def _line_gone(content: bytes, generator: np.random.Generator) -> bytes:
    lines = content.split(_separator(content))
    del lines[generator.integers(len(lines))]
    return _separator(content).join(lines)


def _line_twice(content: bytes, generator: np.random.Generator) -> bytes:
    lines = content.split(_separator(content))
    at = generator.integers(len(lines))
    return _separator(content).join([*lines[:at], lines[at], *lines[at:]])


def _number_changed(content: bytes, generator: np.random.Generator) -> bytes:
    numbers = list(_NUMBER.finditer(content))
    if not numbers:
        return b""
    found = numbers[generator.integers(len(numbers))]
    return content[: found.start()] + _ODD[generator.integers(len(_ODD))] + content[found.end() :]


def _numbers_swapped(content: bytes, generator: np.random.Generator) -> bytes:
    numbers = list(_NUMBER.finditer(content))
    if len(numbers) < 2:
        return b""
    one, other = sorted(generator.choice(len(numbers), 2, replace=False))
    first, second = numbers[one], numbers[other]
    between = content[first.end() : second.start()]
    return content[: first.start()] + second[0] + between + first[0] + content[second.end() :]


def _overwritten(content: bytes, generator: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    start = generator.integers(len(damaged))
    size = min(int(generator.integers(1, 9)), len(damaged) - start)
    damaged[start : start + size] = generator.bytes(size)
    return bytes(damaged)
