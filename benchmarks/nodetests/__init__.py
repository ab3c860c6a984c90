"""ONNX's node tests, one at a time: what came of a test, and why."""
