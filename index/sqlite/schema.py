"""The tables of the index file and how rowids are made."""

from __future__ import annotations

from crm.words import REVISION_BITS

APPLICATION_ID = 0x53484E49
"""``SHNI``: marks a file as an index of ours."""

VERSION = 2

UPGRADES = {
    1: """
ALTER TABLE post ADD COLUMN place INTEGER;
CREATE TABLE alike (id INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, posts BLOB NOT NULL);
PRAGMA user_version = 2;
""",
}
"""What makes a file of the next version out of one of an older version, and loses nothing."""

SEQUENCE_BITS = 25
"""A docid is ``second of posting << 25 | sequence``: the years 1 to 9999 fit a signed 64-bit rowid."""

SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1
QUARTER = 900
"""Seconds in a quarter of an hour: every zone's offset since 1972 but for a few is a multiple of it."""

_LAST_SECOND = (1 << 32) - 1
SLOT_SHIFT = 32
SLOT_ZERO = 1 << 31

# FTS5's ascii tokenizer takes every non-ASCII character as part of a token; with these it splits at spaces only.
_TOKEN_CHARACTERS = "!#$%&()*+,-./:;<=>?@[\\]^_`{|}~\x02"

TABLES = f"""
CREATE TABLE workspace (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE kind (
    id INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, platform TEXT NOT NULL, language TEXT NOT NULL,
    sentiment TEXT NOT NULL, urgency TEXT NOT NULL, private INTEGER NOT NULL, monitors TEXT NOT NULL
);
CREATE TABLE post (
    docid INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
    posted_us INTEGER NOT NULL, kind INTEGER NOT NULL, author INTEGER NOT NULL, followers INTEGER,
    rewritten INTEGER NOT NULL, place INTEGER, UNIQUE (workspace, key)
);
CREATE INDEX rewritten ON post (docid) WHERE rewritten;
CREATE TABLE slot (id INTEGER PRIMARY KEY, posts BLOB NOT NULL);
CREATE TABLE alike (id INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, posts BLOB NOT NULL);
CREATE VIRTUAL TABLE body USING fts5(
    tokens, facets, document UNINDEXED, columnsize = 0, tokenize = "ascii tokenchars '{_TOKEN_CHARACTERS}'"
);
INSERT INTO body (body, rank) VALUES ('pgsz', 8050);
INSERT INTO body (body, rank) VALUES ('automerge', 16);
INSERT INTO body (body, rank) VALUES ('crisismerge', 40);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


def stored_version(version: int) -> int:
    """A version that fits 63 bits: from the year 2106 on, only the revision tells versions apart."""
    return min(version >> REVISION_BITS, _LAST_SECOND) << REVISION_BITS | version & ((1 << REVISION_BITS) - 1)


def first_docid(second: int) -> int:
    """The least docid of a post said in this second (or later)."""
    return second << SEQUENCE_BITS


def slot_id(workspace: int, quarter: int) -> int:
    """The slot of a workspace that holds this quarter of an hour since 1970 (negative before)."""
    return workspace << SLOT_SHIFT | (quarter + SLOT_ZERO)
