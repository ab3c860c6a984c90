"""The tree ensemble behind `make demo`: LightGBM on scikit-learn's breast tumours.

python docs/examples/tumours.py train demo     writes demo/tumours.txt and demo/held.csv
python docs/examples/tumours.py report demo    scores the CSV with demo/tumours.jar, and times both
"""

from __future__ import annotations

import csv
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import lightgbm
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

TREES = 500


def tumours() -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Names of 30 columns; rows float64[n,30] and labels int64[n] to train on, then those held back."""
    data = load_breast_cancer()
    kept, held, labels, answers = train_test_split(data.data, data.target, test_size=0.25, random_state=0)
    return [name.replace(" ", "_") for name in data.feature_names], kept, labels, held, answers


def train(folder: Path) -> None:
    """Train for a second; write the model, and the rows that were held back."""
    names, kept, labels, held, _ = tumours()
    parameters = {"objective": "binary", "min_data_in_leaf": 2, "learning_rate": 0.02, "seed": 0, "verbose": -1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(kept, labels, feature_name=names), TREES)
    folder.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / "tumours.txt")
    with (folder / "held.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows(held.tolist())
    print(f"    {folder / 'tumours.txt'}: {(folder / 'tumours.txt').stat().st_size:,} bytes, {TREES} trees")


def report(folder: Path) -> None:
    """Score the held-out rows by `java -jar`, and a single row here and there."""
    _, _, _, held, answers = tumours()
    booster, jar = lightgbm.Booster(model_file=folder / "tumours.txt"), folder / "tumours.jar"
    wanted = booster.predict(held)
    with (folder / "held.csv").open() as stream:
        found = list(csv.DictReader(_java(jar, stdin=stream).splitlines()))
    apart = max(abs(float(row["probability(1)"]) - own) for row, own in zip(found, wanted, strict=True))
    right = sum(int(row["label"]) == answer for row, answer in zip(found, answers, strict=True))
    there = float(re.search(r"p50 (\d+) ns", _java(jar, "--bench")).group(1)) / 1000
    here = _microseconds(booster, held)
    print(
        f"    jar       {jar}, {jar.stat().st_size:,} bytes, with the runtime in it\n"
        f"    accuracy  {right} of {len(answers)} held-out tumours right in Java\n"
        f"    parity    largest difference from LightGBM's own probabilities: {apart:.1e}\n"
        f"    one row   {there:.1f} µs in Java, {here:.0f} µs by Booster.predict: {here / there:.0f} times faster\n"
        "\n"
        "Next:\n"
        f"    score a file        java -jar {jar} < {folder / 'held.csv'}\n"
        "    your own model      .venv/bin/mlconvert lightgbm2jar model.txt\n"
        "    in a Java program   docs/java.md"
    )


def _java(jar: Path, *arguments: str, stdin: IO[str] | None = None) -> str:
    command = ["java", "-jar", jar, *arguments]
    return subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True).stdout


def _microseconds(booster: lightgbm.Booster, rows: np.ndarray) -> float:
    """The median over single rows in one thread."""
    taken = []
    for at in range(1000):
        row = rows[at % len(rows)][None]
        start = time.perf_counter()
        booster.predict(row, num_threads=1)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


if __name__ == "__main__":
    verbs = {"train": train, "report": report}
    verbs[sys.argv[1]](Path(sys.argv[2]))
