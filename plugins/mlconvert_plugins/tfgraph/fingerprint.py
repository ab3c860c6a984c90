"""fingerprint.pb: what TensorFlow writes beside a SavedModel to know it again."""

from __future__ import annotations

from pathlib import Path

from mlconvert_plugins.tfgraph.lazy import load

FILE = "fingerprint.pb"


def write(folder: Path) -> None:
    """Write TensorFlow's own hashes of the SavedModel in `folder`, the same for the same model.

    TensorFlow adds a random identifier; here it is made of the hashes (fingerprint.proto, FingerprintDef).
    """
    hashing = load("tensorflow.python.saved_model.pywrap_saved_model").fingerprinting
    proto = load("tensorflow.core.protobuf.fingerprint_pb2")
    found = proto.FingerprintDef.FromString(hashing.CreateFingerprintDef(str(folder)))
    if "uuid" in found.DESCRIPTOR.fields_by_name:  # since TensorFlow 2.16
        found.uuid = str(found.saved_model_checksum << 64 | found.graph_def_program_hash)
    (folder / FILE).write_bytes(found.SerializeToString(deterministic=True))
