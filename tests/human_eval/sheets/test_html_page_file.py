"""The file that the annotation page saves, loaded again by a page that knows nothing, or something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import ENTER, ESCAPE, RIGHT, TAB, Browser, chromium
from forms import CHINESE, CHINESE_PAIRS, ENGLISH, PAIRS

from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.html_page import to_html
from pwae_core.human_eval.sheets.sheet import Row, Sheet

REMARKS = ("=1+1", "'quoted", 'a "b"; c, d', "two\nlines\n", "<img src=x onerror='window.hacked=1'>", "很好 \U0001f600")
FORMS = [ENGLISH, PAIRS, CHINESE, CHINESE_PAIRS]
SAVED = "annotator-1-ratings.csv"
SHOWN = "#loaded"


def sheet(form: Form = ENGLISH, study: str = "bcdf", annotator: int = 1, count: int = 8) -> Sheet:
    texts = "A: hello\n→ B responds", "• so it is", "a response", "another"
    ids = [f"{study}-ghj{'kmn'[annotator]}-mnp{letter}" for letter in "bcdfghjk"[:count]]
    return Sheet(annotator, tuple(Row(number, one, *texts) for number, one in enumerate(ids, start=1)), form)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as made:
        made.resize(1100, 800)
        yield made


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Callable[..., None]:
    """Opens a sheet's page in a browser that remembers nothing."""

    def opened(one: Sheet) -> None:
        path = tmp_path / "page.html"
        path.write_bytes(to_html(one))
        browser.open(path)
        browser.run("unsaved = false; localStorage.clear()")
        browser.reload()
        browser.press(ESCAPE)

    return opened


def written(browser: Browser, path: Path) -> Path:
    """What the page would save now."""
    path.write_bytes(browser.run("return toCsv()").encode())
    return path


def answers(browser: Browser) -> dict[str, object]:
    """All that the annotator has done, as the browser keeps it."""
    kept: dict[str, object] = browser.run("return JSON.parse(localStorage.getItem(storageKey))")
    return {name: kept[name] for name in ("ratings", "comments", "at")}


def load(browser: Browser, path: Path) -> str:
    """The sentence that the page answers a file with, or asks about it."""
    browser.run("get('loaded').hidden = true; get('loaded').textContent = ''")
    browser.choose("#file", path)
    wait = "const done = arguments[0], look = () => get('file').value ? setTimeout(look, 5) : done(); look()"
    browser.call("POST", "/execute/async", script=wait, args=[])
    return browser.text("#differing-text" if browser.shown("#differing") else SHOWN)


@pytest.mark.parametrize("form", FORMS)
def test_a_half_finished_file_is_saved_here_and_loaded_there(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None], form: Form
) -> None:
    open_page(sheet(form))
    for remark in REMARKS:
        browser.run("get('comment').value = arguments[0]; get('comment').dispatchEvent(new Event('input'))", remark)
        browser.press("121"[: len(form.criteria)] + RIGHT)
    browser.press("2")
    done = answers(browser)
    for old in browser.downloads.iterdir():
        old.unlink()
    browser.click("#save")
    browser.click("#save-anyway")
    saved = browser.downloaded(SAVED)
    open_page(sheet(form))
    told = load(browser, saved)
    assert saved.name in told
    assert str(6 * len(form.criteria) + 1) in told, "how many came in"
    assert answers(browser) == done
    assert browser.run("return get('at').value") == "7"
    assert browser.run("return [window.hacked ?? 0, document.querySelectorAll('img').length]") == [0, 0]
    assert written(browser, tmp_path / "again.csv").read_bytes() == saved.read_bytes()
    browser.reload()
    assert answers(browser) == done
    assert load(browser, saved).count(" 0") == 2 or form.words.language != "en"
    assert browser.log() == []


def test_the_button_is_reached_and_pressed_by_keyboard(browser: Browser, open_page: Callable[..., None]) -> None:
    open_page(sheet())
    browser.run("get('file').addEventListener('click', (event) => { event.preventDefault(); window.opened = true })")
    browser.run("get('show-help').focus()")
    browser.press(TAB)
    assert browser.run("return document.activeElement.textContent") == "Load"
    browser.press(ENTER)
    assert browser.run("return window.opened") is True


def made_by(browser: Browser, open_page: Callable[..., None], one: Sheet, path: Path, keys: str = "121") -> Path:
    open_page(one)
    browser.press(keys)
    return written(browser, path)


