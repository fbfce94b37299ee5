"""The page in a real browser, as somebody uses it who has never seen it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HEADLINE = re.compile("^Bert-Jan read 60 secrets")
SECRETS = "/cases/c-7f3a/findings/1"


def case_list(page: Page):
    return page.get_by_role("navigation", name="Cases")


def timeline(page: Page):
    """The canvas that the lanes are painted on, once it is."""
    expect(page.get_by_role("list", name="Lanes").get_by_role("listitem")).not_to_have_count(0)
    return page.locator(".plot")


def history(page: Page):
    """The bars of the actor's own history, once they are there: only then is known how far back
    one can look."""
    strip = page.locator(".strip")
    expect(strip.get_by_role("img")).to_be_visible()
    return strip


def zoomed(page: Page) -> None:
    expect(page).to_have_url(re.compile("from=.*to="))


def test_page_case_finding_raw_event_in_four_clicks(page: Page):
    page.goto("/")
    expect(case_list(page).get_by_role("listitem")).to_have_count(13)
    case_list(page).get_by_role("link").filter(has_text=HEADLINE.pattern[1:]).click()  # 1
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADLINE)
    page.get_by_role("region", name="Findings").get_by_role("link").first.click()  # 2
    expect(page).to_have_url(re.compile(f"{SECRETS}$"))
    expect(page.get_by_role("region", name="Why")).to_contain_text("Would have been normal")
    expect(page.get_by_role("region", name="Observed against expected")).to_contain_text(
        "None of 6 peers ever"
    )
    events = page.get_by_role("region", name="Events")
    expect(events).to_contain_text("60 behind this finding")
    events.get_by_role("row").nth(1).click()  # 3
    raw = page.get_by_role("region", name="Event", exact=True).locator("pre")
    expect(raw).to_contain_text('"eventName": "GetSecretValue"')
    expect(raw).to_contain_text("12345678901234567890")


def test_a_mark_on_the_timeline_opens_its_finding(page: Page):
    page.goto("/cases/c-7f3a")
    plot = timeline(page)
    box = plot.bounding_box()
    assert box
    # The first lane's mark lies left of the middle: 11:57 to 12:07 of 11:45 to 12:35.
    plot.click(position={"x": box["width"] * 0.3, "y": 17})
    expect(page).to_have_url(re.compile(SECRETS))


def test_a_verdict_is_kept_and_can_be_taken_back(page: Page):
    page.goto("/cases/c-0007")
    page.get_by_role("button", name="Expected").click()
    expect(page.get_by_text("Expected by")).to_be_visible()
    page.get_by_role("button", name="add a reason").click()
    page.get_by_role("textbox", name="Reason").fill("she moved to the other team")
    page.keyboard.press("Enter")
    expect(page.get_by_text("she moved to the other team")).to_be_visible()
    expect(case_list(page).get_by_role("link", name=re.compile("Closed"))).to_have_text("Closed 1")

    page.reload()
    expect(page.get_by_role("button", name="Expected")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("she moved to the other team")).to_be_visible()
    case_list(page).get_by_role("link", name=re.compile("Closed")).click()
    expect(case_list(page).get_by_role("listitem")).to_have_count(1)

    page.get_by_role("button", name="take it back").click()
    expect(page.get_by_role("button", name="Expected")).to_have_attribute("aria-pressed", "false")
    expect(case_list(page).get_by_role("link", name=re.compile("Closed"))).to_have_text("Closed 0")


def test_a_link_leads_to_the_very_view_and_back_leads_back(page: Page):
    query = "?lane=session&from=2026-07-10T09:50:00.000Z&to=2026-07-10T10:10:00.000Z"
    page.goto(f"{SECRETS}{query}")
    expect(page.get_by_role("combobox")).to_have_value("session")
    expect(page.locator(".hint")).to_contain_text("20 minutes shown")
    page.get_by_role("link", name=re.compile("trail deleted")).click()
    expect(page).to_have_url(re.compile("findings/2.*lane=session"))
    page.get_by_role("button", name="all findings").click()
    expect(page.get_by_role("region", name="Findings")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("findings/2"))
    page.go_back()
    expect(page).to_have_url(re.compile("findings/1"))
    expect(page.get_by_role("region", name="Why")).to_contain_text("60 secrets read")


def test_everything_is_within_reach_of_the_keys(page: Page):
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADLINE)
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Sofia"))
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADLINE)
    timeline(page)
    page.keyboard.press("ArrowRight")  # the first in time
    expect(page).to_have_url(re.compile("findings/5"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("findings/10"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("findings/5"))
    page.keyboard.press("+")
    zoomed(page)
    page.keyboard.press("0")
    expect(page).not_to_have_url(re.compile("from="))
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Findings")).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="Unusual")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="Unusual")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("?")
    expect(page.get_by_role("region", name="Keys and gestures")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("payroll")
    expect(case_list(page).get_by_role("listitem")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=payroll"))


def test_the_timeline_zooms_from_a_quarter_to_a_second(page: Page):
    page.goto(SECRETS)
    plot = timeline(page)
    history(page)
    for _ in range(20):
        page.keyboard.press("-")
    expect(page.locator(".hint")).to_contain_text("60 days shown")
    page.get_by_role("button", name="whole case").click()
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 17)
    for _ in range(14):
        page.mouse.wheel(0, -240)
    page.mouse.move(0, 0)  # off the mark, whose sentence stands there
    expect(page.locator(".hint")).to_contain_text("second")
    page.get_by_role("button", name="whole case").click()
    before = page.locator(".hint").inner_text()
    page.mouse.move(box["x"] + 500, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
    page.mouse.up()
    zoomed(page)  # moved, as wide as before
    page.mouse.move(0, 0)
    assert page.locator(".hint").inner_text() == before
    page.locator(".plot").dblclick(position={"x": 600, "y": 100})
    expect(page.locator(".hint")).to_contain_text("minutes shown")


def test_dragging_over_the_history_zooms_to_it(page: Page):
    page.goto("/cases/c-7f3a")
    timeline(page)
    box = history(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.locator(".hint")).to_contain_text("30 days shown")


def test_hostile_text_is_text(page: Page):
    page.goto("/cases/c-hostile")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    page.get_by_role("region", name="Findings").get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Why")).to_contain_text("<img src=x")
    for lane in ("detector", "session", "device", "app"):
        page.get_by_role("combobox").select_option(lane)
        timeline(page)
    page.get_by_role("region", name="Events").get_by_role("row").nth(1).click()
    expect(page.get_by_role("region", name="Event", exact=True)).to_contain_text("<script>")
    assert page.locator("img, iframe, object").count() == 0
    assert page.evaluate("document.scripts.length") == 1
    page.get_by_role("searchbox").fill("<img src=x onerror=alert(1)>")
    expect(case_list(page)).to_contain_text("speak of “<img src=x onerror=alert(1)>”")


def test_what_is_not_there_is_said(page: Page):
    page.goto("/?q=nobody-at-all")
    expect(page.get_by_role("heading", level=1)).to_contain_text("No open case speaks of")
    page.goto("/?tab=closed")
    expect(page.get_by_role("heading", level=1)).to_have_text("No case was judged yet")


def test_a_server_that_fails_is_said_so_and_asked_again(browser: Browser, address: str):
    context = browser.new_context(base_url=address)
    page = context.new_page()
    sentence = '{"error": "the lake is being moved"}'
    case = re.compile("/api/cases/c-7f3a$")
    page.route(case, lambda route: route.fulfill(status=500, body=sentence))
    page.goto("/cases/c-7f3a")
    expect(page.get_by_role("alert")).to_contain_text("the lake is being moved")
    page.unroute(case)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADLINE)
    context.set_offline(True)
    page.keyboard.press("j")
    expect(page.get_by_role("alert")).to_contain_text("is wheeltapper serve still running?")
    context.close()


def test_times_are_on_the_browsers_clock(browser: Browser, address: str):
    context = browser.new_context(base_url=address, timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(SECRETS)
    expect(page.get_by_role("banner")).to_contain_text("Asia/Tokyo")
    why = page.get_by_role("region", name="Why")
    expect(why).to_contain_text("18:57")  # 11:57 in Amsterdam
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 800), (900, 800)])
def test_text_can_be_read_in_light_and_dark_at_every_width(
    browser: Browser, address: str, tmp_path: Path, scheme, width, height
):
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(SECRETS)
    timeline(page)
    expect(page.get_by_role("region", name="Events").get_by_role("row")).not_to_have_count(0)
    pale = page.evaluate(CONTRAST)
    assert pale == [], "below 4.5 : 1"
    too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not too_wide
    context.close()


CONTRAST = """
() => {
  const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
  const lum = ([r, g, b]) => {
    const f = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const ground = (el) => {
    for (let e = el; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const pale = new Set();
  for (const el of document.querySelectorAll("body *")) {
    const own = [...el.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || el.closest("button:disabled, option") || !el.checkVisibility()) continue;
    const style = getComputedStyle(el);
    const text = parse(el instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [lum(text), lum(ground(el))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const which = `${el.tagName} ${el.className.baseVal ?? el.className} ${el.textContent}`;
    if (ratio < 4.5) pale.add(`${which.slice(0, 60)} ${ratio.toFixed(2)}`);
  }
  return [...pale];
}
"""


def test_who_acted_is_asked_and_answers_on_a_page_of_their_own(page: Page, browser: Browser):
    page.goto("/cases/c-0005")
    page.get_by_role("button", name=re.compile("^Ask ")).click()
    message = page.get_by_role("textbox", name="What to send")
    expect(message).to_have_value(re.compile("/confirm/"))
    link = re.search(r"http://\S+/confirm/[\w-]{64}", message.input_value())
    assert link
    elsewhere = browser.new_context(java_script_enabled=False)
    other = elsewhere.new_page()
    other.goto(link[0])
    expect(other.get_by_role("heading", level=1)).to_have_text("Was this you?")
    other.get_by_role("button", name="No, that was not me").click()
    expect(other.get_by_text("You said that this was not you")).to_be_visible()
    other.goto(link[0])
    expect(other.get_by_text("This question has been answered")).to_be_visible()
    elsewhere.close()
    page.reload()
    asked = page.get_by_role("region", name="Asked")
    expect(asked).to_contain_text("said that this was not them")
    page.goto("/")
    expect(case_list(page).get_by_role("listitem").first).to_contain_text("Pieter")
