"""The model behind `make demo`: a small CNN for the 8 x 8 digits of scikit-learn.

    python docs/examples/digits.py train demo     writes demo/digits.pt2
    python docs/examples/digits.py report demo    says how good demo/digits.onnx still is, and what to do next

The split is fixed, so that both halves, and you, hold the same 450 digits back.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import mlconvert

EPOCHS = 8
LARGEST_BATCH = 64


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images float32[n,1,8,8] in 0..1 and labels int64[n]: those to train on, then those held back."""
    data = load_digits()
    images = (data.images / 16).astype(np.float32)[:, None]
    kept, held, labels, answers = train_test_split(
        images, data.target.astype(np.int64), test_size=0.25, random_state=0, stratify=data.target
    )
    return kept, labels, held, answers


def train(folder: Path) -> None:
    """Train for some seconds and write the program with a dynamic batch to `folder`/digits.pt2."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 4 * 4, 10)),
    )
    images, labels, held, answers = (torch.from_numpy(array) for array in digits())
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(LARGEST_BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        print(f"    {_right(model(held).numpy(), answers.numpy())} in PyTorch")

    folder.mkdir(parents=True, exist_ok=True)
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    program = torch.export.export(model, (held[:2],), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "digits.pt2")
    print(f"    {folder / 'digits.pt2'}: {(folder / 'digits.pt2').stat().st_size:,} bytes, batch 1 to {LARGEST_BATCH}")


def report(folder: Path) -> None:
    """Score the held-out digits with the ONNX model on the way, and show the engine's evidence."""
    _, _, held, answers = digits()
    with mlconvert.open(folder / "digits.onnx") as runner:
        (images,), (scores,) = runner.signature.inputs, runner.signature.outputs
        batches = np.array_split(held, range(LARGEST_BATCH, len(held), LARGEST_BATCH))
        found = np.concatenate([runner.run({images.name: batch})[scores.name] for batch in batches])
    engine = folder / "digits.rtx.plan"
    manifest = json.loads(engine.with_name(f"{engine.name}.mlconvert.json").read_text())
    parity = ", ".join(f"{check['stage']} {check['status']}" for check in manifest["parity"]["checks"])
    print(
        f"    engine    {engine}, {manifest['bytes']:,} bytes\n"
        f"    evidence  {engine}.mlconvert.json\n"
        f"    parity    {parity}\n"
        f"    accuracy  {_right(found, answers)} in ONNX Runtime, by the model that the engine was built from\n"
        "\n"
        "Next:\n"
        f"    see what is in it    .venv/bin/mlconvert inspect {engine}\n"
        f"    prove it on a GPU    mlconvert validate {folder / 'digits.onnx'} {engine} --trust\n"
        "    your own model       .venv/bin/mlconvert torch2trt model.pt2 --dim batch=1:8:32"
    )


def _right(scores: np.ndarray, answers: np.ndarray) -> str:
    """How many of the scores[n,10] have their maximum at the answer[n]."""
    right = int((scores.argmax(axis=1) == answers).sum())
    return f"{right} of {len(answers)} held-out digits right ({right / len(answers):.1%})"


if __name__ == "__main__":
    verbs = {"train": train, "report": report}
    verbs[sys.argv[1]](Path(sys.argv[2]))
