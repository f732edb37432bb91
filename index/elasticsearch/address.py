"""The URL of an index on Elasticsearch."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from crm.errors import InvalidInputError
from index.login import Login

_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_FORM = "elasticsearch+http://host:9200/name, with https for TLS"


class Address(Struct, frozen=True):
    """Where an index is: nodes, and the `prefix` that all its names begin with.

    `shards` and `replicas` are those of each month's index; without `replicas` there is one as soon as a second
    node can hold it. `ca_certs` is the file of the certificate authority of a private TLS certificate.
    """

    nodes: tuple[str, ...]
    prefix: str
    shards: int = 1
    replicas: int | None = None
    ca_certs: str = ""
    login: Login = Login()

    @property
    def shown(self) -> str:
        """The address for messages; it holds no credential."""
        return f"{', '.join(self.nodes)} ({self.prefix})"


def parse_address(url: str, login: Login | None = None) -> Address:
    """``elasticsearch+http(s)://node:9200[,node:9200]/prefix[?shards=1&replicas=0&ca_certs=/file]``.

    `login` outranks credentials in the URL, which are never shown. Raises InvalidInputError saying what is wrong.
    """
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    prefix = parts.path.strip("/")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not hosts or not all(re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}", node) for node in hosts.split(",")):
        raise InvalidInputError(f"The index URL names no node as host:port; write {_FORM}.")
    if not _PREFIX.fullmatch(prefix):
        raise InvalidInputError(
            f"An index can't be named {prefix!r}: use a-z, 0-9, - and _ after a letter or digit, as in {_FORM}."
        )
    if unknown := options.keys() - {"shards", "replicas", "ca_certs"}:
        raise InvalidInputError(f"The index URL knows shards, replicas and ca_certs, not {', '.join(sorted(unknown))}.")
    name, _, password = user.partition(":")
    said = Login(username=unquote(name), password=unquote(password))
    scheme = parts.scheme.partition("+")[2]
    return Address(
        tuple(f"{scheme}://{node}" for node in hosts.split(",")), prefix, _number(options, "shards", 1) or 1,
        _number(options, "replicas", None), options.get("ca_certs", ""), login if login and login != Login() else said,
    )  # fmt: skip


def _number(options: dict[str, str], name: str, otherwise: int | None) -> int | None:
    text = options.get(name)
    if text is None:
        return otherwise
    if not text.isdecimal() or int(text) > 1024:
        raise InvalidInputError(f"The index URL's {name} is a number up to 1024, not {text!r}.")
    return int(text)
