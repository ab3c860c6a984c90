from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pmml_documents as pmml
from converting import convert, validate
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.jpmml.scoring import Scorer as Evaluator
from mlconvert_plugins.pmml2forest import Pmml2Forest
from mlconvert_plugins.pmmlfile import outline, signatures
from mlconvert_plugins.pmmltrees import forest, probing, reading
from mlconvert_plugins.trees.model import tabular
from mlconvert_plugins.trees.score import Scorer
from pmml_documents import (
    CITY,
    CLASSES,
    NUMBERS,
    PROBABILITIES,
    SHARES,
    TARGET,
    compound,
    document,
    members,
    node,
    simple,
    tree,
)
from pmml_parity import MEMORY, compare, one_jvm, read

DATA = Path(__file__).resolve().parents[1] / "data" / "pmml"
LAST = 'noTrueChildStrategy="returnLastPrediction"'


@pytest.fixture(scope="module", autouse=True)
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_jvm(tmp_path_factory.mktemp("held")):
        yield


def written(folder: Path, model: str, **given: str) -> Path:
    path = folder / "m.pmml"
    path.write_text(document(model, **given), encoding="utf-8")
    return path


# --- what others write --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("*.pmml")))
def test_documents_of_converters(name: str) -> None:
    compare(DATA / f"{name}.pmml")


def test_sums_and_thresholds_are_the_evaluators_bits() -> None:
    """Where no mathematical function is in between, nothing is left to a tolerance."""
    path = DATA / "skl_hgbr.pmml"
    artifact = pmml.opened(path)
    probe = next(probe for probe in probing.probes(artifact, 1) if len(probe.inputs["x"]) > 1)
    with Evaluator(path, artifact.signature, memory=MEMORY) as evaluator:
        expected = evaluator.run(probe.inputs)["prediction"]
    np.testing.assert_array_equal(Scorer(read(path)).run(probe.inputs["x"])["prediction"], expected)


# --- what a document may say -----------------------------------------------------------------------------------

