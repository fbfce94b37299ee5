"""Accounts under review in a real browser: by the keys alone, then the model learns."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from wheeltapper import workspace
from wheeltapper.accounts import boost, simulation
from wheeltapper.engines.local import relearning, reviewing
from wheeltapper.server.view import open_view

from .conftest import HOSTILE, served, watched
from .test_newcomer import CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = os.environ.get("WHEELTAPPER_PICTURES", "")
SETTINGS = """\
[accounts]
data = "tables"
policy = "policy.toml"
queue = 40
sample = 24
double_share = 0.15
"""
POLICY = """\
missed = 100.0
false_positive_budget = 0.3
unattended_removal = false
[steps.verify]
stops = 0.8
bothers = 2.0
[steps.hold]
stops = 0.95
bothers = 30.0
[steps.remove]
stops = 1.0
bothers = 300.0
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory):
    """A workspace whose accounts were scored by a model of few labels, and what all of them are."""
    root = tmp_path_factory.mktemp("town")
    workspace.init(root)
    settings = root / "wheeltapper.toml"
    settings.write_text(settings.read_text().replace("[accounts]\n", SETTINGS, 1))
    (root / "policy.toml").write_text(POLICY)
    simulation.simulate(root / "tables", accounts=400, seed=5)
    mapping = root / "tables" / "accounts.toml"
    mapping.write_text(mapping.read_text().replace("numbers =", 'text = "about"\nnumbers =', 1))
    accounts = pl.read_csv(root / "tables" / "accounts.csv")
    accounts.with_columns(about=pl.lit(HOSTILE)).write_csv(root / "tables" / "accounts.csv")
    labels = pl.read_csv(root / "tables" / "labels.csv")
    truth = dict(zip(labels["user"], labels["fraud"] == 1, strict=True))
    kept = pl.Series(np.random.default_rng(1).random(len(labels)) < 0.12)
    labels.filter(kept).write_csv(root / "tables" / "labels.csv")
    config = workspace.open(root).config
    fit = boost.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 20})))
        looked = reviewing.look(root / "tables")
        made = relearning.learn(looked, dict(reviewing.labelled(looked.tables)))
        relearning.keep(made, looked, root / config.accounts.model)
        view = open_view(root, config)
        now = datetime.now(UTC)
        reviewing.fill(view.casebook, looked, made, config.accounts, root, now=now)
        with served(view) as address:
            yield address, truth, view


@pytest.fixture
def page(browser: Browser, town):
    with watched(browser, town[0]) as page:
        yield page


def picture(page: Page, name: str) -> None:
    """Kept where somebody wants to look at it."""
    if PICTURES:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def account(page: Page) -> str:
    heading = page.get_by_role("article", name="Account").get_by_role("heading", level=1)
    expect(heading).not_to_be_empty()
    return heading.inner_text()


def test_twenty_accounts_by_the_keys_alone_and_then_it_learns(page: Page, town):
    _, truth, _ = town
    page.goto("/review")
    seen = []
    for n in range(20):
        name = account(page)
        assert name not in seen
        seen.append(name)
        expect(page.get_by_role("region", name="What it did")).to_contain_text("old, made on")
        if n == 1:
            picture(page, "review-account")
            page.keyboard.press("r")
            page.keyboard.type("it wrote 1 and 2 to many")
            page.keyboard.press("Escape")
        page.keyboard.press("1" if truth[name] else "2")
        expect(page.get_by_role("navigation", name="Your work")).to_contain_text(
            f"you judged {n + 1} today"
        )
    picture(page, "review-after-twenty")
    page.keyboard.press("m")
    figures = page.get_by_role("article", name="Figures")
    expect(figures).to_contain_text("It has not learned from answers yet")
    page.keyboard.press("t")
    learned = page.get_by_role("region", name="Learning")
    expect(learned).to_contain_text("It learned from", timeout=240_000)
    expect(learned.get_by_role("table", name="Before and after")).to_contain_text("log loss")
    expect(learned.get_by_role("table", name="Moved most").get_by_role("row")).to_have_count(9)
    expect(page.get_by_role("region", name="Reviewers")).to_contain_text("20")
    picture(page, "review-metrics")
    page.keyboard.press("Escape")
    assert account(page) not in seen


def test_an_answer_can_be_changed_and_its_reason_is_kept(page: Page, town):
    _, _, view = town
    page.goto("/review")
    name = account(page)
    page.keyboard.press("1")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
    page.keyboard.press("b")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    given = page.get_by_role("group", name="Your answer").get_by_role("button", name="Fraudulent")
    expect(given).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    page.keyboard.type("I was wrong")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
    said = view.casebook.referrals.opinions(name)
    assert [(one.opinion, one.reason) for one in said] == [("fraud", ""), ("honest", "I was wrong")]


def test_two_reviewers_do_not_see_each_other(browser: Browser, town):
    address, _, view = town
    with watched(browser, address) as page:
        page.goto("/review")
        page.get_by_label("reviewer").fill("mila")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.get_by_role("navigation", name="Your work")).to_contain_text("judged 0 today")
        for _ in range(30):
            name = account(page)
            page.keyboard.press("1")
            expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
            if view.casebook.referrals.one(name).state == "second":
                break
        page.get_by_label("reviewer").fill("kim")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("article", name="Account")).not_to_contain_text("mila")
        for button in page.get_by_role("group", name="Your answer").get_by_role("button").all():
            assert button.get_attribute("aria-pressed") == "false"


def test_hostile_profiles_are_text(page: Page, town):
    page.goto("/review")
    expect(page.get_by_role("region", name="Profile")).to_contain_text("<img src=x")
    assert page.locator("img, iframe, object").count() == 0
    assert page.evaluate("document.scripts.length") == 1


def test_the_cases_lead_to_the_accounts_and_back(page: Page, town):
    page.goto("/")
    page.get_by_role("link", name=re.compile("to review|accounts")).click()
    expect(page).to_have_url(re.compile("/review$"))
    account(page)
    page.get_by_role("link", name=re.compile("How it goes")).click()
    expect(page).to_have_url(re.compile("/review/metrics$"))
    page.go_back()
    account(page)
    page.get_by_role("link", name="Cases").click()
    expect(page.get_by_role("navigation", name="Cases")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (900, 800)])
def test_text_can_be_read_in_light_and_dark(
    browser: Browser, town, scheme: str, width: int, height: int
):
    context = browser.new_context(
        base_url=town[0], viewport={"width": width, "height": height}, color_scheme=scheme
    )
    page = context.new_page()
    for path, role in (("/review", "Account"), ("/review/metrics", "Figures")):
        page.goto(path)
        expect(page.get_by_role("article", name=role)).to_be_visible()
        assert page.evaluate(CONTRAST) == [], f"{path}: below 4.5 : 1"
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        picture(page, f"{role.lower()}-{scheme}-{width}")
    context.close()
