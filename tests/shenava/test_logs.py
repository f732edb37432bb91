"""What is logged: lines that a person or a log store can read, and never a secret or the text of a post."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from shenava.logs import Form, configure, without_secrets

SECRETS = [
    "Authorization: Bearer fake.jwt-token_1/2+3=",
    "https://mina:hunter2fake@social.example/api",
    "GET /api/v1/streaming?access_token=fake12345&stream=public",
    "postgresql+psycopg://shenava:hunter2fake@127.0.0.1/records",
    '{"refreshJwt": "fake12345", "handle": "mina"}',
    "client_secret='fake12345'",
    "X-API-Key: hunter2fake",
    "password=hunter2fake",
]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("shenava")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def logged(form: Form, say: str, **more: object) -> str:
    out = io.StringIO()
    configure("enrich", form, out)
    logging.getLogger("shenava.test").warning(say, **more)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("said", SECRETS)
def test_no_secret_is_logged(form: Form, said: str) -> None:
    out = logged(form, f"It went wrong: {said}", exc_info=ValueError(said))
    assert "went wrong" in out
    assert "hidden" in out
    for secret in ("fake.jwt", "hunter2fake", "fake12345"):
        assert secret not in out


@pytest.mark.parametrize(
    "said", ["The feed https://news.example/a?b=c answered 404.", "3 posts a second", "ساعت ۱۰:۳۰"]
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert without_secrets(said) == said


def test_an_entry_for_a_log_store_is_one_object_a_line() -> None:
    entry = json.loads(logged("json", "The disk is full", exc_info=OSError("no\nroom")))
    assert entry["role"] == "enrich"
    assert (entry["level"], entry["logger"], entry["error"]) == ("warning", "shenava.test", "OSError")
    assert entry["trace"].endswith("no\nroom")
    assert entry["at"].endswith("+00:00")


def test_only_a_log_store_hears_of_what_goes_well() -> None:
    for form, heard in (("json", True), ("text", False)):
        out = io.StringIO()
        configure("enrich", form, out)  # type: ignore[arg-type]
        logging.getLogger("shenava.cli").info("started")
        logging.getLogger("httpx").info("GET https://news.example")
        assert ("started" in out.getvalue()) is heard
        assert "news.example" not in out.getvalue()
