"""Writes docs/support.md and the pages of operators from the registry, as `make docs` asks for.

`--check` only looks whether they are current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mlconvert import api, options, registry
from mlconvert.stage import Operator

PAGE = Path(__file__).with_name("support.md")


def pages() -> dict[Path, str]:
    """The graph, its formats, its stages and passes with their options; and the operators of stages, a page each."""
    graph = api.graph()
    found = {PAGE: _lines(graph)}
    for stage in graph["stages"]:
        operators = list(_plugin(stage).operators())
        if operators:
            found[_operators_page(stage["name"])] = _operator_lines(stage, operators)
    return {path: "\n".join(lines) + "\n" for path, lines in found.items()}


def _operators_page(stage: str) -> Path:
    return PAGE.with_suffix("") / f"{stage}.md"


def _operator_lines(stage: dict[str, Any], operators: list[Operator]) -> Iterator[str]:
    name = stage["name"]
    yield f"# The operators of {name}"
    yield ""
    yield "Written by `make docs` from what is registered; `mlconvert graph --ops` shows the same. Operators have"
    yield "versions, and a model's opset says which are meant."
    yield ""
    yield from _table(
        ("operator", "versions", "missing", "limits"),
        (
            (one.name, ", ".join(map(str, one.versions)), ", ".join(map(str, one.missing)), one.note)
            for one in operators
            if one.versions
        ),
    )
    yield ""
    yield "## Not supported"
    yield ""
    yield ", ".join(one.name for one in operators if not one.versions) + "."


def _lines(graph: dict[str, Any]) -> Iterator[str]:
    yield "# Support"
    yield ""
    yield "Written by `make docs` from what is registered; `mlconvert graph` says what is missing on your machine."
    yield ""
    yield "```mermaid"
    yield "flowchart LR"
    for stage in sorted(graph["stages"], key=lambda stage: stage["name"]):
        yield f'    {stage["source"]} -->|"{stage["name"]}"| {stage["target"]}'
    yield "```"
    yield ""
    yield "## Formats"
    yield ""
    names = {format["name"]: format for format in graph["formats"]}
    suffixes = {name: registry.load(registry.FORMATS, name).suffixes for name in names}
    yield from _table(
        ("format", "suffix", "flavours with their own", "runner"),
        (
            (
                name,
                f"`{format['suffix']}`",
                ", ".join(f"{flavour} `{suffix}`" for flavour, suffix in suffixes[name].items()),
                "yes" if format["runner"] else "no",
            )
            for name, format in names.items()
        ),
    )
    yield ""
    yield "## Stages and passes"
    for stage in graph["stages"]:
        yield ""
        yield f"### {stage['name']}"
        yield ""
        yield f"{stage['source']} → {stage['target']}. {stage['licence']}."
        if any(_plugin(stage).operators()):
            yield ""
            yield f"[Its operators](support/{stage['name']}.md)."
        fields = options.fields_of(_plugin(stage).Options)
        if fields:
            yield ""
            yield from _table(
                ("option", "default", "what it means"),
                ((_flag(field), _default(field), field.help.text) for field in fields),
            )


def _plugin(stage: dict[str, Any]) -> Any:
    return registry.load(registry.PASSES if stage["source"] == stage["target"] else registry.STAGES, stage["name"])


def _flag(field: options.Option) -> str:
    return f"`--{field.flag}`" if field.kind is bool else f"`--{field.flag} {field.metavar}`"


def _default(field: options.Option) -> str:
    if field.kind is bool:
        return f"on; `--no-{field.flag}`" if field.default else "off"
    return "" if field.default in (None, ()) else f"`{field.default}`"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(head)
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    for path, text in pages().items():
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is not what is registered; run `make docs`")
