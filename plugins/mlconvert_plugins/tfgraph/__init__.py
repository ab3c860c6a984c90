"""ONNX graphs as TensorFlow graphs: a registry of handlers, one file per family of ops, and what carries values."""
