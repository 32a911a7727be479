"""The page in the browser with 2,000 cards, beside the same page with one: when it is painted.

Chromium loads the page of one gateway after the other, from a cold start of the page to the first
frame that shows its cards. Then a card changes its status, by HTTP and from elsewhere, and the time
runs until a page that was open all the while shows it in its new column.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench_gateway import repository
from measure import Claim, Subject, interleave, options, report

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from gateway.browser import chromium, opened
from gateway.caller import Gateway
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

CARDS = 2_000
EMPTY = 1
"""Cards of the page that is the floor: the one that changes."""

LIMIT, PLUS = 1.5, 1.0
"""How many times as long as one card so many may take, and seconds on top."""

PAINTED = """() => new Promise((resolve) => {
  const board = document.getElementById('board');
  const painted = () => board.getAttribute('aria-busy') === 'false'
    && document.querySelector('.card')
    ? requestAnimationFrame(() => setTimeout(resolve))
    : requestAnimationFrame(painted);
  painted();
})"""
SHOWN = """([column, key]) => new Promise((resolve) => {
  const card = `[data-column=${column}] [data-key="${key}"]`;
  const shown = () => document.querySelector(card)
    ? requestAnimationFrame(() => setTimeout(resolve))
    : requestAnimationFrame(shown);
  shown();
})"""


def first_paint(page: Page, gateway: Gateway) -> Callable[[], object]:
    """Return what loads the page of a gateway until its cards are painted."""

    def run() -> None:
        page.goto(f"http://127.0.0.1:{gateway.port}/", wait_until="commit")
        page.wait_for_load_state("domcontentloaded")
        page.evaluate(PAINTED)

    return run


def live_update(page: Page, gateway: Gateway) -> Callable[[], object]:
    """Return what changes a task elsewhere, until an open page shows it."""
    turns = itertools.cycle(("review", "todo"))

    def run() -> None:
        status = next(turns)
        gateway.ask("PATCH", "/api/tasks/t-0", {"status": status})
        page.evaluate(SHOWN, [status, "tasks-md:t-0"])

    return run


def subjects_of(stack: ExitStack, browser: Browser, folder: Path, count: int) -> dict[str, Subject]:
    """Serve so many cards, and return what is measured of them."""
    place = folder / str(count)
    place.mkdir()
    gateway = stack.enter_context(Gateway(Repo(repository(place, count))))
    loaded, watched = (stack.enter_context(opened(browser, gateway)) for _ in range(2))
    return {
        f"first paint: {count}": Subject(
            first_paint(loaded, gateway), after=lambda: loaded.goto("about:blank")
        ),
        f"live update: {count}": Subject(live_update(watched, gateway)),
    }


def main() -> None:
    """Measure, and end with what `report` says."""
    chosen = options(__doc__, 15)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(chromium())
        subjects = subjects_of(stack, browser, folder, EMPTY)
        subjects |= subjects_of(stack, browser, folder, CARDS)
        seconds = interleave(subjects, chosen.rounds)
        claims = [
            Claim(f"{what}: {CARDS}", f"{what}: {EMPTY}", LIMIT, PLUS)
            for what in ("first paint", "live update")
        ]
        code = report(seconds, claims, chosen)
    sys.exit(code)


if __name__ == "__main__":
    main()
