from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest

import pmml_documents as pmml
from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature, Tensor
from mlconvert_plugins.jpmml.scoring import Scorer as Evaluator
from mlconvert_plugins.pmmlfile import outline, signatures
from mlconvert_plugins.pmmlfile.finishing import finish
from mlconvert_plugins.pmmlfile.verification import Golden, writable
from mlconvert_plugins.pmmltrees import forest
from mlconvert_plugins.trees.model import tabular
from mlconvert_plugins.trees.probing import few
from mlconvert_plugins.trees.score import Scorer
from pmml_documents import CITY, NUMBERS, document, node, simple, tree
from pmml_parity import MEMORY, one_jvm

DATA = Path(__file__).resolve().parents[2] / "data" / "pmml"


@pytest.fixture(scope="module", autouse=True)
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_jvm(tmp_path_factory.mktemp("held")):
        yield


def verify(path: Path, signature: Signature) -> None:
    """What any engine does with the rows. Raises ConversionError where one does not fit."""
    with Evaluator(path, signature, memory=MEMORY) as evaluator:
        evaluator.ask("verify", subject=evaluator.fields["subject"])


def finished(
    source: Path, folder: Path, wrong: float = 0.0, **given: object
) -> tuple[Path, Signature, dict[str, object]]:
    """A copy with the rows of its own forest, whose answers are `wrong` by that share."""
    path = folder / "m.pmml"
    shutil.copy(source, path)
    signature = pmml.opened(path).signature
    made = forest.read(path, signature)
    x = writable(few(made, 24, 0), made.columns)
    answers = Scorer(made).run(x)
    for name in {"probability", "prediction"} & answers.keys():
        answers[name] = answers[name] * (1 + wrong)
    golden = Golden({"x": x}, answers, made.sum == "float32")
    return path, signature, finish(path, signature, golden, folder / "..")


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("*.pmml")))
def test_the_evaluator_accepts_the_rows_and_notices_wrong_ones(name: str, tmp_path: Path) -> None:
    path, signature, facts = finished(DATA / f"{name}.pmml", tmp_path)
    assert facts["verification_rows"] == outline.read(path).verification_rows > 8
    verify(path, signature)
    path, _, _ = finished(DATA / f"{name}.pmml", tmp_path, 2e-5 if name.startswith("xgb") else 1e-11)
    with pytest.raises(ConversionError) as caught:
        verify(path, signature)
    assert "do not match" in caught.value.message


def test_a_wrong_label_is_noticed(tmp_path: Path) -> None:
    """Where the document gives no probabilities the class is what is held to."""
    children = node(simple("x", "lessThan", 0), pmml.SHARES.format(3, 1), score="no") + node(
        "<True/>", pmml.SHARES.format(1, 6), score="yes"
    )
    source = tmp_path / "source.pmml"
    source.write_text(document(tree(node("<True/>", children), function="classification"), target=pmml.CLASSES))
    signature = pmml.opened(source).signature
    x = np.array([[-1.0, 0.0, 0.0], [1.0, np.nan, 1.0]])
    for labels in (["no", "yes"], ["yes", "yes"]):
        path = tmp_path / "m.pmml"
        shutil.copy(source, path)
        finish(path, signature, Golden({"x": x}, {"label": np.array(labels, dtype=object)}), tmp_path)
        if labels[0] == "no":
            verify(path, signature)
        else:
            with pytest.raises(ConversionError):
                verify(path, signature)


ODD = ("a b", "a<b>&\"c'", "größe 日本", "1st", "-", "x:y", "data:c0", " ")


def test_columns_of_any_name(tmp_path: Path) -> None:
    """Cells are not called by the fields' names, which need not be names of elements."""
    fields = "".join(f'<DataField name={quoteattr(name)} optype="continuous" dataType="double"/>' for name in ODD)
    own = "".join(f"<MiningField name={quoteattr(name)}/>" for name in ODD)
    schema = f'<MiningSchema><MiningField name="y" usageType="target"/>{own}</MiningSchema>'
    children = "".join(
        f'<Node score="{number + 1}"><SimplePredicate field={quoteattr(name)} operator="lessThan" value="0"/></Node>'
        for number, name in enumerate(ODD)
    )
    model = tree(f'<Node score="0"><True/>{children}</Node>', 'noTrueChildStrategy="returnLastPrediction"', schema)
    source = tmp_path / "source.pmml"
    source.write_text(document(model, fields=fields), encoding="utf-8")
    path, signature, _ = finished(source, tmp_path)
    assert [column.name for column in signature.columns] == list(ODD)
    verify(path, signature)


