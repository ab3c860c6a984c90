"""Pickles are read, never run."""

from __future__ import annotations

import io
import os
import pickle

import pytest
from torch._weights_only_unpickler import _get_allowed_globals

from mlconvert_plugins.pytorch.pickles import SAFE, hidden, scan


class Command:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("false",)


def test_nothing_is_safe_here_that_is_not_safe_in_torch() -> None:
    assert set(_get_allowed_globals()) >= SAFE


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_call_is_seen_in_every_protocol(protocol: int) -> None:
    data = pickle.dumps({"a": [Command()]}, protocol=protocol)
    assert scan(io.BytesIO(data)).beyond() == f"{os.system.__module__}.system"
    assert hidden(data) == f"{os.system.__module__}.system"


def test_names_that_are_put_together_at_run_time_are_not_safe() -> None:
    data = b"\x80\x04" + b"\x8c\x02os\x94\x8c\x06system\x940" + b"h\x00h\x01\x93."
    assert scan(io.BytesIO(data)).beyond() is not None


def test_a_name_from_the_memo_does_not_pass_for_a_safe_one() -> None:
    payload = b"\x8c\x02os\x94\x8c\x06system\x9400"
    decoy = b"\x8c\x0bcollections\x8c\x0bOrderedDict00"
    assert scan(io.BytesIO(b"\x80\x04" + payload + decoy + b"h\x00h\x01\x93.")).beyond() is not None


def test_what_cannot_be_read_to_its_end_says_so() -> None:
    assert scan(io.BytesIO(pickle.dumps([1, 2])[:-1])).fault


def test_numbers_that_look_like_an_odd_text_say_nothing() -> None:
    assert scan(io.BytesIO(b"S'\\d'\n.")).globals == ()


def test_numbers_hide_no_pickle() -> None:
    assert hidden(bytes(range(256)) * 16) is None
    assert hidden(b"\x93" + bytes(100)) is None
