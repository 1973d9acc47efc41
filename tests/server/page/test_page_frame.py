"""The frame of the page: languages, colors, keyboard, screen readers, small screens."""

import re
from pathlib import Path

import pytest
from tests.server.page.steps import add_photos, expect

import mien

TABS = ("photo", "video", "live", "best", "networks", "about")
PAGE = Path(mien.__file__).parent / "server" / "page"


def test_all_words_are_there_in_both_languages(open_page):
    page = open_page()
    words = page.evaluate(
        """async () => {
            const [en, zh] = await Promise.all(["en", "zh"].map(name => import(`/words/${name}.js`)));
            return [en.default, zh.default];
        }"""
    )
    english, chinese = words
    missing = {key for key in english if not key.startswith("group.")} - set(chinese)
    assert not missing
    slots = re.compile(r"\{\w+\}")
    for key, text in english.items():
        if key in chinese and key != "language.switch":
            assert sorted(slots.findall(text)) == sorted(slots.findall(chinese[key])), key
    used = {key for path in PAGE.rglob("*.js") for key in re.findall(r'\bt\("([\w.]+)"', path.read_text("utf-8"))}
    used |= set(re.findall(r'data-t(?:-label)?="([\w.]+)"', (PAGE / "index.html").read_text("utf-8")))
    assert used
    assert not used - set(english)


def test_the_language_switches_and_stays(open_page, astronaut, write_photo):
    page = open_page()
    add_photos(page, [write_photo(astronaut[:280, 80:360], "one.png")])
    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.inner_text("#tab-photo") == "照片"
    assert page.locator(".emotion .answer strong").inner_text() == "积极"
    page.reload()
    expect(page.locator("#tab-video")).to_have_text("视频")
    page.click("#language")
    expect(page.locator("#tab-video")).to_have_text("Video")


def test_chinese_leaves_no_english_behind(open_page):
    page = open_page(locale="zh-CN")
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.wait_for_load_state("networkidle")
        # What the service or a card says in English is marked as such.
        text = page.locator(f"#panel-{tab}").evaluate(
            "panel => { panel.querySelectorAll('[lang=en]').forEach(part => part.remove()); return panel.innerText; }"
        )
        assert re.search(r"[\u4e00-\u9fff]", text), tab
        assert not re.findall(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", text), tab


def test_dark_follows_the_system_and_the_button(open_page):
    page = open_page(color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.locator("html").get_attribute("data-theme") == "dark"
    dark = page.evaluate(background)
    page.click("#theme")
    assert page.locator("html").get_attribute("data-theme") == "light"
    light = page.evaluate(background)
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 150 < 600 < sum(map(int, re.findall(r"\d+", light)[:3]))
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_tabs_by_keyboard(open_page):
    page = open_page()
    page.focus("#tab-photo")
    for tab in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert page.locator(f"#panel-{tab}").is_visible()
        assert page.locator('[role="tabpanel"]:visible').count() == 1


def test_nothing_is_cut_off_at_360_pixels(open_page, astronaut, write_photo):
    page = open_page(viewport={"width": 360, "height": 640})
    add_photos(page, [write_photo(astronaut[:280, 80:360], "one.png")])
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_finding(open_page, astronaut, broken_photo, write_photo, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(color_scheme=scheme)
    add_photos(page, [write_photo(astronaut[:280, 80:360], "one.png"), broken_photo])
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.wait_for_load_state("networkidle")
        # A color that is still changing has no contrast to measure.
        page.wait_for_timeout(300)
        violations = axe.run(page).response["violations"]
        serious = [
            (tab, found["id"], found["nodes"][0]["html"], found["nodes"][0].get("failureSummary"))
            for found in violations
            if found["impact"] in ("serious", "critical")
        ]
        assert not serious
