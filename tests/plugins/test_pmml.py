from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest

import pmml_documents as pmml
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.signature import Column, Signature, Tensor
from mlconvert.testing import check_format
from mlconvert_plugins.pmml import Pmml
from mlconvert_plugins.pmmlfile import outline, signatures
from pmml_documents import CITY, CLASSES, NUMBERS, document, members, node, simple, tree

DATA = Path(__file__).resolve().parents[1] / "data" / "pmml"
PLAIN = document(tree(node("<True/>", score=1)))


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "m.pmml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_contract() -> None:
    check_format(Pmml(), DATA / "lgb_bin.pmml")


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("UTF-8", "UTF-16").encode("utf-16"),
        PLAIN.replace("UTF-8", "UTF-16").encode("utf-16-be"),
        b"\n<!-- <NotIt/> -->\n<?style sheet?>\n" + PLAIN.partition("\n")[2].encode(),
        b'<p:PMML xmlns:p="http://www.dmg.org/PMML-4_2" version="4.2"/>',
        b'<!DOCTYPE PMML><PMML version="4.4"/>',
    ],
)
def test_sniff(content: bytes, tmp_path: Path) -> None:
    assert Pmml().sniff(written(tmp_path, content)) == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"PMML", b"<html><PMML/></html>", b"<PMMLX/>", b"<!-- " + PLAIN.encode(), b"\x89PNG\r\n<PMML>", b"<"],
)
def test_sniff_of_others(content: bytes, tmp_path: Path) -> None:
    assert Pmml().sniff(written(tmp_path, content)) is None
    assert Pmml().sniff(tmp_path) is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    content = PLAIN.replace("UTF-8", encoding.removesuffix("-sig")).replace('"x"', '"größe"')
    found = outline.read(written(tmp_path, content.encode(encoding)))
    assert found.active == ["größe", "z", "city"]


# --- signatures ------------------------------------------------------------------------------------------


def signature_of(folder: Path, content: str) -> Signature:
    return signatures.of(outline.read(written(folder, content)))


def test_the_signature_is_the_documents_own(tmp_path: Path) -> None:
    fields = (
        NUMBERS
        + CITY
        + '<DataField name="b" optype="categorical" dataType="boolean"/>'
        + '<DataField name="k" optype="categorical" dataType="integer"><Value value="3"/><Value value="1"/></DataField>'
        + '<DataField name="free" optype="categorical" dataType="integer"/>'
        + '<DataField name="note" optype="categorical" dataType="string"/>'
        + '<DataField name="unused" optype="continuous" dataType="double"/>'
    )
    own = pmml.schema("z", "x", "city", "b", "k", "free", "note")
    found = signature_of(tmp_path, document(tree(node("<True/>", score=1), own=own), fields=fields))
    assert found.columns == (
        Column("z", "numeric"),
        Column("x", "numeric"),
        Column("city", "categorical", ("Bern", "New <York>", "Ülm")),
        Column("b", "boolean"),
        Column("k", "categorical", (3, 1)),
        Column("free", "categorical"),
        Column("note", "text"),
    )
    assert found.inputs == (Tensor("x", "float64", ("n", 6)), Tensor("note", "string", ("n",)))
    assert found.outputs == (Tensor("prediction", "float64", ("n", 1)),)


@pytest.mark.parametrize(
    ("kind", "texts", "labels"),
    [
        ("integer", ("0", "1"), (0, 1)),
        ("double", ("1.5", "-2"), (1.5, -2.0)),
        ("boolean", ("true", "false"), (True, False)),
        ("string", ("a b", "<&>"), ("a b", "<&>")),
        ("integer", ("x", "1"), ("x", "1")),
    ],
)
def test_labels_have_the_targets_type(
    kind: str, texts: tuple[str, ...], labels: tuple[object, ...], tmp_path: Path
) -> None:
    values = "".join(f"<Value value={quoteattr(text)}/>" for text in texts)
    target = f'<DataField name="y" optype="categorical" dataType="{kind}">{values}</DataField>'
    model = pmml.segments("average", tree(node("<True/>", score=1)), function="classification")
    found = signature_of(tmp_path, document(model, target=target))
    assert found.labels == labels
    assert [tensor.name for tensor in found.outputs] == ["probability", "label"]


def test_a_tree_alone_promises_no_probabilities(tmp_path: Path) -> None:
    """JPMML then answers with the class alone."""
    model = tree(node("<True/>", score="no"), function="classification")
    assert [tensor.name for tensor in signature_of(tmp_path, document(model, target=CLASSES)).outputs] == ["label"]


