"""A real Chromium without a window; a test that needs it is skipped, with the reason, where it is not."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def installed() -> tuple[str, str]:
    """The browser and its driver. Ubuntu's `chromium` may be a script that asks for a snap, and no browser."""
    for browser, driver in (("chromium", "chromedriver"), ("google-chrome", "chromedriver")):
        found = [shutil.which(name) for name in (browser, driver)]
        if all(found) and all(_answers(str(path)) for path in found):
            return str(found[0]), str(found[1])
    pytest.skip("there is no Chromium with its driver here (apt-get install chromium chromium-driver)")


def _answers(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Browser:
    """One window. `dark` and `width` take hold at the next `open`."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, dark: bool = False) -> None:
        theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._cdp("Emulation.setEmulatedMedia", features=theme)
        self._cdp("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.driver.get_log("browser"), self.driver.get_log("performance")
        self.driver.get(page.as_uri())

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def said(self) -> list[str]:
        """What has appeared in the console since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self) -> list[str]:
        """What the page has asked for since it was opened, itself included."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]

    def picture(self, scale: float = 1) -> Any:
        """The whole page as it is drawn."""
        from PIL import Image

        width, height = self.run("const e = document.documentElement; return [e.scrollWidth, e.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
        shot = self._cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")

    def _cdp(self, command: str, **values: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, values)


@contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """A browser whose profile lies in the folder."""
    selenium = pytest.importorskip("selenium.webdriver")
    from selenium.common.exceptions import SessionNotCreatedException

    binary, driver = installed()
    options = selenium.ChromeOptions()
    options.binary_location = binary
    # The sandbox needs a user who is not root, and /dev/shm is small in containers.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    for flag in ("--headless=new", "--disable-dev-shm-usage", "--disable-gpu", f"--user-data-dir={folder}", *root):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    try:
        window = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    except SessionNotCreatedException as error:
        pytest.skip(f"Chromium does not start here: {error.msg}")
    try:
        yield Browser(window)
    finally:
        window.quit()
