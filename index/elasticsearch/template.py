"""Settings and mapping of every month's index, made and kept up to date by us."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from msgspec import Struct

from crm.errors import StoreError
from index.elasticsearch.address import Address
from index.elasticsearch.faults import GoneError
from index.elasticsearch.server import Server

VERSION = 2
"""Raised when the mapping changes; fields are only ever added."""

PRIORITY = 200

_LABEL = {"type": "keyword"}
_FACET = {"type": "keyword", "doc_values": False}
MAPPING: dict[str, object] = {
    "dynamic": "strict",
    "properties": {
        "workspace": _FACET,
        "key": _LABEL,
        "posted_us": {"type": "long"},
        "posted": {"type": "date", "format": "epoch_millis"},
        "tokens": {"type": "text", "analyzer": "whitespace"},
        "long": _FACET,
        "platform": _LABEL,
        "language": _LABEL,
        "sentiment": _LABEL,
        "urgency": _LABEL,
        "intents": _LABEL,
        "emotion": _LABEL,
        "aspects": _LABEL,
        "topics": _FACET,
        "monitors": _LABEL,
        "author": _LABEL,
        "handle": _FACET,
        "thread": _FACET,
        "customer": _FACET,
        "traits": _FACET,
        "private": {"type": "boolean", "doc_values": False},
        "followers": {"type": "long"},
        "bands": _FACET,
        "seeds": _LABEL,
        "document": {"type": "object", "enabled": False},
    },
}


class Meta(Struct, frozen=True):
    """What we wrote into a template of ours: the version of its mapping, and a digest of all of it."""

    shenava: int = 0
    digest: str = ""


class _Template(Struct, frozen=True, rename={"meta": "_meta"}):
    meta: Meta = Meta()


class _Named(Struct, frozen=True):
    index_template: _Template


class _Found(Struct, frozen=True):
    index_templates: list[_Named] = []


class _Alias(Struct, frozen=True):
    index: str


def template(address: Address) -> dict[str, object]:
    """The composable index template of an address."""
    copies: dict[str, object] = {"number_of_replicas": address.replicas}
    settings: dict[str, object] = {
        "number_of_shards": address.shards,
        "refresh_interval": "1s",
        # A deleted post may come back in an older version, and what is deleted must leave the disk, however little.
        "gc_deletes": "0s",
        "merge.policy.expunge_deletes_allowed": 0,
        **(copies if address.replicas is not None else {"auto_expand_replicas": "0-1"}),
    }
    body: dict[str, object] = {
        "index_patterns": [f"{address.prefix}-*"],
        # A longer prefix is the more special one: "shop-eu" outranks "shop".
        "priority": PRIORITY + len(address.prefix),
        "version": VERSION,
        "template": {"settings": {"index": settings}, "mappings": MAPPING, "aliases": {address.prefix: {}}},
    }
    digest = blake2b(msgspec.json.encode(body, order="sorted"), digest_size=8).hexdigest()
    return {**body, "_meta": msgspec.to_builtins(Meta(VERSION, digest))}


def prepare(server: Server) -> None:
    """Make the template, or bring it and the months that there are up to date.

    Raises StoreError where a newer version made it.
    """
    there = _made(server)
    if there.shenava > VERSION:
        raise StoreError(
            f"The index at {server.address.shown} is of version {there.shenava}, not {VERSION}; update Shenava."
        )
    wanted = template(server.address)
    if msgspec.to_builtins(there) != wanted["_meta"]:
        server.ask(object, "PUT", f"/_index_template/{server.prefix}", wanted)
        for name in months(server):
            server.ask(object, "PUT", f"/{name}/_mapping", MAPPING)


def _made(server: Server) -> Meta:
    try:
        found = server.ask(_Found, "GET", f"/_index_template/{server.prefix}").index_templates
    except GoneError:
        return Meta()
    return found[0].index_template.meta


def months(server: Server) -> list[str]:
    """The names of the indices behind the alias."""
    found = server.ask(list[_Alias], "GET", f"/_cat/aliases/{server.prefix}", format="json")
    return sorted(one.index for one in found)