def test_categories_texts_and_missing_values(tmp_path: Path) -> None:
    """Codes become their categories, NaN a cell that is left out, a text stays one."""
    fields = (
        NUMBERS.replace('"z" optype="continuous" dataType="double"', '"z" optype="continuous" dataType="integer"')
        + CITY
    )
    fields += '<DataField name="note" optype="categorical" dataType="string"/>'
    own = pmml.schema("x", "z", "city", "note")
    nodes = node(
        "<True/>",
        node(simple("city", "equal", "New &lt;York&gt;"), score=1)
        + node(simple("note", "equal", "a &amp; b"), score=2),
        score=0,
    )
    path = tmp_path / "m.pmml"
    path.write_text(document(tree(nodes, 'noTrueChildStrategy="returnLastPrediction"', own), fields=fields), "utf-8")
    signature = pmml.opened(path).signature
    x = np.array([[np.nan, 3.0, 1.0], [0.1, -2.0, np.nan], [0.0, 0.5, 0.0], [0.0, 1.0, 9.0], [np.inf, 1.0, 0.0]])
    notes = np.array(["a & b", "a & b", "", "", ""], dtype=object)
    golden = Golden({"x": x, "note": notes}, {"prediction": np.array([[1.0], [2.0], [0.0], [0.0], [0.0]])})
    facts = finish(path, signature, golden, tmp_path)
    assert facts == {"verification_rows": 2}, "a fraction, a code of nothing and an infinity have no text"
    verify(path, signature)
    rows = re.findall("<row>.*</row>", path.read_text(encoding="utf-8"))
    assert "<data:c2>New &lt;York&gt;</data:c2><data:c3>a &amp; b</data:c3>" in rows[0]
    assert "<data:c0>0.1</data:c0><data:c1>-2</data:c1><data:c3>" in rows[1]


def test_a_row_without_a_cell_is_left_out(tmp_path: Path) -> None:
    """Nothing is known of it, and what is expected is too small to be held."""
    shutil.copy(DATA / "skl_hgbr.pmml", path := tmp_path / "m.pmml")
    signature = pmml.opened(path).signature
    x = np.full((2, len(signature.columns)), np.nan)
    answers = {"prediction": np.array([[1.0], [1e-9]])}
    assert finish(path, signature, Golden({"x": x}, answers), tmp_path)["verification_rows"] == 1


def test_cells_that_parity_does_not_hold_are_left_out(tmp_path: Path) -> None:
    """1 - p has lost its places where p is near 1: neither is it verified to a share of itself."""
    shutil.copy(DATA / "skl_hgbr.pmml", path := tmp_path / "m.pmml")
    signature = pmml.opened(path).signature
    x = np.zeros((3, len(signature.columns)))
    answers = {"prediction": np.array([[1.0], [1e-9], [-2.0]])}
    finish(path, signature, Golden({"x": x}, answers), tmp_path)
    rows = re.findall("<row>.*</row>", path.read_text())
    assert [f"<data:c{len(signature.columns)}>" in row for row in rows] == [True, False, True]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """The header's time stamp goes, and nothing else does."""
    content = (DATA / "skl_ada.pmml").read_text()
    made = []
    for number, stamp in enumerate(("2026-01-01T00:00:00Z", "2031-12-24T18:00:00Z")):
        folder = tmp_path / str(number) / "m"
        folder.mkdir(parents=True)
        path = folder / "m.pmml"
        path.write_text(content.replace("</Header>", f"\t<Timestamp>{stamp}</Timestamp>\n\t</Header>"))
        finish(path, pmml.opened(path).signature, None, folder.parent)
        made.append(path.read_bytes())
        assert not list(folder.parent.glob("*.pmml"))
    assert made[0] == made[1]
    assert b"Timestamp" not in made[0]
    assert made[0].decode().split() == content.split()


@pytest.mark.parametrize("stamp", ["<Timestamp/>", "<Timestamp></Timestamp>", '<Timestamp\n a="b>c">x</Timestamp  >'])
def test_time_stamps_of_any_form(stamp: str, tmp_path: Path) -> None:
    path = tmp_path / "m.pmml"
    plain = document(tree(node("<True/>", score=1)))
    path.write_text(plain.replace("<Header/>", f"<Header>{stamp}</Header>"))
    finish(path, pmml.opened(path).signature, None, tmp_path)
    assert path.read_text() == plain.replace("<Header/>", "<Header></Header>")


def test_a_document_that_has_rows_or_another_encoding_is_refused(tmp_path: Path) -> None:
    path, signature, _ = finished(DATA / "skl_hgbr.pmml", tmp_path)
    with pytest.raises(ConversionError) as caught:
        finish(path, signature, None, tmp_path)
    assert caught.value.where == "ModelVerification"
    content = document(tree(node("<True/>", score=1))).replace("UTF-8", "ISO-8859-1")
    path.write_text(content.replace('"x"', '"é"'), "latin-1")
    golden = Golden({"x": np.zeros((1, 3))}, {"prediction": np.ones((1, 1))})
    with pytest.raises(ConversionError) as caught:
        finish(path, pmml.opened(path).signature, golden, tmp_path)
    assert "UTF-8" in caught.value.message


def test_a_document_without_a_target_or_with_fields_of_its_own_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pmml"
    path.write_text(document(tree(node("<True/>", score=1), own=pmml.schema(target=""))))
    signature = signatures.of(outline.read(path))
    golden = Golden({"x": np.zeros((1, 3))}, {"prediction": np.ones((1, 1))})
    with pytest.raises(ConversionError) as caught:
        finish(path, signature, golden, tmp_path)
    assert caught.value.code == "no-target"
    path.write_text(document(tree(node("<True/>", score=1))))
    other = tabular((Column("else", "numeric"),), 1, ())
    with pytest.raises(ConversionError) as caught:
        finish(path, replace(other, inputs=(Tensor("x", "float64", ("n", 1)),)), golden, tmp_path)
    assert caught.value.code == "unknown-field"
