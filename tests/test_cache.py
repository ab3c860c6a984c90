from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlconvert import cache, frame
from mlconvert.cache import Cache, key_of
from mlconvert.errors import ConversionError
from mlconvert.request import Request
from mlconvert.signature import DimRange
from mlconvert.stage import Outcome
from mlconvert.worker import Worker
from mlconvert_toys import line
from mlconvert_toys.line import Line

OUTCOME = Outcome(Line().signature, {"level": 3}, "text")
KEY = key_of(number=1)


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def put(kept: Cache, folder: Path, key: str = KEY, content: str = "content", beside: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    artifact = folder / "m.beta"
    artifact.write_text(content)
    if beside:
        (folder / "m.data").write_text("beside it")
    kept.put(key, "alpha2beta", artifact, OUTCOME)


def get(kept: Cache, folder: Path, key: str = KEY) -> tuple[Path, Outcome] | None:
    folder.mkdir()
    return kept.get(key, folder)


# --- what was kept comes back ---------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [False, True])
def test_a_file_comes_back(kept: Cache, tmp_path: Path, beside: bool) -> None:
    put(kept, tmp_path / "made", beside=beside)
    found = get(kept, tmp_path / "again")
    assert found == (tmp_path / "again" / "m.beta", OUTCOME)
    names = ["m.beta", "m.data"] if beside else ["m.beta"]
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == names


def test_a_folder_comes_back(kept: Cache, tmp_path: Path) -> None:
    made = line.gamma(tmp_path / "made" / "m.gamma", Line())
    kept.put(KEY, "beta2gamma", made, OUTCOME)
    found = get(kept, tmp_path / "again")
    assert found is not None
    assert (found[0] / "numbers" / "line.json").read_text() == (made / "numbers" / "line.json").read_text()


def test_what_was_not_kept(kept: Cache, tmp_path: Path) -> None:
    assert get(kept, tmp_path / "again") is None
    assert kept.entries() == []


def test_the_entries_are_private(kept: Cache, tmp_path: Path) -> None:
    put(kept, tmp_path / "made")
    kept.stage_folder("alpha2beta")
    for folder in (kept.root, *kept.root.iterdir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_list_of_what_is_kept(kept: Cache, tmp_path: Path) -> None:
    for number in range(3):
        put(kept, tmp_path / "made", key_of(number=number), content="x" * (number + 1))
        os.utime(kept.root / "hops" / key_of(number=number) / "record.json", (number, number))
    found = kept.entries()
    assert [entry.key for entry in found] == [key_of(number=number) for number in (2, 1, 0)]
    assert {(entry.stage, entry.artifact) for entry in found} == {("alpha2beta", "m.beta")}
    assert kept.clear() == 3
    assert kept.entries() == []
    assert not list((kept.root / "hops").iterdir())


# --- damage ---------------------------------------------------------------------------------------------


def edit_record(entry: Path, **change: Any) -> None:
    record = json.loads((entry / "record.json").read_text())
    (entry / "record.json").write_text(json.dumps({**record, **change}))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "changed": lambda entry: (entry / "files" / "m.beta").write_text("other content"),
    "cut off": lambda entry: (entry / "files" / "m.beta").write_text(""),
    "artifact gone": lambda entry: (entry / "files" / "m.beta").unlink(),
    "side file changed": lambda entry: (entry / "files" / "m.data").write_text("other"),
    "side file gone": lambda entry: (entry / "files" / "m.data").unlink(),
    "stranger": lambda entry: (entry / "files" / "stranger").write_text("hello"),
    "record gone": lambda entry: (entry / "record.json").unlink(),
    "record cut off": lambda entry: (entry / "record.json").write_text('{"stage'),
    "record a list": lambda entry: (entry / "record.json").write_text("[]"),
    "record a word": lambda entry: (entry / "record.json").write_text('"word"'),
    "no signature": lambda entry: edit_record(entry, signature=None),
    "bad signature": lambda entry: edit_record(entry, signature={"inputs": [], "outputs": [], "dims": []}),
    "no artifact": lambda entry: edit_record(entry, artifact=None),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_discarded(kept: Cache, tmp_path: Path, damage: str) -> None:
    put(kept, tmp_path / "made", beside=True)
    DAMAGE[damage](kept.root / "hops" / KEY)
    kept.entries()
    assert get(kept, tmp_path / "again") is None
    assert not list((tmp_path / "again").iterdir())
    assert not (kept.root / "hops" / KEY).exists()
    put(kept, tmp_path / "made", beside=True)
    assert get(kept, tmp_path / "third") is not None


def test_a_half_made_entry_is_no_entry(kept: Cache, tmp_path: Path) -> None:
    put(kept, tmp_path / "made")
    half = kept.root / "hops" / ".new-half"
    half.mkdir()
    (half / "record.json").write_text("{}")
    assert [entry.key for entry in kept.entries()] == [KEY]
    kept.clear()
    assert not half.exists()


# --- a cache that cannot be had -------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "hops", "locks", "stages"])
def test_a_cache_that_cannot_be_written_is_no_error(kept: Cache, tmp_path: Path, place: str) -> None:
    (kept.root / place).parent.mkdir(exist_ok=True, parents=True)
    (kept.root / place).write_text("in the way")
    put(kept, tmp_path / "made")
    get(kept, tmp_path / "again")
    kept.entries()
    assert (kept.stage_folder("alpha2beta") is None) is (place in ("", "stages"))
    kept.clear()


def test_an_entry_that_cannot_be_locked_is_not_used(kept: Cache, tmp_path: Path) -> None:
    put(kept, tmp_path / "made")
    locks = kept.root / "locks"
    for path in locks.iterdir():
        path.unlink()
    locks.rmdir()
    locks.write_text("in the way")
    assert get(kept, tmp_path / "again") is None
    assert kept.remove(KEY) is False


def test_the_environment_says_where_and_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCONVERT_CACHE_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("MLCONVERT_CACHE_MAX", "3MiB")
    assert (Cache().root, Cache().cap) == (tmp_path / "elsewhere", 3 * 2**20)
    monkeypatch.setenv("MLCONVERT_CACHE_MAX", "plenty")
    with pytest.raises(ConversionError, match="MLCONVERT_CACHE_MAX: 'plenty' is no size"):
        Cache()


# --- eviction -------------------------------------------------------------------------------------------


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    kept = Cache(tmp_path / "cache", cap=5000)
    keys = [key_of(number=number) for number in range(4)]
    for number, key in enumerate(keys[:3]):
        put(kept, tmp_path / "made", key, "x" * 1000)
        os.utime(kept.root / "hops" / key / "record.json", (number + 1, number + 1))
    assert get(kept, tmp_path / "again", keys[0]) is not None, "which makes it the newest"
    put(kept, tmp_path / "made", keys[3], "x" * 2500)
    left = {entry.key for entry in kept.entries()}
    assert keys[3] in left
    assert keys[0] in left
    assert keys[1] not in left


def test_one_that_is_larger_than_the_cap_is_kept_alone(tmp_path: Path) -> None:
    kept = Cache(tmp_path / "cache", cap=100)
    put(kept, tmp_path / "made", key_of(number=0))
    put(kept, tmp_path / "made", KEY, "x" * 1000)
    assert [entry.key for entry in kept.entries()] == [KEY]


# --- several at once ------------------------------------------------------------------------------------


def test_many_at_once_keep_and_take_the_same(kept: Cache, tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                put(kept, tmp_path / f"made{number}", key_of(number=turn % 2))
                found = get(kept, tmp_path / f"again{number}-{turn}", key_of(number=turn % 2))
                assert found is None or found[0].read_text() == "content"
                if turn == number:
                    kept.remove(key_of(number=0))
        except BaseException as error:  # noqa: BLE001  # the test's thread hears of it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


# --- keys -----------------------------------------------------------------------------------------------


@pytest.fixture
def conversions(tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Converts in a cache of its own; says whether the hop was taken from it."""
    monkeypatch.setenv("MLCONVERT_CACHE_DIR", str(tmp_path / "cache"))
    data = tmp_path / "data.npz"
    data.write_bytes(b"")

    def taken(model: Line = Line(), **given: Any) -> bool:  # noqa: B008  # a frozen value
        heard = []
        request = {"target": "beta", "validate": False, "force": True, **given}
        source = line.alpha(tmp_path / "m.alpha", model)
        frame.run(Request(source, **request), lambda kind, entry: heard.append(entry.get("text")), worker=worker)
        return "alpha2beta: taken from the cache" in heard

    return taken


def test_the_same_again_is_taken_from_the_cache(conversions: Any, tmp_path: Path) -> None:
    assert not conversions()
    first = (tmp_path / "m.beta").read_bytes()
    assert conversions()
    assert (tmp_path / "m.beta").read_bytes() == first
    assert conversions(out=tmp_path / "other.beta")
    assert conversions(target="gamma", options={"beta2gamma": {"level": 1}})


@pytest.mark.parametrize(
    "change",
    [
        {"model": Line(weight=(2.0, -1.0, 0.25))},
        {"dims": {"batch": DimRange(1, 2, 3)}},
        {"options": {"alpha2beta": {"notation": "hex"}}},
        {"seed": 1},
    ],
    ids=["input", "signature", "option", "seed"],
)
def test_a_change_of_any_part_changes_the_key(conversions: Any, change: dict[str, Any]) -> None:
    conversions()
    assert not conversions(**change)
    assert conversions(**change)
    assert conversions()


def test_the_bytes_of_data_and_of_files_count(conversions: Any, tmp_path: Path) -> None:
    for given in ({"data": tmp_path / "part"}, {"options": {"alpha2beta": {"log": tmp_path / "part"}}}):
        (tmp_path / "part").write_text("one")
        conversions(**given)
        (tmp_path / "part").write_text("two")
        assert not conversions(**given)


def test_the_code_of_both_counts(conversions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    conversions()
    for package in ("mlconvert", "mlconvert_toys"):
        real = cache.code_digest
        with monkeypatch.context() as patch:
            patch.setattr(cache, "code_digest", lambda name, own=package, real=real: real(name) + "'" * (name == own))
            assert not conversions()
        assert conversions()


def test_a_pass_of_another_flavour_is_another(conversions: Any) -> None:
    conversions(passes=(("tidy", {}),))
    assert conversions(passes=(("tidy", {}),))
    assert not conversions(passes=(("tidy", {}),), options={"alpha2beta": {"notation": "hex"}})


def test_what_calls_for_code_is_never_looked_up(conversions: Any, tmp_path: Path) -> None:
    for _ in range(2):
        assert not conversions(model=Line(quirks={"code": "rm"}), trust=True)
        assert not conversions(cache=False)
    assert Cache().entries() == []


def test_what_failed_parity_fails_again(conversions: Any, tmp_path: Path) -> None:
    given = {"validate": True, "options": {"alpha2beta": {"mischief": "wrong"}}}
    assert not conversions(**given)
    assert conversions(**given)
    assert (tmp_path / "m.beta.rejected").exists()
    assert not (tmp_path / "m.beta").exists()
