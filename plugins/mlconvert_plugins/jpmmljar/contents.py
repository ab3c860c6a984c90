"""What a jar of flavour jpmml holds, and where: what pmml2jar writes and whoever opens one reads."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlconvert import __version__
from mlconvert.signature import Signature
from mlconvert_plugins.javajar import manifest, maven
from mlconvert_plugins.jpmmljar import licence
from mlconvert_plugins.jpmmljar import parts as libraries
from mlconvert_plugins.jpmmljar.parts import Part

# By which java.util.ServiceLoader finds the model.
SERVICE = "META-INF/services/org.dmg.pmml.PMML"
EVALUATOR = "org/jpmml/evaluator/ModelEvaluator.class"
# What has to stand beside a thin jar, in its manifest.
NEEDS = "Maven-Requires"


def signature_at(class_name: str) -> str:
    """Where the signature of a model is."""
    return f"META-INF/mlconvert/{class_name}/signature.json"


def as_bytes(signature: Signature) -> bytes:
    """The signature as it stands in a jar."""
    return json.dumps(signature.as_json(), indent=1).encode() + b"\n"


def attributes(class_name: str, needs: str | None) -> dict[str, str]:
    """The manifest's attributes; `needs` are the coordinates of what a thin jar leaves out."""
    return {
        "Created-By": f"mlconvert {__version__}",
        "Automatic-Module-Name": class_name.rpartition(".")[0],
        "Bundle-License": licence.AGPL,
        "Implementation-Title": class_name,
        **({NEEDS: needs} if needs else {}),
    }


def members(
    class_name: str,
    signature: Signature,
    own: Mapping[str, bytes],
    parts: tuple[Part, ...],
    *,
    thin: bool = False,
    coordinates: str = "",
) -> dict[str, bytes]:
    """The members of a jar in their order. `own` is what was translated, without the service's list."""
    needs = parts[0].coordinates
    held = () if thin else parts
    made = {
        manifest.PATH: manifest.write(attributes(class_name, needs if thin else None)),
        **licence.members(class_name, held, needs),
        SERVICE: f"{class_name}\n".encode(),
        signature_at(class_name): as_bytes(signature),
    }
    if coordinates:
        made |= maven.members(coordinates, thin=thin, needs=needs)
    return made | dict(own) | libraries.members(held)
