"""Opening a saved estimator: joblib's pickles, which can run code, and skops' archives, which cannot."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

JOBLIB, SKOPS = "joblib", "skops"
_HEAD = 2**16
# What models hold beside the types that skops trusts by itself: arrays of nodes, which are checked before use, plain
# data, and functions of scikit-learn's own that only training calls. What hands memory to C unchecked (search
# trees of neighbours, boosters of other libraries) is not among them.
_TRUSTED = (
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "functools.partial",
    "sklearn.utils.validation.check_array",
    "sklearn.compose._column_transformer._RemainderColsList",
    "numpy.dtype",
    "collections.OrderedDict",
    "sklearn.utils._bunch.Bunch",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
_SCHEMA = "schema.json"
_PICKLE = b"\x80"
_PACKED = {b"\x78": zlib.MAX_WBITS, b"\x1f\x8b": zlib.MAX_WBITS + 16}


def flavour_of(path: Path) -> str | None:
    """`joblib` or `skops` by the file's content, which is not unpickled; None for another file."""
    head = content(path, _HEAD)
    if zipfile.is_zipfile(path):
        return SKOPS if b"sklearn." in head else None
    return JOBLIB if head.startswith(_PICKLE) and b"sklearn." in head else None


def content(path: Path, most: int) -> bytes:
    """The first bytes of what a file holds: a pickle, unpacked, or the schema of skops' archive. Nothing is loaded."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if _SCHEMA not in archive.namelist():
                return b""
            with archive.open(_SCHEMA) as schema:
                return schema.read(most)
    with path.open("rb") as stream:
        head = stream.read(most)
    window = next((window for marker, window in _PACKED.items() if head.startswith(marker)), None)
    return head if window is None else _inflated(head, window, most)


def _inflated(head: bytes, window: int, most: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(head, most)
    except zlib.error:
        return b""


def load(path: Path, *, trust: bool) -> Any:
    """The estimator. Raises ConversionError; `needs-trust` for a pickle that nobody vouches for."""
    flavour = flavour_of(path)
    if flavour is None:
        raise ConversionError("it is no saved scikit-learn estimator", code="bad-sklearn", where=path.name)
    if flavour == JOBLIB and not trust:
        raise ConversionError(
            "unpickling it can execute code",
            code="needs-trust",
            where=path.name,
            fix="add --trust if you know where the file comes from, or save it with skops",
        )
    try:
        return _load(path, flavour)
    except ConversionError:
        raise
    except Exception as error:  # a pickle can raise anything
        raise ConversionError(
            f"the file cannot be loaded: {type(error).__name__}: {for_terminal(error, 300)}",
            code="bad-sklearn",
            where=path.name,
            fix="load it with the scikit-learn that wrote it, and save it again",
        ) from error


def _load(path: Path, flavour: str) -> Any:
    if flavour == JOBLIB:
        import joblib

        return joblib.load(path)
    try:
        from skops import io as skops
    except ImportError:
        fix = "pip install 'mlconvert[trees]'"
        raise ConversionError("skops is not installed", code="missing-package", where="skops", fix=fix) from None
    unknown = sorted(set(skops.get_untrusted_types(file=path)) - set(_TRUSTED))
    if unknown:
        names = for_terminal(", ".join(unknown), 300)
        raise ConversionError(
            f"the archive holds what is not vouched for: {names}",
            code="untrusted-type",
            where=path.name,
            fix="save the model with joblib, and convert it with --trust",
        )
    return skops.load(path, trusted=list(_TRUSTED))


def save(estimator: Any, path: Path) -> None:
    """Write a live estimator to `path`, by joblib. Raises ConversionError for one that cannot be pickled."""
    import joblib

    stream = io.BytesIO()
    try:
        joblib.dump(estimator, stream)
    except Exception as error:  # a class can refuse in any way
        raise ConversionError(
            f"the estimator cannot be saved: {for_terminal(error, 300)}", code="bad-sklearn", where="joblib.dump"
        ) from error
    path.write_bytes(stream.getvalue())
