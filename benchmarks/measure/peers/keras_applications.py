"""A network of keras.applications with seeded weights, written by Keras itself.

python keras_applications.py torch NAME WEIGHTS model.onnx           makes the weights, and exports by torch
python keras_applications.py tensorflow NAME WEIGHTS savedmodel      takes them, and exports by TensorFlow
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(backend: str, name: str, weights: str, out: str) -> None:
    """Keras reads its backend when it is imported."""
    os.environ["KERAS_BACKEND"] = backend
    import keras

    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None, classifier_activation=None)
    model(keras.ops.zeros((1, 224, 224, 3)))
    if Path(weights).exists():
        model.load_weights(weights)
    else:
        # Away from ones and zeros, which optimizers take out and trained networks do not have.
        for weight in model.weights:
            weight.assign(weight + 0.1 * keras.random.uniform(weight.shape) * (len(weight.shape) == 1))
        model.save_weights(weights)
    model.export(out, format="onnx" if out.endswith(".onnx") else "tf_saved_model", verbose=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
