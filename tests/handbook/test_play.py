"""The page that plays: its mathematics is ours, it opens in a browser, in both languages, by keyboard alone."""

import functools
import re
import shutil
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from handbook_pages import face_stack
from handbook_pages.pages import FOLDER

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("needs Chromium", allow_module_level=True)

PLAY = FOLDER / "play"
PATIENCE = 120_000
"""Milliseconds that a crowded machine may take for a step."""
TABS = ("field", "convolution", "losses", "smoothing", "values", "rpca")
SOLVE = """(steps => {
    let round;
    for (let k = 0; k < 30; k++) round = steps.next().value;
    return [round.rank, round.low.map(row => [...row])];
})"""
LAYERS = [{"kernel": 3, "stride": 2, "dilation": 1}, {"kernel": 3, "stride": 1, "dilation": 2}]


class Quiet(SimpleHTTPRequestHandler):
    """A handler that writes nothing."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(FOLDER)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/play/index.html"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        opened = browser.new_page(locale="en-US", color_scheme="light")
        opened.set_default_timeout(PATIENCE)
        opened.problems = []
        opened.on("console", lambda message: message.type == "error" and opened.problems.append(message.text))
        opened.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.goto(address)
        yield opened
        browser.close()


def compute(page: Any, expression: str, argument: Any = None) -> Any:
    """Value of an expression in which `m` is the page's mathematics and `a` the argument."""
    return page.evaluate(f"async a => {{ const m = await import('./mathematics.js'); return {expression}; }}", argument)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_without_a_fault(page: Any, tab: str) -> None:
    page.click(f"#tab-{tab}")
    assert page.locator(f"#panel-{tab} h2").inner_text()
    assert page.locator("[role=tabpanel]").count() == 1
    sliders = page.locator("input[type=range]")
    for k in range(sliders.count()):
        sliders.nth(k).press("ArrowRight")
    assert not page.locator("#unstarted").count()
    assert page.problems == []


def test_arrow_keys_walk_the_tabs(page: Any) -> None:
    page.click("#tab-field")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-rpca"
    page.keyboard.press("Home")
    assert page.locator("#tab-field").get_attribute("aria-selected") == "true"


def test_every_control_has_a_name(page: Any) -> None:
    for tab in TABS:
        page.click(f"#tab-{tab}")
        nameless = page.evaluate(
            "[...document.querySelectorAll('input, select, [role=img]')]"
            ".filter(e => !(e.labels?.length || e.getAttribute('aria-label'))).length"
        )
        assert nameless == 0, tab


def test_both_languages_have_the_same_words(page: Any) -> None:
    english, chinese = (
        page.evaluate(f"import('./words/{name}.js').then(module => module.default)") for name in ("en", "zh")
    )
    assert set(english) == set(chinese)
    slots = re.compile(r"\{\w+\}")
    assert all(sorted(slots.findall(english[key])) == sorted(slots.findall(chinese[key])) for key in english)
    for key in (key for key in english if key.endswith(".page")):
        assert re.fullmatch(r"\d\d-[\w-]+\.md", english[key])
        assert english[key] == chinese[key]


def test_language_and_colors_switch(page: Any) -> None:
    page.click("#tab-smoothing")
    page.click("#language")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.inner_text("#tab-smoothing") == "标签平滑"
    page.click("#language")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.click("#theme")


def test_fields_are_those_of_the_profiler(page: Any) -> None:
    from torch import nn

    from mien.profile import profile

    net = nn.Sequential(nn.Conv2d(1, 1, 3, 2), nn.Conv2d(1, 1, 3, dilation=2))
    [field, _] = profile(net, (1, 1, 32, 32)).receptive_field
    assert compute(page, "m.backwards(a).at(-1).field", LAYERS) == field
    assert compute(page, "m.forwards(a).at(-1).field", LAYERS) == field
    holes = [{"kernel": 3, "stride": 1, "dilation": 2}] * 3
    assert sorted(compute(page, "[...m.paths(a).keys()]", holes)) == list(range(0, 13, 2))


def test_counts_are_those_of_the_profiler(page: Any) -> None:
    from torch import nn

    from mien.profile import profile

    report = profile(nn.Conv2d(8, 16, 3, 2, 1, groups=4), (1, 8, 14, 14))
    given = {"kernel": 3, "inputs": 8, "outputs": 16, "stride": 2, "groups": 4, "bias": True, "side": 14}
    assert compute(page, "m.convolution(a)", given) == {
        "parameters": report.parameters,
        "multiplications": report.multiplications,
        "additions": report.additions,
    }
    shares = compute(page, "[m.pairShare(1, 'outputs'), m.pairShare(16 / 9, 'outputs'), m.pairShare(9 / 16, 'inputs')]")
    assert shares == pytest.approx([0.72, 1, 1])


def test_best_constants_are_mean_and_median(page: Any) -> None:
    labels = [24, 27, 28, 29, 90]
    found = compute(page, "['l2', 'l1', 'smooth'].map(name => m.bestConstant(a, name, 1))", labels)
    assert found[:2] == pytest.approx([np.mean(labels), np.median(labels)])
    assert 27 < found[2] < 29
    assert compute(page, "m.bestGap(2, 0.1)") == pytest.approx(np.log(19))


def test_singular_values_are_those_of_numpy(page: Any) -> None:
    rows = np.random.default_rng(0).normal(size=(6, 30))
    plain = "(r => [r.singular, r.rows.map(x => [...x])])"
    found = compute(page, f"{plain}(m.throughValues(a, s => Math.max(s - 4, 0)))", rows.tolist())
    left, values, right = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_allclose(found[0], values, rtol=1e-9)
    np.testing.assert_allclose(found[1], left * np.maximum(values - 4, 0) @ right, atol=1e-9)


def test_robust_pca_finds_low_rank_and_errors(page: Any) -> None:
    rng = np.random.default_rng(1)
    clean = rng.normal(size=(20, 2)) @ rng.normal(size=(2, 60))
    errors = np.where(rng.random(clean.shape) < 0.05, 5.0, 0)
    rank, low = compute(page, f"{SOLVE}(m.robustPca(a, 1))", (clean + errors).tolist())
    assert rank == 2
    np.testing.assert_allclose(low, clean, atol=1e-3)


def test_robust_pca_takes_what_covers_off_the_drawn_faces(page: Any) -> None:
    images, covered = page.evaluate(
        "import('./faces.js').then(faces => [faces.images.map(image => [...image]), faces.covered])"
    )
    clean = np.tensordot(face_stack.weights(), np.round(127 * face_stack.parts()) / 127, 1).reshape(len(images), -1)
    bare = [k for k in range(len(images)) if k not in covered]
    np.testing.assert_allclose(np.array(images)[bare], clean[bare], atol=0.02)
    rank, low = compute(page, f"{SOLVE}(m.robustPca(a, 1))", images)
    assert rank <= 8
    before, after = (np.abs(np.array(stack)[covered] - clean[covered]).mean() for stack in (images, low))
    assert after < before / 3


def test_faces_are_those_that_the_script_draws() -> None:
    texts = (PLAY / "faces_data.js").read_text(encoding="utf-8"), face_stack.module()
    words = [re.sub(r'"[^"]{1000,}"', "", text) for text in texts]
    assert words[0] == words[1]
    pixels = [
        [np.frombuffer(b64decode(data), np.uint8).astype(int) for data in re.findall(r'"([^"]{1000,})"', text)]
        for text in texts
    ]
    for committed, drawn in zip(*pixels, strict=True):
        assert np.abs(committed - drawn).max() <= 3  # another OpenCV may round edges another way
