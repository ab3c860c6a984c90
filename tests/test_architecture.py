"""The arrows of the design, held: what may import what, and what is loaded when."""

from __future__ import annotations

import ast
import graphlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from architecture import CORE, LAYERS, LOWEST, PLUGINS, REPOSITORY, imports, modules

CORE_MODULES = {name: path for name, path in modules(CORE).items() if name}
PLUGIN_MODULES = {name: path for name, path in modules(PLUGINS).items() if name}
LEVEL = {name: level for level, layer in enumerate(LAYERS) for name in layer}

# What a clean start must not load, beside the plugins: each costs a tenth of a second or more.
HEAVY = ("numpy", "rich", "torch", "onnx", "onnx_ir", "onnxruntime", "onnxscript", "tensorrt_rtx", "cuda")


def settings() -> dict[str, object]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


# --- arrows --------------------------------------------------------------------------------------------


def test_every_core_module_has_a_layer() -> None:
    homeless = {name.partition(".")[0] for name in CORE_MODULES} - LEVEL.keys()
    assert not homeless, f"say in tests/architecture.py which layer these belong to: {sorted(homeless)}"


@pytest.mark.parametrize("name", CORE_MODULES)
def test_no_arrow_points_up(name: str) -> None:
    own = LEVEL[name.partition(".")[0]]
    for found in imports(CORE_MODULES[name]):
        package, _, target = found.module.partition(".")
        assert package != "mlconvert_plugins", f"{name}:{found.line}: the core finds plugins by entry point alone"
        if package == "mlconvert" and target:
            below = LEVEL[target.partition(".")[0]] <= own
            assert below, f"{name}:{found.line}: {found.module} stands above {name}"


def test_nothing_is_imported_in_a_circle() -> None:
    arrows = {
        name: {found.module.partition(".")[2] for found in imports(path) if found.module.startswith("mlconvert.")}
        for name, path in CORE_MODULES.items()
    }
    graphlib.TopologicalSorter(arrows).prepare()


@pytest.mark.parametrize("name", CORE_MODULES)
def test_the_core_imports_what_it_declares(name: str) -> None:
    declared = {requirement.partition(">")[0] for requirement in settings()["project"]["dependencies"]}  # type: ignore[index]
    # numpy's own companion for bfloat16 and the 8-bit floats: no framework, and there whenever such an array is.
    allowed = declared | {"mlconvert", "ml_dtypes"} | sys.stdlib_module_names
    # What reads users' tables, and makes the charts and tables of a report: extras, imported when called for.
    extras = {"pandas", "pyarrow", "vl_convert"}
    for found in imports(CORE_MODULES[name]):
        package = found.module.partition(".")[0]
        stands = package in allowed or (package in extras and found.when != "load")
        assert stands, f"{name}:{found.line}: the core does not import {package}"
        if found.when == "load" and name in LOWEST:
            stands = package == "mlconvert" or package in sys.stdlib_module_names
            assert stands, f"{name}:{found.line}: the lowest layer loads the standard library alone, not {package}"


@pytest.mark.parametrize("name", PLUGIN_MODULES)
def test_plugins_stand_on_the_lowest_layer(name: str) -> None:
    for found in imports(PLUGIN_MODULES[name]):
        package, _, target = found.module.partition(".")
        if package == "mlconvert" and target:
            assert target in LOWEST, f"{name}:{found.line}: {found.module} is no part of the plugins' contract"
        if found.when == "load":
            light = package in ("mlconvert", "mlconvert_plugins") or package in sys.stdlib_module_names
            assert light, f"{name}:{found.line}: {package} is imported inside the function that needs it"


