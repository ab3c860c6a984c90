"""The class that a document becomes is called by its file, whatever that is called."""

from __future__ import annotations

import pytest

from mlconvert_plugins.javajar import relocation
from mlconvert_plugins.jpmmljar.naming import class_name


@pytest.mark.parametrize(
    ("stem", "package", "expected"),
    [
        ("churn", None, "churn.Model"),
        ("Churn-Model v2.1", None, "churn_model_v2_1.Model"),
        ("2024", None, "_2024.Model"),
        ("class", None, "class_.Model"),
        ("java", None, "java_.Model"),
        ("日本", None, "model.Model"),
        ("..", None, "model.Model"),
        ("churn", "com.acme.churn", "com.acme.churn.Model"),
    ],
)
def test_names(stem: str, package: str | None, expected: str) -> None:
    assert class_name(stem, package) == expected
    relocation.package(expected.rpartition(".")[0])
