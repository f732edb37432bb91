"""Twenty kinds of events that can't be handled, each with the groups whose dead letters must hold it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from crm import envelope
from crm.ports.log import Record
from crm.words import COLLECTED, ENRICHED, Author, Collected, EnrichedPost, Label, Post

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ENRICH, SINKS = ("enrich",), ("index", "cases")
MARK = "poison"
DEEP = 5_000


@dataclass(frozen=True)
class Kind:
    """One kind of poison. `mended` ones are sound events on which a part of the program fails until it is mended."""

    name: str
    make: Callable[[str, str], Record]
    groups: tuple[str, ...] = ENRICH
    topic: str = COLLECTED
    mended: bool = False


def healthy(workspace: str, number: int) -> Record:
    """A post that must arrive."""
    return envelope.record(collected(workspace, f"h{number}", f"healthy post {number} about nothing at all"))


def odd(workspace: str) -> dict[str, Record]:
    """Posts that look dangerous and must arrive all the same, by key."""
    texts = {
        "nul": "before\0after", "long": "a long word " * 8_334, "bidi": "\u202eevil\u2066 سلام\u2069",
        "emoji": "🙂" * 500, "marks": "z" + "\u0301" * 5_000, "digits": "9" * 20_000, "query": '") OR 1=1 -- NEAR(* "',
        "blank": "\u200c \u200b",
    }  # fmt: skip
    records = [envelope.record(collected(workspace, f"odd-{name}", text)) for name, text in texts.items()]
    for name, at in (("first-year", AT.replace(year=1)), ("last-year", AT.replace(year=9999))):
        records.append(envelope.record(collected(workspace, f"odd-{name}", "a date far away", at)))
    return {record.key: record for record in records}


def collected(workspace: str, native: str, text: str, at: datetime = AT) -> Collected:
    """A post of an import."""
    return Collected("poison", Post("x", native, Author("x", "mina", "mina"), text, at), AT, "import", workspace)


def enriched(workspace: str, native: str) -> EnrichedPost:
    """A post as enrichment hands it over."""
    post = collected(workspace, native, f"understood {native}").post
    sure = Label("en", 0.9, "test", "1")
    return EnrichedPost(workspace, post, f"understood {native}", sure, sure, sure, 1, post.key, origin="import")


def _bytes(value: Callable[[bytes], bytes]) -> Callable[[str, str], Record]:
    def make(workspace: str, native: str) -> Record:
        sound = envelope.record(collected(workspace, native, "a sound text"))
        return Record(sound.key, value(sound.value))

    return make


def _changed(**fields: object) -> Callable[[str, str], Record]:
    """A sound event with some fields of its post (or ``author_…`` of its author) replaced; ``...`` leaves one out."""

    def change(value: bytes) -> bytes:
        event = json.loads(value)
        post = event["event"]["post"]
        for name, new in fields.items():
            place = post["author"] if name.startswith("author_") else post
            place[name.removeprefix("author_")] = new
        for place in (post, post["author"]):
            for name in [name for name, new in place.items() if new is ...]:
                del place[name]
        return json.dumps(event).encode()

    return _bytes(change)


def _event(**fields: object) -> Callable[[str, str], Record]:
    return _bytes(lambda value: json.dumps({**json.loads(value), **fields}).encode())


def _sound(workspace: str, native: str) -> Record:
    return envelope.record(collected(workspace, native, f"a sound text of {native}"))


def _understood(workspace: str, native: str) -> Record:
    return envelope.record(enriched(workspace, native))


def _broken_understood(workspace: str, native: str) -> Record:
    sound = _understood(workspace, native)
    return Record(sound.key, sound.value[:-9])


KINDS: tuple[Kind, ...] = (
    Kind("empty", _bytes(lambda _value: b"")),
    Kind("msgpack", _bytes(lambda value: msgspec.msgpack.encode(json.loads(value)))),
    Kind("truncated", _bytes(lambda value: value[: len(value) // 2])),
    Kind("no-schema", _bytes(lambda value: value.replace(b'"schema"', b'"scheme"'))),
    Kind("newer-schema", _event(schema=99)),
    Kind("unknown-type", _bytes(lambda value: value.replace(b'"type":"post"', b'"type":"poem"'))),
    Kind("no-author", _changed(author_platform=..., author_native_id=...)),
    Kind("null-text", _changed(text=None)),
    Kind("number-text", _changed(text=7)),
    Kind("no-date", _changed(posted_at="the day before yesterday")),
    Kind("date-without-zone", _changed(posted_at="2026-03-21T08:00:00")),
    Kind("year-10000", _changed(posted_at="10000-01-01T00:00:00Z")),
    Kind("nested", _bytes(lambda _value: b'{"schema":1,"event":' + b"[" * DEEP + b"]" * DEEP + b"}")),
    Kind("bad-utf8", _bytes(lambda value: value.replace(b"a sound text", b"a \xff\xfe text"))),
    Kind("surrogate", _bytes(lambda value: value.replace(b"a sound text", b"a \\ud83d text"))),
    Kind("huge-count", _changed(author_followers=10**30), ("index",)),
    Kind("broken-enriched", _broken_understood, SINKS, ENRICHED),
    Kind("handler-fault", _sound, ENRICH, COLLECTED, mended=True),
    Kind("index-fault", _understood, ("index",), ENRICHED, mended=True),
    Kind("cases-fault", _understood, ("cases",), ENRICHED, mended=True),
)
