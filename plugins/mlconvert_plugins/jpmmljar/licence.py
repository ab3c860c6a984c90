"""What a jar says about the licences of what is in it, in words that nobody can overlook."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from mlconvert_plugins.jpmmljar.parts import Part, legal

AGPL = "AGPL-3.0"
LICENCE, NOTICE = "META-INF/LICENSE", "META-INF/NOTICE"
_HOME = "jpmml-evaluator"
# The terms of pmml-model (BSD-3-Clause), whose own jar does not hold them.
_MODEL, _MODEL_TERMS = "pmml-model", Path(__file__).with_name("pmml-model-LICENSE.txt")

_NOTICE = """\
This jar is {class_name}, a model that JPMML-Transpiler has translated from PMML.
{holds}

JPMML-Evaluator and JPMML-Transpiler are licensed under the GNU Affero General Public License,
version 3 (AGPL-3.0), whose text is META-INF/LICENSE. The model's classes extend and call those of
JPMML-Evaluator: nothing can use them without it. What that means, in short and without warranty:

- Who hands on this jar, or a program that it is a part of, has to offer the complete source of the
  whole under AGPL-3.0 (sections 4 to 6).
- Who lets users interact over a network with a modified version of JPMML's program has to offer them
  its source (section 13). A service that is built around this jar can be such a version.
- Who runs it without handing it on, and without such users, has nothing to offer.

Other terms are to be had from JPMML's makers (https://openscoring.io). For tree ensembles there is
the same model in a jar without any of JPMML's code, under Apache-2.0: mlconvert pmml2jar --via forest
{parts}"""
_HELD = "It holds JPMML-Evaluator, which scores it."
_NEEDED = "It needs JPMML-Evaluator beside it, which scores it: {coordinates}."
_PARTS = """
What it holds, each under its own licence, which stands below META-INF/licenses:

{coordinates}"""


def members(class_name: str, held: tuple[Part, ...], needs: str) -> dict[str, bytes]:
    """The licence, the notice, and terms that a part's own jar does not hold.

    `held` are the parts in the jar; where there are none it needs what has the coordinates `needs`.
    """
    listed = "".join(f"- {part.coordinates}\n" for part in held)
    notice = _NOTICE.format(
        class_name=class_name,
        holds=_HELD if held else _NEEDED.format(coordinates=needs),
        parts=_PARTS.format(coordinates=listed) if held else "",
    )
    made = {LICENCE: _text(), NOTICE: notice.encode()}
    return made | {legal(part, "LICENSE"): _MODEL_TERMS.read_bytes() for part in held if part.artifact == _MODEL}


def _text() -> bytes:
    """AGPL-3.0, as the package that brings the evaluator has it."""
    for path in metadata.files(_HOME) or ():
        if path.name == "LICENSE.txt":
            return path.read_binary()
    raise FileNotFoundError(f"the installed {_HOME} has lost its licence")
