"""The page in a real browser: quiet console, phones, colour schemes, the search, hostile texts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from browser import ENTER, Browser, chromium
from judged import make_corpus

from pwae_core import artifacts
from pwae_core.config.report import ReportConfig
from pwae_core.data.responses import Named
from pwae_core.report.figures.user_map import Map, Person
from pwae_core.report.page import document, figure_chapters
from pwae_core.report.page.document import Section
from pwae_core.report.safe_html import join, tag
from pwae_core.schemas import ARTIFACTS
from pwae_core.stages.report import report

ATTACKS = [
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "<svg/onload=window.hacked=1>",
    "--><script>window.hacked=1</script><!--",
    "javascript:window.hacked=1",
    "\u202eevil\u202c \u2067שלום\u2069",
    "x" * 40_000,
    "你好，哈哈",
    "a\x00b\x1b[31m\ufeff",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every chapter that two runs can fill."""
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("page")
    for name in ("personawae", "seq2seq"):
        run_pwae("sample", getattr(made, name), "--out", folder / name, "--samples", 3, "--device", "cpu").succeeds()
    answers = (folder / "personawae", folder / "seq2seq")
    compared = ("--compare", "--embeddings", made.vectors, "--out", folder / "scores")
    run_pwae("evaluate", *answers, *compared).succeeds()
    runs = ("--run", made.personawae, "--run", made.seq2seq, "--device", "cpu", "--least", 1, "--run-contexts", 5)
    run_pwae("persona-scores", *answers, "--corpus", made.corpus, *runs, "--out", folder / "persona").succeeds()
    given = [made.personawae, made.seq2seq, *answers, folder / "scores", folder / "persona"]
    run_pwae("data-check", made.corpus, "--html", folder / "corpus.html").succeeds()
    report([Named(path) for path in given], folder / "report.html", ReportConfig(points=60), device="cpu")
    return folder / "report.html"


def too_wide(browser: Browser) -> list[str]:
    """What is wider than the window, unless it scrolls in a box of its own."""
    script = """
        const inside = (e) => e.parentElement && (getComputedStyle(e.parentElement).overflowX !== 'visible'
            || inside(e.parentElement));
        return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1
            && !inside(e)).map((e) => e.tagName + '.' + e.className);"""
    wide: list[str] = browser.run(script)
    return wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "mobile"), [(1200, False), (390, True)])
def test_it_fits_and_says_nothing_to_the_console(
    browser: Browser, whole: Path, width: int, mobile: bool, scheme: str
) -> None:
    browser.resize(width, 844, mobile)
    browser.colours(scheme)
    browser.open(whole)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.log() == []
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert too_wide(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "mobile"), [(1280, False), (390, True)])
def test_axe_finds_nothing_wrong(browser: Browser, whole: Path, width: int, mobile: bool, scheme: str) -> None:
    browser.resize(width, 844, mobile)
    browser.colours(scheme)
    for page in (whole, whole.with_name("corpus.html")):
        browser.open(page)
        assert browser.violations() == []
        browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert browser.violations() == []


def test_cases_are_open_on_a_wide_screen_and_all_but_the_first_folded_on_a_phone(browser: Browser, whole: Path) -> None:
    script = "return [...document.querySelectorAll('#table-5 .case > details')].map((one) => one.open)"
    browser.resize(1280, 900)
    browser.open(whole)
    wide = browser.run(script)
    browser.resize(390, 844, mobile=True)
    browser.open(whole)
    narrow = browser.run(script)
    assert len(wide) == len(narrow) > 1
    assert all(wide)
    assert narrow == [True, *[False] * (len(wide) - 1)]
    assert browser.shown("#table-5 .case:nth-of-type(2) h3")
    assert not browser.shown("#table-5 .case:nth-of-type(2) .turns")


