"""lleaves: a LightGBM model compiled by LLVM.

python compiled.py MODEL ROWS
"""

from __future__ import annotations

import sys
from pathlib import Path

import lleaves
from timing import serve

if __name__ == "__main__":
    model = lleaves.Model(model_file=sys.argv[1])
    model.compile()
    serve(lambda rows: model.predict(rows, n_jobs=1), Path(sys.argv[2]))
