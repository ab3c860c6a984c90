"""The contract, as checks for the tests of a plugin: first-party formats and stages pass the same ones.

    def test_the_format(sample):
        check_format(Ort(), sample)

    def test_the_stage(model, tmp_path):
        made = check_stage(Onnx2Ort(), Artifact(model, "onnx"), tmp_path)

Both raise AssertionError with a sentence that says what to mend. The hooks run where the frame runs them, in a worker.
"""

from mlconvert.testing.formats import check_format
from mlconvert.testing.stages import check_stage

__all__ = ["check_format", "check_stage"]
