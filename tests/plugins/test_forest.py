from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lightgbm_models as models
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert_plugins.forest import Forest as ForestFormat
from mlconvert_plugins.lightgbmtext import forest, sections
from mlconvert_plugins.trees import layout, probing
from mlconvert_plugins.trees.assembly import SplitList
from mlconvert_plugins.trees.model import Decision, Forest, Link
from mlconvert_plugins.trees.score import Scorer

NAN = float("nan")


@pytest.fixture(scope="module")
def made() -> Forest:
    case = Case("multiclass", categories="many", linear=True)
    return forest.read(sections.split(models.train(case).model_to_string().encode()))


def stump(decision: Decision, threshold: float = NAN, members: bytes | None = None, **given: Any) -> Forest:
    """One node: 1.0 on the left, 2.0 on the right."""
    splits = SplitList([0], [0], [0], [threshold], {} if members is None else {0: members})
    nodes, tables = splits.tables(1)
    made = Forest(
        columns=(Column("c", "numeric"),),
        outputs=1,
        decisions=(decision,),
        tree_leaves=np.array([2]),
        tree_output=np.array([0]),
        nodes=nodes,
        tables=tables,
        leaf_value=np.array([[1.0], [2.0]]),
        base=np.zeros(1),
    )
    return layout.unpack(layout.pack(replace(made, **given)))


def sides(made: Forest, *values: float) -> list[float]:
    return Scorer(made).margins(np.array(values)[:, None])[:, 0].tolist()


# --- arithmetic ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "default", "expected"),
    [
        ("none", "left", [1, 2, 1, 1]),
        ("nan", "left", [1, 2, 1, 1]),
        ("nan", "right", [1, 2, 2, 1]),
        ("zero", "right", [1, 2, 2, 2]),
        ("zero", "left", [1, 2, 1, 1]),
    ],
)
def test_comparisons(missing: str, default: str, expected: list[float]) -> None:
    made = stump(Decision("<=", default, missing), 0.5)
    assert sides(made, 0.5, np.nextafter(0.5, 1), NAN, 0.0) == expected


@pytest.mark.parametrize(
    ("codes", "members", "default", "expected"),
    [
        ("truncate", "left", "right", [1, 2, 1, 1, 2, 2, 2, 2, 2]),
        ("floor", "left", "left", [1, 2, 1, 2, 2, 2, 2, 2, 1]),
        ("truncate", "right", "left", [2, 1, 2, 2, 1, 1, 1, 1, 1]),
    ],
)
def test_membership(codes: str, members: str, default: str, expected: list[float]) -> None:
    made = stump(Decision("in", default, codes=codes, members=members), members=struct.pack("<2I", 0b101, 1))
    assert sides(made, 0.0, 1.0, 32.9, -0.5, -1.0, 64.0, 2.0**31, float("inf"), NAN) == expected


def test_values_are_read_before_they_are_compared() -> None:
    third = float(np.float32(1 / 3))
    narrow = stump(Decision("<=", "left", "nan"), third, read="float32")
    beyond = third + 2.0**-27  # rounds down to the threshold
    assert sides(narrow, third, beyond, 1e300, -1e300) == [1, 1, 2, 1]
    assert sides(replace(narrow, read="float64"), beyond) == [2]
    snapped = stump(Decision("<=", "left", "none"), -1e-40, zero=1e-35)
    assert sides(snapped, -1e-36, -1e-34) == [2, 1]


@pytest.mark.parametrize(
    ("link", "margin", "expected"),
    [
        (Link("identity"), [3.0], [3.0]),
        (Link("sigmoid", 2.0), [0.5], [1 / (1 + np.exp(-1.0))]),
        (Link("exp"), [2.0], [np.exp(2.0)]),
        (Link("softplus"), [-40.0], [np.exp(-40.0)]),
        (Link("square"), [-3.0], [-9.0]),
        (Link("softmax"), [1000.0, 1000.0], [0.5, 0.5]),
        (Link("softmax", 0.5), [2.0, 0.0], [1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(1.0))]),
        (Link("step"), [0.1, 0.0], [1.0, 0.0]),
        (Link("isolation", offset=-0.25), [3.0], [-0.125 + 0.25]),
    ],
)
def test_links(link: Link, margin: list[float], expected: list[float]) -> None:
    from mlconvert_plugins.trees.score import linked

    made = stump(Decision("<=", "left", "none"), 0.0)
    outputs = linked(replace(made, link=link, outputs=len(margin)), np.array([margin]))
    np.testing.assert_allclose(outputs[0], expected, rtol=1e-15)


