"""Compiles java/ when a wheel or an editable install is made, where there is a JDK."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What java/jpmml is compiled against: the versions in constraints.txt, which an sdist does not hold.
_JPMML = ["sklearn2pmml==0.133.1", "jpmml-evaluator==0.16.0"]


class CompileHook(BuildHookInterface[Any]):
    """The compiled jars are package data of the plugin that needs them; see its `compiling` module."""

    def dependencies(self) -> list[str]:
        """JPMML's jars, where there is a compiler that needs them."""
        home = os.environ.get("JAVA_HOME")
        return _JPMML if shutil.which("javac") or (home and shutil.which(Path(home, "bin", "javac"))) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile. Without a JDK the build goes on, and says what will not work."""
        root = Path(self.root)
        roots = (str(root / name) for name in ("convert", "plugins"))
        # What this build may import is where its front end has put it, which need not be where an interpreter looks.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((*roots, *filter(None, sys.path)))}
        compiling = [sys.executable, "-S", "-m", "mlconvert_plugins.javajar.compiling"]
        run = subprocess.run(compiling, env=environment, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"the sources in java/ do not compile:\n{run.stderr}")
        if run.stderr:
            self.app.display_warning(run.stderr.strip())