OPERATORS = (
    "equal",
    "notEqual",
    "lessThan",
    "lessOrEqual",
    "greaterThan",
    "greaterOrEqual",
    "isMissing",
    "isNotMissing",
)
TREES = {
    **{
        operator: node("<True/>", node(simple("x", operator, None if "Missing" in operator else 0.3), score=1), score=0)
        for operator in OPERATORS
    },
    "every child in turn": node(
        "<True/>",
        node(simple("x", "lessThan", -1), score=1)
        + node(simple("z", "greaterThan", 2), node(simple("x", "lessOrEqual", 5), score=6), score=2)
        + node(simple("x", "lessOrEqual", 1), score=3)
        + node(simple("city", "equal", "Bern"), score=4)
        + node(members("city", '"New &lt;York&gt;" Ülm'), score=5),
        score=0,
    ),
    "not in a set": node("<True/>", node(members("city", '"Bern"', "isNotIn"), score=1), score=0),
    "numbers in a set": node("<True/>", node(members("x", "1 2.5 -3", kind="real"), score=1), score=0),
    "surrogates": node(
        "<True/>",
        node(compound("surrogate", simple("x", "lessThan", 0), simple("z", "lessThan", 1), "<False/>"), score=1)
        + node(compound("surrogate", simple("x", "greaterOrEqual", 0), simple("z", "greaterOrEqual", 1)), score=2),
        score=0,
    ),
    "one column twice": node(
        "<True/>",
        node(compound("or", simple("x", "isMissing"), simple("x", "lessThan", -2)), score=1)
        + node(compound("and", simple("x", "greaterThan", 0), simple("x", "lessOrEqual", 1)), score=2)
        + node(compound("xor", simple("x", "lessOrEqual", 3), simple("x", "greaterThan", 2)), score=3),
        score=0,
    ),
    "several columns": node(
        "<True/>",
        node(compound("and", simple("x", "greaterThan", 0), simple("city", "equal", "Ülm")), score=1)
        + node(compound("or", simple("z", "lessThan", 0), simple("x", "greaterThan", 9)), score=2)
        + node(compound("xor", simple("z", "lessThan", 4), simple("x", "greaterThan", 3)), score=3),
        score=0,
    ),
    "a child that none reaches": node("<True/>", node("<False/>", score=1) + node("<True/>", score=2), score=0),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_predicates(name: str, tmp_path: Path) -> None:
    """Each under four rules for what is missing, and with a last prediction to fall back on."""
    made = [
        tree(TREES[name], f'{LAST} missingValueStrategy="{rule}"')
        for rule in ("none", "lastPrediction", "nullPrediction")
    ]
    compare(written(tmp_path, pmml.segments("sum", *made[:2])))
    try:
        compare(written(tmp_path, made[2]))
    except ConversionError as error:
        assert "no prediction" in error.message


def test_a_default_child_is_taken_whatever_its_predicate(tmp_path: Path) -> None:
    children = (
        node(simple("x", "lessThan", 0), score=1, id="a")
        + node(simple("x", "lessThan", 1), score=2, id="b")
        + node(simple("z", "lessThan", 1), score=3, id="c")
    )
    for default in "abc":
        nodes = node("<True/>", children, id="root", defaultChild=default, score=9)
        compare(written(tmp_path, tree(nodes, f'{LAST} missingValueStrategy="defaultChild"')))


@pytest.mark.parametrize(
    "attributes",
    [
        'missingValueReplacement="0.3"',
        'invalidValueTreatment="asMissing"',
        'invalidValueTreatment="asIs"',
        'invalidValueTreatment="asValue" invalidValueReplacement="0.3"',
        'invalidValueTreatment="asMissing" missingValueReplacement="-0.5"',
    ],
)
def test_treatments(attributes: str, tmp_path: Path) -> None:
    field = (
        '<DataField name="x" optype="continuous" dataType="double">'
        '<Interval closure="openClosed" leftMargin="-2" rightMargin="2"/>'
        '<Value value="-1" property="missing"/></DataField>'
    )
    nodes = node(
        "<True/>", node(simple("x", "lessThan", 0), score=1) + node(simple("x", "lessThan", 1), score=2), score=0
    )
    model = tree(nodes, LAST, pmml.schema("x", x=attributes))
    compare(written(tmp_path, model, fields=field))


def test_an_unseen_category_is_what_the_document_says(tmp_path: Path) -> None:
    nodes = node("<True/>", node(simple("city", "notEqual", "Bern"), score=1) + node("<True/>", score=2), score=0)
    for treatment, expected in (("asIs", 1.0), ("asMissing", 2.0)):
        own = pmml.schema("city", city=f'invalidValueTreatment="{treatment}"')
        path = written(tmp_path, tree(nodes, own=own), fields=CITY)
        compare(path)
        assert Scorer(read(path)).run(np.array([[7.0]]))["prediction"][0, 0] == expected


def test_float32_fields_beside_float64(tmp_path: Path) -> None:
    """A field of floats is rounded, one of doubles is not, and a derived one is rounded on the way."""
    fields = NUMBERS.replace(
        'name="z" optype="continuous" dataType="double"', 'name="z" optype="continuous" dataType="float"'
    )
    local = (
        '<LocalTransformations><DerivedField name="float(x)" optype="continuous" dataType="float">'
        '<FieldRef field="x"/></DerivedField></LocalTransformations>'
    )
    nodes = node(
        "<True/>",
        node(simple("float(x)", "lessOrEqual", 0.1), score=1)
        + node(simple("x", "lessThan", 0.3), score=2)
        + node(simple("z", "greaterOrEqual", 0.7), score=3),
        score=0,
    )
    made = compare(written(tmp_path, tree(nodes, LAST, pmml.schema("x", "z") + local), fields=fields))
    assert made.read == "float64"
    edge = np.float32(0.1).astype(float)
    beside = np.nextafter(edge, np.inf)
    assert np.float32(beside) == np.float32(0.1)
    answers = Scorer(made).run(np.array([[edge, 0.0], [beside, 0.0]]))["prediction"]
    assert answers.ravel().tolist() == [1.0, 1.0]


@pytest.mark.parametrize("method", ["sum", "average", "weightedAverage", "weightedSum"])
def test_segmentations_and_targets(method: str, tmp_path: Path) -> None:
    targets = '<Targets><Target field="y" rescaleFactor="0.1" rescaleConstant="-2.5"/></Targets>'
    trees = [tree(TREES[name], LAST) for name in ("lessThan", "every child in turn", "greaterOrEqual")]
    for inside in ("", targets):
        compare(written(tmp_path, pmml.segments(method, *trees, inside=inside, w1="0.3", w2="1.7", w3="2")))


def test_a_tree_of_classes(tmp_path: Path) -> None:
    children = node(simple("x", "lessThan", 0), SHARES.format(3, 1), score="no") + node(
        simple("x", "greaterOrEqual", 0), SHARES.format(1, 6), score="yes"
    )
    model = tree(node("<True/>", children), own=pmml.schema() + PROBABILITIES, function="classification")
    made = compare(written(tmp_path, model, target=CLASSES))
    # Neither predicate is true of a missing value, and then there is no prediction.
    assert [column.missing for column in made.columns] == ["refused", None, None]
    assert made.labels == ("no", "yes")


@pytest.mark.parametrize(("method", "normalization"), [("sum", "logit"), ("average", "softmax")])
def test_chains(method: str, normalization: str, tmp_path: Path) -> None:
    output = '<Output><OutputField name="{}" optype="continuous" dataType="double" isFinalResult="false"/></Output>'
    sums = [
        pmml.segments(method, tree(TREES["lessThan"], LAST), tree(TREES["notEqual"], LAST), inside=output.format(name))
        for name in ("m0", "m1")
    ]
    plain = pmml.schema(target="")
    sums = [one.replace(pmml.schema(), plain) for one in sums]
    tables = [
        f'<RegressionTable intercept="{intercept}" targetCategory="{label}">'
        f'<NumericPredictor name="{name}" coefficient="{weight}"/></RegressionTable>'
        for intercept, label, name, weight in (("0.25", "no", "m0", "-2"), ("-0.5", "yes", "m1", "0.5"))
    ]
    if normalization == "logit":
        sums, tables = sums[:1], [tables[0], '<RegressionTable intercept="0" targetCategory="yes"/>']
    last = (
        f'<RegressionModel functionName="classification" normalizationMethod="{normalization}">'
        '<MiningSchema><MiningField name="y" usageType="target"/><MiningField name="m0"/></MiningSchema>'
        f"{PROBABILITIES}{''.join(tables)}</RegressionModel>"
    ).replace('<MiningField name="m0"/>', "".join(f'<MiningField name="m{number}"/>' for number in range(len(sums))))
    model = pmml.segments("modelChain", *sums, last, function="classification")
    compare(written(tmp_path, model, target=CLASSES))


# --- what is refused ------------------------------------------------------------------------------------------

PLAIN = tree(node("<True/>", score=1))
DERIVED = '<DerivedField name="{}" optype="continuous" dataType="double">{}</DerivedField>'
LOCAL = "<LocalTransformations>{}</LocalTransformations>"
APPLIED = LOCAL.format(DERIVED.format("d", '<Apply function="ln"/>'))
LOOP = "".join(DERIVED.format(one, f'<FieldRef field="{other}"/>') for one, other in ("ab", "ba"))
TRANSFORMED = (
    '<Output><OutputField name="o" dataType="double" feature="transformedValue">'
    '<FieldRef field="x"/></OutputField></Output>'
)
CAST = '<Targets><Target field="y" castInteger="round"/></Targets>'


def before_nodes(what: str) -> str:
    return PLAIN.replace("<Node", f"{what}<Node", 1)


def below(*children: str, score: str = ' score="0"') -> str:
    return f"<Node{score}><True/>{''.join(children)}</Node>"


REFUSED = {
    "TreeModel/Thing": before_nodes("<Thing/>"),
    "Node colour": PLAIN.replace("<Node", '<Node colour="red"'),
    "TreeModel missingValueStrategy": tree(node("<True/>", score=1), 'missingValueStrategy="aggregateNodes"'),
    "Segmentation multipleModelMethod": pmml.segments("median", PLAIN),
    "Extension magic": before_nodes('<Extension name="magic"/>'),
    "Node/Regression": tree(node("<True/>", "<Regression/>", score=1)),
    "OutputField/FieldRef": before_nodes(TRANSFORMED),
    "DerivedField/Apply": before_nodes(APPLIED),
    "DerivedField a": tree(
        below(node(simple("a", "lessThan", 1), score=1)), LAST,
        pmml.schema() + LOCAL.format(LOOP),
    ),
    "Target castInteger": pmml.segments("sum", PLAIN, inside=CAST),
    "PMML/NeuralNetwork": '<NeuralNetwork functionName="regression"/>',
    "TreeModel Node": tree(node(simple("x", "lessThan", 1), score=1)),
    "TreeModel noTrueChildStrategy": tree(below(node(simple("x", "lessThan", 1), score=1))),
    "Node": tree(node("<True/>", score="no"), function="classification"),
    "DataField city": tree(below(node(simple("city", "lessThan", "Bern"), score=1)), LAST),
    "Segment 1": pmml.segments("sum", PLAIN).replace("<True/>", simple("x", "lessThan", 1), 1),
    "MiningField x": pmml.segments(
        "sum", tree(node("<True/>", score=1), own=pmml.schema("x", x='missingValueReplacement="1"'))
    ),
    "field nowhere": tree(below(node(simple("nowhere", "lessThan", 1), score=1)), LAST),
    "Node defaultChild": tree(
        below(node(simple("x", "lessThan", 1), score=1)), f'{LAST} missingValueStrategy="defaultChild"'
    ),
    "Node score": tree(node("<True/>", score="much")),
    "DataField x": tree(below(node(simple("x", "lessThan", "1_0"), score=1)), LAST),
}  # fmt: skip


@pytest.mark.parametrize("where", REFUSED)
def test_refused_by_name(where: str, tmp_path: Path) -> None:
    model = REFUSED[where]
    target = CLASSES if "classification" in model else TARGET
    with pytest.raises(ConversionError) as caught:
        read(written(tmp_path, model, target=target))
    assert caught.value.code in ("unsupported-pmml", "bad-pmml")
    assert " ".join(caught.value.where.split()) == where


def test_everything_unknown_is_named_before_the_work(tmp_path: Path) -> None:
    path = written(tmp_path, PLAIN.replace("<Node", '<Thing/><Node colour="red" taste="sweet"'))
    found = reading.refusals(path)
    assert [refusal.where for refusal in found] == ["TreeModel/Thing", "Node colour", "Node taste"]
    with pytest.raises(ConversionError) as caught:
        read(path)
    assert len(caught.value.refusals) == 3


def test_a_tree_that_explodes_is_refused(tmp_path: Path) -> None:
    """A missing value that goes its own way at every level doubles the tree below."""
    names = [f"c{level}" for level in range(24)]
    inner = ""
    for name in names:
        beside = node(simple(name, "lessThan", 0), score=1, id="a") + node("<True/>", score=3, id="c")
        own = node(simple(name, "greaterThan", 5), inner, score=2, id="b", **({"defaultChild": "b"} if inner else {}))
        inner = beside.replace("</Node><Node", f"</Node>{own}<Node", 1)
    fields = "".join(f'<DataField name="{name}" optype="continuous" dataType="double"/>' for name in names)
    nodes = node("<True/>", inner, score=0, defaultChild="b")
    path = written(tmp_path, tree(nodes, 'missingValueStrategy="defaultChild"', pmml.schema(*names)), fields=fields)
    with pytest.raises(ConversionError) as caught:
        read(path)
    assert caught.value.where == "TreeModel missingValueStrategy"


def test_mutants_are_refused_or_answer_as_the_evaluator_does(tmp_path: Path) -> None:
    """One edit each: what it does to the meaning is either seen, or the same in both."""
    refused = equal = 0
    for name in ("lgb_bin", "skl_ada", "skl_rfc_miss", "nyoka_poisson"):
        content = (DATA / f"{name}.pmml").read_text(encoding="utf-8")
        for seed in range(12):
            path = tmp_path / "mutant.pmml"
            path.write_text(pmml.mutant(content, seed), encoding="utf-8")
            try:
                compare(path, 1)
                compare(path, 500)
                equal += 1
            except ConversionError:
                refused += 1
    assert refused > 10
    assert equal > 10


# --- the stage -------------------------------------------------------------------------------------------------


def test_the_contract(tmp_path: Path) -> None:
    made = check_stage(Pmml2Forest(), pmml.opened(DATA / "lgb_bin.pmml"), tmp_path)
    assert made.signature.labels == (0, 1)


def test_parity_with_the_evaluator(worker: Worker, tmp_path: Path) -> None:
    result = convert(worker, DATA / "lgb_bin.pmml", "forest", out=tmp_path / "m.forest")
    assert result.parity["status"] == "passed"
    (check,) = result.parity["checks"]
    assert {output["name"] for output in check["outputs"]} == {"probability", "label"}
    assert check["facts"]["leaves"] == "24 of 24 reached"


def test_the_signatures_columns_stay_in_their_order() -> None:
    """Documents leave out the columns that no tree asks for; those that came with the model are all kept."""
    path = DATA / "lgb_bin.pmml"
    own = signatures.of(outline.read(path))
    columns = (Column("unused", "numeric"), *reversed(own.columns))
    made = forest.read(path, tabular(columns, 1, own.labels))
    assert [column.name for column in made.columns] == [column.name for column in columns]
    x = np.random.default_rng(0).normal(size=(50, len(columns)))
    expected = Scorer(read(path)).run(x[:, :0:-1])["probability"]
    np.testing.assert_array_equal(Scorer(made).run(x)["probability"], expected)


def test_a_field_that_is_no_column_is_refused() -> None:
    path = DATA / "lgb_bin.pmml"
    with pytest.raises(ConversionError) as caught:
        forest.read(path, tabular((Column("else", "numeric"),), 1, (0, 1)))
    assert caught.value.code == "unknown-field"


def test_a_damaged_leaf_is_found(worker: Worker, tmp_path: Path) -> None:
    made = convert(worker, DATA / "skl_hgbr.pmml", "forest", out=tmp_path / "m.forest", validate=False).artifact
    content = (DATA / "skl_hgbr.pmml").read_text()
    score = content.index('score="') + len('score="')
    end = content.index('"', score)
    damaged = tmp_path / "m.pmml"
    damaged.write_text(content[:score] + "9.75" + content[end:])
    assert validate(worker, damaged, made.path)["status"] == "failed"


def test_a_signature_of_another_artifact_is_no_classifier(tmp_path: Path) -> None:
    path = DATA / "skl_hgbr.pmml"
    artifact = Artifact(path, "pmml", None, tabular(pmml.opened(path).signature.columns, 1, ("a", "b")))
    with pytest.raises(ConversionError) as caught:
        Pmml2Forest().read(artifact, Pmml2Forest.Options(), trust=False)
    assert caught.value.where == "functionName"
