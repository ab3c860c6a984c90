"""Compiles java/ when a wheel or an editable install is made, where there is a JDK."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileHook(BuildHookInterface[Any]):
    """The compiled jars are package data of the plugin that needs them; see its `compiling` module."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile. Without a JDK the build goes on, and says what will not work."""
        root = Path(self.root)
        roots = os.pathsep.join(str(root / name) for name in ("convert", "plugins"))
        compiling = [sys.executable, "-m", "mlconvert_plugins.javajar.compiling"]
        run = subprocess.run(
            compiling, env={**os.environ, "PYTHONPATH": roots}, stderr=subprocess.PIPE, text=True, check=False
        )
        if run.returncode:
            raise RuntimeError(f"the sources in java/ do not compile:\n{run.stderr}")
        if run.stderr:
            self.app.display_warning(run.stderr.strip())
