"""Where a Kafka cluster is and how it is talked to, as one URL says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from msgspec import Struct

from stream.kafka.errors import BadAddressError

SCHEME = "kafka://"
PORT = 9092
PREFIX = "shenava"
PARTITIONS = 12
LONGEST_NAME = 249

_PLAIN = re.compile(r"[A-Za-z0-9.-]")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^\s:\[\]/@]+)(:[0-9]{1,5})?")
_SECURITY = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class Login(Struct, frozen=True):
    """Who we are to the brokers; both are empty where they don't ask."""

    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Login({self.username!r}, …)"


class Address(Struct, frozen=True):
    """A cluster, the prefix of our names on it, and how topics are made there.

    `replication` is None where the brokers decide; `ca`, `certificate` and `key` are PEM files.
    """

    servers: tuple[str, ...]
    prefix: str = PREFIX
    partitions: int = PARTITIONS
    replication: int | None = None
    security: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    ca: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def where(self) -> str:
        """The brokers, for an error's sentence."""
        return ", ".join(self.servers)

    def outside(self, name: str) -> str:
        """How a topic of ours is called on the cluster: ``prefix.name``.

        What Kafka allows in no name is spelled out as the UTF-8 bytes ``_xx`` in hexadecimal digits.
        """
        spelled = f"{self.prefix}." + "".join(c if _PLAIN.match(c) else _spell(c) for c in name)
        if not name or len(spelled) > LONGEST_NAME:
            raise BadAddressError(f"the name {name!r} has no letters or too many for Kafka ({LONGEST_NAME})")
        return spelled

    def group(self, group: str, topic: str) -> str:
        """How a group is called there: ``prefix.group.topic``.

        The topic belongs to it, so that a group which works on two topics has members of its own for each.
        """
        return self.outside(f"{group}.{topic}")

    def group_inside(self, name: str, topic: str) -> str | None:
        """Our own name of a group on the cluster that works on this topic; None where it is none of ours."""
        found = self.inside(name) or ""
        return found.removesuffix(f".{topic}") if found.endswith(f".{topic}") else None

    def inside(self, name: str) -> str | None:
        """Our own name of a topic on the cluster; None where it is not of this prefix."""
        start = f"{self.prefix}."
        if not name.startswith(start):
            return None
        return re.sub(
            r"(?:_[0-9a-f]{2})+",
            lambda found: bytes.fromhex(found[0].replace("_", "")).decode(errors="replace"),
            name.removeprefix(start),
        )


def parse(url: str) -> Address:
    """Read ``kafka://host:9092,host2:9092/prefix?partitions=12&replication=3&security=SASL_SSL&mechanism=…&ca=…``.

    Raises: InvalidInputError saying which part can't be used. It never repeats a password.
    """
    rest, _, query = url.removeprefix(SCHEME).partition("?")
    hosts, _, path = rest.partition("/")
    if "@" in hosts:
        raise BadAddressError(
            "names and passwords don't belong into it; set SHENAVA_KAFKA_USERNAME and SHENAVA_KAFKA_PASSWORD"
        )
    servers = tuple(_server(one) for one in hosts.split(",") if one)
    if not servers:
        raise BadAddressError("it names no server; write kafka://host:9092/prefix")
    prefix = path.strip("/") or PREFIX
    if not _PREFIX.fullmatch(prefix):
        raise BadAddressError(f"the prefix {prefix!r} may hold Latin letters, digits, - and _ alone")
    options: dict[str, object] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            raise BadAddressError(f"there is no option {name!r}; there are {', '.join(_OPTIONS)}")
        options[name] = _OPTIONS[name](name, value)
    return Address(servers, prefix, **options)  # type: ignore[arg-type]


def _spell(letter: str) -> str:
    return "".join(f"_{byte:02x}" for byte in letter.encode())


def _server(text: str) -> str:
    found = _SERVER.fullmatch(text)
    if not found:
        raise BadAddressError(f"{text!r} is no host:port")
    return text if found[2] else f"{text}:{PORT}"


def _count(name: str, value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 10_000:
        raise BadAddressError(f"{name}={value!r} is no number from 1 to 10000")
    return int(value)


def _file(name: str, value: str) -> str:
    if not Path(value).is_file():
        raise BadAddressError(f"{name}={value!r} is no file that can be read")
    return value


def _one_of(allowed: tuple[str, ...]) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        if value.upper() not in allowed:
            raise BadAddressError(f"{name}={value!r} is none of {', '.join(allowed)}")
        return value.upper()

    return check


_OPTIONS: Mapping[str, Callable[[str, str], object]] = {
    "partitions": _count,
    "replication": _count,
    "security": _one_of(_SECURITY),
    "mechanism": _one_of(_MECHANISMS),
    "ca": _file,
    "certificate": _file,
    "key": _file,
}
