"""Documents of validations and benchmarks, as the ones that mlconvert writes, with what reports have to cope with."""

from __future__ import annotations

import math
import random
from typing import Any

Document = dict[str, Any]

# What a model may call its tensors, and a file may be called.
HOSTILE = {
    "script": "<script>alert(1)</script>\"'&",
    "bidi": "\u202egnp.tupni\u2066\u200f שלום",
    "markdown": "a|b `c` **d** [e](javascript:f) @somebody #1 www.example.com <!-- $\\alpha$",
    "markup": "[bold red]x[/bold red] :boom: ${x} {{7*7}} %s",
    "control": "\x1b[2J\x00\n\r\t\x85\ufffe\ud800]]>",
    "long": "layer." * 333 + "weight",
}


def validation(*artifacts: Document, status: str | None = None, **more: Any) -> Document:
    """A validation of these artifacts, or of a TensorFlow model and a PyTorch one against an ONNX model."""
    given = list(artifacts) or [passed("savedmodel", "tf", "onnx2tf"), passed("model.pt2", "torch", None)]
    statuses = [artifact["check"]["status"] for artifact in given]
    found = next((word for word in ("failed", "unproven") if word in statuses), "passed")
    guilty = [f"{a['label']}: {a['check']['reason']}" for a in given if a["check"]["status"] == found != "passed"]
    return {
        "mlconvert": "0.1.0",
        "schema": 1,
        "kind": "validation",
        "status": status or found,
        "reason": "; ".join(guilty),
        "command": "mlconvert validate model.onnx savedmodel model.pt2",
        "host": {"system": "Linux", "machine": "x86_64", "python": "3.11.9", "gpus": []},
        "versions": {"numpy": "2.3.5", "onnxruntime": "1.23.2", "tensorflow": "2.21.0", "torch": "2.9.1"},
        "source": model("model.onnx", "onnx", 46_800_000),
        "data": {"from": "drawn", "seed": 0, "rows": None},
        "artifacts": given,
        **more,
    }


def model(label: str, format: str, size: int = 47_100_000, *stages: str) -> Document:
    versions = {"torch2onnx": {"torch": "2.9.1", "onnx": "1.19.1"}, "onnx2tf": {"tensorflow": "2.21.0"}}
    return {
        "label": label,
        "file": label,
        "format": format,
        "flavour": {"torch": "exported", "jar": "native"}.get(format),
        "bytes": size,
        "sha256": f"{random.Random(ascii(label)).getrandbits(256):064x}",
        "route": [{"stage": stage, "versions": versions.get(stage, {})} for stage in stages],
    }


NETWORK = {"rtol": 1e-4, "rms": 1e-4, "atol": None, "ulps": None, "exact": [], "from": "declared"}
BITS = {"rtol": 0.0, "rms": 0.0, "atol": 0.0, "ulps": 4, "exact": ["margin"], "from": "declared"}


def check(*outputs: Document, stage: str | None = "onnx2tf", **more: Any) -> Document:
    found = [output["status"] for output in outputs]
    status = "failed" if "failed" in found else "unproven" if "insensitive" in found else "passed"
    return {
        "stage": stage,
        "status": status,
        "reason": "",
        "tolerance": NETWORK,
        "probes": [
            {"label": "opt", "sizes": {"batch": 8}, "status": "passed"},
            {"label": "opt again", "sizes": {"batch": 8}, "status": "passed"},
            {"label": "min", "sizes": {"batch": 1}, "status": "passed"},
            {"label": "max", "sizes": {"batch": 32}, "status": status},
        ],
        "facts": {},
        "outputs": list(outputs),
        **more,
    }


def output(name: str, worst: float = 1.14e-5, *, status: str = "passed", seed: int = 0, **more: Any) -> Document:
    """An output whose largest error is `worst`, of 8000 values with a root mean square of 2.2."""
    rms, allowed = 2.2, 1e-4 * 2.2
    return {
        "name": name,
        "status": status,
        "problem": "",
        "max_abs": worst,
        "max_rel": worst / 0.03,
        "rms": rms,
        "cosine": 1.0 - (worst / rms) ** 2,
        "argmax": 1.0 if worst < 0.01 else 0.97,
        "excess": worst / allowed,
        "ulps": None,
        "details": details(worst, seed=seed),
        **more,
    }


