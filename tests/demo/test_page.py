"""The page in a real browser, as ``pwae demo`` serves it: used by keyboard, wide and on a phone, in both colours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ENTER, Browser, chromium

CONTRAST = """
const colour = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
  .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const behind = (one) => { const c = colour(getComputedStyle(one).backgroundColor);
  return c.length === 4 && c[3] === 0 ? (one.parentElement ? behind(one.parentElement) : [255, 255, 255]) : c; };
return [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() &&
  [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())).map((one) => {
  const [a, b] = [light(colour(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
  return [one.outerHTML.slice(0, 80), (a + .05) / (b + .05)]; }).filter(([, ratio]) => ratio < 4.5);
"""
UNNAMED = """
return [...document.querySelectorAll("button, input, select, meter")].filter((one) => one.checkVisibility() &&
  !(one.getAttribute("aria-label") || one.labels?.length || one.textContent.trim()))
  .map((one) => one.outerHTML);
"""


@pytest.fixture(scope="module")
def served(made: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a demo in a process of its own."""
    command = [sys.executable, "-m", "pwae_cli", "demo", str(made.personawae), "--port", "0", "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert found, line
            yield found.group(), process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def waited(browser: Browser, script: str) -> Any:
    """What ``script`` gives, once it is neither false nor empty."""
    until = time.monotonic() + 60
    while not (found := browser.run(script)):
        assert time.monotonic() < until, browser.run("return document.body.innerText")
        time.sleep(0.05)
    return found


def say(browser: Browser, text: str) -> None:
    browser.run("document.getElementById('text').focus()")
    browser.press(text + ENTER)


def answers(browser: Browser, people: int) -> list[list[str]]:
    """The answers on the cards, once there are as many cards as ``people``."""
    waited(browser, f"return document.querySelectorAll('article').length === {people}")
    texts = "[...one.querySelectorAll('.answers span')].map((span) => span.textContent)"
    script = f"return [...document.querySelectorAll('article')].map((one) => {texts})"
    found: list[list[str]] = browser.run(script)
    return found


def test_a_conversation_by_keyboard(served: Any, browser: Browser) -> None:
    browser.call("POST", "/url", url=served[0])
    waited(browser, "return document.querySelectorAll('#names button').length")
    assert browser.text("#system") == "PersonaWAE"
    for name in ("user001", "user004"):
        browser.run("document.getElementById('part').value = ''; document.getElementById('part').focus()")
        browser.press(name)
        waited(browser, f"return document.querySelector('#names button').textContent === '{name}'")
        browser.run("document.querySelector('#names button').focus()")
        browser.press(ENTER)
    say(browser, "<b>do you like tea ?")
    first = answers(browser, 2)
    assert [len(one) for one in first] == [3, 3]
    assert browser.text("#turns span") == "You: <b>do you like tea ?"
    assert browser.run("return document.querySelectorAll('#turns b').length") == 0
    assert browser.run("return document.querySelectorAll('article .real li').length") > 0
    assert browser.run("return [...document.querySelectorAll('meter')].every((m) => m.value >= 0 && m.value <= 1)")
    browser.run("document.querySelector('.answers button').focus()")
    browser.press(ENTER)
    assert browser.run("return document.querySelectorAll('#turns li').length") == 2
    browser.run("document.querySelector('#chosen button').focus()")  # another person goes on with the conversation
    browser.press(ENTER)
    waited(browser, "return document.querySelectorAll('article').length === 1")
    assert browser.text("article h3") == "user004"
    browser.run("document.querySelector('input[type=range]').focus()")
    last = browser.run("return [...document.querySelectorAll('.answers span')].at(-1).textContent")
    browser.press("\ue010")  # the key End
    waited(browser, f"return document.querySelector('output').textContent === {last!r}")
    browser.click("#again")
    answers(browser, 1)
    say(browser, "http://t.cn/abc")
    assert "nothing is left after cleaning" in waited(browser, "return document.getElementById('error').textContent")
    (refused,) = browser.log()  # nothing else: no policy is broken, nothing is missing
    assert "/answer" in refused
    assert "400" in refused


def test_a_long_conversation_goes_on(served: Any, browser: Browser) -> None:
    browser.call("POST", "/url", url=served[0])
    waited(browser, "return document.querySelectorAll('#names button').length")
    browser.run("for (let turn = 0; turn < 60; turn++) add('', 'do you like tea ?')")
    browser.click("#names li:nth-child(2) button")
    assert [len(one) for one in answers(browser, 1)] == [3]
    assert browser.run("return document.querySelectorAll('#turns li').length") == 60


def test_an_answer_without_words_cannot_be_taken(served: Any, browser: Browser) -> None:
    browser.call("POST", "/url", url=served[0])
    waited(browser, "return document.querySelectorAll('#names button').length")
    one = "{ user: 'user001', remark: '', responses: ['', 'tea'], real: [], why: {} }"
    assert browser.run(f"return card({one}, {{}}).querySelectorAll('.answers button').length") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_can_be_read(served: Any, browser: Browser, scheme: str, width: int, tmp_path: Path) -> None:
    browser.resize(width, 800)
    browser.colours(scheme)
    browser.call("POST", "/url", url=served[0])
    waited(browser, "return document.querySelectorAll('#names button').length")
    browser.click("#names li:nth-child(2) button")
    say(browser, "do you like tea ?")
    answers(browser, 1)
    browser.paint()
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(CONTRAST) == []
    assert browser.run(UNNAMED) == []
    assert browser.violations() == []
    controls = "[...document.querySelectorAll('button, input:not([type=range]), select')]"
    heights = browser.run(f"return {controls}.filter((one) => one.checkVisibility()).map((one) => one.offsetHeight)")
    assert min(heights) >= 24
    if "PWAE_SCREENSHOTS" in os.environ:
        browser.screenshot(Path(os.environ["PWAE_SCREENSHOTS"], f"demo-{width}-{scheme}.png"))


def test_ctrl_c_ends_it_cleanly(served: Any) -> None:
    process = served[1]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr.read() == "pwae: Interrupted; nothing half-written is in place. Run the same command again.\n"
