from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconvert_plugins.javajar import manifest

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=70).filter(lambda name: name[0] != "-")
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_was_written_is_read(attributes: dict[str, str]) -> None:
    content = manifest.write(attributes)
    assert max(map(len, content.split(b"\r\n"))) <= 72
    assert manifest.read(content) == {"Manifest-Version": "1.0", **attributes}


@pytest.mark.parametrize("content", [b"evil", b"\xff\xfe: a", b"a:b"])
def test_what_is_no_manifest(content: bytes) -> None:
    with pytest.raises(ValueError):
        manifest.read(content)
