from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import jars
from lightgbm_models import Case
from mlconvert_plugins.javajar.packing import pack
from mlconvert_plugins.trees import layout

CONTENTS = st.binary(max_size=300) | st.integers(0, 70_000).map(lambda size: b"ab" * size)


@given(st.dictionaries(st.text("abc/", min_size=1), CONTENTS, max_size=4), st.data())
def test_what_was_packed_is_unpacked(members: dict[str, bytes], data: st.DataObject) -> None:
    """Wherever the contents are cut."""
    cuts = {
        name: sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=4))) for name, content in members.items()
    }
    with zipfile.ZipFile(io.BytesIO(pack(members, cuts))) as archive:
        assert archive.namelist() == list(members)
        assert {name: archive.read(name) for name in members} == members
        assert {info.date_time for info in archive.infolist()} <= {(1980, 1, 1, 0, 0, 0)}
        assert not any(info.extra or info.comment for info in archive.infolist())


def test_planes_by_themselves_are_smaller() -> None:
    forest = layout.pack(jars.forest_of(Case("binary", extra="deep")))
    bounds = layout.planes(forest)
    assert bounds == sorted(bounds) and bounds[-1] == len(forest) - 4
    assert len(pack({"f": forest}, {"f": bounds})) < len(pack({"f": forest})) < len(forest)


def test_random_bits_grow_by_little() -> None:
    content = np.random.default_rng(0).bytes(200_000)
    assert len(pack({"f": content})) < len(content) + 200


def test_java_reads_it_as_a_table_and_as_a_stream(tmp_path: Path) -> None:
    made = jars.make(jars.forest_of(Case("multiclass", extra="deep")), tmp_path / "m.jar")
    assert jars.java("-jar", made, "--self-test").returncode == 0
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert zlib.crc32(archive.read("META-INF/mlconvert/models")) == archive.infolist()[2].CRC
