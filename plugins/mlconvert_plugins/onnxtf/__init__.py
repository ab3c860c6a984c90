"""The package onnx-tf, in an environment of its own: what it takes, and the graph that it makes."""
