"""A real browser for the tests: headless Chromium, driven through ChromeDriver's own HTTP interface (W3C WebDriver)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which WebDriver names an element
LEFT, UP, RIGHT, DOWN, ENTER, ESCAPE, BACKSPACE, TAB = "\ue012\ue013\ue014\ue015\ue007\ue00c\ue003\ue004"


class Browser:
    """One window. ``downloads`` is where its files land."""

    def __init__(self, url: str, downloads: Path) -> None:
        self.url, self.downloads = url, downloads

    def call(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def open(self, path: Path) -> None:
        self.call("POST", "/url", url=path.absolute().as_uri())
        self.paint()

    def reload(self) -> None:
        self.call("POST", "/refresh")
        self.paint()

    def paint(self) -> None:
        """Waits until the page is on the screen: Chromium drops keys that are pressed before."""
        twice = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
        self.call("POST", "/execute/async", script=twice, args=[])

    def run(self, script: str, *arguments: object) -> Any:
        return self.call("POST", "/execute/sync", script=script, args=list(arguments))

    def find(self, css: str) -> str:
        found: dict[str, str] = self.call("POST", "/element", using="css selector", value=css)
        return found[ELEMENT]

    def click(self, css: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/click")

    def choose(self, css: str, path: Path) -> None:
        """Gives a file to an input that takes one."""
        self.call("POST", f"/element/{self.find(css)}/value", text=str(path.absolute()))

    def press(self, keys: str) -> None:
        """Real key strokes, to whatever has the focus."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])
        self.paint()

    def text(self, css: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", css))

    def shown(self, css: str) -> bool:
        return bool(self.run("return document.querySelector(arguments[0]).checkVisibility()", css))

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self.call("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    def resize(self, width: int, height: int, mobile: bool = False) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def colours(self, scheme: str) -> None:
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page as it is, in every level of WCAG and its good practices."""
        pytest.importorskip("axe_core_python")
        self.run(resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
        script = "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then((r) => done(r.violations))"
        found = self.call("POST", "/execute/async", script=script, args=[])
        return [f"{one['id']}: {node['html']:.160}" for one in found for node in one["nodes"]]

    def log(self) -> list[str]:
        """What the page has written to its console since the last call."""
        return [entry["message"] for entry in self.call("POST", "/se/log", type="browser")]

    def downloaded(self, name: str) -> Path:
        """A copy of the file of that name, once it is complete: its own may go when the browser is closed at once."""
        path = self.downloads / name
        deadline = time.monotonic() + 60
        while not self._complete(path):
            assert time.monotonic() < deadline, [(one.name, one.stat().st_size) for one in self.downloads.iterdir()]
            time.sleep(0.05)
        kept = self.downloads.parent / "kept"
        kept.mkdir(exist_ok=True)
        return Path(shutil.copy(path, kept))

    def _complete(self, path: Path) -> bool:
        """Chromium puts an empty file in place while it writes another."""
        return path.exists() and path.stat().st_size > 0 and not list(self.downloads.glob("*.crdownload"))


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser with a fresh profile under ``folder``; skips the test where there is none."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or program is None:
        pytest.skip("Chromium and ChromeDriver are not installed")
    downloads = folder / "downloads"
    downloads.mkdir()
    with subprocess.Popen(
        [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = next(
                line.split()[-1].strip(".") for line in process.stdout if "started successfully on port" in line
            )
            yield from _session(f"http://127.0.0.1:{port}", program, folder / "profile", downloads)
        finally:
            process.terminate()


def _session(server: str, program: str, profile: Path, downloads: Path) -> Iterator[Browser]:
    options = {
        "binary": program,
        "args": [*FLAGS, f"--user-data-dir={profile}"],
        "prefs": {"download.default_directory": str(downloads)},
    }
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    made = Browser(server, downloads).call("POST", "/session", capabilities={"alwaysMatch": wanted})
    browser = Browser(f"{server}/session/{made['sessionId']}", downloads)
    try:
        yield browser
    finally:
        browser.call("DELETE", "")
