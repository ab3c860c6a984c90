from __future__ import annotations

import subprocess
import sys

from mlconvert_plugins.nyokawriter.exact import Exact, exact

_CALL = """
import pathlib, sys, tempfile
from mlconvert_plugins.nyokawriter import calling, names
from mlconvert_plugins.nyokawriter.linear import shell
from mlconvert.signature import Column

class LinearRegression:
    coef_, intercept_ = [1e-17, 2.0], 1e300

path, modules = list(sys.path), set(sys.modules)
own = names.of((Column("a", "numeric"), Column("b", "numeric")), ())
with tempfile.TemporaryDirectory() as folder:
    root = calling.export("skl_to_pmml", [shell(LinearRegression(), own)], own, pathlib.Path(folder))
assert sys.path == path, sys.path
strays = {"PMML44", "base", "skl", "metadata"} & set(sys.modules)
assert not strays, strays
print([one.get("coefficient") for one in root.iter("NumericPredictor")], root.find(".//*[@intercept]").get("intercept"))
"""


def test_nyoka_leaves_the_process_as_it_was_and_writes_every_digit() -> None:
    """nyoka puts itself on the module path, under names such as `base`, and writes 1e-17 as 0.0000000000000000."""
    done = subprocess.run([sys.executable, "-c", _CALL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "['1e-17', '2.0'] 1e+300"), done.stderr


def test_exact_numbers_write_themselves() -> None:
    assert f"{Exact(0.1):.3f}" == "0.1"
    table = exact([[1e-17, 2.0]])
    assert table.shape == (1, 2)
    assert f"{table[0][0]:.16f}" == "1e-17"
