"""The board in the browser."""

from __future__ import annotations

import base64
import json
import re
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from cli.program import CHANGE, CHANGE_FILE
from cli.tasks_of_agents import TASKS
from forked import run_forked
from gateway.browser import PHONE, Cut, card, chromium, column, opened
from gateway.caller import Gateway, part, shop
from gateway.test_gateway_missions import MISSION
from gateway.test_gateway_missions import TASKS as MISSION_TASKS
from kanban_sync.core.columns import LISTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page, Route

EVIL = "<img src=x onerror=alert(1)> **bold** </script><script>alert(2)</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose tasks no test changes."""
    with Gateway(shop(tmp_path_factory.mktemp("still") / "shop")) as found:
        yield found


@pytest.fixture
def still_page(browser: Browser, still: Gateway) -> Iterator[Page]:
    """Its page, signed in."""
    with opened(browser, still) as found:
        yield found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway whose tasks a test may change."""
    with Gateway(shop(tmp_path / "shop")) as found:
        yield found


@pytest.fixture
def page(browser: Browser, served: Gateway) -> Iterator[Page]:
    """Its page, signed in with a token that may write."""
    with opened(browser, served) as found:
        yield found


def status_of(gateway: Gateway, key: str) -> str:
    return str(gateway.get(f"tasks/{part(key)}").data["status"])


def cancel(gateway: Gateway, key: str) -> None:
    assert gateway.ask("PATCH", f"/api/tasks/{part(key)}", {"status": "cancelled"}).status == 200


def finish(gateway: Gateway, key: str) -> None:
    assert gateway.ask("PATCH", f"/api/tasks/{part(key)}", {"status": "done"}).status == 200


def test_six_columns_show_all_cards_with_progress_and_labels(still_page: Page) -> None:
    headings = still_page.get_by_role("heading", level=2).all_inner_texts()
    assert [each.split("\n")[0].strip() for each in headings[:6]] == [each.value for each in LISTS]
    todo = column(still_page, "To Do")
    expect(todo.locator(".card")).to_have_count(3)
    expect(card(todo, "Rotate the keys")).to_contain_text("ops")
    expect(card(column(still_page, "In Progress"), "add-search")).to_contain_text("1/2")


def test_without_a_right_token_nothing_of_the_project_is_shown(
    browser: Browser, still: Gateway
) -> None:
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{still.port}/")
        page.get_by_label("Token").fill("ks_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#sign-in-problem")).to_contain_text("no token of this project")
        for _ in range(2):
            page.keyboard.press("Escape")
        expect(page.locator("#sign-in")).to_be_hidden()
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Token")).to_be_visible()
        assert "Rotate" not in page.content()
        assert still.repo.path.name not in page.locator("h1").inner_text()


def test_who_has_signed_in_is_known_after_a_reload_until_he_signs_out(still_page: Page) -> None:
    still_page.clock.install()
    still_page.reload()
    expect(card(still_page, "Rotate the keys").locator("time")).to_have_text("now")
    expect(still_page.locator("#sign-in")).to_be_hidden()
    # Nothing happens, and what is shown grows older.
    still_page.clock.fast_forward("03:00")
    expect(card(still_page, "Rotate the keys").locator("time")).to_have_text(re.compile("min"))
    still_page.get_by_role("button", name="Sign out").click()
    expect(still_page.get_by_label("Token")).to_be_visible()
    assert still_page.locator(".card").count() == 0
    # Whoever comes next has a clock that goes.
    still_page.context.close()


def test_what_changes_elsewhere_is_shown_at_once_in_every_browser(
    browser: Browser, served: Gateway
) -> None:
    with ExitStack() as stack:
        pages = [stack.enter_context(opened(browser, served)) for _ in range(2)]
        finish(served, "tidy-logs")
        for page in pages:
            expect(card(column(page, "Done"), "Tidy the logs")).to_be_visible()
            expect(column(page, "To Do").locator(".card")).to_have_count(2)


def test_one_change_among_many_cards_asks_for_one_card(browser: Browser, tmp_path: Path) -> None:
    repo = shop(tmp_path / "shop")
    lines = "".join(f"- [ ] Many {each}\n  - **ID**: m{each}\n" for each in range(200))
    repo.commit("Many", **{"TASKS.md": f"{TASKS}{lines}"})
    with Gateway(repo) as served, opened(browser, served) as page:
        # By role and text, a look at so many cards takes the browser longer than to draw them.
        done = page.locator('[data-column=done] [data-key="tasks-md:tidy-logs"]')
        expect(page.locator("[data-column=todo] h2")).to_contain_text("203")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        finish(served, "tidy-logs")
        done.wait_for()
        assert [parse_qs(urlsplit(each).query)["key"] for each in asked] == [["tasks-md:tidy-logs"]]
        page.locator("#search").fill("many 199")
        expect(page.locator("#found")).to_have_text("1 of 205")
        page.locator("#search").fill("")
        expect(page.locator("#found")).to_be_empty()
        # So many changes at once draw all anew, under the eyes of who reads.
        reader = page.locator("[data-column=todo] .card", has_text="Many 150").get_by_role("button")
        reader.focus()
        # How high all above is, the browser only guesses until it was seen: this card counts.
        place = "card => card.getBoundingClientRect().top"
        before = reader.evaluate(place)
        assert page.evaluate("document.querySelector('[data-column=todo] ul').scrollTop") > 0
        repo.commit("More", **{"TASKS.md": f"{TASKS}{lines.replace('Many', 'How many')}"})
        served.get("board")
        expect(page.locator("[data-column=todo] .card", has_text="How many 199")).to_have_count(1)
        expect(reader).to_be_focused()
        assert abs(reader.evaluate(place) - before) < 200


def test_whatever_happens_the_board_is_in_the_end_as_one_that_is_loaded_anew(
    served: Gateway, page: Page
) -> None:
    def settle() -> None:
        page.wait_for_function(
            """(told) => JSON.stringify([...document.querySelectorAll('.card')].map((card) => [
              card.closest('.column').dataset.column,
              card.dataset.key,
              card.querySelector('progress')?.max ?? 0,
            ])) === told""",
            arg=json.dumps(drawn(served), separators=(",", ":")),
        )

    held: list[tuple[Route, bytes]] = []

    def late(route: Route) -> None:
        held.append((route, route.fetch().body()))

    some = "**/api/board?key=*"
    page.route(some, lambda route: route.abort(), times=1)
    finish(served, "tidy-logs")
    expect(page.locator("#live")).to_contain_text("cannot read the board")
    settle()
    expect(page.locator("#live")).to_have_text("live")
    # What is answered late holds no more than what was when it was asked.
    page.route(some, late, times=1)
    with page.expect_request(some):
        finish(served, "rotate-keys")
    while not held:
        page.wait_for_timeout(50)
    assert served.ask("PATCH", "/api/tasks/rotate-keys", {"status": "review"}).status == 200
    page.wait_for_timeout(500)
    for route, body in held:
        route.fulfill(body=body, content_type="application/json")
    settle()
    # A box that is gone, cards that come, and others that change their places.
    for text in (f"{CHANGE}- [ ] 1.3 Praise it\n", CHANGE):
        served.repo.commit("Change", **{CHANGE_FILE: text})
        settle()
    last = "- [ ] Last of all\n  - **ID**: last\n"
    served.repo.commit("More", **{"TASKS.md": f"{TASKS}{last}"})
    settle()
    assert served.ask("PATCH", "/api/tasks/last", {"status": "in_progress"}).status == 200
    settle()
    _, one, other = TASKS.split("## ")
    served.repo.commit("Other", **{"TASKS.md": f"# Tasks\n\n{last}\n## {other}\n## {one}"})
    settle()


def test_a_card_is_dragged_to_another_column(served: Gateway, page: Page) -> None:
    card(page, "Tidy the logs").drag_to(column(page, "Review"))
    expect(card(column(page, "Review"), "Tidy the logs")).to_be_visible()
    assert status_of(served, "tidy-logs") == "review"


def test_all_can_be_done_by_keyboard(served: Gateway, page: Page) -> None:
    press = page.keyboard.press
    press("/")
    page.keyboard.type("#ops")
    expect(page.locator("#found")).to_have_text("1 of 5")
    press("Enter")
    assert ring(page, card(page, "Rotate the keys")) > 100
    press("]")
    press("]")
    expect(card(column(page, "In Progress"), "Rotate the keys")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("moved to In Progress")
    press("Shift+ArrowLeft")
    press("Shift+ArrowLeft")
    expect(card(column(page, "To Do"), "Rotate the keys")).to_be_visible()
    press("Enter")
    expect(page.get_by_role("dialog", name="Rotate the keys")).to_be_visible()
    press("Escape")
    expect(page.locator("#task")).to_be_hidden()
    expect(card(page, "Rotate the keys").get_by_role("button")).to_be_focused()
    press("/")
    press("Escape")
    press("End")
    expect(card(page, "Tidy the logs").get_by_role("button")).to_be_focused()
    press("ArrowRight")
    expect(card(page, "tick-me").get_by_role("button")).to_be_focused()
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert status_of(served, "rotate-keys") == "todo"


def test_tab_leads_to_one_card_and_the_focus_stays_near_a_card_that_is_gone(
    served: Gateway, page: Page
) -> None:
    def button(title: str) -> Locator:
        return card(page, title).get_by_role("button")

    press = page.keyboard.press
    button("Rotate the keys").focus()
    press("ArrowDown")
    press("Shift+Tab")
    expect(page.locator("#sign-out")).to_be_focused()
    press("Tab")
    expect(button("Use the new keys")).to_be_focused()
    press("Tab")
    expect(page.locator("#board :focus")).to_have_count(0)
    # A card goes, and another one does not fit a search any more.
    button("Use the new keys").focus()
    cancel(served, "use-keys")
    expect(button("Tidy the logs")).to_be_focused()
    page.locator("#search").fill("the")
    expect(page.locator("#found")).to_have_text("2 of 4")
    button("Rotate the keys").focus()
    words = TASKS.replace("Rotate the keys", "Rotate all")
    served.repo.commit("Other words", **{"TASKS.md": words})
    served.get("board")
    expect(page.locator("#found")).to_have_text("1 of 4")
    expect(button("Tidy the logs")).to_be_focused()
    # The last one that fits goes while its page is open.
    press("Enter")
    cancel(served, "tidy-logs")
    expect(page.locator("#why-not")).to_contain_text("no longer on the board")
    press("Escape")
    expect(page.locator("#board")).to_be_focused()
    press("/")
    press("Escape")
    expect(page.locator(".card :focus")).to_have_count(1)
    press("End")
    press("/")
    press("Escape")
    expect(button("Rotate all")).to_be_focused()


def test_a_status_is_set_once_it_is_chosen_and_what_is_refused_goes_back(
    served: Gateway, page: Page
) -> None:
    changes: list[str] = []
    page.on(
        "request",
        lambda each: changes.append(each.post_data or "") if each.method == "PATCH" else None,
    )
    card(page, "Tidy the logs").get_by_role("button").click()
    status = page.get_by_label("Status")
    expect(status).to_be_visible()
    status.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(status).to_have_value("review")
    # What others do meanwhile takes nothing back.
    finish(served, "rotate-keys")
    expect(card(column(page, "Done"), "Rotate the keys")).to_have_count(1)
    assert status_of(served, "tidy-logs") == "todo"
    page.keyboard.press("Enter")
    expect(card(column(page, "Review"), "Tidy the logs")).to_have_count(1)
    assert changes == ['{"status":"review"}']
    assert served.post("tasks/use-keys/claim", {"agent": "zed"}).status == 200
    page.keyboard.press("Escape")
    card(page, "Use the new keys").get_by_role("button").click()
    expect(status).to_have_value("in_progress")
    status.select_option("Done")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#task-problem")).to_contain_text("zed\u2069 is at work on this")
    # The command can be copied.
    remedy = "task set 'tasks-md:use-keys' --status done --force"
    expect(page.locator("#task-problem")).to_contain_text(remedy)
    expect(status).to_have_value("in_progress")
    finish(served, "tidy-logs")
    expect(card(column(page, "Done"), "Tidy the logs")).to_have_count(1)
    expect(page.locator("#task-problem")).to_contain_text("is at work on this")
    page.keyboard.press("Escape")
    expect(page.locator("#told")).to_contain_text("is at work on this")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#told")).to_be_hidden()


def test_the_card_of_a_change_follows_its_boxes_which_can_be_ticked(
    served: Gateway, page: Page
) -> None:
    change = card(page, "add-search")
    assert change.get_attribute("draggable") == "false"
    change.get_by_role("button").focus()
    page.keyboard.press("]")
    expect(page.locator("#told")).to_contain_text("follows its boxes")
    change.get_by_role("button").click()
    expect(page.locator("#why-not")).to_contain_text("follows its boxes")
    expect(page.get_by_label("Status")).to_be_disabled()
    expect(page.get_by_role("heading", name="Index", level=4)).to_be_visible()
    page.get_by_label("1.2 Use it").check()
    expect(card(column(page, "Review"), "add-search")).to_contain_text("2/2")
    expect(page.get_by_label("1.2 Use it")).to_be_checked()
    assert status_of(served, "openspec:add-search#1.2") == "done"


def test_the_page_of_a_card_tells_its_place_its_history_and_what_it_needs(
    served: Gateway, page: Page
) -> None:
    finish(served, "rotate-keys")
    expect(card(column(page, "Done"), "Rotate the keys")).to_be_visible()
    card(page, "Use the new keys").get_by_role("button").click()
    dialog = page.get_by_role("dialog", name="Use the new keys")
    expect(dialog.locator("#facts")).to_contain_text("TASKS.md:8")
    expect(dialog.locator("#waits")).to_contain_text("Rotate the keys: Done")
    expect(dialog.locator("#history")).to_contain_text("task created")
    # What is marked there can be copied while others are at work.
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#facts'))")
    marked = page.evaluate("getSelection().toString()")
    assert "TASKS.md:8" in marked
    finish(served, "tidy-logs")
    expect(card(column(page, "Done"), "Tidy the logs")).to_have_count(1)
    page.wait_for_timeout(500)
    assert page.evaluate("getSelection().toString()") == marked
    page.get_by_label("Status").select_option("Blocked")
    page.get_by_role("button", name="Set").click()
    blocked = card(column(page, "In Progress"), "Use the new keys")
    expect(blocked.get_by_text("blocked")).to_have_count(1)


def test_missions_tell_live_how_far_they_are(browser: Browser, tmp_path: Path) -> None:
    repo = shop(tmp_path / "shop")
    files = {".mosaic/orchestrator/mission.json": MISSION, "docs/TASKS.md": MISSION_TASKS}
    repo.commit("A mission", **files)
    with Gateway(repo) as served, opened(browser, served) as page:
        answers: list[int] = []
        page.on(
            "response",
            lambda each: answers.append(each.status) if "missions" in each.url else None,
        )
        page.get_by_text("Missions", exact=True).click()
        till = page.locator("#missions li", has_text="Till")
        expect(till).to_contain_text("0 of 2 done In Progress")
        till.get_by_role("button", name="Choose a till").click()
        expect(page.get_by_role("dialog", name="Choose a till")).to_be_visible()
        page.keyboard.press("Escape")
        expect(till.get_by_role("button", name="Choose a till")).to_be_focused()
        # What has nothing to do with them is not sent again.
        del answers[:]
        finish(served, "tidy-logs")
        expect(card(column(page, "Done"), "Tidy the logs")).to_be_visible()
        expect(page.locator("#live")).to_have_text("live")
        claimed = ("task", "claim", "SH-2", "--agent", "ada")
        assert run_forked(list(claimed), repo.path, {}).returncode == 0
        expect(till).to_contain_text("In progress: Choose a till@ada")
        assert (answers[0], answers[-1]) == (304, 200)
        ended = ("task", "done", "SH-2", "--agent", "ada")
        assert run_forked(list(ended), repo.path, {}).returncode == 0
        expect(till).to_contain_text("1 of 2 done")


def test_a_card_of_a_heading_goes_with_its_heading(browser: Browser, tmp_path: Path) -> None:
    repo = shop(tmp_path / "shop")
    settings = "project_id: shop\nboard:\n  cards: section\n"
    kitchen, garden = "# Tasks\n\n## Kitchen\n\n- [ ] Cook\n", "## Garden\n\n- [ ] Dig\n"
    files = {".kanban-sync.yaml": settings, "TASKS.md": f"{kitchen}\n{garden}"}
    repo.commit("Headings", **files)
    with Gateway(repo) as served, opened(browser, served) as page:
        expect(card(page, "Garden")).to_contain_text("0/1")
        card(page, "Garden").get_by_role("button").focus()
        repo.commit("No garden", **{"TASKS.md": kitchen})
        served.get("board")
        expect(card(page, "Garden")).to_have_count(0)
        expect(page.locator(".card :focus")).to_have_count(1)


def test_words_of_tasks_stay_text(served: Gateway, page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"the page ran a script: {dialog.message}"))
    served.post("tasks", {"title": EVIL, "body": EVIL, "tags": [EVIL.split(maxsplit=1)[0]]})
    evil = card(page, EVIL)
    expect(evil).to_be_visible()
    evil.get_by_role("button").click()
    expect(page.locator("#body .text")).to_have_text(EVIL)
    assert page.locator("#board img, #board b, #task img").count() == 0
    page.keyboard.press("Escape")
    # Words run in the direction of their language, and turn nothing around beside them.
    for title, direction in (("\u05ea\u05e7\u05df API 2.0!", "rtl"), ("\u202egnp.exe", "ltr")):
        served.post("tasks", {"title": title})
        shown = card(page, title).locator(".title")
        expect(shown).to_have_css("direction", direction)
        expect(shown).to_have_css("unicode-bidi", "isolate")


def test_a_token_that_may_only_read_changes_nothing(browser: Browser, still: Gateway) -> None:
    made = run_forked(["serve", "token", "add", "reader"], still.repo.path, {})
    with opened(browser, still, made.stdout.strip()) as page:
        assert card(page, "Tidy the logs").get_attribute("draggable") == "false"
        card(page, "Tidy the logs").get_by_role("button").focus()
        page.keyboard.press("]")
        expect(page.locator("#told")).to_contain_text("may only read")
        card(page, "Tidy the logs").get_by_role("button").click()
        expect(page.get_by_label("Status")).to_be_disabled()
    assert status_of(still, "tidy-logs") == "todo"


def test_after_a_lost_connection_what_was_missed_is_shown(
    browser: Browser, served: Gateway
) -> None:
    with closing(Cut(served.port)) as line, opened(browser, served, port=line.port) as page:
        line.cut()
        expect(page.locator("#live")).to_contain_text("connection lost")
        finish(served, "tidy-logs")
        line.mend()
        expect(page.locator("#live")).to_have_text("live")
        expect(card(column(page, "Done"), "Tidy the logs")).to_be_visible()


def test_after_the_server_began_anew_the_board_goes_on_without_asking_for_the_token(
    browser: Browser, served: Gateway
) -> None:
    with closing(Cut(served.port)) as line, opened(browser, served, port=line.port) as page:
        line.cut()
        served.end()
        with Gateway(served.repo) as anew:
            line.lead_to(anew.port)
            expect(page.locator("#live")).to_have_text("live")
            expect(page.locator("#sign-in")).to_be_hidden()
            anew.token = served.token
            finish(anew, "tidy-logs")
            expect(card(column(page, "Done"), "Tidy the logs")).to_be_visible()


def test_dark_and_light_follow_the_system_and_can_be_read(still_page: Page) -> None:
    for scheme in ("light", "dark"):
        still_page.emulate_media(color_scheme=scheme)
        assert contrast(still_page, ".card .title") >= 7
        assert contrast(still_page, ".card .under") >= 4.5
        assert contrast(still_page, "#live") >= 4.5


def test_a_phone_shows_a_column_at_a_time_and_nothing_sticks_out(
    browser: Browser, still: Gateway
) -> None:
    with opened(browser, still, size=PHONE) as page:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0]
        expect(column(page, "Backlog")).to_contain_text("Nothing here")
        page.get_by_role("navigation").get_by_role("button", name="To Do").click()
        expect(card(page, "Rotate the keys")).to_be_in_viewport(ratio=0.9)
        for small in ("#jump button", "#sign-out"):
            height = page.locator(small).first.bounding_box()
            assert height
            assert height["height"] >= 44
        page.get_by_label("Search").fill("nobody's")
        expect(column(page, "To Do")).to_contain_text("Nothing fits")
        page.get_by_label("Search").fill("")
        box = column(page, "Backlog").bounding_box()
        assert box
        assert box["width"] > PHONE[0] / 2
        card(page, "Rotate the keys").get_by_role("button").click()
        opened_box = page.get_by_role("dialog").bounding_box()
        assert opened_box
        assert opened_box["width"] <= PHONE[0]


def drawn(gateway: Gateway) -> list[tuple[str, str, int]]:
    """Return the cards in their order: each with its column, its key and how many boxes it has."""
    columns = gateway.get("board").data["columns"]
    return [
        (each["id"], card["key"], card["progress"]["total"])
        for each in columns
        for card in each["cards"]
    ]


def ring(page: Page, element: Locator) -> int:
    """Return how many points of an element, as it is seen, have the colour of the focus."""
    seen = base64.b64encode(element.screenshot()).decode()
    color = page.evaluate("getComputedStyle(document.activeElement).outlineColor")
    with closing(page.context.new_page()) as other:
        found: int = other.evaluate(
            r"""async ([seen, color]) => {
              const image = new Image();
              image.src = `data:image/png;base64,${seen}`;
              await image.decode();
              const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
              canvas.drawImage(image, 0, 0);
              const points = canvas.getImageData(0, 0, image.width, image.height).data;
              const wanted = color.match(/\d+/g).map(Number);
              let found = 0;
              for (let at = 0; at < points.length; at += 4) {
                found += wanted.every((part, place) => points[at + place] === part);
              }
              return found;
            }""",
            [seen, color],
        )
    return found


def contrast(page: Page, selector: str) -> float:
    """Return how much a text stands out from what is behind it, as WCAG 2.1 measures it."""
    colors = page.evaluate(
        """(selector) => {
          const element = document.querySelector(selector);
          let ground = element;
          while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') {
            ground = ground.parentElement;
          }
          return [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
        }""",
        selector,
    )
    dark, light = sorted(_luminance(each) for each in colors)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", color)[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
