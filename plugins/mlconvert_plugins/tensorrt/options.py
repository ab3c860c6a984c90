"""The options of onnx2trt and how their command-line text is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from mlconvert.stage import Help

# What TensorRT-RTX documents for an engine that names no compute capability: these "and later".
RTX_DEFAULT = ("sm_80", "sm_86", "sm_89", "sm_120")
_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def read_gpu(text: str) -> str:
    """`sm_86`, `sm86`, `86` or `8.6` as `sm_86`. Raises ValueError."""
    match = re.fullmatch(r"(?:sm_?)?(\d{2,3}|\d{1,2}\.\d)", text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is no compute capability; write it like sm_86")
    return "sm_" + match[1].replace(".", "")


def read_bytes(text: str) -> int:
    """`4GiB`, `512MiB` or a plain number of bytes. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is no size; write it like 4GiB")
    return int(float(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True)
class TrtOptions:
    """The options of onnx2trt, as the builders read them."""

    builder: Annotated[
        Literal["auto", "tensorrt", "rtx"],
        Help("the library that builds; auto takes tensorrt where it is installed and a GPU is visible, else rtx"),
    ] = "auto"
    gpu: Annotated[
        tuple[str, ...],
        Help(f"compute capabilities to build for (rtx); by default {', '.join(RTX_DEFAULT)} and later", read_gpu, "SM"),
    ] = ()
    workspace: Annotated[int | None, Help("memory that one layer may use, like 4GiB", read_bytes, "SIZE")] = None
    optimization_level: Annotated[int | None, Help("0 to 5: how hard to search for fast kernels (tensorrt)")] = None
    tf32: Annotated[bool, Help("let FP32 products use TF32, which keeps 10 bits; needs a looser --atol")] = False
    plugin: Annotated[
        tuple[Path, ...], Help("a shared library or Python file that registers TensorRT plugins; needs --trust")
    ] = ()
    timing_cache: Annotated[bool, Help("keep kernel timings for the next build (tensorrt)")] = True
