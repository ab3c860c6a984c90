"""The pages of documentation tell the truth: links lead somewhere, and the worked example is run as it stands."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from architecture import REPOSITORY
from documents import blocks, run

EXAMPLE = REPOSITORY / "docs" / "writing-a-stage.md"
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_support_table_is_what_is_registered() -> None:
    run(sys.executable, "docs/support.py", "--check", cwd=REPOSITORY)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, installed: an installer would write the same entry points into the same place."""
    root = tmp_path_factory.mktemp("example")
    for block in blocks(EXAMPLE):
        if block.path:
            path = root / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    (root / "mlconvert_json" / "__init__.py").write_text('"""ONNX models as JSON, for mlconvert."""\n')
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = root / f"mlconvert_json-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return root


def installed(package: Path) -> dict[str, str]:
    """The environment in which Python, and mypy, find the package."""
    return {"PYTHONPATH": str(package), "MYPYPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_examples_own_tests_pass(package: Path) -> None:
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=package, **installed(package))


def test_the_examples_commands_run(package: Path, tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh()).eval()
    batch = torch.export.Dim("batch", min=1, max=32)
    program = torch.export.export(model, (torch.zeros(2, 4),), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "model.pt2")
    (commands,) = (block.text for block in blocks(EXAMPLE) if block.language == "bash")
    shown = run("bash", "-euc", commands, cwd=tmp_path, **installed(package))
    assert "onnxjson" in shown
    assert (tmp_path / "model.onnxjson").is_file()
    assert "torch2json" in run("mlconvert", "--help", cwd=tmp_path, **installed(package))


def test_the_example_keeps_the_house_rules(package: Path) -> None:
    settings = str(REPOSITORY / "pyproject.toml")
    run("ruff", "check", "--no-cache", "--config", settings, ".", cwd=package, **installed(package))
    run("ruff", "format", "--no-cache", "--config", settings, "--check", ".", cwd=package, **installed(package))
    run("mypy", "--config-file", settings, "-p", "mlconvert_json", cwd=REPOSITORY, **installed(package))
