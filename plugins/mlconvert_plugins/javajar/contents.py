"""What a native jar holds, and where: what forest2jar writes and whoever opens one reads."""

from __future__ import annotations

import re

from mlconvert import __version__
from mlconvert_plugins.javajar import manifest, maven
from mlconvert_plugins.javajar.relocation import HOME, relocate

# The names of the models in a jar, one a line; java's Bundle reads the same places.
MODELS = "META-INF/mlconvert/models"
LICENCE = "META-INF/LICENSE"
_LONGEST = 100

_NOTE = f"""\
The classes in this jar are mlconvert's runtime for tree ensembles, version {__version__}.

Licensed under the Apache License, Version 2.0 (the "License"); you may not use these classes except in compliance with
the License. You may obtain a copy of the License at

    https://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
"AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
language governing permissions and limitations under the License.

The licence does not extend to the model.
"""


def forest_at(name: str) -> str:
    """Where the forest of a model is."""
    return f"META-INF/mlconvert/{name}/model.forest"


def golden_at(name: str) -> str:
    """Where the golden rows of a model are."""
    return f"META-INF/mlconvert/{name}/golden.rows"


def model_name(stem: str) -> str:
    """A file's stem as a model's name: ASCII letters, digits, `_`, `-` and `.`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem[:1]) + re.sub(r"[^A-Za-z0-9_.-]+", "_", stem[1:_LONGEST]) or "model"


def is_model_name(name: str) -> bool:
    """Whether it is one that can be a folder in a jar."""
    return re.fullmatch(r"[A-Za-z0-9_$-][A-Za-z0-9_$.-]{0,199}", name) is not None


def attributes(package: str | None) -> dict[str, str]:
    """The manifest's attributes; `package` is the runtime's, None for a jar without one."""
    made = {"Created-By": f"mlconvert {__version__}"}
    if package is None:
        return made
    return made | {
        "Automatic-Module-Name": package,
        "Bundle-License": "Apache-2.0",
        "Implementation-Title": "mlconvert-runtime",
        "Implementation-Version": __version__,
        "Main-Class": f"{package}.Main",
    }


def members(
    name: str, forest: bytes, golden: bytes, classes: dict[str, bytes], *, package: str = HOME, coordinates: str = ""
) -> dict[str, bytes]:
    """The members of a jar in their order. Without `classes` it is a thin one."""
    found = {manifest.PATH: manifest.write(attributes(package if classes else None))}
    if classes:
        found[LICENCE] = _NOTE.encode()
    found |= {MODELS: f"{name}\n".encode(), forest_at(name): forest, golden_at(name): golden}
    if coordinates:
        found |= maven.members(coordinates, thin=not classes)
    return found | relocate(classes, package)
