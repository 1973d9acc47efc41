"""Networks side by side: the figures are those of `mien profile`."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.server.page.steps import PATIENCE_MS, expect, painted

import mien

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs pip install 'mien[train]'")
FIGURES = ("parameters", "multiplications", "additions", "peak_memory")


def figures(page, column):
    return {
        name: int(page.locator(f'tr[data-figure="{name}"] td').nth(column).locator(".value").get_attribute("title"))
        for name in FIGURES
    }


@needs_torch
def test_a_backbone_beside_an_onnx_file(open_page, astronaut, write_photo):
    from mien.profile import profile

    page = open_page("networks")
    page.select_option("#net-a", "mobilenet_v2")
    page.select_option("#net-size-a", "96")
    model = Path(mien.__file__).parent / "weights" / "age.onnx"
    page.set_input_files("#net-file-b", str(model))
    expect(page.locator('tr[data-figure="parameters"] td')).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator("#panel-networks .waiting")).to_have_count(0, timeout=PATIENCE_MS)
    for column, report in enumerate((profile("mobilenet_v2", 96), profile(str(model)))):
        told = report.to_dict()
        assert figures(page, column) == {name: told[name] for name in FIGURES}
        field = " × ".join(map(str, told["receptive_field"]))
        assert field in page.locator('tr[data-figure="receptive_field"] td').nth(column).inner_text()
    page.set_input_files("#net-picture", str(write_photo(astronaut, "one.png")))
    page.wait_for_timeout(500)
    assert painted(page, "canvas.field")


def test_the_field_on_the_picture_follows_its_formula(open_page):
    page = open_page("networks")
    report = {
        "receptive_field": [31, 31],
        "effective_stride": [8, 8],
        "effective_padding": [15, 15],
        "feature_map": [1, 4, 12, 12],
    }
    script = """async ([report, pixel]) => (await import("/field.js")).fieldOn(report, 0, pixel)"""
    middle = page.evaluate(script, [report, 40])
    assert (middle["position"], middle["low"], middle["size"]) == (5, 25, 31)
    assert page.evaluate(script, [report, 1000])["position"] == 11


@needs_torch
def test_no_network_is_a_sentence(open_page):
    page = open_page("networks")
    page.set_input_files("#net-file-b", {"name": "no.onnx", "mimeType": "application/octet-stream", "buffer": b"none"})
    failure = page.locator('.picker[data-side="b"] .failure')
    expect(failure).to_be_visible(timeout=PATIENCE_MS)
    assert failure.inner_text().startswith("This network could not be counted.")