def test_every_figure_has_a_name_a_description_and_its_numbers(browser: Browser, whole: Path) -> None:
    for page in (whole, whole.with_name("corpus.html")):
        browser.open(page)
        told = browser.run(
            """return [...document.querySelectorAll('figure')].filter((one) => one.querySelector('svg')).map((one) => [
                one.querySelector('svg').getAttribute('aria-label'), one.querySelector('desc')?.textContent,
                one.querySelectorAll('.numbers tbody td').length]);"""
        )
        assert len(told) > 4
        assert all(name and description and count for name, description, count in told)


def test_a_watched_page_loads_itself_again_where_it_was(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    long = join([tag("p", f"line {number}") for number in range(200)])
    path.write_bytes(document.render("before", long, [], "mark", {}, refresh=1))
    browser.resize(1280, 900)
    browser.open(path)
    browser.run("scrollTo(0, 3000)")
    path.write_bytes(document.render("after", long, [], "mark", {}))
    until = time.monotonic() + 60
    while browser.run("return document.title") != "after":
        assert time.monotonic() < until
        time.sleep(0.1)
    browser.paint()
    assert browser.run("return scrollY") == 3000
    assert browser.log() == []


def test_no_table_of_numbers_has_to_be_scrolled_on_a_wide_screen(browser: Browser, whole: Path) -> None:
    browser.resize(1280, 900)
    browser.open(whole)
    assert browser.run("return document.querySelectorAll('#table-2 table').length") == 8
    wide = "return [...document.querySelectorAll('.table .scroll')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert browser.run(wide) == 0


def test_both_schemes_can_be_read(browser: Browser, whole: Path) -> None:
    """Text and background differ by at least the contrast that WCAG asks of small text."""
    script = """
        const shine = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const behind = (e) => { const c = getComputedStyle(e).backgroundColor;
            return c === 'rgba(0, 0, 0, 0)' && e.parentElement ? behind(e.parentElement) : c; };
        return [...document.querySelectorAll(arguments[0])]
            .map((e) => { const [a, b] = [shine(getComputedStyle(e).color), shine(behind(e))];
                return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName + '.' + e.className]; })
            .filter(([contrast]) => contrast < 4.5);"""
    backgrounds = set()
    for scheme in ("light", "dark"):
        browser.colours(scheme)
        browser.open(whole)
        backgrounds.add(browser.run("return getComputedStyle(document.body).backgroundColor"))
        assert browser.run(script, "p, td, th, dt, dd, li, h1, h2, h3, h4, figcaption, summary, a, code, bdi") == []
    assert len(backgrounds) == 2


def test_a_user_is_found_and_shown_with_the_nearest(browser: Browser, whole: Path) -> None:
    browser.resize(1000, 800)
    browser.open(whole)
    browser.click("#who")
    browser.press("user00")
    assert browser.text("#matches") == "6 users"
    browser.press("3" + ENTER)
    assert browser.text("#matches") == "1 user"
    assert browser.text("#person h3") == "user003"
    assert browser.run("return document.querySelectorAll('.people .chosen').length") == 1
    assert browser.run("return document.querySelectorAll('.people .near').length") == 5
    other = browser.text("#person button")
    browser.click("#person button")
    assert browser.text("#person h3") == other != "user003"


def test_a_point_can_be_clicked(browser: Browser, whole: Path) -> None:
    browser.resize(1000, 800)
    browser.open(whole)
    browser.run("document.querySelector('.people circle').scrollIntoView({block: 'center', behavior: 'instant'})")
    browser.click(".people circle")
    assert browser.text("#person h3").startswith("user00")


def hostile_corpus(folder: Path) -> Path:
    """Everything that people can write holds an attack: ids, contexts, responses, histories."""
    judged = make_corpus(folder / "plain")
    rows = [
        session
        | {"session_id": f"{ATTACKS[n % len(ATTACKS)][:200]}{n}#0", "context": [[attack], [attack, "tea"]]}
        | {"response": [attack], "user_id": "<b>u" if n % 2 else "u", "context_user_ids": [attack[:200], "u"]}
        for n, (session, attack) in enumerate(zip(judged.sessions, ATTACKS * 9, strict=False))
    ]
    users = [
        {"user": n, "user_id": name, "utterances": 20, "train_responses": 9} for n, name in enumerate(["", "u", "<b>u"])
    ]
    said = [
        {"user": 1 + n % 2, "conversation_id": "h", "turn": n, "tokens": ["said", attack], "ids": [4, 4]}
        for n, attack in enumerate(ATTACKS * 2)
    ]
    tables = {"test.parquet": rows, "users.parquet": users, "histories.parquet": said}
    with artifacts.draft(folder / "corpus", artifacts.Plan("corpus", {"tokenizer": "whitespace"}, {})) as draft:
        for name, schema in ARTIFACTS["corpus"].items():
            draft.write(name, pa.Table.from_pylist(tables.get(name, []), schema=schema))
        draft.facts = {"vocabulary": "v"}
    answers = [{"session_id": row["session_id"], "responses": [[attack] for attack in ATTACKS]} for row in rows]
    (folder / "llm.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers), encoding="utf-8")
    return folder


def is_harmless(browser: Browser) -> None:
    assert browser.run("return window.hacked === undefined")
    alive = "img, iframe, object, main script:not([type='application/json']), [onerror], [onload]"
    assert browser.run("return document.querySelectorAll(arguments[0]).length", alive) == 0
    assert browser.run("return [...document.links].every((a) => a.getAttribute('href').startsWith('#'))")
    assert browser.log() == []


@pytest.mark.parametrize("name", ATTACKS[:6])
def test_hostile_cases_are_only_text(browser: Browser, tmp_path: Path, name: str) -> None:
    folder = hostile_corpus(tmp_path)
    config = ReportConfig(cases=30, samples=50)
    given = [Named(folder / "corpus"), Named(folder / "llm.jsonl", name)]
    report(given, folder / "r.html", config, markdown=folder / "r.md", latex=folder / "r.tex")
    browser.resize(390, 844, mobile=True)
    browser.open(folder / "r.html")
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    is_harmless(browser)
    assert browser.run("return document.querySelectorAll('article.case').length") == 30
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert too_wide(browser) == []
    text = browser.text("main")
    assert "<img src=x onerror=window.hacked=1>" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "x" * 400 + " […]" in text
    assert "x" * 401 not in text


def test_hostile_users_on_the_map_are_only_text(browser: Browser, tmp_path: Path) -> None:
    people = [
        Person(attack, n % 3, n / 2, n, n % 2, ((n + 1) % len(ATTACKS),), (attack, "hi"))
        for n, attack in enumerate(ATTACKS)
    ]
    drawn = figure_chapters.people(Map(tuple(people), (0.5, 0.2), 99, 2, by_neighbours=False, near_kept=1.0))
    body = [Section("users", "<b>Users", ATTACKS[0], drawn)]
    (tmp_path / "r.html").write_bytes(
        document.render(ATTACKS[0], tag("p", ATTACKS[1]), body, "mark", {"notes": ATTACKS})
    )
    browser.resize(390, 844, mobile=True)
    browser.open(tmp_path / "r.html")
    for number in range(len(ATTACKS)):
        browser.run(
            "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent('click', {bubbles: true}))",
            f"[data-n='{number}']",
        )
        assert browser.run("return document.querySelectorAll('#person *').length") > 4
        is_harmless(browser)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert browser.run("return document.title") == ATTACKS[0]


def test_a_script_that_is_not_the_pages_own_would_not_run(browser: Browser, tmp_path: Path) -> None:
    """The second wall: were an attack ever put in as HTML, the page's own policy would still stop it."""
    made = document.render("t", tag("p", "@here@"), [], "mark", {}).decode()
    path = tmp_path / "r.html"
    path.write_text(made.replace("@here@", "<script>window.hacked=1</script><img src='https://example.org/x.png'>"))
    browser.open(path)
    assert browser.run("return window.hacked === undefined")
    assert any("Content Security Policy" in message for message in browser.log())
