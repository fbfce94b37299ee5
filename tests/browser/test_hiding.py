"""Hiding what is known to be right, on the page, where the cases are really made anew."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import wheeltapper as wt
from wheeltapper.server.view import open_view

from .conftest import served, watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]
REASON = "<img src=x onerror=alert(1)> a drill"


def copied(office: wt.Workspace, folder: Path) -> wt.Workspace:
    return wt.open(shutil.copytree(office.root, folder / "work"))


@pytest.fixture
def greyed(browser: Browser, office: wt.Workspace, tmp_path: Path) -> Iterator[Page]:
    """A case of which one finding is hidden."""
    ws = copied(office, tmp_path)
    top = ws.case(1).findings[0].finding
    ws.suppress(by="ana", reason=REASON, detector=top.detector, entity=top.entity)
    view = open_view(ws.root, ws.config, ws)
    with served(view) as address, watched(browser, address) as page:
        yield page


@pytest.fixture
def torn(browser: Browser, office: wt.Workspace, tmp_path: Path) -> Iterator[Page]:
    """The office's case, torn into several."""
    ws = copied(office, tmp_path)
    settings = ws.root / "wheeltapper.toml"
    settings.write_text(re.sub(r"# gap_hours = .*", "gap_hours = 0.001", settings.read_text()))
    ws = wt.open(ws.root)
    ws.refine()
    view = open_view(ws.root, ws.config, ws)
    with served(view) as address, watched(browser, address) as page:
        yield page


def test_a_hidden_finding_is_greyed_with_who_why_and_until_when(greyed: Page):
    page = greyed
    page.goto("/")
    findings = page.get_by_role("region", name="Findings")
    grey = findings.locator("li.greyed")
    expect(grey).to_have_count(1)
    expect(grey).to_contain_text("Removed an MFA factor")
    expect(grey).to_contain_text(re.compile(r"hidden until \d+ \w+ \d{4} by ana: <img src=x"))
    expect(findings.get_by_role("listitem").last).to_have_class("greyed")
    grey.get_by_role("link").click()
    why = page.get_by_role("region", name="Why")
    expect(why).to_contain_text("It counts nothing: hidden until")
    assert page.locator("img").count() == 0
    why.get_by_role("button", name="end now").click()
    expect(page.locator(".hidden-by")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(findings.locator("li.greyed")).to_have_count(0)


def test_the_list_of_what_is_hidden_opens_by_a_key_and_ends_one(greyed: Page):
    page = greyed
    page.goto("/")
    expect(page.get_by_role("button", name="1 suppression")).to_be_visible()
    page.keyboard.press("s")
    listed = page.get_by_role("region", name="Suppressions")
    expect(listed.get_by_role("listitem")).to_have_count(1)
    expect(listed).to_contain_text("rule.okta_factor_removed_by_other, about mallory")
    expect(listed).to_contain_text(REASON)
    listed.get_by_role("button", name="end now").click()
    expect(listed).to_contain_text("Nothing is hidden")
    listed.get_by_text("1 that hide nothing any more").click()
    expect(listed).to_contain_text("ended by")
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)
    expect(page.get_by_role("button", name="1 suppression")).to_have_count(0)


def test_after_expected_the_like_of_it_is_hidden_by_the_keys(torn: Page):
    page = torn
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="Unusual")).to_have_attribute("aria-pressed", "true")
    offer = page.get_by_role("region", name="Hide the like of it")
    expect(offer).to_have_count(0)
    page.keyboard.press("3")
    expect(offer).to_contain_text("Hide the like of it for 90 days?")
    page.keyboard.press("h")
    expect(offer).to_contain_text("In the past 90 days it would have hidden")
    offer.get_by_text("what exactly").click()
    expect(offer).to_contain_text("about mallory")
    expect(page.get_by_role("button", name=re.compile("suppression"))).to_have_count(0)
    page.keyboard.press("h")
    expect(offer).to_contain_text("Hidden for 90 days")
    expect(page.get_by_role("button", name=re.compile("suppression"))).to_be_visible()
    offer.get_by_role("button", name="close").click()
    expect(offer).to_have_count(0)


def test_an_offer_can_be_declined(torn: Page):
    page = torn
    page.goto("/")
    page.get_by_role("button", name="Expected").click()
    offer = page.get_by_role("region", name="Hide the like of it")
    offer.get_by_role("button", name="no").click()
    expect(offer).to_have_count(0)
    page.keyboard.press("s")
    expect(page.get_by_role("region", name="Suppressions")).to_contain_text("Nothing is hidden")