def details(worst: float, *, seed: int = 0, ulps: int | None = None) -> Document:
    drawn = random.Random(seed)
    errors = sorted(min(worst, abs(drawn.gauss(0, worst / 4))) for _ in range(7200))
    bins: dict[int, int] = {}
    for value in filter(None, errors):
        bins[math.floor(math.log2(value))] = bins.get(math.floor(math.log2(value)), 0) + 1
    percentiles = {name: errors[int(float(name) / 100 * (len(errors) - 1))] for name in ("50", "90", "99", "99.9")}
    return {
        "elements": 8000,
        "mean_abs": sum(errors) / 8000,
        "mean_rel": sum(errors) / 8000 / 2,
        "abs_percentiles": percentiles,
        "rel_percentiles": {name: value / 2 for name, value in percentiles.items()},
        "snr_db": 20 * math.log10(2.2 / worst * 3) if worst else None,
        "top5": 1.0,
        "abs_histogram": [
            [0, 0, 8000 - sum(bins.values())],
            *([2.0**low, 2.0 ** (low + 1), count] for low, count in sorted(bins.items())),
        ],
        "ulp_histogram": [] if ulps is None else [[0, 0, 7400], [1, 1, 560], [2, 3, 38], [4, 7, 2]][: 2 + ulps // 2],
        "not_finite": {"source": 0, "artifact": 0, "apart": 0},
        "envelope": [],
    }


def passed(label: str, format: str, *stages: str | None, outputs: int = 2) -> Document:
    names = ["logits", "embedding", *(f"hidden_{layer}" for layer in range(outputs - 2))][:outputs]
    found = [output(name, 4e-6 * 1.05**place, seed=place) for place, name in enumerate(names)]
    route = [stage for stage in stages if stage]
    return {**model(label, format, 47_100_000, *route), "check": check(*found, stage=stages[-1] if stages else None)}


def failed(label: str = "broken") -> Document:
    reason = "at max (batch=32): output logits is off by 0.213 (RMS 2.2), 968 times what is allowed"
    first_bad = {
        "node": "/encoder/layer.3/LayerNorm",
        "op": "LayerNormalization",
        "source": "encoder.layer.3.norm, model.py:112",
        "max_abs": 0.0421,
        "note": "alone on the reference's inputs it is off too",
        "reproducer": "broken.first-bad.onnx",
    }
    outputs = (output("logits", 0.213, status="failed"), output("embedding", 0.0011, status="failed"))
    accuracy = {"labels": 1000, "output": "logits", "source": 0.931, "artifact": 0.894, "agreement": 0.951}
    found = check(*outputs, reason=reason, first_bad=first_bad, accuracy=accuracy)
    return {**model(label, "tf", 47_100_000, "torch2onnx", "onnx2tf"), "check": found}


def not_run(label: str = "engine.plan") -> Document:
    found = check(stage="onnx2trt", status="unproven", reason="no NVIDIA GPU is here that CUDA can use", probes=[])
    fix = "on a machine that has it: mlconvert validate model.onnx engine.plan --trust"
    return {**model(label, "trt", 46_000_000, "onnx2trt"), "check": {**found, "fix": fix}}


def insensitive(label: str = "half.onnx") -> Document:
    still = output("mask", 0.0, status="insensitive")
    reason = "insensitive: mask would have passed with the answer to other inputs"
    return {**model(label, "onnx", 23_400_000), "check": check(output("logits"), still, stage=None, reason=reason)}


def incomparable(label: str = "other.onnx") -> Document:
    """An artifact that gives NaN and another shape: numbers that are not finite are null."""
    nothing = dict.fromkeys(("max_abs", "max_rel", "cosine", "excess"))
    apart = "16 of 8000 elements are NaN on one side alone"
    empty = {**details(1.0), "abs_histogram": [], "snr_db": None, "mean_abs": None, "mean_rel": None, "top5": None}
    outputs = (
        output("logits", status="failed", problem=apart, **{**nothing, "details": empty}),
        output("mask", 0.0, status="failed", problem="shape [8, 3] instead of [8, 4]", details=None),
    )
    del outputs[1]["details"]
    return {
        **model(label, "onnx"),
        "check": check(*outputs, stage=None, reason=f"at opt (batch=8): output logits: {apart}"),
    }


def exact(label: str = "churn.jar", format: str = "jar", ulps: int = 0, *stages: str) -> Document:
    """A forest, held to the bit in its margins and to some ULPs in its probabilities."""
    none = {"max_abs": 0.0, "max_rel": 0.0, "ulps": 0, "excess": 0.0}
    margin = {**output("margin", 1e-9, seed=1), **none, "details": {**details(1e-9), "abs_histogram": [[0, 0, 8000]]}}
    margin["details"]["ulp_histogram"] = [[0, 0, 8000]]
    some = output("probability", 1.1e-16 * max(ulps, 1), ulps=ulps, excess=ulps / 4)
    some["details"]["ulp_histogram"] = details(1.0, ulps=ulps)["ulp_histogram"]
    label_output = {**output("label", 1e-9), **none, "details": {"elements": 8000}}
    found = check(margin, some, label_output, stage="forest2jar", tolerance=BITS, facts={"leaves": "31,000 of 31,000"})
    found["probes"] = [{"label": "thresholds", "sizes": {}, "status": "passed"}]
    return {**model(label, format, 412_000, *(stages or ("lightgbm2forest", "forest2jar"))), "check": found}


def many_outputs(count: int = 60) -> Document:
    return {**passed("many.onnx", "onnx", outputs=count), "label": "many.onnx"}


def forests() -> Document:
    """Five forms of one forest."""
    given = (exact("churn.forest", "forest", 0, "lightgbm2forest"), exact(), exact("churn.pmml", "pmml", 3))
    source = model("churn.txt", "lightgbm", 1_900_000)
    return validation(*given, source=source, command="mlconvert validate churn.txt churn.forest churn.jar churn.pmml")


def hostile() -> Document:
    """Every name of a model and of a file is somebody's attempt at something."""
    names = HOSTILE.values()
    bad = failed(HOSTILE["script"])
    bad["check"]["outputs"] = [output(name, 0.1, status="failed") for name in names]
    bad["check"]["first_bad"] = dict.fromkeys(("node", "op", "source", "note", "reproducer"), HOSTILE["script"])
    bad["check"]["reason"] = bad["check"]["fix"] = "".join(names)
    bad["check"]["facts"] = {HOSTILE["markup"]: HOSTILE["markdown"]}
    bad["check"]["probes"] = [{"label": HOSTILE["bidi"], "sizes": {HOSTILE["script"]: 8}, "status": "failed"}]
    bad["route"] = [{"stage": HOSTILE["script"], "versions": {HOSTILE["markdown"]: HOSTILE["control"]}}]
    other = [{**passed(name, "onnx", outputs=1), "format": name, "flavour": name} for name in names]
    return validation(bad, *other, command=HOSTILE["control"], versions={HOSTILE["script"]: HOSTILE["long"]})


# --- benchmarks -----------------------------------------------------------------------------------------


FORESTS = {
    "churn.txt": ("lightgbm", 38e-6, 2.1e-6, 1_900_000),
    "churn.forest": ("forest", 31e-6, 1.9e-6, 380_000),
    "churn.jar": ("jar", 1.4e-6, 0.9e-6, 412_000),
    "churn.pmml": ("pmml", 210e-6, 95e-6, 5_300_000),
    "churn-pmml.jar": ("jar", 38.2e-6, 2.11e-6, 960_000),
}
NETWORKS = {
    "model.pt2": ("torch", 4.1e-3, 2.2e-3, 46_800_000),
    "model.onnx": ("onnx", 2.9e-3, 1.7e-3, 46_800_000),
    "savedmodel": ("tf", 5.6e-3, 2.4e-3, 47_100_000),
}


def benchmark(
    subjects: dict[str, tuple[str, float, float, int]] = NETWORKS,
    batch: tuple[int, ...] = (1, 8, 32),
    threads: tuple[int, ...] = (1,),
    clients: tuple[int, ...] = (1,),
    **more: Any,
) -> Document:
    """A benchmark of `subjects`: label -> (format, seconds of a call, further seconds of each row, bytes)."""
    source = next(iter(subjects))
    drawn = random.Random(0)
    sweep = [(size, count, others) for size in batch for count in threads for others in clients]
    cells = [cell(label, subjects, source, place, drawn) for place in sweep for label in subjects]
    noise = [{**_place(place), "ratio": ratio(drawn.gauss(1.0, 0.002), 0.006)} for place in sweep]
    settings = {
        "batch": list(batch),
        "threads": list(threads),
        "clients": list(clients),
        "rounds": 30,
        "processes": 3,
        "margin": 0.02,
        "confidence": 0.99,
        "seed": 0,
        "pinned": [1],
    }
    return {
        "mlconvert": "0.1.0",
        "schema": 1,
        "kind": "benchmark",
        "status": "passed",
        "reason": "",
        "command": f"mlconvert bench {' '.join(subjects)} --batch {','.join(map(str, batch))}",
        "machine": {
            "system": "Linux 6.1",
            "architecture": "x86_64",
            "processor": "Intel Xeon @ 2.20GHz",
            "cores": 2,
            "memory": 8_330_000_000,
            "load": 0.4,
        },
        "versions": {"numpy": "2.3.5", "onnxruntime": "1.23.2", "torch": "2.9.1"},
        "settings": settings,
        "subjects": [subject(label, *subjects[label], source=label == source) for label in subjects],
        "cells": cells,
        "noise": noise,
        "gates": [],
        **more,
    }


def _place(place: tuple[int, int, int]) -> Document:
    return dict(zip(("batch", "threads", "clients"), place, strict=True))


def cell(
    label: str,
    subjects: dict[str, tuple[str, float, float, int]],
    source: str,
    place: tuple[int, int, int],
    drawn: random.Random,
) -> Document:
    batch, threads, clients = place

    def middle(name: str) -> float:
        _, call, row, _ = subjects[name]
        return (call + row * batch) / threads**0.6 * (1 + 0.35 * (clients - 1))

    typical = middle(label)
    samples = [typical * math.exp(abs(drawn.gauss(0, 0.05))) for _ in range(200)]
    samples += [typical * drawn.uniform(1.2, 1.9) for _ in range(9)]
    ordered = sorted(samples)
    of = {f"p{percent}": ordered[int(percent / 100 * (len(ordered) - 1))] for percent in (50, 90, 95, 99)}
    mean = sum(samples) / len(samples)
    shift = typical / middle(source)
    return {
        **_place(place),
        "subject": label,
        "samples": samples,
        **of,
        "mean": mean,
        "throughput": batch * clients / mean,
        "ratio": None if label == source else ratio(shift * drawn.gauss(1, 0.002), 0.007),
    }


def ratio(median: float, spread: float) -> Document:
    low, high = median * (1 - spread), median * (1 + spread)
    verdict = "slower" if low > 1.02 else "faster" if high < 1 / 1.02 else "undecided"
    if low >= 1 / 1.02 and high <= 1.02:
        verdict = "equivalent"
    return {"median": median, "low": low, "high": high, "verdict": verdict}


def subject(label: str, format: str, call: float, row: float, size: int, *, source: bool) -> Document:
    stages = {"onnx": ("torch2onnx",), "tf": ("torch2onnx", "onnx2tf"), "jar": ("lightgbm2forest", "forest2jar")}
    drawn = random.Random(ascii(label))
    return {
        **model(label, format, size, *(() if source else stages.get(format, ()))),
        "role": "source" if source else "artifact",
        "parity": None if source else {"status": "passed", "reason": ""},
        "timed": True,
        "why_not": "",
        "load_seconds": [0.02 * size**0.2 * drawn.uniform(0.9, 1.2) / 10 for _ in range(3)],
        "first_load_seconds": [0.9 * drawn.uniform(0.9, 1.4) for _ in range(3)],
        "memory_bytes": [float(int(180_000_000 + 2 * size + drawn.uniform(0, 4e6))) for _ in range(3)],
        "clock": "one call inside a warmed JVM" if format == "jar" else "one call of the runner in its own process",
    }


def gated(**more: Any) -> Document:
    """A benchmark with a gate that failed, one that did not, an artifact that failed parity, and one left out."""
    found = benchmark(NETWORKS, batch=(1, 8))
    broken = subject("broken.onnx", "onnx", 0, 0, 46_800_000, source=False)
    reason = "at opt (batch=8): output logits is off by 0.213 (RMS 2.2), 968 times what is allowed"
    broken |= {"parity": {"status": "failed", "reason": reason}, "timed": False, "why_not": "it failed parity"}
    broken |= {"load_seconds": [], "first_load_seconds": [], "memory_bytes": [], "clock": ""}
    absent = subject("engine.plan", "trt", 0, 0, 46_000_000, source=False)
    why = "no NVIDIA GPU is here that CUDA can use"
    absent |= {"parity": {"status": "unproven", "reason": why}, "timed": False, "why_not": why}
    absent |= {"load_seconds": [], "first_load_seconds": [], "memory_bytes": [], "clock": ""}
    place = {"batch": 8, "threads": 1, "clients": 1}
    gates = [
        {"expression": "p99 > 1.05 * base", "subject": "savedmodel", **place, "value": 0.029, "bound": 0.0252}
        | {"low": 0.0281, "high": 0.0303, "failed": True},
        {"expression": "size > 100MiB", "subject": "savedmodel", "batch": None, "threads": None, "clients": None}
        | {"value": 47_100_000, "bound": 104_857_600, "low": None, "high": None, "failed": False},
    ]
    subjects = [*found["subjects"], broken, absent]
    reason = "broken.onnx failed parity; savedmodel: p99 > 1.05 * base at batch 8"
    return {**found, "subjects": subjects, "gates": gates, "status": "failed", "reason": reason, **more}


def hostile_benchmark() -> Document:
    """Files with such names, a gate and a clock that say such things."""
    names = {name: ("onnx", 1e-3 * place, 1e-4, 10_000) for place, name in enumerate(HOSTILE.values(), 1)}
    found = benchmark(names, batch=(1, 2))
    for one in found["subjects"]:
        one |= {"clock": HOSTILE["script"], "format": HOSTILE["markdown"]}
    found["gates"] = [
        {"expression": name, "subject": name, "batch": 1, "threads": 1, "clients": 1, "value": 1.0, "bound": None}
        | {"low": None, "high": None, "failed": True}
        for name in HOSTILE.values()
    ]
    return {**found, "status": "failed", "reason": HOSTILE["markdown"], "machine": {"processor": HOSTILE["script"]}}


DOCUMENTS: dict[str, Document] = {
    "networks": validation(passed("savedmodel", "tf", "torch2onnx", "onnx2tf"), passed("model.pt2", "torch")),
    "forests": forests(),
    "failed": validation(failed(), passed("savedmodel", "tf", "onnx2tf"), not_run(), insensitive()),
    "incomparable": validation(incomparable(), not_run()),
    "many": validation(many_outputs()),
    "hostile": hostile(),
    "bench": benchmark(),
    "bench-forests": benchmark(FORESTS, batch=(1, 100)),
    "bench-one": benchmark(batch=(1,)),
    "bench-sweeps": benchmark(batch=(1, 8), threads=(1, 2), clients=(1, 2)),
    "bench-failed": gated(),
    "bench-hostile": hostile_benchmark(),
}
