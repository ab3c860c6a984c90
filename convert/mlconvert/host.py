"""The machine as far as conversion cares: operating system, Python, GPUs."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Gpu:
    """A visible NVIDIA GPU; `compute_capability` is written `sm_89`."""

    name: str
    compute_capability: str
    driver: str


@dataclass(frozen=True)
class Host:
    """A description that can be written down and asked about on another machine."""

    system: str
    machine: str
    python: str
    gpus: tuple[Gpu, ...] = ()

    @staticmethod
    def here() -> Host:
        """This machine."""
        return Host(platform.system(), platform.machine(), platform.python_version(), _gpus())

    def as_json(self) -> dict[str, Any]:
        """The form that a JSON document takes."""
        return {
            "system": self.system,
            "machine": self.machine,
            "python": self.python,
            "gpus": [vars(gpu) for gpu in self.gpus],
        }


def _gpus() -> tuple[Gpu, ...]:
    """What the driver's own tool reports; a machine without it has no usable GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = []
    for line in answer.splitlines():
        fields = [part.strip() for part in line.split(",")]
        if len(fields) == 3:
            found.append(Gpu(fields[0], "sm_" + fields[1].replace(".", ""), fields[2]))
    return tuple(found)
