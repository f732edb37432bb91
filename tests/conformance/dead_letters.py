"""What every store of dead letters must do. An adapter's test inherits the class and provides `dead`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crm.ports.dead import DeadLetter, DeadLetters, letter_id

THEN = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def letter(offset: int, workspace: str | None = "w1", value: bytes = "خراب".encode()) -> DeadLetter:
    return DeadLetter(
        id=letter_id("index", "posts.enriched", 0, offset, value),
        topic="posts.enriched",
        group="index",
        partition=0,
        offset=offset,
        key=f"w1/csv:{offset}",
        value=value,
        error_kind="InvalidInputError",
        error="The text is missing.",
        failed_at=THEN + timedelta(seconds=offset),
        schema=1,
        workspace=workspace,
    )


class KeepingDeadLetters:
    def test_what_was_added_is_listed_latest_first(self, dead: DeadLetters) -> None:
        dead.add([letter(1), letter(2)])
        dead.add([letter(3, workspace=None)])
        assert list(dead.list()) == [letter(3, workspace=None), letter(2), letter(1)]
        assert list(dead.list(workspace="w1")) == [letter(2), letter(1)]
        assert list(dead.list(workspace="w2")) == []

    def test_a_redelivery_is_kept_once_and_as_it_was(self, dead: DeadLetters) -> None:
        dead.add([letter(1)])
        dead.mark_replayed([letter(1).id], THEN)
        dead.add([letter(1)])
        (only,) = dead.list()
        assert only.replayed_at == THEN

    def test_another_event_at_the_same_offset_is_another_letter(self, dead: DeadLetters) -> None:
        dead.add([letter(1), letter(1, value=b"after the log was made anew")])
        assert len(dead.list()) == 2

    def test_pages_follow_each_other(self, dead: DeadLetters) -> None:
        dead.add([letter(n) for n in range(5)])
        first = dead.list(limit=2)
        rest = dead.list(limit=10, after=first[-1].id)
        assert [row.offset for row in [*first, *rest]] == [4, 3, 2, 1, 0]

    def test_take_gives_what_is_there_in_order(self, dead: DeadLetters) -> None:
        dead.add([letter(2), letter(1)])
        assert [row.offset for row in dead.take([letter(2).id, "unknown", letter(1).id])] == [1, 2]
        dead.mark_replayed(["unknown"], THEN)
        assert all(row.replayed_at is None for row in dead.list())