def test_the_divisor_comes_before_the_link() -> None:
    for divisor in (4, 2.5):
        made = stump(Decision("<=", "left", "none"), 0.0, divisor=divisor, link=Link("exp"))
        answer = Scorer(layout.unpack(layout.pack(made))).run(np.ones((1, 1)))
        assert (answer["margin"].item(), answer["prediction"].item()) == (2.0, np.exp(2 / divisor))


def test_the_divisor_comes_before_the_label() -> None:
    """Two margins that are next to each other, and one share."""
    margins = 1.9 + 2.0**-52 * np.array([[1, 2]])
    made = replace(stump(Decision("<=", "left", "none"), 0.0), outputs=2, width=2, labels=("a", "b"), label="margin")
    made = replace(made, leaf_value=np.repeat(margins, 2, axis=0), base=np.zeros(2), tree_output=np.zeros(1, int))
    for divisor, label in ((1, "b"), (1.5, "a")):
        assert Scorer(replace(made, divisor=divisor)).run(np.ones((1, 1)))["label"].tolist() == [label]


def test_the_base_is_first_or_last() -> None:
    big = {"base": np.array([1e16])}
    start = stump(Decision("<=", "left", "none"), 0.0, **big)
    assert sides(replace(start, leaf_value=np.ones((2, 1))), 0.0) == [1e16]
    assert sides(replace(start, base_at="end", sum="float32"), 0.0) == [float(np.float32(1e16))]


# --- the file ------------------------------------------------------------------------------------------


def test_it_comes_back_as_it_was(made: Forest) -> None:
    content = layout.pack(made)
    again = layout.unpack(content)
    assert layout.pack(again) == content
    assert (again.columns, again.decisions, again.labels, again.link) == (
        made.columns,
        made.decisions,
        made.labels,
        made.link,
    )
    x = models.rows(Case(categories="many"), np.random.default_rng(0))
    np.testing.assert_array_equal(Scorer(again).margins(x), Scorer(made).margins(x))


def test_it_is_small() -> None:
    """8 bytes a leaf and a threshold, three a node, and the header: what deflate takes off comes on top."""
    data = models.train(Case("regression", missing="none"))
    made = forest.read(sections.split(data.model_to_string().encode()))
    content = layout.pack(made)
    leaves, nodes = len(made.leaf_value), len(made.nodes.column)
    header = struct.unpack_from("<I", content, 12)[0]
    assert len(content) <= 8 * (leaves + len(made.tables.threshold)) + 4 * nodes + 10 * made.trees + 100 + header


def test_every_flipped_bit_is_seen(made: Forest) -> None:
    content = layout.pack(made)
    generator = np.random.default_rng(0)
    for place in generator.integers(0, len(content), 300).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(generator.integers(8))
        with pytest.raises(ConversionError) as caught:
            layout.unpack(bytes(damaged))
        assert caught.value.code == "bad-forest"


def sealed(body: bytes) -> bytes:
    return body + struct.pack("<I", zlib.crc32(body))


def test_a_hostile_file_with_a_fitting_checksum_is_refused_or_sound(made: Forest) -> None:
    body = layout.pack(made)[:-4]
    x = models.rows(Case(categories="many"), np.random.default_rng(0))[:8]
    generator = np.random.default_rng(1)
    refused = 0
    for place in generator.integers(0, len(body), 1500).tolist():
        damaged = bytearray(body)
        damaged[place] = int(generator.integers(256))
        try:
            sound = layout.unpack(sealed(bytes(damaged)))
        except ConversionError as error:
            assert error.code == "bad-forest"
            refused += 1
        else:
            Scorer(sound).run(np.resize(x, (8, len(sound.columns))))
    assert refused > 300


@pytest.mark.parametrize("length", [0, 7, 8, 15, 16, 19, 100, -1, -5])
def test_a_cut_file_is_refused(made: Forest, length: int) -> None:
    content = layout.pack(made)
    for cut in (content[:length], sealed(content[:length])):
        with pytest.raises(ConversionError, match="broken"):
            layout.unpack(cut)


