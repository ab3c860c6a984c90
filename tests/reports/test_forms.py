"""The published schemas, and documents from elsewhere held against them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evidence_documents import DOCUMENTS
from mlconvert.errors import ConversionError
from mlconvert.reports import forms


@pytest.mark.parametrize("kind", forms.KINDS)
def test_a_schema_is_one_and_describes_every_key(kind: str) -> None:
    schema = forms.schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:mlconvert:schema:{kind}:1"
    assert list(_undescribed(schema, schema, "")) == []


@pytest.mark.parametrize("kind", forms.KINDS)
def test_a_schema_says_nothing_twice(kind: str) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    json.loads(forms.path_of(kind).read_text(encoding="utf-8"), object_pairs_hook=once)


def _undescribed(schema: Mapping[str, Any], part: Any, where: str) -> Iterator[str]:
    """The properties that are described neither where they stand nor by what they refer to."""
    if isinstance(part, list):
        for item in part:
            yield from _undescribed(schema, item, where)
    if not isinstance(part, dict):
        return
    for name, value in part.get("properties", {}).items():
        target = schema["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else {}
        plain = name in ("status", "batch", "threads", "clients") or where == "/not_finite"
        if not plain and "description" not in value and "description" not in target:
            yield f"{where}/{name}"
    for name, value in part.items():
        inner = value.items() if name in ("properties", "$defs") and isinstance(value, dict) else [(name, value)]
        for key, one in inner:
            yield from _undescribed(schema, one, f"/{key}")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_their_form(name: str) -> None:
    forms.check(DOCUMENTS[name], DOCUMENTS[name]["kind"], name)


def broken(name: str, *path: Any, value: Any = None, drop: bool = False) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENTS[name])
    part = document
    for key in path[:-1]:
        part = part[key]
    if drop:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [
        ([], "validation", "f.json is no validation of mlconvert: it is something else"),
        ({"kind": "benchmark"}, "validation", "f.json is no validation of mlconvert: it is a benchmark"),
        (broken("bench", "schema", value=2), "benchmark", "f.json has schema 2, and 1 is the newest known here"),
        (
            broken("failed", "artifacts", 0, "check", "outputs", 1, "max_abs", value="much"),
            "validation",
            "f.json is no whole validation: $.artifacts[0].check.outputs[1].max_abs: 'much' is not of type",
        ),
        (
            broken("bench", "cells", 3, "ratio", drop=True),
            "benchmark",
            "f.json is no whole benchmark: $.cells[3]: 'ratio' is a required property",
        ),
        (
            broken("bench", "status", value="\x1b[2J"),
            "benchmark",
            "f.json is no whole benchmark: $.status: '\\x1b[2J' is",
        ),
    ],
)
def test_what_is_no_such_document_is_refused_in_a_line(tmp_path: Path, document: Any, kind: str, message: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ConversionError) as caught:
        forms.read(path, kind)
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    for content in (b"{", b"\xff\xfe\x00", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(ConversionError, match=r"f.json is no JSON: "):
            forms.read(path, "validation")
    with pytest.raises(ConversionError, match=r"g.json cannot be read: No such file"):
        forms.read(tmp_path / "g.json", "validation")


def test_the_schemas_stand_in_the_package() -> None:
    import importlib.resources

    folder = importlib.resources.files("mlconvert.reports") / "schema"
    assert {path.name for path in folder.iterdir()} == {f"{kind}-1.schema.json" for kind in forms.KINDS}
