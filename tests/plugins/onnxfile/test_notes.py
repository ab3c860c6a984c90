"""What exporters say about where a node came from."""

from __future__ import annotations

import pytest

from mlconvert_plugins.onnxfile import notes

FRAMES = [
    ("/home/me/project/nets/net.py", 30, "forward", "return self.blocks(x)"),
    ("/venv/lib/python3.11/site-packages/torch/nn/modules/container.py", 259, "forward", "input = module(input)"),
    ("/home/me/project/nets/block.py", 12, "forward", "y = self.norm(self.conv(x))"),
    ("/venv/lib/python3.11/site-packages/torch/nn/modules/conv.py", 565, "forward", "return self._conv_forward("),
]


def stack(frames: list[tuple[str, int, str, str]]) -> dict[str, str]:
    return {notes.STACK: "\n".join(f'File "{f}", line {n}, in {name}\n    {code}' for f, n, name, code in frames)}


@pytest.mark.parametrize(
    ("held", "line"),
    [
        (stack(FRAMES), "block.py:12 in forward"),
        (stack(FRAMES[:1]), "net.py:30 in forward"),
        (stack([(r"C:\me\net.py", 7, "helper", "x + 1")]), "net.py:7 in helper"),
        (stack(FRAMES[1:2]), ""),
        ({}, ""),
        ({notes.LINE: "net.py:3 in forward"}, "net.py:3 in forward"),
    ],
)
def test_the_line_is_the_innermost_of_the_models_own_code(held: dict[str, str], line: str) -> None:
    assert notes.source_line(held) == line


def test_module_and_line_stand_together() -> None:
    held = {
        notes.SCOPES: "['', 'layers', 'layers.0', 'conv2d']",
        notes.CLASSES: "['net.Net', 'torch.nn.Sequential', 'net.Block', 'aten.conv2d.default']",
        **stack(FRAMES),
    }
    assert notes.origin(held) == "layers.0 (net.Block) at block.py:12 in forward"
    assert notes.origin({}) == ""
