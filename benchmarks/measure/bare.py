"""What a user would write without mlconvert, and nothing is proven.

python bare.py model.pt2 model.onnx                          exports
python bare.py model.pt2 model.onnx model.rtx.plan 1:8:32    exports and builds, for that batch
"""

from __future__ import annotations

import sys

import torch


def to_onnx(source: str, out: str) -> None:
    """Load the program, export it, save it, the weights beside it where they pass the exporter's own bound."""
    program = torch.onnx.export(torch.export.load(source), dynamo=True, opset_version=20, verbose=False)
    assert program is not None
    program.save(out)


def to_engine(source: str, out: str, batch: str) -> None:
    """Build with TensorRT-RTX from the file, FP32 without TF32, one profile."""
    import tensorrt_rtx as trt  # type: ignore[import-untyped]

    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    assert parser.parse_from_file(source), parser.get_error(0)
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)
    profile = builder.create_optimization_profile()
    for number in range(network.num_inputs):
        tensor = network.get_input(number)
        profile.set_shape(tensor.name, *((int(size), *tensor.shape[1:]) for size in batch.split(":")))
    config.add_optimization_profile(profile)
    with open(out, "wb") as stream:
        stream.write(builder.build_serialized_network(network, config))


if __name__ == "__main__":
    to_onnx(*sys.argv[1:3])
    if len(sys.argv) > 3:
        to_engine(*sys.argv[2:5])