def test_outputs_of_a_chain_are_those_of_its_last_model() -> None:
    found = outline.read(DATA / "xgb_multi.pmml")
    assert found.chained
    assert found.probabilities == {"0": "probability(0)", "1": "probability(1)", "2": "probability(2)"}
    assert signatures.of(found).labels == (0, 1, 2)


# --- describe and doctor ---------------------------------------------------------------------------------


def test_describe() -> None:
    found = Pmml().describe(DATA / "lgb_bin.pmml")
    assert found["model"] == "MiningModel"
    assert found["function"] == "classification"
    assert (found["trees"], found["segments"], found["nodes"]) == (4, 6, 24)
    assert found["generator"].startswith("JPMML-LightGBM")
    assert found["treatments"] == {"invalid asIs": 3, "invalid asMissing": 1}
    json.dumps(found)


def test_names_are_made_safe_for_terminals(tmp_path: Path) -> None:
    content = PLAIN.replace('"x"', '"\u202ex"').replace(
        "<Header/>", '<Header><Application name="\u202egood"/></Header>'
    )
    found = Pmml().describe(written(tmp_path, content))
    assert "\u202e" not in json.dumps(found, ensure_ascii=False)


def test_it_loads_where_jpmml_is() -> None:
    found = Pmml().loads_on(DATA / "lgb_bin.pmml", Host.here())
    assert found.answer in ("yes", "unknown")
    assert "JPMML" in found.reason


# --- probes ----------------------------------------------------------------------------------------------


def test_probes_of_a_forest_reach_its_leaves() -> None:
    probes = list(Pmml().probes(pmml.opened(DATA / "lgb_bin.pmml"), 0) or ())
    assert probes[-1].facts == {"leaves": "24 of 24 reached"}
    codes = np.concatenate([probe.inputs["x"][:, 3] for probe in probes])
    assert np.isnan(codes).any()
    assert (codes[~np.isnan(codes)] % 1 == 0).all()
    assert (codes > 5).any(), "unseen categories are missing ones there"


def test_probes_stay_within_what_is_valid(tmp_path: Path) -> None:
    bounded = (
        '<DataField name="x" optype="continuous" dataType="double">'
        '<Interval closure="openClosed" leftMargin="0" rightMargin="1"/></DataField>'
    )
    whole = '<DataField name="k" optype="continuous" dataType="integer"/>'
    nodes = node(
        "<True/>",
        node(simple("x", "lessThan", 0.5), score=1)
        + node(members("city", "Bern"), score=2)
        + node(simple("k", "lessThan", 3), score=3),
        score=0,
    )
    model = tree(nodes, 'noTrueChildStrategy="returnLastPrediction"', pmml.schema("x", "city", "k"))
    artifact = pmml.opened(written(tmp_path, document(model, fields=bounded + CITY + whole)))
    x = np.concatenate([probe.inputs["x"] for probe in Pmml().probes(artifact, 0) or ()])
    numbers, city, k = (column[~np.isnan(column)] for column in x.T)
    assert ((numbers > 0) & (numbers <= 1)).all()
    assert set(city) == {0.0, 1.0, 2.0}
    assert (k % 1 == 0).all()


def test_other_documents_are_left_to_their_source_or_drawn_from(tmp_path: Path) -> None:
    """Of what is no forest the source knows better; where there is none, the document's constants have to do."""
    fields = NUMBERS + CITY + '<DataField name="note" optype="categorical" dataType="string"/>'
    own = pmml.schema("x", "z", "city", "note", x='missingValueReplacement="7.25"')
    model = (
        f'<RegressionModel functionName="regression">{own}<RegressionTable intercept="0">'
        '<NumericPredictor name="x" coefficient="2"/><CategoricalPredictor name="city" value="Bern" coefficient="1"/>'
        "</RegressionTable></RegressionModel>"
    )
    path = written(tmp_path, document(model, fields=fields))
    artifact = pmml.opened(path)
    assert Pmml().probes(artifact, 0) is None
    probes, again = (list(Pmml().draws(artifact, 0)) for _ in range(2))
    assert [len(probe.inputs["x"]) for probe in probes] == [1, 64, 64, 64]
    for probe, other in zip(probes, again, strict=True):
        np.testing.assert_array_equal(probe.inputs["x"], other.inputs["x"])
        assert probe.inputs["note"].dtype == object
    x = np.concatenate([probe.inputs["x"] for probe in probes])
    assert np.isnan(x[:, 0]).any()
    assert not np.isnan(x[:, 1:]).any()
    assert (x[:, 0] == 7.25).any()
    assert set(x[:, 2]) == {0.0, 1.0, 2.0}