def with_header(made: Forest, change: Callable[[dict[str, Any]], None]) -> bytes:
    content = layout.pack(made)
    length = struct.unpack_from("<I", content, 12)[0]
    entry = json.loads(content[16 : 16 + length])
    change(entry)
    text = json.dumps(entry).encode()
    return sealed(content[:12] + struct.pack("<I", len(text)) + text + content[16 + length : -4])


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(colour="red"),
        lambda entry: entry.pop("zero"),
        lambda entry: entry.update(outputs=True),
        lambda entry: entry.update(outputs=2),
        lambda entry: entry.update(width=2),
        lambda entry: entry.update(divisor=0),
        lambda entry: entry.update(divisor=10**400),
        lambda entry: entry.update(divisor=True),
        lambda entry: entry.update(link={"name": "isolation"}),
        lambda entry: entry.update(link={"name": "softmax", "offset": 0.5}),
        lambda entry: entry.update(zero=-1),
        lambda entry: entry.update(read="float16"),
        lambda entry: entry.update(link={"name": "probit"}),
        lambda entry: entry.update(link={"name": "exp", "scale": 1.0}),
        lambda entry: entry.update(labels=["a", "a", "b"]),
        lambda entry: entry.update(labels=["a"]),
        lambda entry: entry.update(labels=[None, 1, 2]),
        lambda entry: entry["columns"].pop(),
        lambda entry: entry["columns"][0].update(type="colour"),
        lambda entry: entry["columns"][0].update(unit="m"),
        lambda entry: entry["columns"][0].update(missing="seldom"),
        lambda entry: entry["decisions"].pop(),
        lambda entry: entry["decisions"][0].update(test="<"),
        lambda entry: entry["decisions"].append({"test": "in"}),
        lambda entry: entry["arrays"].reverse(),
        lambda entry: entry["arrays"].pop(),
        lambda entry: entry["arrays"][0].__setitem__(1, "u4"),
        lambda entry: entry["arrays"].append(["leaf_label", "u1", 0]),
        lambda entry: entry.update(leaf_label="listed"),
        lambda entry: entry.update(source=[]),
    ],
)
def test_a_header_that_says_something_else_is_refused(made: Forest, change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(ConversionError) as caught:
        layout.unpack(with_header(made, change))
    assert caught.value.code == "bad-forest"


def test_names_that_no_file_can_hold() -> None:
    made = stump(Decision("<=", "left", "none"), 0.0)
    with pytest.raises(ConversionError) as caught:
        layout.pack(replace(made, columns=(Column("\ud800", "numeric"),)))
    assert caught.value.code == "bad-name"


# --- the format ----------------------------------------------------------------------------------------


def test_the_format_reads_what_the_layout_writes(made: Forest, tmp_path: Path) -> None:
    path = tmp_path / "m.forest"
    layout.write(made, path)
    known = ForestFormat()
    assert known.sniff(path) == ""
    assert known.signature(Artifact(path, "forest")) == made.signature()
    described = known.describe(path)
    assert (described["trees"], described["leaves"]) == (made.trees, len(made.leaf_value))
    json.dumps(described)
    path.write_bytes(b"tree\n")
    assert known.sniff(path) is None


# --- probes --------------------------------------------------------------------------------------------


def test_probes_reach_every_leaf_or_prove_it_dead() -> None:
    """The right child's left child asks for what its parent has excluded."""
    splits = SplitList([0, 1, 2], [0, 0, 0], [0, 0, 0], [1.0, 0.5, 2.0], {})
    nodes, tables = splits.tables(1)
    made = replace(
        stump(Decision("<=", "left", "nan"), 1.0),
        tree_leaves=np.array([4]),
        nodes=nodes,
        tables=tables,
        leaf_value=np.arange(4.0)[:, None],
    )
    facts = [probe.facts["leaves"] for probe in probing.probes(made, 0)]
    assert facts[-1] == "3 of 4 reached, 1 proven dead"


@given(st.integers(0, 10**6))
def test_probes_are_the_seeds(seed: int) -> None:
    made = stump(Decision("<=", "left", "nan"), 1.0)
    one, other = (list(probing.probes(made, seed)) for _ in range(2))
    assert [probe.facts for probe in one] == [probe.facts for probe in other]
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left.inputs["x"], right.inputs["x"])


@pytest.mark.parametrize(("read", "zero"), [("float64", 0.0), ("float64", 1e-35), ("float32", 0.0)])
def test_probes_hold_the_thresholds_and_their_neighbours(read: str, zero: float) -> None:
    made = stump(Decision("<=", "left", "nan"), 0.1, read=read, zero=zero)
    tried = np.concatenate([probe.inputs["x"][:, 0] for probe in probing.probes(made, 0)])
    wanted = {0.1, np.nextafter(0.1, 0), np.nextafter(0.1, 1), float(np.float32(0.1)), 0.0}
    # What is infinite as a float32 is refused by the libraries that read it.
    assert wanted | ({float("inf"), -float("inf")} if read == "float64" else set()) <= set(tried.tolist())
    assert read == "float64" or not (np.abs(tried) > np.finfo(np.float32).max).any()
    assert np.isnan(tried).any()
    assert np.signbit(tried[tried == 0]).any()
