"""The servers as pytest fixtures. What can't be had is named as not run; CI requires all of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.services.bluesky import Bluesky, bluesky_server
from tests.services.chromium import chromium_browser
from tests.services.elasticsearch import elasticsearch_server
from tests.services.kafka import kafka_server
from tests.services.postgresql import PostgreSQL, postgresql_server
from tests.services.process import ServiceUnavailableError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Server = TypeVar("Server")


@contextmanager
def required(server: AbstractContextManager[Server]) -> Iterator[Server]:
    """Enter `server`; where it can't be had, skip by name, or fail in CI."""
    try:
        started = server.__enter__()
    except ServiceUnavailableError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not run: {error}")
    try:
        yield started
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def bluesky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bluesky]:
    """A real Bluesky server, shared by the tests of a worker: use account names of your own."""
    with required(bluesky_server(tmp_path_factory.mktemp("bluesky"))) as server:
        yield server


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[str]:
    """``http://host:port`` of a real node, shared: name a prefix of your own. ``xdist_group("elasticsearch")``."""
    with required(elasticsearch_server()) as url:
        yield url


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Kafka broker, shared: add a prefix of your own. Mark the tests ``xdist_group("kafka")``."""
    with required(kafka_server(tmp_path_factory.mktemp("kafka"))) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server, shared by the tests of a worker: make a database of your own."""
    with required(postgresql_server()) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real headless Chromium for one module: open a context of your own.

    Not for the whole run: an event loop runs in the test's thread as long as it lives, and nothing else that wants
    one of its own works meanwhile.
    """
    with required(chromium_browser()) as browser:
        yield browser