# --- files that are broken or hostile ---------------------------------------------------------------------

BOMB = "".join(f'<!ENTITY a{number} "{f"&a{number - 1};" * 10 if number else "ha"}">' for number in range(10))
PASSWORDS = '"file:///etc/passwd"'


def declaring(declared: str, entity: str = "") -> str:
    """The plain document with a DOCTYPE, and an entity in its header."""
    return f"<!DOCTYPE PMML {declared}>" + headed(f"<Header>{entity}</Header>").partition("\n")[2]


def headed(header: str) -> str:
    return PLAIN.replace("<Header/>", header)


HOSTILE = {
    "billion laughs": (declaring(f"[{BOMB}]", "&a9;"), "unsafe-xml"),
    "external entity": (declaring(f"[<!ENTITY outside SYSTEM {PASSWORDS}>]", "&outside;"), "unsafe-xml"),
    "external DTD": (declaring('SYSTEM "http://127.0.0.1:9/pmml.dtd"'), "unsafe-xml"),
    "parameter entity": (declaring(f"[<!ENTITY % p SYSTEM {PASSWORDS}> %p;]"), "unsafe-xml"),
    "nesting": (headed("<Header>" + "<a>" * 100_000), "too-nested"),
    "an attribute without end": (headed('<Header copyright="' + "x" * 3_000_000), "too-large"),
    "a comment without end": (headed("<!-- " + "x" * 3_000_000), "too-large"),
    "truncated": (PLAIN[:-30], "bad-pmml"),
    "two roots": (PLAIN + "<PMML/>", "bad-pmml"),
    "an unknown entity": (headed("<Header>&nbsp;</Header>"), "bad-pmml"),
    "an unknown encoding": (PLAIN.replace("UTF-8", "klingon"), "bad-pmml"),
    "bytes of another encoding": (PLAIN.replace("UTF-8", "ascii").replace('"x"', '"é"'), "bad-pmml"),
    "wrong namespace": (PLAIN.replace("www.dmg.org/PMML-4_4", "example.org/PMML-4_4"), "not-pmml"),
    "no namespace": (PLAIN.replace(' xmlns="http://www.dmg.org/PMML-4_4"', ""), "not-pmml"),
    "version 3.2": (PLAIN.replace("PMML-4_4", "PMML-3_2"), "unknown-version"),
    "version 5": (PLAIN.replace('version="4.4"', 'version="5.0"'), "unknown-version"),
    "no model": (document(""), "no-model"),
    "two models": (document(tree(node("<True/>", score=1)) * 2), "several-models"),
    "a field twice": (document("", fields=NUMBERS + NUMBERS), "bad-pmml"),
    "no such field": (document(tree(node("<True/>", score=1)), fields=NUMBERS), "bad-pmml"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str, tmp_path: Path) -> None:
    """One clear line for each, and soon."""
    content, code = HOSTILE[name]
    path = written(tmp_path, content)
    assert Pmml().sniff(path) == ""
    assert Pmml().executes(path, None) is None
    with pytest.raises(ConversionError) as caught:
        Pmml().signature(Artifact(path, "pmml"))
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 320


@pytest.mark.parametrize("version", ["4.0", "4.1", "4.2", "4.2.1", "4.3", "4.4", "4.4.1"])
def test_versions(version: str, tmp_path: Path) -> None:
    space = "_".join(version.split(".")[:2])
    content = PLAIN.replace("PMML-4_4", f"PMML-{space}").replace('version="4.4"', f'version="{version}"')
    assert outline.read(written(tmp_path, content)).version == version


def test_a_document_of_two_gigabytes_of_nesting_costs_nothing(tmp_path: Path) -> None:
    """It is given up where it is too deep, long before its end."""
    path = written(tmp_path, PLAIN.partition("<Header/>")[0] + "<a>" * 2**20)
    with path.open("r+b") as stream:
        stream.truncate(2**31)
    with pytest.raises(ConversionError) as caught:
        outline.read(path)
    assert caught.value.code == "too-nested"
    with path.open("r+b") as stream:
        stream.truncate(2**33)
    with pytest.raises(ConversionError) as caught:
        outline.read(path)
    assert caught.value.code == "too-large"
