from __future__ import annotations

from mlconvert import registry
from mlconvert.edges import Edge, edges, reachable, words


def toys(found: dict[str, tuple[str, str]]) -> set[str]:
    formats = {"alpha", "beta", "gamma", "delta", "omega"}
    return {word for word, ends in found.items() if formats.issuperset(ends)}


def test_an_edge_is_read_off_its_name() -> None:
    found = {edge.name: edge for edge in edges()}
    assert found["alpha2beta"] == Edge("alpha2beta", "alpha", "beta", "")
    assert found["alpha2beta.rival"] == Edge("alpha2beta.rival", "alpha", "beta", "rival")
    assert found["alpha2beta"].group == registry.STAGES
    assert found["alpha2beta"].plugin.name == "alpha2beta"
    assert found["alpha2beta"].reference == "mlconvert_toys.stages:Alpha2Beta"
    (scale,) = [edge for edge in edges(registry.PASSES) if edge.name == "beta2beta.scale"]
    assert (scale.source, scale.target, scale.provider, scale.group) == ("beta", "beta", "scale", registry.PASSES)


def test_every_pair_that_some_route_joins_is_a_word() -> None:
    assert toys(words()) == {
        "alpha2beta", "alpha2gamma", "alpha2delta", "alpha2omega", "beta2gamma", "beta2delta", "beta2omega",
        "gamma2omega", "delta2omega", "beta2beta", "delta2delta",
    }  # fmt: skip
    assert words()["alpha2omega"] == ("alpha", "omega")
    assert not any("." in word for word in words())


def test_direct_edges_come_first() -> None:
    order = list(words())
    assert order.index("delta2omega") < order.index("alpha2gamma") < order.index("beta2beta")


def test_what_can_be_reached() -> None:
    following = {"a": {"b"}, "b": {"c", "a"}, "c": {"a"}, "x": {"y"}}
    assert reachable("a", following) == {"b", "c"}
    assert reachable("y", following) == set()
