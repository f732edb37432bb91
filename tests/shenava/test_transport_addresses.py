"""Which addresses may be called, in all the ways they can be spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.ports.transport import ForbiddenAddressError, UnreachableError
from shenava.transport import Guard
from shenava.transport.addresses import is_public, system_resolver

PRIVATE = st.one_of(
    st.ip_addresses(v=4, network="127.0.0.0/8"),
    st.ip_addresses(v=4, network="10.0.0.0/8"),
    st.ip_addresses(v=4, network="172.16.0.0/12"),
    st.ip_addresses(v=4, network="192.168.0.0/16"),
    st.ip_addresses(v=4, network="169.254.0.0/16"),
    st.ip_addresses(v=4, network="100.64.0.0/10"),
    st.ip_addresses(v=4, network="224.0.0.0/4"),
    st.ip_addresses(v=4, network="240.0.0.0/4"),
    st.ip_addresses(v=4, network="0.0.0.0/8"),
)
SPELLINGS = st.sampled_from(
    [
        lambda n: str(n),
        lambda n: hex(n),
        lambda n: oct(n).replace("o", "", 1),
        lambda n: f"{n >> 24}.{n & 0xFFFFFF}",
        lambda n: f"{hex(n >> 24)}.{n >> 16 & 255}.{n & 0xFFFF}",
        lambda n: ".".join("0" + oct(n >> s & 255)[2:] for s in (24, 16, 8, 0)),
        lambda n: ".".join(str(n >> s & 255) for s in (24, 16, 8, 0)),
        lambda n: ".".join(str(n >> s & 255) for s in (24, 16, 8, 0)) + ".",
        lambda n: f"[::ffff:{n >> 16:x}:{n & 0xFFFF:x}]",
        lambda n: f"[64:ff9b::{n >> 16:x}:{n & 0xFFFF:x}]",
        lambda n: f"[2002:{n >> 16:x}:{n & 0xFFFF:x}::1]",
        lambda n: f"[::{n >> 16:x}:{n & 0xFFFF:x}]",
    ]
)
FRAMES = st.sampled_from(
    [
        "http://{}/",
        "https://{}:8443/feed.xml",
        "ws://{}",
        "http://example.org@{}/",
        "http://example.org:80@{}:8080/#@example.org",
        "HTTP://{}?x=http://example.org",
    ]
)


@given(PRIVATE, SPELLINGS, FRAMES)
def test_no_spelling_of_a_private_address_gets_through(address, spell, frame):
    url = frame.format(spell(int(address)))
    with pytest.raises((ForbiddenAddressError, UnreachableError)):
        Guard().check(url)


@given(st.ip_addresses(v=6))
def test_only_global_ipv6_is_public(address):
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_link_local


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "::1", "::", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "no"])
def test_the_inside_is_not(address):
    assert not is_public(address)


def test_the_system_takes_strange_spellings_for_numbers():
    """Why the check comes after resolving, not before."""
    assert system_resolver("0x7f.1", 80) == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://x",
        "example.org",
        "//example.org",
        "",
        "http://",
        "http:///x",
    ],
)
def test_only_the_web(url):
    with pytest.raises(ForbiddenAddressError):
        Guard(resolve=lambda *_: ["1.1.1.1"]).check(url)


@pytest.mark.parametrize("url", ["http://[::1", "http://example.org:99999/", "http://example.org:x/"])
def test_a_broken_url_is_refused(url):
    with pytest.raises(ForbiddenAddressError, match="not an address"):
        Guard(resolve=lambda *_: ["1.1.1.1"]).check(url)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.7"):
        Guard(resolve=lambda *_: ["1.1.1.1", "10.0.0.7"]).check("https://feeds.example.org/")


def test_a_name_without_an_address_is_unreachable():
    def nowhere(*_: object) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(UnreachableError, match=r"feeds\.example\.org:443"):
        Guard(resolve=nowhere).check("https://feeds.example.org/")


@pytest.mark.parametrize(
    ("allowed", "url", "permitted"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/", True),
        ("127.0.0.1:8080", "http://wiki.corp:8080/", True),
        ("wiki.corp:8080", "http://wiki.corp:8080/", True),
        ("Wiki.Corp:8080", "http://WIKI.corp.:8080/", True),
        ("wiki.corp:80", "http://wiki.corp/", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8081/", False),
        ("wiki.corp:8080", "http://other.corp:8080/", False),
        ("wiki.corp:8080", "http://wiki.corp.example.org:8080/", False),
    ],
)
def test_an_administrator_permits_by_host_and_port(allowed, url, permitted):
    guard = Guard(frozenset({allowed}), resolve=lambda *_: ["127.0.0.1"])
    if permitted:
        guard.check(url)
    else:
        with pytest.raises(ForbiddenAddressError):
            guard.check(url)
