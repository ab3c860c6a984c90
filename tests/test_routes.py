from __future__ import annotations

from typing import Any

import pytest

from mlconvert import api, licences, routes
from mlconvert.edges import edges
from mlconvert.errors import ConversionError, UsageError


def found(source: str, target: str, **given: Any) -> list[str]:
    return [edge.name for edge in routes.find(source, target, **given)]


@pytest.mark.parametrize(
    ("source", "target", "given", "expected"),
    [
        ("alpha", "beta", {}, ["alpha2beta"]),
        ("alpha", "gamma", {}, ["alpha2beta", "beta2gamma"]),
        ("alpha", "beta", {"via": ["alpha2beta.rival"]}, ["alpha2beta.rival"]),
        ("alpha", "omega", {"via": ["gamma"]}, ["alpha2beta", "beta2gamma", "gamma2omega"]),
        ("alpha", "omega", {"via": ["beta", "beta2delta"]}, ["alpha2beta", "beta2delta", "delta2omega"]),
        (
            "alpha", "omega", {"via": ["alpha2beta.rival", "gamma"]},
            ["alpha2beta.rival", "beta2gamma", "gamma2omega"],
        ),
        ("beta", "beta", {"passes": ["tidy", "scale"]}, ["beta2beta.tidy", "beta2beta.scale"]),
        ("alpha", "gamma", {"passes": ["tidy"]}, ["alpha2beta", "beta2beta.tidy", "beta2gamma"]),
        ("beta", "gamma", {"passes": ["beta2beta.scale"]}, ["beta2beta.scale", "beta2gamma"]),
    ],
)  # fmt: skip
def test_a_route(source: str, target: str, given: dict[str, Any], expected: list[str]) -> None:
    assert found(source, target, **given) == expected


def test_a_second_provider_is_taken_by_name_alone() -> None:
    with pytest.raises(UsageError) as caught:
        found("alpha", "beta", via=["alpha2beta.rivl"])
    assert caught.value.code == "no-route"
    assert "did you mean 'alpha2beta.rival'?" in str(caught.value)


def test_a_tie_lists_both_and_its_advice_helps() -> None:
    with pytest.raises(UsageError) as caught:
        found("alpha", "omega")
    error = caught.value
    assert error.code == "ambiguous-route"
    assert "alpha2beta → beta2gamma → gamma2omega" in str(error)
    assert "alpha2beta → beta2delta → delta2omega" in str(error)
    assert len(found("alpha", "omega", via=[error.fix.split()[-1]])) == 3


def test_no_route_says_what_can_be_reached() -> None:
    with pytest.raises(UsageError) as caught:
        found("gamma", "alpha")
    assert caught.value.code == "no-route"
    assert caught.value.fix == "from gamma one can reach: omega"
    with pytest.raises(UsageError, match="there is no route from omega to alpha"):
        found("omega", "alpha")


def test_via_is_met_in_the_order_given() -> None:
    with pytest.raises(UsageError, match="via gamma, beta"):
        found("alpha", "omega", via=["gamma", "beta"])


def test_via_is_misspelt() -> None:
    with pytest.raises(UsageError, match="did you mean 'gamma'"):
        found("alpha", "omega", via=["gama"])


@pytest.mark.parametrize(
    ("lost", "source", "target", "given", "name"),
    [
        ("beta2gamma", "alpha", "omega", {}, "delta"),
        ("alpha2beta", "alpha", "gamma", {}, "alpha2beta.foreign"),
        ("beta2gamma", "beta", "gamma", {}, ""),
        ("torch2onnx", "torch", "trt", {}, ""),
    ],
)
def test_the_way_around_an_edge(lost: str, source: str, target: str, given: dict[str, Any], name: str) -> None:
    (edge,) = [edge for edge in edges() if edge.name == lost]
    assert routes.way_around(edge, source, target, **given) == name


# --- licences -------------------------------------------------------------------------------------------


def test_a_forbidden_licence_leaves_the_graph() -> None:
    assert found("alpha", "beta", forbid=["AGPL-3.0"]) == ["alpha2beta"]
    with pytest.raises(UsageError, match=r"without alpha2beta\.rival \(AGPL-3\.0\)"):
        found("alpha", "beta", via=["alpha2beta.rival"], forbid=["AGPL-3.0"])


