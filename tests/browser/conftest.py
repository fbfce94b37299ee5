"""A real Chromium before a real server; whatever the page should not do fails the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from server.story import BAD_HOUR, Act, case_of, found, workspace
from wheeltapper.server.app import STATIC, create
from wheeltapper.server.serve import listen
from wheeltapper.server.view import View, open_view

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = "<img src=x onerror=\"alert('bitten')\"><script>alert(1)</script>{{7*7}}\u202eevil"
PATIENCE_MS = 30_000  # a busy machine is no error
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watch:
    """What a page must not do."""

    origin: str
    misdeeds: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("console", lambda m: self._note(m.type in ("error", "warning"), m.text))
        page.on("pageerror", lambda e: self._note(True, str(e)))
        page.on("dialog", lambda d: (self._note(True, f"dialog {d.message}"), d.dismiss()))
        page.on("request", lambda r: self._note(not self._own(r.url), f"request to {r.url}"))

    def _own(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self.origin

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.misdeeds.append(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is missing (apt-get install chromium)")
    if not (STATIC / "index.html").exists():
        pytest.skip("the page is not built: make ui")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the story, and of a case whose every word is hostile."""
    root = tmp_path_factory.mktemp("browser")
    config = workspace(root, more=[hostile_case()])
    with served(open_view(root, config)) as address:
        yield address


@contextmanager
def served(view: View) -> Iterator[str]:
    """The address of a server, while it runs."""
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create(view), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()
    view.casebook.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with watched(browser, address) as page:
        yield page


@contextmanager
def watched(browser: Browser, address: str) -> Iterator[Page]:
    """A page that may do nothing it should not."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": 1440, "height": 900},
        color_scheme="light",
        timezone_id="Europe/Amsterdam",
    )
    watch = Watch(address)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watch.over(page)
    yield page
    context.close()
    assert watch.misdeeds == []


def hostile_case():
    acts = [
        Act(
            BAD_HOUR, HOSTILE, HOSTILE, HOSTILE, HOSTILE, ip=HOSTILE, agent=HOSTILE, session=HOSTILE
        )
    ]
    finding = found(acts, detector="rule.x", bits=9.0, value=HOSTILE, sentence=HOSTILE)
    case = case_of(
        "c-hostile", 9.3, HOSTILE, [finding], acts,
        summary=HOSTILE, peer_group=HOSTILE, tactics=(HOSTILE,),
    )  # fmt: skip
    return case, acts
