"""What every store does for monitors and agents that wait: inherit it beside the other suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from kanban_sync.core.assignment import AssigningStore, Assignment, Depth, Idle, Leader, assign
from kanban_sync.core.errors import LostLeadError, NotReadyError
from kanban_sync.core.model import Status, TaskKey, Version
from kanban_sync.core.offers import Offer
from kanban_sync.core.order import ANY, Wanted
from stores.made_up import NOW, key, task
from stores.milestones_contract import milestone, of
from stores.work_contract import LEASE, WholeStore, fill, names, step, told

if TYPE_CHECKING:
    from collections.abc import Sequence

UNTIL = NOW + 20
PYTHON = Wanted(prefers=frozenset({"python"}))


class OfferingStore(WholeStore, AssigningStore, Protocol):
    """All of the task database."""


def offer(store: OfferingStore, own: str, agent: str) -> list[Assignment]:
    """Lead, and offer a task to an agent."""
    token = store.lead("one", NOW).token
    return store.offer([Assignment(key(own), agent)], NOW, UNTIL, token)


def waits(store: OfferingStore, agent: str, since: float = NOW, **said: Any) -> None:  # noqa: ANN401 - a field
    """Let an agent wait, of which a monitor that leads is told."""
    store.lead("one", NOW)
    assert store.note_idle(Idle(agent, since=since, seen=since)._replace(**said), NOW)


def waiting(store: OfferingStore, now: float) -> list[str]:
    return [each.agent for each in store.market(now, 9).idle]


class OffersContract:
    """The suite. Each opened store is empty and of the project PROJECT."""

    # --- The lead -----------------------------------------------------------------------

    def test_one_monitor_leads_until_its_lease_ends(self, store: OfferingStore) -> None:
        assert store.leader() == Leader()
        first = store.lead("one", NOW)
        assert first == Leader("one", 1, NOW, NOW + 10)
        assert store.lead("two", NOW + 9) == first
        assert store.lead("one", NOW + 9) == first._replace(expires=NOW + 19)
        second = Leader("two", 2, NOW + 19, NOW + 29)
        assert store.lead("two", NOW + 19) == second
        assert store.lead("one", NOW + 20) == store.leader() == second

    def test_who_gives_up_the_lead_lets_the_next_lead_at_once(self, store: OfferingStore) -> None:
        token = store.lead("one", NOW).token
        store.step_down("one", token)
        assert not store.leader().leads(NOW)
        assert store.lead("two", NOW).token == token + 1
        store.step_down("one", token)
        assert store.leader().monitor == "two"

    def test_a_monitor_that_was_replaced_offers_nothing(self, store: OfferingStore) -> None:
        fill(store, task("a"), task("b"))
        token = store.lead("one", NOW).token
        store.lead("two", NOW + 11)
        last = store.last_event()
        with pytest.raises(LostLeadError, match="two hands out the tasks since"):
            store.offer([Assignment(key("a"), "ada")], NOW + 11, NOW + 31, token)
        assert told(store, last) == []
        assert not store.has_offer("ada", NOW + 11)

    # --- Offers -------------------------------------------------------------------------

    def test_an_offer_is_told_and_changes_nothing_else_of_a_task(
        self, store: OfferingStore
    ) -> None:
        fill(store, task("a", assignee=""))
        before, last = store.entry(key("a")), store.last_event()
        assert offer(store, "a", "ada") == [Assignment(key("a"), "ada")]
        after = store.entry(key("a"))
        assert after == before._replace(offer=Offer("ada", UNTIL))
        assert (after.task.assignee, after.claim, store.ahead()) == ("", None, [])
        assert told(store, last) == [("task_offered", "a", {"agent": "ada", "until": UNTIL})]
        assert store.has_offer("ada", NOW)
        assert not store.has_offer("bob", NOW)

    def test_what_is_offered_is_kept_for_that_agent_and_comes_first(
        self, store: OfferingStore
    ) -> None:
        fill(store, task("a"), task("b"), task("c", labels=("db",)))
        offer(store, "c", "ada")
        assert names(store.ready(NOW)) == names(store.ready(NOW, agent="bob")) == ["a", "b"]
        assert names(store.ready(NOW, agent="ada", limit=2)) == ["c", "a"]
        assert names(store.ready(NOW, PYTHON, agent="ada")) == ["c", "a", "b"]
        with pytest.raises(NotReadyError, match="offered to ada for another 20 s"):
            store.claim(key("c"), "bob", NOW, LEASE)
        claimed = store.claim_next("ada", NOW, LEASE, PYTHON)
        assert claimed
        assert (claimed.key.name, claimed.offer.agent) == ("c", "")
        assert not store.has_offer("ada", NOW)
        assert names([e for e in [store.claim_next("bob", NOW, LEASE)] if e]) == ["a"]

    def test_an_offer_that_ran_out_counts_for_nothing(self, store: OfferingStore) -> None:
        fill(store, task("a"))
        offer(store, "a", "ada")
        assert store.claim_next("bob", NOW, LEASE) is None
        assert names(store.ready(UNTIL, agent="bob")) == ["a"]
        claimed = store.claim_next("bob", UNTIL, LEASE)
        assert claimed
        assert claimed.claim
        assert claimed.claim.agent == "bob"

    @pytest.mark.parametrize("how", ["claimed", "assigned", "offered", "over", "gone"])
    def test_what_is_not_free_any_more_is_not_offered(self, store: OfferingStore, how: str) -> None:
        fill(store, task("a"), task("b"))
        if how == "claimed":
            store.claim(key("b"), "bob", NOW, LEASE)
        if how == "assigned":
            store.assign(key("b"), "bob", NOW, "eve")
        if how == "offered":
            offer(store, "b", "bob")
        if how == "over":
            store.set_status(key("b"), Status.DONE, NOW, "eve")
        found: Sequence[Assignment] = [Assignment(key("a"), "ada")]
        other = TaskKey(*key("b")[:2], "nobody") if how == "gone" else key("b")
        made = store.offer([*found, Assignment(other, "cy")], NOW, UNTIL, store.lead("one", NOW)[1])
        assert made == found

    def test_who_is_assigned_a_task_by_a_person_waits_for_no_offer_of_it(
        self, store: OfferingStore
    ) -> None:
        fill(store, task("a"))
        offer(store, "a", "ada")
        store.assign(key("a"), "bob", NOW, "eve")
        assert names(store.ready(NOW, agent="bob")) == ["a"]
        assert store.entry(key("a")).task.assignee == "bob"

    def test_an_offer_outlasts_a_merge_of_its_file(self, store: OfferingStore) -> None:
        fill(store, task("a"))
        offer(store, "a", "ada")
        fill(store, task("a", title="Other words"), task("b"))
        assert names(store.ready(NOW, agent="bob")) == ["b"]
        assert store.entry(key("a")).offer.agent == "ada"

    # --- Agents that wait ---------------------------------------------------------------

    def test_without_a_leader_nobody_notes_who_waits(self, store: OfferingStore) -> None:
        assert not store.note_idle(Idle("ada", since=NOW, seen=NOW), NOW)
        assert waiting(store, NOW) == []

    def test_who_waits_is_known_until_it_is_silent_or_waits_no_more(
        self, store: OfferingStore
    ) -> None:
        waits(store, "bob", NOW - 1, wanted=Wanted(frozenset("x"), frozenset("y"), "P1"))
        waits(store, "ada", NOW)
        waits(store, "cy", NOW - 2)
        waits(store, "bob", NOW + 5, wanted=PYTHON)
        assert waiting(store, NOW + 5) == ["cy", "bob", "ada"]
        (bob,) = [each for each in store.market(NOW, 9).idle if each.agent == "bob"]
        assert bob == Idle("bob", PYTHON, "", NOW - 1, NOW + 5)
        store.forget_idle("ada", NOW)
        assert waiting(store, NOW + 5) == ["cy", "bob"]
        assert waiting(store, NOW + 59) == ["bob"]
        assert waiting(store, NOW + 65) == []

    def test_who_has_a_claim_or_an_offer_waits_for_no_other_one(self, store: OfferingStore) -> None:
        fill(store, task("a"), task("b"), task("c"))
        waits(store, "ada")
        waits(store, "bob")
        claim = store.claim(key("a"), "ada", NOW, 30).claim
        assert claim
        offer(store, "b", "bob")
        assert waiting(store, NOW) == []
        assert waiting(store, NOW + 30) == ["ada"]
        # Who let an offer run out may be dead: it has to say once more that it waits.
        assert store.note_idle(Idle("bob", since=UNTIL + 1, seen=UNTIL + 1), NOW)
        assert waiting(store, UNTIL + 1) == ["bob"]

    def test_what_was_offered_is_free_once_its_agent_waits_no_more(
        self, store: OfferingStore
    ) -> None:
        fill(store, task("a"), task("b"))
        for own, agent in (("a", "ada"), ("b", "bob")):
            waits(store, agent)
            offer(store, own, agent)
        store.forget_idle("ada", NOW)
        store.forget_idle("bob", NOW, keep_offer=True)
        assert names(store.ready(NOW)) == ["a"]
        assert store.has_offer("bob", NOW)

    def test_a_market_has_the_wishes_the_tasks_and_the_load(self, store: OfferingStore) -> None:
        store.register("o1", NOW, 4)
        fill(
            store,
            task("a", labels=("db",)),
            task("b", depends_on=("a",)),
            step("s", "a"),
            task("c", labels=("python",)),
            task("d", assignee="eve"),
            task("e"),
        )
        store.claim(key("e"), "cy", NOW, LEASE, "o1")
        waits(store, "ada", orchestrator="o1")
        waits(store, "bob", wanted=PYTHON)
        market = store.market(NOW, 9)
        assert market.load == {"o1": (1, 4)}
        found = {each: [key.name for key in keys] for each, keys in market.ready.items()}
        assert found == {ANY: ["a", "c"], PYTHON: ["c", "a"]}
        assert {each.key.name: each.agent for each in assign(market)} == {"a": "ada", "c": "bob"}
        assert [len(keys) for keys in store.market(NOW, 1).ready.values()] == [1, 1]

    def test_what_is_to_hand_out_is_counted(self, store: OfferingStore) -> None:
        assert store.depth() == Depth(0, 0)
        tasks = [task(each) for each in "abcd"]
        fill(store, *tasks, task("w", depends_on=("a",)), step("s", "a"), task("x", assignee="eve"))
        store.claim(key("b"), "ada", NOW, LEASE)
        offer(store, "c", "bob")
        assert store.depth() == Depth(3, store.entry(key("a")).task.status_version.time)

    def test_a_milestone_that_has_begun_is_offered_once_its_tasks_are_done(
        self, store: OfferingStore
    ) -> None:
        m1 = milestone("M1", status=Status.IN_PROGRESS)
        alone = milestone("M2", status=Status.IN_PROGRESS)
        fill(store, m1, alone, of("M1", "a", status=Status.DONE))
        waits(store, "ada")
        market = store.market(NOW, 9)
        assert market.ready == {ANY: [m1.key]}
        assert store.depth().ready == 1
        token = store.leader().token
        assert store.offer([Assignment(alone.key, "ada")], NOW, UNTIL, token) == []
        assert store.offer(assign(market), NOW, UNTIL, token) == [Assignment(m1.key, "ada")]
        assert store.claim_next("bob", NOW, LEASE) is None
        with pytest.raises(NotReadyError, match="is offered to ada"):
            store.claim(m1.key, "bob", NOW, LEASE)
        found = store.claim_next("ada", NOW, LEASE)
        assert found is not None
        assert found.key == m1.key
        assert store.depth().ready == 0

    def test_a_task_of_unknown_age_is_not_the_oldest(self, store: OfferingStore) -> None:
        fill(store, task("a"), task("b", status_version=Version(1_600_000_000, "c")))
        assert store.depth() == Depth(2, 1_600_000_000)