def test_a_pass_of_a_forbidden_licence_is_refused() -> None:
    with pytest.raises(UsageError, match=r"beta2beta\.scale \(GPL-3\.0-only\)"):
        found("alpha", "beta", passes=["scale"], forbid=["GPL-3.0-only"])


def test_one_licence_has_several_identifiers() -> None:
    for text in ("agpl-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later"):
        with pytest.raises(UsageError, match=r"without alpha2beta\.rival"):
            found("alpha", "beta", via=["alpha2beta.rival"], forbid=[text])


@pytest.mark.parametrize("text", ["AGPL", "", "AGPL-3.0 OR MIT", "no such thing"])
def test_what_is_no_licence_would_forbid_nothing(text: str) -> None:
    with pytest.raises(UsageError, match="no SPDX identifier") as caught:
        found("alpha", "beta", forbid=[text])
    assert caught.value.code == "unknown-licence"


@pytest.mark.parametrize(
    ("expression", "carried"),
    [("Apache-2.0 AND BSD-3-Clause", True), ("BSD-3-Clause", True), ("(MIT OR bsd-3-clause)", True), ("MIT", False)],
)
def test_a_part_of_an_expression_is_enough(expression: str, carried: bool) -> None:
    assert licences.carries(expression, licences.forbidden(["BSD-3-Clause"])) is carried


def test_the_graph_says_what_is_lost() -> None:
    lost = api.graph(["AGPL-3.0"])["lost"]
    assert "alpha2beta.rival" in lost["stages"] and "alpha2beta" not in lost["stages"]
    assert "alpha2beta" not in lost["words"]


# --- passes ---------------------------------------------------------------------------------------------


def test_a_short_name_means_the_pass_on_the_route() -> None:
    assert found("alpha", "delta", via=["beta"], passes=["tidy"]) == ["alpha2beta", "beta2beta.tidy", "beta2delta"]
    assert found("delta", "omega", passes=["scale"]) == ["delta2delta.scale", "delta2omega"]
    assert found("alpha", "gamma", passes=["scale"]) == ["alpha2beta", "beta2beta.scale", "beta2gamma"]


def test_a_short_name_of_two_passes_on_the_route() -> None:
    with pytest.raises(UsageError) as caught:
        found("alpha", "delta", passes=["scale"])
    assert caught.value.code == "ambiguous-pass"
    assert "beta2beta.scale" in str(caught.value)
    assert "delta2delta.scale" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "target", "passes", "code", "message"),
    [
        ("alpha", "gamma", ["tidi"], "unknown-pass", "there is no pass 'tidi'; did you mean 'tidy'?"),
        (
            "gamma",
            "omega",
            ["tidy"],
            "pass-not-on-route",
            "the pass tidy works on beta, which the route gamma",
        ),
        ("alpha", "beta", ["tidy", "tidy"], "pass-twice", "the pass beta2beta.tidy is named twice"),
        ("beta", "beta", [], "no-pass", "beta2beta needs a --pass"),
    ],
)
def test_a_pass_that_is_refused(source: str, target: str, passes: list[str], code: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        found(source, target, passes=passes)
    assert caught.value.code == code
    assert message in str(caught.value)


# --- options --------------------------------------------------------------------------------------------


def settled(route: list[str], **given: dict[str, Any]) -> list[Any]:
    edges = routes.find("alpha", route[-1], via=route[:-1])
    return [hop.options for hop in routes.settle(edges, given)]


def test_a_stage_gets_what_the_next_one_wants() -> None:
    first, second = settled(["beta", "gamma"])
    assert (first.level, second.level) == (3, 3)
    first, second = settled(["beta", "gamma"], beta2gamma={"level": 5})
    assert (first.level, second.level) == (5, 5)
    (alone,) = settled(["beta"])
    assert alone.level == 1


def test_the_user_has_the_last_word() -> None:
    first, second = settled(["beta", "gamma"], alpha2beta={"level": "7"})
    assert (first.level, second.level) == (7, 3)


def test_options_for_a_stage_that_is_not_on_the_route() -> None:
    with pytest.raises(ConversionError, match="options are given for beta2delta, which is not on the route alpha2beta"):
        settled(["beta"], beta2delta={"level": 1})
    with pytest.raises(UsageError, match="did you mean 'alpha2beta'"):
        settled(["beta"], alpha2bta={"level": 1})