def test_what_both_have_differently_is_asked_about(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None]
) -> None:
    saved = made_by(browser, open_page, sheet(), tmp_path / SAVED, "121cthere" + ESCAPE + RIGHT + "33" + RIGHT)
    first, second = (row.item for row in sheet().rows[:2])
    own = {first: {"readability": 1, "informativeness": 3}}
    theirs = {first: {"readability": 1, "informativeness": 2, "personalisation": 1}}
    came = {second: {"readability": 3, "informativeness": 3}}

    def asked() -> None:
        open_page(sheet())
        browser.press("13chere" + ESCAPE)
        assert load(browser, saved) == (
            f"{SAVED} has answers or remarks that differ from those on this page: 2. Which should be kept?"
        )
        assert answers(browser) == {"ratings": own, "comments": {first: "here"}, "at": 0}, "nothing yet"

    asked()
    browser.press(ESCAPE)
    assert answers(browser) == {"ratings": own, "comments": {first: "here"}, "at": 0}
    asked()
    browser.press(ENTER)
    assert browser.text(SHOWN) == f"{SAVED} is loaded. New answers: 3. New remarks: 0."
    kept = {first: own[first] | {"personalisation": 1}}
    assert answers(browser) == {"ratings": kept | came, "comments": {first: "here"}, "at": 2}
    asked()
    assert browser.violations() == []
    browser.click("#take-file")
    assert browser.text(SHOWN) == f"{SAVED} is loaded. New answers: 4. New remarks: 1."
    assert answers(browser) == {"ratings": theirs | came, "comments": {first: "there"}, "at": 2}
    browser.press(RIGHT)
    assert not browser.shown(SHOWN)


OTHER_STUDY = f"{SAVED} belongs to another study: its items begin with wxyz, those of this page with bcdf."


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (sheet(study="wxyz"), OTHER_STUDY),
        (sheet(PAIRS, study="wxyz"), OTHER_STUDY),
        (sheet(CHINESE, study="wxyz"), OTHER_STUDY),
        (sheet(annotator=2), f"{SAVED} belongs to annotator 2, and this is the page of annotator 1."),
    ],
)
def test_the_file_of_another_page_is_refused(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None], other: Sheet, told: str
) -> None:
    saved = made_by(browser, open_page, other, tmp_path / SAVED)
    open_page(sheet())
    browser.press("2")
    before = answers(browser)
    assert load(browser, saved).startswith(told)
    assert answers(browser) == before


DAMAGED = f"{SAVED} is damaged, or was not saved by this page."


def test_a_file_that_is_damaged_or_of_another_version_is_refused(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None]
) -> None:
    whole = made_by(browser, open_page, sheet(), tmp_path / SAVED, "121cremark" + ESCAPE).read_bytes()
    item = sheet().rows[0].item.encode()
    changed = {
        b"(page 1,": b"(page 2,",
        b"(page 1, annotator 1, item 1)": b"",
        b"annotator 1, item 1": b"annotator 1, item 99",
        b'"1","2","1"': b'"1","9","1"',
        b'"remark"': b'"re"mark"',
        b"remark": b"\xff\xfe",
        item: sheet().rows[1].item.encode(),
        b'"readability"': b'"<b>readability</b>"',
    }
    open_page(sheet())
    browser.press("2")
    before = answers(browser)
    for old, new in changed.items():
        assert old in whole
        (tmp_path / SAVED).write_bytes(whole.replace(old, new, 1))
        told = load(browser, tmp_path / SAVED)
        assert told == (f"{SAVED} was saved by another version of this page." if b"page 2" in new else DAMAGED)
    for data in (b"", b"\x00\x01", b"PK\x03\x04", b"no,item\r\n", *(whole[:-length] for length in (3, 5, 40, 400))):
        (tmp_path / SAVED).write_bytes(data)
        assert load(browser, tmp_path / SAVED) == DAMAGED
    assert answers(browser) == before
    assert browser.violations() == []
    assert browser.log() == []


def test_the_rows_of_a_file_may_have_been_sorted_and_saved_again(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None]
) -> None:
    saved = made_by(browser, open_page, sheet(), tmp_path / SAVED, "121" + RIGHT + "3")
    done = answers(browser)
    head, *rows = saved.read_text("utf-8-sig").replace("\r\n", "\n").splitlines(keepends=True)
    saved.write_text(head + "".join(reversed(rows)).replace('"', ""), encoding="utf-8")
    open_page(sheet())
    load(browser, saved)
    assert answers(browser) == done


def test_names_and_texts_of_a_file_are_never_markup(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None]
) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>{other}.csv"
    saved = made_by(browser, open_page, replace(sheet(), annotator=2), hostile)
    open_page(sheet())
    assert load(browser, saved) == f"{hostile.name} belongs to annotator 2, and this is the page of annotator 1."
    assert browser.run("return document.querySelectorAll('img').length") == 0
