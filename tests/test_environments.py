"""Stages in environments of their own: real ones, filled from a wheel that lies in the test's folder."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from mlconvert import environments, frame
from mlconvert.errors import ConversionError
from mlconvert.request import Request
from mlconvert.worker import Worker
from mlconvert_toys import line

INFO = "mlconvert_elsewhere-1.5.dist-info"
WHEEL = {
    "mlconvert_elsewhere.py": "ANSWER = 42\n",
    f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: mlconvert-elsewhere\nVersion: 1.5\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


class Place:
    """A source, an index of one wheel, and a cache of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> None:
        self.cache, self.wheels, self.worker = folder / "cache", folder / "wheels", worker
        self.source = line.alpha(folder / "m.alpha")
        self.wheels.mkdir()
        self.heard: list[str] = []
        monkeypatch.setenv("MLCONVERT_CACHE_DIR", str(self.cache))
        for tool in ("PIP", "UV"):
            monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
            monkeypatch.setenv(f"{tool}_FIND_LINKS", str(self.wheels))

    def fill(self) -> None:
        with zipfile.ZipFile(self.wheels / "mlconvert_elsewhere-1.5-py3-none-any.whl", "w") as wheel:
            for name, text in WHEEL.items():
                wheel.writestr(name, text)
            wheel.writestr(f"{INFO}/RECORD", "".join(f"{name},,\n" for name in [*WHEEL, f"{INFO}/RECORD"]))

    def convert(self, isolate: bool = True) -> dict[str, Any]:
        """The step of the manifest."""
        request = Request(self.source, "beta", via=("alpha2beta.foreign",), isolate=isolate, force=True, cache=False)
        result = frame.run(request, lambda kind, entry: self.heard.append(str(entry.get("text"))), worker=self.worker)
        assert result.parity["status"] == "passed"
        step: dict[str, Any] = result.manifest["route"][0]
        return step

    @property
    def made(self) -> list[Path]:
        return sorted((self.cache / "environments").glob("*/environment.json"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> Place:
    return Place(tmp_path, monkeypatch, worker)


def test_nothing_is_installed_unasked(place: Place) -> None:
    place.fill()
    with pytest.raises(ConversionError) as caught:
        place.convert(isolate=False)
    assert caught.value.code == "missing-package"
    assert caught.value.fix.startswith("pip install 'mlconvert-elsewhere>=1', or add --isolate")
    assert not place.made


def test_a_stage_runs_in_an_environment_made_for_it(place: Place) -> None:
    place.fill()
    step = place.convert()
    (environment,) = place.made
    assert step["facts"] == {"prefix": str(environment.parent), "answer": 42}
    assert step["versions"] == {"mlconvert-elsewhere": "1.5"}
    assert any("making an environment for alpha2beta.foreign: mlconvert-elsewhere>=1" in text for text in place.heard)


def test_an_environment_is_kept(place: Place) -> None:
    place.fill()
    place.convert()
    before = place.made[0].stat().st_mtime_ns
    assert place.convert()["facts"]["answer"] == 42
    assert [path.stat().st_mtime_ns for path in place.made] == [before]


def test_one_that_was_left_half_made_is_made_again(place: Place) -> None:
    place.fill()
    place.convert()
    place.made[0].unlink()
    assert place.convert()["facts"]["answer"] == 42


def test_the_variable_allows_it_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill()
    monkeypatch.setenv("MLCONVERT_ISOLATE", "1")
    assert place.convert(isolate=False)["facts"]["answer"] == 42


def test_pip_does_it_where_uv_is_absent(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.fill()
    monkeypatch.setattr(environments, "_uv", lambda: None)
    assert place.convert()["facts"]["answer"] == 42


def test_what_the_installer_says_is_one_line(place: Place) -> None:
    with pytest.raises(ConversionError) as caught:
        place.convert()
    assert caught.value.code == "environment-failed"
    assert "mlconvert-elsewhere" in caught.value.message and "\n" not in caught.value.message
    assert not place.made


def test_another_python_needs_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlconvert_toys.stages import Alpha2BetaForeign

    class Older(Alpha2BetaForeign):
        python = "<3.9"

    monkeypatch.setattr(environments, "_uv", lambda: None)
    with pytest.raises(ConversionError) as caught:
        environments.made_for(Older(), tmp_path, lambda text: None)
    assert (caught.value.code, caught.value.fix) == ("environment-failed", "pip install uv")