# --- what is loaded when -------------------------------------------------------------------------------


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after running `code`."""
    script = f"import sys\nloaded = sys.stdout\nsys.stdout = sys.stderr\n{code}\nprint(*sys.modules, file=loaded)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["torch2trt", "--help"]], ids=" ".join)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    loaded = loaded_by(
        f"sys.argv = ['mlconvert', *{words!r}]\n"
        "from mlconvert.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    assert "mlconvert.cli" in loaded
    assert not loaded.intersection(HEAVY)
    # The flags of one route stand in its stages; those of no route do not.
    if words[0].startswith("--"):
        assert not any(name.startswith("mlconvert_plugins") for name in loaded)


def test_no_plugin_module_loads_a_framework() -> None:
    imported = "\n".join(f"import mlconvert_plugins.{name}" for name in PLUGIN_MODULES)
    loaded = loaded_by(imported)
    assert {f"mlconvert_plugins.{name}" for name in PLUGIN_MODULES} <= loaded
    assert not loaded.intersection(HEAVY)


def test_the_package_itself_loads_nothing() -> None:
    loaded = loaded_by("import mlconvert")
    assert {name for name in loaded if name.startswith("mlconvert")} == {"mlconvert"}
    assert not loaded.intersection(HEAVY)


# --- an old interpreter --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LOWEST))
def test_the_lowest_layer_is_python_3_9(name: str) -> None:
    ast.parse(CORE_MODULES[name].read_text(encoding="utf-8"), feature_version=(3, 9))


def python_3_9() -> str | None:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which("python3.9"), *(str(path) for path in pyenv.glob("3.9*/bin/python"))]
    for python in filter(None, candidates):
        # A version manager's placeholder is on the path too, and answers that there is no such version.
        if subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0:
            return python
    return None


def test_an_old_interpreter_imports_the_lowest_layer() -> None:
    python = python_3_9()
    if python is None:
        pytest.skip("this machine has no Python 3.9")
    code = "; ".join(f"import mlconvert.{name}" for name in sorted(LOWEST))
    subprocess.run([python, "-I", "-c", f"import sys; sys.path[:0] = [{str(CORE.parent)!r}]; {code}"], check=True)


# --- one name in five places ---------------------------------------------------------------------------


def entry_points(group: str) -> dict[str, str]:
    return settings()["project"]["entry-points"][f"mlconvert.{group}"]  # type: ignore[index]


def camel(name: str) -> str:
    return "".join(part.title() for part in name.replace(".", "_").split("_"))


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in ("stages", "passes") for name in entry_points(group)]
)
def test_one_name_in_five_places(group: str, name: str) -> None:
    module = name.replace(".", "_")
    assert entry_points(group)[name] == f"mlconvert_plugins.{module}:{stage_class(name)}"
    assert module in PLUGIN_MODULES
    assert (REPOSITORY / "tests" / "plugins" / f"test_{module}.py").is_file()
    source, _, target = name.partition(".")[0].partition("2")
    fields = class_fields(PLUGIN_MODULES[module], stage_class(name))
    assert fields["name"] == name
    assert (fields["source"], fields["target"]) == (source, target)
    assert (source == target) == (group == "passes")


def stage_class(name: str) -> str:
    """`torch2onnx` is `Torch2Onnx`, `onnx2onnx.simplify` is `Onnx2OnnxSimplify`."""
    edge, _, provider = name.partition(".")
    return "2".join(camel(format) for format in edge.split("2")) + camel(provider)


def class_fields(path: Path, name: str) -> dict[str, object]:
    """The class's attributes that are set to a literal, read without importing the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    fields = {}
    for node in found.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(getattr(node, "value", None), ast.Constant):
            fields[target.id] = node.value.value  # type: ignore[attr-defined]
    return fields


@pytest.mark.parametrize("name", entry_points("formats"))
def test_a_format_has_the_name_of_its_file(name: str) -> None:
    assert entry_points("formats")[name] == f"mlconvert_plugins.{name}:{camel(name)}"
    assert class_fields(PLUGIN_MODULES[name], camel(name))["name"] == name


@pytest.mark.parametrize("name", entry_points("runners"))
def test_a_runner_has_the_name_of_its_format(name: str) -> None:
    assert entry_points("runners")[name] == f"mlconvert_plugins.{name}_runner:{camel(name)}Runner"
    assert name in entry_points("formats")
