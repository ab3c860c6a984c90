"""Reading and writing ONNX files: what the format, the runner, the passes and the stages around ONNX share."""
