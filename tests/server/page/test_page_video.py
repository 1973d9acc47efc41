"""A video job on the page, from the upload to its end."""

import csv

from tests.server.page.steps import PATIENCE_MS, expect, painted, saved

import mien
from mien.expression.events import events_in


def read_clip(page, clip):
    page.set_input_files("#video-file", str(clip))
    page.wait_for_selector(".timelines", timeout=PATIENCE_MS)


def test_a_video_job_to_its_end(open_page, clip):
    page = open_page("video")
    read_clip(page, clip)
    frames = list(mien.Analyzer(["expression", "age"]).video(clip))
    events = [event.to_dict() for event in events_in(frames)]
    rows = page.locator("table.events tbody tr")
    assert rows.count() == len(events) > 0
    assert {row.locator("b").inner_text() for row in rows.all()} == {event["action_unit"] for event in events}
    faces = list(csv.DictReader(saved(page, "#video-rows").read_text().splitlines()))
    assert len(faces) == sum(len(frame.faces) for frame in frames)
    assert {float(face["time_s"]) for face in faces} == {frame.time_s for frame in frames if len(frame.faces)}
    told = list(csv.DictReader(saved(page, "#video-events").read_text().splitlines()))
    assert [event["action_unit"] for event in told] == [event["action_unit"] for event in events]
    assert saved(page, "#video-annotated").stat().st_size > 1000


def test_a_click_on_the_line_goes_to_the_frame(open_page, clip):
    page = open_page("video")
    read_clip(page, clip)
    plot = page.locator(".timelines .plot").first
    width = plot.bounding_box()["width"]
    plot.click(position={"x": width * 0.5, "y": 8})
    time_s = page.locator("video").evaluate(
        "video => new Promise(done => setTimeout(() => done(video.currentTime), 500))"
    )
    length = float(page.locator(".timelines").get_attribute("aria-valuemax"))
    assert abs(time_s - length / 2) < 0.05
    expect(page.locator(".player canvas")).to_be_visible()
    assert painted(page, ".player canvas")
    page.focus(".timelines")
    page.keyboard.press("Home")
    assert page.locator(".timelines").get_attribute("aria-valuenow") == "0.00"
    page.keyboard.press("ArrowRight")
    assert page.locator(".timelines").get_attribute("aria-valuenow") == "0.10"


def test_another_video_removes_the_job(open_page, clip, served):
    page = open_page("video")
    read_clip(page, clip)
    with page.expect_response(lambda response: response.request.method == "DELETE") as answer:
        page.click("#video-stop")
    name = answer.value.url.rpartition("/")[2]
    assert name not in page.request.get(f"{served}/v1/videos").text()
    assert page.locator("#panel-video .drop").is_visible()


def test_a_job_outlives_its_page(open_page, clip):
    page = open_page("video")
    read_clip(page, clip)
    page.reload()
    page.get_by_role("button", name="Open").first.click()
    page.wait_for_selector(".timelines")
    assert page.locator("table.events tbody tr").count() > 0
    page.click("#video-stop")


def test_no_video_is_a_sentence(open_page, broken_photo):
    page = open_page("video")
    page.set_input_files("#video-file", {"name": "no.mp4", "mimeType": "video/mp4", "buffer": b"not a video at all"})
    failure = page.locator("#panel-video .failure")
    expect(failure).to_be_visible(timeout=PATIENCE_MS)
    assert len(failure.inner_text()) > len("This video cannot be read.")
