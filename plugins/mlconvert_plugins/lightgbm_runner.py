"""Running LightGBM's text models in LightGBM."""

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


class LightgbmRunner(Runner):
    """A Booster. Its outputs are `margin` (`raw_score`), and `probability` and `label` or `prediction`.

    The artifact's settings `start_iteration` and `num_iteration` are those of `Booster.predict`.
    """

    clock = "Booster.predict"

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._booster: Any = None
        self._outputs = 1

    def __enter__(self) -> LightgbmRunner:
        from mlconvert_plugins.lightgbmtext import forest, sections

        content = self.artifact.path.read_bytes()
        # Read here first: LightGBM ends the whole process on some broken texts.
        made = forest.read(sections.split(content))
        self.signature, self._outputs = made.signature(), made.outputs
        try:
            import lightgbm
        except ImportError:
            raise DeviceAbsentError("LightGBM is not installed", fix="pip install 'mlconvert[trees]'") from None
        try:
            self._booster = lightgbm.Booster(model_str=content.decode())
        except (lightgbm.basic.LightGBMError, ValueError) as error:
            raise _refused(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._booster = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns]. Raises ConversionError (`bad-input`, `lightgbm-refused`)."""
        import numpy as np

        from mlconvert_plugins.trees.model import label_array
        from mlconvert_plugins.trees.rows import rows

        x = rows(inputs, self.signature)
        start = time.perf_counter()
        outputs = self._predict(x, raw_score=False)
        self.seconds = time.perf_counter() - start
        margin = self._predict(x, raw_score=True)
        if not self.signature.labels:
            return {"margin": margin, "prediction": outputs}
        probability = np.hstack([1.0 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
        label = label_array(self.signature.labels)[probability.argmax(axis=1)]
        return {"margin": margin, "probability": probability, "label": label}

    def _predict(self, x: np.ndarray, *, raw_score: bool) -> np.ndarray:
        import lightgbm
        import numpy as np

        assert self._booster is not None, "use the runner as a context manager"
        if not len(x):
            return np.zeros((0, self._outputs))  # LightGBM refuses to answer no rows
        settings = self.artifact.settings
        try:
            answer = self._booster.predict(
                x,
                raw_score=raw_score,
                start_iteration=settings.get("start_iteration", 0),
                num_iteration=settings.get("num_iteration", -1),
            )
        except (lightgbm.basic.LightGBMError, ValueError) as error:
            raise _refused(error) from error
        return np.asarray(answer, dtype=np.float64).reshape(len(x), -1)


def _refused(error: Exception) -> ConversionError:
    return ConversionError(f"LightGBM refuses the model: {for_terminal(error)}", code="lightgbm-refused")
