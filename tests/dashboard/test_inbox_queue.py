"""The queue: what it shows, what narrows it, and that it never moves under the hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import InvalidInputError
from crm.records.queue import QUEUE_VIEWS, QueueFilter
from dashboard.inbox import filters, queue, snooze
from dashboard.inbox.filters import Asked
from dashboard.markup import render
from dashboard.page import query
from tests.dashboard.inbox_room import Room, all_of
from tests.doubles.office import MONITOR, START, said

pytestmark = pytest.mark.slow


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    one.hear(said("a", "my card is gone"), said("b", "کارتم کار نمی‌کند", at=1, who="did:sara", sentiment=None))
    yield one
    one.bureau.close()


def ids(rows: list[str]) -> list[str]:
    return [found[1] for row in rows if (found := re.search(r'data-case="(\w+)"', row))]


@pytest.mark.parametrize("language", ["en", "fa"])
def test_rows_lead_to_their_cases_in_the_order_of_the_use_case(room: Room, language: str) -> None:
    with room.seen("agent", language):  # type: ignore[arg-type]
        drawn = queue.draw(Asked(sort="newest"))
    assert ids(drawn["inbox-list"]) == [case.id for case in room.cases(sort="newest")]
    assert 'class="q un"' in drawn["inbox-list"][0]
    assert "/inbox?sort=newest&amp;case=" in drawn["inbox-list"][0]


def test_what_people_write_is_no_markup(room: Room) -> None:
    room.hear(said("c", "<script>alert(1)</script> card", at=2, who='did:"><img src=x>'))
    with room.seen():
        drawn = all_of(queue.draw(Asked()))
    assert "<script>" not in drawn
    assert "<img" not in drawn
    assert "&lt;script&gt;" in drawn


@pytest.mark.parametrize(("language", "where"), [("en", "column 6"), ("fa", "ستون ۶")])
def test_a_wrong_search_is_shown_at_its_column(room: Room, language: str, where: str) -> None:
    with room.seen("agent", language):  # type: ignore[arg-type]
        drawn = queue.draw(Asked(query="card OR"))
    assert where in drawn["inbox-above"][0]
    assert "<mark>OR</mark>" in drawn["inbox-above"][0]
    assert drawn["inbox-list"] == []


def test_a_search_finds_cases(room: Room) -> None:
    with room.seen():
        drawn = queue.draw(Asked(query="gone"))
    assert len(drawn["inbox-list"]) == 1


@pytest.mark.parametrize("asked", [Asked(view=view) for view in QUEUE_VIEWS[1:]] + [Asked(tag="none"), Asked()])
def test_an_empty_queue_says_why_and_what_to_do(tmp_path: Path, asked: Asked) -> None:
    room = Room(tmp_path)
    with room.seen():
        drawn = queue.draw(asked)
    assert 'class="empty"' in drawn["inbox-above"][0]
    assert "data-do=" in drawn["inbox-above"][0]
    room.bureau.close()


def test_what_waits_for_approval_is_marked_and_has_its_view_for_who_may_approve(room: Room) -> None:
    case_id = room.cases(sort="newest")[0].id
    room.take("ask", case=case_id, way="open", text="Sorry!")
    with room.seen():
        drawn = queue.draw(Asked(view="approvals"))
    assert ids(drawn["inbox-list"]) == [case_id]
    assert "To approve" in drawn["inbox-list"][0]
    assert 'data-value="approvals"' in all_of(drawn)
    with room.seen("analyst"):
        assert 'data-value="approvals"' not in all_of(queue.draw(Asked()))


def test_who_may_add_a_source_is_led_there_while_there_is_none(tmp_path: Path) -> None:
    room = Room(tmp_path)
    with room.seen("manager"):
        assert 'href="/status"' in queue.draw(Asked())["inbox-above"][0]
        assert 'href="/status"' not in queue.draw(Asked(tag="none"))["inbox-above"][0]
    with room.seen("agent"):
        assert 'href="/status"' not in queue.draw(Asked())["inbox-above"][0]
    room.bureau.close()


def test_new_cases_are_counted_and_not_pushed_in(room: Room) -> None:
    shown = [case.id for case in room.cases(sort="newest")]
    room.hear(said("c", "card again", at=3, who="did:new"))
    with room.seen():
        settled = queue.settle(Asked(sort="newest"), shown)
    assert set(settled.rows) == set(shown)
    assert settled.newer == 1


def test_a_case_that_left_the_queue_has_no_fresh_row(room: Room) -> None:
    first, second = (case.id for case in room.cases(sort="newest"))
    room.take("status", case=first, value="resolved", was="new")
    with room.seen():
        settled = queue.settle(Asked(sort="newest"), [first, second])
    assert list(settled.rows) == [second]
    assert settled.newer == 0


def test_pages_hold_fifty_rows_and_lead_on(room: Room) -> None:
    room.hear(*(said(f"p{n}", "card", at=2 + n, who=f"did:{n}") for n in range(51)))
    with room.seen():
        first = queue.draw(Asked(sort="newest"))
        cursor = re.search(r'data-cursor="([^"]+)"', first["inbox-below"][0])
        assert cursor is not None
        second = queue.draw(Asked(sort="newest", pages=(cursor[1],)))
    assert (len(first["inbox-list"]), len(second["inbox-list"])) == (50, 3)
    assert not set(ids(first["inbox-list"])) & set(ids(second["inbox-list"]))


def test_saved_views_stand_beside_the_others_with_their_numbers(room: Room) -> None:
    room.take("save-view", name="Cards", asked={"monitor": MONITOR, "sort": "newest"})
    with room.seen():
        head = "".join(queue.draw(Asked(monitor=MONITOR, sort="newest"))["inbox-queue-head"])
    chip = re.search(r'<button [^>]*class="chip on"[^>]*>.*?</button>', head)
    assert chip is not None
    assert "Cards" in chip[0]
    assert ">2<" in chip[0]
    (kept,) = room.services.toolbox.views(room.actor())
    room.take("delete-view", value=kept.id)
    assert room.services.toolbox.views(room.actor()) == []


def test_whoever_may_only_read_can_pick_nothing(room: Room) -> None:
    with room.seen("analyst"):
        drawn = all_of(queue.draw(Asked())) + render(queue.queue_pane(Asked()).children[2])
    assert "picking" not in drawn
    assert "bulk" not in re.sub(r'id="inbox-bulk"', "", drawn)


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)


@given(
    st.builds(
        Asked,
        view=st.sampled_from(QUEUE_VIEWS),
        status=st.sampled_from(filters.STATUSES),
        monitor=texts,
        tag=texts,
        query=texts,
        days=st.sampled_from((0, *filters.SPANS)),
        sort=st.sampled_from(filters.SORTS),
    )
)
def test_a_filter_comes_back_from_its_address_and_from_the_browser(asked: Asked) -> None:  # fmt: skip
    assert filters.read(query(filters.address(asked).partition("?")[2])) == asked
    assert filters.read(filters.stored(asked)) == asked


@given(
    st.dictionaries(
        st.sampled_from([*Asked.__struct_fields__, "q"]), st.none() | st.integers() | texts | st.lists(texts)
    )
)
def test_nothing_a_browser_sends_breaks_the_filter(given_: dict[str, object]) -> None:  # fmt: skip
    asked = filters.read(given_)
    assert isinstance(asked.wanted(START), QueueFilter)


def test_times_offered_are_in_the_workspaces_zone_and_week(room: Room) -> None:
    with room.seen():
        found = {name: when for name, _label, when in snooze.presets()}
    # START is a Saturday, 11:30 in Tehran; the week begins on Saturday.
    assert found["hour"].isoformat() == "2026-03-21T12:30:00+03:30"
    assert found["tomorrow"].isoformat() == "2026-03-22T09:00:00+03:30"
    assert found["week"].isoformat() == "2026-03-28T09:00:00+03:30"


def test_a_picked_time_is_read_in_the_workspaces_zone(room: Room) -> None:
    with room.seen(language="fa"):
        offered = list(snooze.days())
        assert offered[2] == ("2026-03-23", "دوشنبه", "۳ فروردین")
        assert snooze.moment("2026-03-23", "10:00") - room.clock.now() == timedelta(hours=46, minutes=30)
        with pytest.raises(InvalidInputError, match="pick both"):
            snooze.moment("2026-03-23", "")
