"""The page in a real browser: Debian's Chromium, led by Playwright."""

from __future__ import annotations

import shutil
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pumping import pump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

    from gateway.caller import Gateway

# As root there is no sandbox; one process draws all pages of a person, since each takes a second of
# a processor to start; the others keep it from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--renderer-process-limit=1",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WITHIN = 30_000
"""Milliseconds that anything may take."""

WIDE = (1280, 720)
PHONE = (390, 800)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "the page is tried in Chromium, and there is none; 'apt install chromium'"
    expect.set_options(timeout=WITHIN)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, gateway: Gateway, token: str = "", size: tuple[int, int] = WIDE, port: int = 0
) -> Iterator[Page]:
    """Open the page as a person who has not been there yet, and sign in.

    Whatever the page could not load or run fails the test.
    """
    width, height = size
    page = _somebody(browser).new_page()
    try:
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(WITHIN)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"http://127.0.0.1:{port or gateway.port}/")
        page.get_by_label("Token").fill(token or gateway.token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
        expect(page.locator("#live")).to_have_text("live")
        yield page
        assert not problems
    finally:
        page.close()


def _somebody(browser: Browser) -> BrowserContext:
    """Return a person who has no page of ours open, and knows nothing of us.

    An empty page of each stays open, and with it the process that draws the next one.
    """
    for person in browser.contexts:
        if len(person.pages) == 1:
            person.clear_cookies()
            return person
    person = browser.new_context()
    person.new_page()
    return person


def column(page: Page, name: str) -> Locator:
    """Return one of the columns."""
    return page.locator(".column").filter(has=page.get_by_role("heading", name=name, level=2))


def card(place: Page | Locator, title: str) -> Locator:
    """Return a card of the page, or of a column."""
    return place.locator(".card", has_text=title)


class Cut:
    """Stands before a server until the line is cut; can be mended."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and let no new one through."""
        with self._lock:
            self._is_cut = True
            for each in self._lines:
                _end(each)
            self._lines.clear()

    def mend(self) -> None:
        """Let new connections through."""
        with self._lock:
            self._is_cut = False

    def lead_to(self, port: int) -> None:
        """Let new connections through, to another server."""
        self._behind = port
        self.mend()

    def close(self) -> None:
        """End it."""
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    line.close()
                    continue
                other = socket.create_connection(("127.0.0.1", self._behind))
                self._lines += [line, other]
            for source, target in ((line, other), (other, line)):
                threading.Thread(target=pump, args=(source, target), daemon=True).start()


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
