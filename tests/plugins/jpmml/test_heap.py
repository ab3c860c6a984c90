from __future__ import annotations

import pytest

from mlconvert_plugins.jpmml import heap


def test_small_models_share_one_size() -> None:
    assert heap.needed(0) == heap.needed(1000) == min(4 * 2**30, int(0.75 * heap.machine()))


def test_a_large_model_gets_more_and_never_the_whole_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "machine", lambda: 64 * 2**30)
    assert heap.needed(50 * 2**20) > heap.needed(0) == 4 * 2**30
    assert heap.needed(2**40) == 48 * 2**30
    monkeypatch.setattr(heap, "machine", lambda: 2**30)
    assert heap.needed(0) == 0.75 * 2**30
