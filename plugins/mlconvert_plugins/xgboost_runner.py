"""Running XGBoost's models in XGBoost, on the CPU."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.xgboostfile.forest import Model


class XgboostRunner(Runner):
    """A Booster, asked through a DMatrix. Its outputs are `margin`, and `probability` and `label` or `prediction`.

    The artifact's settings `start_iteration` and `num_iteration` make the `iteration_range` of `Booster.predict`.
    """

    clock = "Booster.predict, with making its DMatrix"

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._booster: Any = None
        self._model: Model | None = None

    def __enter__(self) -> XgboostRunner:
        from mlconvert_plugins.xgboostfile import document, forest

        content = self.artifact.path.read_bytes()
        # Read here first, and whole: what is broken does not reach XGBoost.
        loaded = document.load(content)
        forest.read(loaded)
        self._model = forest.open_model(loaded)
        self.signature = self._model.signature()
        try:
            import xgboost
        except ImportError:
            raise DeviceAbsentError("XGBoost is not installed", fix="pip install 'mlconvert[trees]'") from None
        _refuse_lost_weights(loaded, xgboost.__version__)
        try:
            self._booster = xgboost.Booster(model_file=bytearray(content))
        except (xgboost.core.XGBoostError, ValueError) as error:
            raise _refused(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._booster = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns]. Raises ConversionError (`bad-input`, `xgboost-refused`)."""
        import numpy as np

        from mlconvert_plugins.trees.rows import rows

        assert self._model is not None, "use the runner as a context manager"
        x = rows(inputs, self.signature)
        start = time.perf_counter()
        outputs = self._predict(x, output_margin=False)
        self.seconds = time.perf_counter() - start
        margin = self._predict(x, output_margin=True)
        if not self.signature.labels:
            return {"margin": margin, "prediction": outputs}
        if self._model.objective.name == "multi:softmax":
            return {"margin": margin, "label": outputs[:, 0].astype(np.int64)}
        probability = np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
        return {"margin": margin, "probability": probability, "label": probability.argmax(axis=1)}

    def _predict(self, x: np.ndarray, *, output_margin: bool) -> np.ndarray:
        import numpy as np
        import xgboost

        assert self._booster is not None and self._model is not None, "use the runner as a context manager"
        settings = self.artifact.settings
        start = settings.get("start_iteration", 0)
        stop = start + settings["num_iteration"] if "num_iteration" in settings else 0
        types = ["c" if column.type == "categorical" else "q" for column in self._model.columns]
        try:
            data = xgboost.DMatrix(x, feature_types=types, enable_categorical=True)
            answer = self._booster.predict(
                data, output_margin=output_margin, iteration_range=(start, stop), validate_features=False
            )
        except (xgboost.core.XGBoostError, ValueError) as error:
            raise _refused(error) from error
        return np.asarray(answer).reshape(len(x), -1)


def _refuse_lost_weights(document: dict[str, Any], version: str) -> None:
    """XGBoost 3.3 and older drop the DART weights of newer files without a word."""
    booster = document["learner"]["gradient_booster"]
    old = tuple(int(part) for part in version.split(".")[:2]) < (3, 4)
    if old and len(booster.get("model", {}).get("weight_drop", ())):
        raise ConversionError(
            f"XGBoost {version} drops the DART weights of this file, which a newer one has written",
            code="xgboost-misreads",
            where="weight_drop",
            fix="pip install --upgrade xgboost",
        )


def _refused(error: Exception) -> ConversionError:
    message = str(error).strip().split("\n")[0]
    return ConversionError(f"XGBoost refuses the model: {for_terminal(message)}", code="xgboost-refused")
