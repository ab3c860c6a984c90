"""onnxruntime's exceptions in the user's words: one line, the node and its op first."""

from __future__ import annotations

import re

from mlconvert.errors import ConversionError

# "[ONNXRuntimeError] : 1 : FAIL : " and the C++ place with its function's signature say nothing to a user.
_NOISE = (
    re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : "),
    re.compile(r"/onnxruntime_src/\S+:\d+ [^()]*\([^()]*\)(?: const)? "),
    re.compile(r"\b\w+\.(?:h|cc|cpp):\d+ \w+ "),
    re.compile(r"Non-zero status code returned while running \w+ node\. Name:'.*?' Status Message: "),
)
# How onnxruntime names a node, in the wordings of its kernels, its graph checks and its kernel lookup.
_NODE = (
    re.compile(r"while running (?P<op>\w+) node\. Name:'(?P<name>.*?)' Status Message"),
    re.compile(r"In Node, \(\"(?P<name>.*?)\", (?P<op>[\w.]+),"),
    re.compile(r"for (?P<op>\w+)\(\d+\) node with name '(?P<name>.*?)'"),
    re.compile(r"Optype \((?P<op>\w+)\).* in node \((?P<name>.*?)\)"),
    re.compile(r"Node \((?P<name>.*?)\) Op \((?P<op>\w+)\)"),
    re.compile(r"Fatal error: (?P<op>[\w.]*:?\w+)\(-?\d+\) is not a registered"),
)
_LIMIT = 400


def refused(error: Exception, doing: str) -> ConversionError:
    """The user's error for one of onnxruntime's; `doing` says what it was asked for (`load the model`)."""
    text = str(error).strip()
    where = _node(text)
    line = text.splitlines()[0] if text else type(error).__name__
    for noise in _NOISE:
        line = noise.sub("", line)
    at = f" at {where}" if where else ""
    return ConversionError(
        f"onnxruntime could not {doing}{at}: {line[:_LIMIT]}", code="onnxruntime-refused", where=where, fix=_fix(line)
    )


def _node(text: str) -> str:
    for pattern in _NODE:
        if match := pattern.search(text):
            found = match.groupdict()
            return f"{found['op']} node {found['name']!r}" if found.get("name") else str(found["op"])
    return ""


def _fix(line: str) -> str:
    if "opset" in line or "IR version" in line:
        return "install a newer onnxruntime, or export with a lower opset"
    if "reshaped" in line or "mismatched dimensions" in line or "broadcast" in line:
        return "the graph may have a size baked in: try the sizes it was exported with"
    return ""
