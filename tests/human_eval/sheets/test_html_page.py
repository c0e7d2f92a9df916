"""The annotation page in a real browser: keys, reload, the file it saves, hostile texts, phones, colour schemes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import BACKSPACE, DOWN, ENTER, ESCAPE, LEFT, RIGHT, UP, Browser, chromium
from forms import CHINESE, ENGLISH, PAIRS

from pwae_core.human_eval.ratings.cells import is_header
from pwae_core.human_eval.ratings.gathering import gather
from pwae_core.human_eval.ratings.key import Key, KeyItem
from pwae_core.human_eval.ratings.returned_files import load, read
from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.html_page import embedded, to_html
from pwae_core.human_eval.sheets.sheet import Row, Sheet

ATTACKS = [
    "</script><script>window.hacked = 1</script>",
    "<!-- <script> window.hacked = 1",
    "<img src=x onerror='window.hacked=1'>",
    "]]></textarea></div><b>bold</b>&lt;i&gt;",
    "one\u2028two\u2029three",
    "@DATA@ @SCRIPT@ @STYLE@ ${hacked} `x` \\u003c \\",
    "=1+1",
    "\u2068שלום עולם\u2069",
    "你好，哈哈 \U0001f469\u200d\U0001f4bb",
    "long " * 8_000,
    "x" * 32_000,
    "(empty)",
]
LETTERS = "bcdfghjkmnpq"


def sheet(count: int = len(ATTACKS), annotator: int = 1) -> Sheet:
    rows = [
        Row(
            n + 1,
            f"bcdf-ghj{LETTERS[annotator]}-mnp{LETTERS[n]}",
            f"A: {text}\nB: and then?\n→ B responds",
            f"• {text}\n• so it is",
            text,
        )
        for n, text in enumerate(ATTACKS[:count])
    ]
    return Sheet(annotator, tuple(rows), ENGLISH)


def key(one: Sheet) -> Key:
    items = [KeyItem(one.annotator, row.item, "system", str(row.no), 1) for row in one.rows]
    return Key("bcdf", items, {item.item_id.replace("-", ""): item for item in items}, {}, ENGLISH)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Path:
    """A sheet that is open in the browser, for the first time."""
    path = tmp_path / "annotator-1.html"
    path.write_bytes(to_html(sheet()))
    browser.resize(1100, 800)
    browser.open(path)
    browser.run("localStorage.clear()")
    browser.reload()
    for old in browser.downloads.iterdir():
        old.unlink()
    return path


def test_json_in_a_script_element_cannot_end_it() -> None:
    made = embedded(ATTACKS)
    assert not re.search("[<>&\u2028\u2029]", made)
    assert json.loads(made) == ATTACKS


def test_nothing_is_loaded_and_only_two_scripts_stand_in_the_file() -> None:
    text = to_html(sheet()).decode()
    assert len(re.findall("<script", text)) == len(re.findall("</script", text)) == 2
    assert "<!--" not in text
    code = "".join(line for line in text.splitlines() if not line.startswith('<script type="application/json"'))
    assert not re.search(r"https?://|\bsrc=|\bhref=|url\(|@import|\beval\b|innerHTML|document\.write", code)
    assert "default-src 'none'" in text
    assert to_html(sheet()) == to_html(sheet())


def test_pages_differ_in_their_data_only() -> None:
    one, two = (to_html(sheet(annotator=number)).decode().splitlines() for number in (1, 2))
    assert len(one) == len(two)
    differing = [line for line, other in zip(one, two, strict=True) if line != other]
    assert len(differing) == 1
    assert differing[0].startswith('<script type="application/json" id="data">')


def test_hostile_texts_are_shown_as_they_are(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE)
    for row in sheet().rows:
        assert browser.text("#response") == row.response
        shown = browser.run("return [...document.querySelectorAll('#conversation div')].map(e => e.textContent)")
        assert shown == row.conversation.split("\n")
        shown = browser.run("return [...document.querySelectorAll('#history div')].map(e => e.textContent)")
        assert shown == [line.removeprefix("• ") for line in row.history.split("\n")]
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        browser.press(RIGHT)
    assert browser.run("return [window.hacked ?? 0, document.querySelectorAll('script, img').length]") == [0, 2]
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert browser.log() == []


def test_the_policy_stops_scripts_that_are_not_the_page_s(browser: Browser, page: Path) -> None:
    browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s);"
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')"
    )
    assert browser.run("return window.hacked ?? 0") == 0
    assert len([line for line in browser.log() if "Content Security Policy" in line]) >= 2


def state(browser: Browser) -> list[list[int | None]]:
    """The pressed choice of each criterion, for the item that is shown."""
    script = """return [...document.querySelectorAll('.criterion')].map(group => {
        const pressed = group.querySelector('[aria-pressed=true]');
        return pressed && Number(pressed.dataset.value)})"""
    pressed: list[list[int | None]] = browser.run(script)
    return pressed


def marked(browser: Browser) -> str | None:
    name: str | None = browser.run("return document.querySelector('.marked')?.dataset.name ?? null")
    return name


def test_keys(browser: Browser, page: Path) -> None:
    assert browser.shown("#help")
    browser.press("3")
    assert state(browser) == [None, None, None], "the instructions are open"
    browser.press(ENTER)
    assert not browser.shown("#help")
    browser.click("#show-help")
    browser.click("#hide-help")
    assert marked(browser) == "readability"
    browser.press("7")
    browser.press("2")
    assert (state(browser), marked(browser)) == ([2, None, None], "informativeness")
    browser.press("3")
    browser.press("3")
    assert (state(browser), marked(browser)) == ([2, 3, None], "personalisation"), "3 is not on its scale"
    browser.press("0")
    assert (state(browser), marked(browser)) == ([2, 3, 0], None)
    assert browser.text("#progress-text") == "1 of 12 finished"
    browser.press("1")
    assert state(browser) == [2, 3, 0], "no question is marked"
    browser.press(UP + "1" + DOWN + BACKSPACE)
    assert (state(browser), marked(browser)) == ([None, 3, 1], "readability")
    browser.press("1" + ENTER)
    assert browser.run("return document.querySelector('#at').value") == "2"
    browser.press("c1 remark" + ESCAPE + LEFT)
    assert (state(browser), browser.run("return document.querySelector('#comment').value")) == ([1, 3, 1], "")
    browser.press("n")
    assert browser.run("return document.querySelector('#comment').value") == "1 remark"
    browser.press(LEFT + LEFT + LEFT)
    assert browser.run("return document.querySelector('#at').value") == "1"
    browser.click(".criterion button[data-value='3']")
    browser.press(ENTER)
    assert browser.run("return document.querySelector('#at').value") == "2"
    browser.click("#unrated")
    assert browser.run("return document.querySelector('#at').value") == "3"


def test_keyboards_of_other_scripts(browser: Browser, page: Path) -> None:
    """A place on the keyboard counts where it writes no Latin letter and no plain digit: Arabic, full-width, French."""
    strike = "document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...arguments[0]}))"
    browser.press(ESCAPE)
    browser.run(strike, {"key": "!", "code": "Digit1", "shiftKey": True})
    browser.run(strike, {"key": "Insert", "code": "Numpad0"})
    assert state(browser) == [None, None, None]
    for key, code in (("٣", "Digit3"), ("é", "Digit2"), ("１", "Numpad1")):
        browser.run(strike, {"key": key, "code": code})
    assert state(browser) == [3, 2, 1]
    browser.run(strike, {"key": "k", "code": "KeyN"})
    assert browser.run("return state.at") == 0, "another Latin keyboard has its N elsewhere"
    browser.run(strike, {"key": "т", "code": "KeyN"})
    assert browser.run("return state.at") == 1
    browser.run(strike, {"key": "ؤ", "code": "KeyC"})
    assert browser.run("return document.activeElement.id") == "comment"


def test_another_tab_takes_nothing_away(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE + "121")
    heard = "window.dispatchEvent(new StorageEvent('storage', {key: storageKey, newValue: arguments[0]}))"
    browser.run("localStorage.removeItem(storageKey);" + heard, None)
    assert state(browser) == [1, 2, 1], "what was stored is gone, the page is not"
    browser.run(
        "const put = Storage.prototype.setItem; Storage.prototype.setItem = () => { throw new Error('full') };"
        "rate(0, 3); Storage.prototype.setItem = put; localStorage.setItem(storageKey, '{}');" + heard,
        "{}",
    )
    assert state(browser) == [3, 2, 1], "this browser keeps no more"
    browser.run("unsaved = false")


def test_ratings_survive_a_reload_and_each_sheet_has_its_own(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE + "121" + RIGHT + "c=1+1" + ESCAPE)
    browser.reload()
    assert not browser.shown("#help")
    assert browser.run("return document.querySelector('#comment').value") == "=1+1"
    browser.press(LEFT)
    assert state(browser) == [1, 2, 1]
    other = page.with_name("annotator-2.html")
    other.write_bytes(to_html(sheet(annotator=2)))
    browser.open(other)
    assert browser.text("#progress-text") == "0 of 12 finished"
    browser.open(page)
    assert browser.text("#progress-text") == "1 of 12 finished"


def test_what_is_stored_is_not_trusted(browser: Browser, page: Path) -> None:
    item = sheet().rows[0].item
    stored = {"ratings": {item: {"readability": "<b>", "informativeness": 9, "personalisation": 1}}, "at": 99}
    name = browser.run("return storageKey")
    for text in (json.dumps(stored), "{", "null", "[]", '{"ratings": 3, "comments": [1], "at": -1}'):
        browser.run("localStorage.setItem(arguments[0], arguments[1])", name, text)
        browser.reload()
        assert browser.text("#progress-text") == "0 of 12 finished"
        assert state(browser) == [None, None, 1 if text == json.dumps(stored) else None]
    assert browser.log() == []


def test_a_browser_that_keeps_nothing_says_so(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE)
    assert not browser.shown("#warning")
    browser.run("Storage.prototype.setItem = () => { throw new Error('full') }")
    browser.press("1")
    assert browser.shown("#warning")
    assert browser.text("#warning").startswith("This browser does not keep your answers. Press Save before")
    browser.run("delete window.x; unsaved = false")


def test_the_saved_file_is_a_sheet(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE)
    expected: dict[tuple[str, str], int] = {}
    remarks = ["=1+1", "-", "'quoted", 'a "b"; c, d', "@SUM(1)", "很好；不通顺"]
    for number, row in enumerate(sheet().rows):
        given = (number % 3 + 1, (number + 1) % 3 + 1, number % 2)
        expected |= {(row.item, name): rating for name, rating in zip(ENGLISH.rated, given, strict=True)}
        if number < len(remarks):
            browser.press("c" + remarks[number] + ESCAPE)
        browser.press("".join(map(str, given)) + RIGHT)
    assert browser.text("#progress-text") == "12 of 12 finished"
    assert browser.shown("#done")
    browser.click("#save")
    saved = browser.downloaded("annotator-1-ratings.csv")
    assert saved.read_bytes().startswith(b'\xef\xbb\xbf"no","item","readability"')
    assert '"\'=1+1"' in saved.read_text("utf-8-sig")
    gathered = gather([read(saved, load(saved), lambda row: is_header(row, ENGLISH))], key(sheet()))
    assert gathered.problems == []
    assert gathered.ratings == expected
    assert list(gathered.comments.values()) == remarks


def test_half_a_sheet_is_saved_too(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE + "1" + RIGHT + "22")
    browser.click("#save")
    assert browser.shown("#unfinished")
    assert browser.text("#unfinished-text").startswith("0 of 12 items are finished.")
    browser.press(ENTER)
    assert not browser.shown("#unfinished"), "to go on is what Enter does"
    browser.click("#save")
    browser.click("#save-anyway")
    saved = browser.downloaded("annotator-1-ratings.csv")
    gathered = gather([read(saved, load(saved), lambda row: is_header(row, ENGLISH))], key(sheet()))
    assert gathered.problems == []
    assert sorted(gathered.ratings.values()) == [1, 2, 2]
    assert len(gathered.seen) == 12


def test_speakers_are_told_apart_and_the_responder_is_the_one_whose_utterances_are_shown(
    browser: Browser, page: Path
) -> None:
    browser.press(ESCAPE)
    colours = "return [...document.querySelectorAll('.speaker')].map(e => getComputedStyle(e).color)"
    speakers = browser.run(colours)
    assert len(speakers) == len(set(speakers)) == 2
    assert browser.text("#history-heading") == "Earlier utterances of B"
    me = browser.run("return getComputedStyle(document.querySelector('#history-heading strong')).color")
    assert me == speakers[1]
    sizes = "return ['#history', '#conversation'].map(e => getComputedStyle(document.querySelector(e)).fontSize)"
    one, other = browser.run(sizes)
    assert one == other


def test_texts_are_reached_and_scrolled_by_keyboard(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE + RIGHT * 9)
    for name in ("conversation", "history", "response"):
        browser.run("document.getElementById(arguments[0]).focus()", name)
        assert browser.run("return document.activeElement.id") == name
        before = marked(browser)
        browser.press(DOWN)
        assert marked(browser) == before, "the arrows scroll the text that has the focus"
    order = "return [...document.querySelectorAll('main [tabindex=\"0\"], main button, main textarea')].map(e => e.id)"
    assert browser.run(order)[:3] == ["conversation", "history", "response"]


def test_the_time_that_is_left_comes_from_the_pace(browser: Browser, page: Path) -> None:
    browser.press(ESCAPE)
    for seconds in (20, 400, 20, 40):
        assert browser.text("#left") == ""
        browser.run("begun = Date.now() - arguments[0] * 1000", seconds)
        browser.press("121" + RIGHT)
    assert browser.text("#left") == "about 3 min left", "8 items of 20 seconds; who takes 400 has been away"
    browser.reload()
    assert browser.text("#left") == "about 3 min left"


def test_many_hours_in_a_language_that_no_browser_knows(browser: Browser, page: Path) -> None:
    words = ENGLISH.words.model_copy(update={"language": "abcd"})
    page.write_bytes(to_html(Sheet(1, sheet().rows, Form(words))))
    browser.reload()
    browser.run("state.paces = Array(5).fill(1800000); refresh()")
    assert browser.text("#left") == "about 6 h left"


def test_right_to_left(browser: Browser, page: Path) -> None:
    words = ENGLISH.words.model_copy(update={"direction": "rtl", "language": "ar"})
    page.write_bytes(to_html(Sheet(1, sheet().rows, Form(words))))
    browser.reload()
    browser.press(ESCAPE + LEFT)
    assert browser.run("return document.querySelector('#at').value") == "2", "forward is to the left"
    browser.press(RIGHT)
    assert browser.run("return document.querySelector('#at').value") == "1"
    assert browser.text("#next") == "←"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


IN_SIGHT = """const nav = document.querySelector('nav').getBoundingClientRect().top;
const header = document.querySelector('header').getBoundingClientRect().bottom;
return [...document.querySelectorAll('.criterion')].map(e => e.getBoundingClientRect())
    .map(box => box.top >= header - 1 && box.bottom <= nav + 1)"""


def test_on_a_wide_screen_all_questions_are_in_sight(browser: Browser, page: Path) -> None:
    browser.resize(1280, 720)
    browser.press(ESCAPE)
    assert browser.run(IN_SIGHT) == [True, True, True]
    browser.press("131")
    assert state(browser) == [1, 3, 1]
    assert browser.run("return scrollY") == 0


def test_no_question_is_rated_out_of_sight(browser: Browser, page: Path) -> None:
    browser.resize(700, 500)
    browser.press(ESCAPE)
    assert browser.run(IN_SIGHT)[0] is False
    for number, digit in enumerate("131"):
        before = state(browser)
        if not browser.run(IN_SIGHT)[number]:
            browser.press(digit)
            assert state(browser) == before, "it is shown first"
        assert browser.run(IN_SIGHT)[number] is True
        browser.press(digit)
    assert state(browser) == [1, 3, 1]
    browser.press(RIGHT)
    assert browser.run("return scrollY") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height", "mobile"), [(1100, 800, False), (360, 740, True)])
def test_it_fits_and_can_be_read(
    browser: Browser, page: Path, tmp_path: Path, scheme: str, width: int, height: int, mobile: bool
) -> None:
    browser.colours(scheme)
    browser.resize(width, height, mobile)
    browser.reload()
    assert browser.run("return document.querySelector('#help').scrollTop") == 0
    browser.screenshot(tmp_path / "help.png")
    browser.press(ESCAPE + RIGHT * 8 + "13")
    browser.screenshot(tmp_path / "page.png")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.run(
        """return [...document.querySelectorAll('button, input')].filter(e => e.checkVisibility()).every(e => {
            const box = e.getBoundingClientRect();
            return box.left >= 0 && box.right <= innerWidth && box.height >= 38})"""
    )
    contrasts = browser.run(CONTRAST)
    assert len(contrasts) > 10
    assert min(contrasts) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "mobile"), [(1280, False), (390, True)])
@pytest.mark.parametrize("form", [ENGLISH, CHINESE, PAIRS])
def test_axe_finds_nothing_wrong(
    browser: Browser, tmp_path: Path, form: Form, scheme: str, width: int, mobile: bool
) -> None:
    path = tmp_path / "annotator-1.html"
    rows = tuple(replace(row, other="good day") for row in sheet().rows)
    path.write_bytes(to_html(Sheet(1, rows, form)))
    browser.colours(scheme)
    browser.resize(width, 844, mobile)
    browser.open(path)
    assert browser.violations() == []  # the help lies open
    browser.press(ESCAPE)
    assert browser.violations() == []
    browser.click("#save")
    assert browser.violations() == []  # so does the warning that half is missing


CONTRAST = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const behind = (e) => { const c = channels(getComputedStyle(e).backgroundColor);
    return c[3] === 0 && e.parentElement ? behind(e.parentElement) : c };
return [...document.querySelectorAll('main *, header *, nav *')]
    .filter(e => e.checkVisibility() && !e.disabled && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => [light(channels(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => b - a))
    .map(([a, b]) => (a + .05) / (b + .05));
"""
