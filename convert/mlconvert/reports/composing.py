"""From a document to what a report says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlconvert.reports import benchmark, validation
from mlconvert.reports.outline import Report


def report(document: Mapping[str, Any]) -> Report:
    """The report of a validation's or a benchmark's document."""
    return validation.report(document) if document["kind"] == "validation" else benchmark.report(document)
