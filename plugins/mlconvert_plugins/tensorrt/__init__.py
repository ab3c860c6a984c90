"""TensorRT and TensorRT-RTX: what the trt format, the onnx2trt stage and the trt runner share."""
