"""Small PMML documents whose names and shapes JPMML's transpiler stumbles over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from mlconvert.artifact import Artifact
from mlconvert_plugins.pmml import Pmml

_PMML = """\
<?xml version="1.0" encoding="UTF-8"?>
<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
  <Header/>
  <DataDictionary>
    <DataField name="y" optype="continuous" dataType="double"/>
{fields}  </DataDictionary>
  <MiningModel functionName="regression">
    <MiningSchema>
      <MiningField name="y" usageType="target"/>
{schema}    </MiningSchema>
    <Segmentation multipleModelMethod="sum">
{segments}    </Segmentation>
{verification}  </MiningModel>
</PMML>
"""
_SEGMENT = """\
      <Segment id="{number}">
        <True/>
        <TreeModel functionName="regression" {strategy}>
          <MiningSchema>
{schema}          </MiningSchema>
          {tree}
        </TreeModel>
      </Segment>
"""
_STUMP = """\
<Node id="n{id}" score="0" defaultChild="n{id}l"><True/>
            <Node id="n{id}l" score="{left!r}">
              <SimplePredicate field={field} operator="lessOrEqual" value="{at!r}"/>
            </Node>
            <Node id="n{id}r" score="{right!r}">
              <SimplePredicate field={field} operator="greaterThan" value="{at!r}"/>
            </Node>
          </Node>"""
NULL = 'missingValueStrategy="nullPrediction"'
# The translator takes no document with it.
DEFAULT = 'missingValueStrategy="defaultChild"'


def stumps(
    names: Sequence[str], strategy: str = 'noTrueChildStrategy="returnLastPrediction"', verification: str = ""
) -> str:
    """A document of one stump for each field: no two answer alike, whatever is taken for what."""
    trees = [
        _STUMP.format(id=place, field=quoteattr(name), at=place / 8, left=-(2.0**place), right=2.0**place)
        for place, name in enumerate(names)
    ]
    schema = "".join(f"      <MiningField name={quoteattr(name)}/>\n" for name in names)
    segments = (
        _SEGMENT.format(number=number, strategy=strategy, schema=schema, tree=tree)
        for number, tree in enumerate(trees, 1)
    )
    fields = (f'    <DataField name={quoteattr(name)} optype="continuous" dataType="double"/>\n' for name in names)
    return _PMML.format(fields="".join(fields), schema=schema, segments="".join(segments), verification=verification)


def answer(x: np.ndarray) -> np.ndarray:
    """What the stumps say of rows without missing values."""
    places = np.arange(x.shape[1])
    return np.where(x <= places / 8, -(2.0**places), 2.0**places).sum(axis=1, keepdims=True)


def save(text: str, path: Path) -> Artifact:
    path.write_text(text, encoding="utf-8")
    artifact = Artifact(path, "pmml")
    return replace(artifact, signature=Pmml().signature(artifact))
