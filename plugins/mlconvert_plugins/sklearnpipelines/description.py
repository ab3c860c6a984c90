"""What a saved estimator says of itself without being loaded: the scikit-learn that wrote it, and its steps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlconvert_plugins.sklearntrees.opening import SKOPS, content, flavour_of

# What is looked at: classes and versions stand between arrays of any size.
_MOST = 2**28
# In a pickle a class is two texts, of its module (or a place in the memo, where that stood before) and its name, then
# the opcode STACK_GLOBAL; an older one has both on lines of their own. The version is the text after its key.
_PICKLED = (
    re.compile(rb"\x8c[\s\S]([A-Z]\w+)\x94?\x93|c(?:sklearn|lightgbm|xgboost)[\w.]*\n([A-Z]\w+)\n"),
    re.compile(rb"_sklearn_version(?:\x94|q.)?(?:\x8c.|X[\s\S]{4})(\d[\w.]*)"),
)
_ARCHIVED = (
    re.compile(rb'"__class__": "([A-Z]\w+)",\s*"__module__": "(?:sklearn|lightgbm|xgboost)[.\w]*()"'),
    re.compile(rb'"_sklearn_version": \{[^{}]*"content": "\\"(\d[\w.]*)'),
)
# Arrays and generators, which are no steps.
_LEFT_OUT = {"NumpyArrayWrapper", "RandomState", "MT19937", "Generator", "SeedSequence"}


def describe(path: Path) -> dict[str, Any]:
    """`scikit_learn`, the version that wrote it, and `classes`, the steps and what they hold in the file's order."""
    classes, version = _ARCHIVED if flavour_of(path) == SKOPS else _PICKLED
    told = content(path, _MOST)
    names = (found[1] or found[2] for found in classes.finditer(told))
    written = version.search(told)
    found: dict[str, Any] = {"scikit_learn": written[1].decode()} if written else {}
    return {**found, "classes": [name for name in dict.fromkeys(map(bytes.decode, names)) if name not in _LEFT_OUT]}
