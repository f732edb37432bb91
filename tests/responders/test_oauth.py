"""Signing in: each platform's way against a server that checks it, refusals, faults, and what is kept of an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.errors import PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.policies.tokens import Token, access_token, read
from crm.ports.responder import Account
from crm.ports.signin import App, Begun, SignInRefusedError
from responders.oauth import ROWS, OAuth, all_sign_ins
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.services.oauth import APP_ID, APP_SECRET, SignInServer, sign_in_server
from tests.services.web import Answer, Web, web

pytestmark = pytest.mark.slow

APP = App(APP_ID, APP_SECRET)
Stage = tuple[SignInServer, Web, dict[str, OAuth]]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with sign_in_server() as (server, served):
        yield server, served, sign_ins(served)


def sign_ins(served: Web) -> dict[str, OAuth]:
    clock = ManualClock()
    return all_sign_ins(OutboundTransport(Guard(frozenset({served.host})), clock), clock)


def agreed(begun: Begun) -> str:
    """What the person's browser brings back: the code."""
    answer = httpx.get(begun.url, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert back["state"] == "a-state"
    return back["code"]


def signed_in(stage: Stage, platform: str) -> tuple[str, ...]:
    server, served, ways = stage
    begun = ways[platform].begin(None if ways[platform].registers else APP, served.url, server.redirect_uri, "a-state")
    return ways[platform].finish(
        begun.app, served.url, server.redirect_uri, agreed(begun), begun.verifier
    )  # fmt: skip


@pytest.mark.parametrize("platform", ["x", "youtube"])
def test_a_token_that_is_renewed_is_kept_with_all_that_needs(stage: Stage, platform: str) -> None:
    (secret,) = signed_in(stage, platform)
    kept = json.loads(secret)
    assert set(kept) == {"access_token", "refresh_token", "expires_at", "client_id", "client_secret"}
    assert all(isinstance(part, str) for part in kept.values())
    assert int(kept["expires_at"]) == int(ManualClock().now().timestamp()) + 7200
    assert access_token(secret) in stage[0].tokens
    assert stage[0].ways == ["header" if platform == "x" else "body"]


def test_a_person_is_sent_to_the_official_server_with_a_challenge_and_no_secret() -> None:
    with sign_in_server() as (_, served):
        begun = sign_ins(served)["x"].begin(APP, "", "https://crm.example/oauth/back", "a-state")
    parts, said = urlsplit(begun.url), dict(parse_qsl(urlsplit(begun.url).query))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://x.com/i/oauth2/authorize"
    assert said["code_challenge_method"] == "S256"
    assert "offline.access" in said["scope"].split()
    assert begun.verifier not in begun.url
    assert APP_SECRET not in begun.url + repr(begun) + repr(APP)


def test_reddit_gets_the_words_that_its_library_spends(stage: Stage) -> None:
    (secret,) = signed_in(stage, "reddit")
    assert set(json.loads(secret)) == {"refresh_token", "client_id", "client_secret"}
    assert not read(secret).renewable
    assert stage[0].asked[0][1]["duration"] == "permanent"


def test_mastodon_makes_the_app_itself(stage: Stage) -> None:
    stage[0].life, stage[0].lasting = None, False
    (secret,) = signed_in(stage, "mastodon")
    assert set(json.loads(secret)) == {"access_token"}
    path, said = stage[0].asked[0]
    assert (path, said["redirect_uris"]) == ("/api/v1/apps", stage[0].redirect_uri)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_meta_gives_a_token_for_each_page_from_a_long_lived_one(stage: Stage, platform: str) -> None:
    first, second = signed_in(stage, platform)
    assert json.loads(first) == {"access_token": "page-0", "app_secret": APP_SECRET}
    assert access_token(second) == "page-1"
    assert [said.get("grant_type") for _, said in stage[0].asked[1:3]] == ["authorization_code", "fb_exchange_token"]
    assert "-of-the-stand-in" not in stage[1].asked[-1].path


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_an_app_for_business_names_its_configuration_and_no_permissions(stage: Stage, platform: str) -> None:
    server, served, ways = stage
    server.config_id = "8812"
    app = App(APP_ID, APP_SECRET, config_id="8812")
    begun = ways[platform].begin(app, served.url, server.redirect_uri, "a-state")
    assert begun.app == app
    secrets = ways[platform].finish(app, served.url, server.redirect_uri, agreed(begun), begun.verifier)
    assert [access_token(one) for one in secrets] == ["page-0", "page-1"]
    plain = ways["x"].begin(app, served.url, server.redirect_uri, "a-state")
    assert "config_id" not in plain.url


def test_more_than_a_hundred_pages_come_in_several_lists(stage: Stage) -> None:
    stage[0].pages = 230
    assert [access_token(one) for one in signed_in(stage, "facebook")] == [f"page-{n}" for n in range(230)]
    assert [said.get("after", "") for path, said in stage[0].asked if path.endswith("accounts")] == ["", "100", "200"]


def test_no_page_is_no_account(stage: Stage) -> None:
    stage[0].pages = 0
    with pytest.raises(SignInRefusedError) as refused:
        signed_in(stage, "facebook")
    assert refused.value.problem == "nothing"


def test_a_token_that_can_not_be_renewed_is_not_taken_where_it_must_be(stage: Stage) -> None:
    stage[0].lasting = False
    with pytest.raises(SignInRefusedError) as refused:
        signed_in(stage, "x")
    assert refused.value.problem == "no_refresh"


def test_a_code_is_good_once_and_for_its_verifier_alone(stage: Stage) -> None:
    server, served, ways = stage
    begun = ways["x"].begin(APP, served.url, server.redirect_uri, "a-state")
    with pytest.raises(SignInRefusedError) as refused:
        ways["x"].finish(APP, served.url, server.redirect_uri, agreed(begun), "another verifier")
    assert (refused.value.problem, refused.value.__cause__) == ("refused", None)
    code = agreed(begun)
    ways["x"].finish(APP, served.url, server.redirect_uri, code, begun.verifier)
    with pytest.raises(SignInRefusedError):
        ways["x"].finish(APP, served.url, server.redirect_uri, code, begun.verifier)


def test_a_wrong_app_is_told_apart(stage: Stage) -> None:
    server, served, ways = stage
    begun = ways["youtube"].begin(APP, served.url, server.redirect_uri, "a-state")
    with pytest.raises(SignInRefusedError) as refused:
        ways["youtube"].finish(App(APP_ID, "guess"), served.url, server.redirect_uri, agreed(begun), begun.verifier)
    assert refused.value.problem == "app"
    assert "guess" not in str(refused.value)


def an_account(stage: Stage, secret: str) -> Account:
    return Account("x", "us", stage[1].url, secret)


@pytest.mark.parametrize("rotates", [True, False])
def test_a_token_is_renewed(stage: Stage, rotates: bool) -> None:
    stage[0].rotates = rotates
    (old,) = signed_in(stage, "x")
    new = stage[2]["x"].refresh(an_account(stage, old))
    assert access_token(new) != access_token(old)
    assert (read(new).refresh_token != read(old).refresh_token) == rotates
    assert read(new).renewable
    assert json.loads(new)["client_secret"] == APP_SECRET
    assert stage[0].spent == [read(old).refresh_token]
    assert "scope" not in stage[0].asked[-1][1]


def test_a_spent_refresh_token_is_refused_without_being_told(stage: Stage) -> None:
    (old,) = signed_in(stage, "x")
    stage[2]["x"].refresh(an_account(stage, old))
    with pytest.raises(SignInRefusedError) as refused:
        stage[2]["x"].refresh(an_account(stage, old))
    assert "invalid_grant" in str(refused.value)
    assert read(old).refresh_token not in str(refused.value)
    with pytest.raises(SignInRefusedError):
        stage[2]["x"].refresh(an_account(stage, "token"))


def replaced(status: int, body: bytes = b"{}", cut: int | None = None, **headers: str) -> Answer:
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()}, cut)


@pytest.mark.parametrize(("answer", "error"), [
    (replaced(500), RetryableError), (replaced(503, b"<html>"), RetryableError),
    (replaced(429, Retry_After="40"), RateLimitedError), (replaced(200, b"{\"access_token\":"), RetryableError),
    (replaced(200, b"[1]"), RetryableError), (replaced(200, b"{}"), RetryableError),
    (replaced(200, b'{"access_token":7}'), RetryableError), (replaced(200, b"", cut=0), RetryableError),
    (replaced(200, b'{"access_token":"a","expires_in":"soon","refresh_token":"b"}'), RetryableError),
    (replaced(200, b'{"error":"invalid_grant"}'), SignInRefusedError),
    (replaced(400, b'{"error":"temporarily_unavailable"}'), RetryableError),
    (replaced(400, b'{"error":{"code":101,"message":"x"}}'), SignInRefusedError),
    (replaced(403, b"no"), SignInRefusedError), (replaced(404, b"no"), PermanentError),
    (replaced(307, b"", Location="http://198.51.100.1/"), PermanentError),
])  # fmt: skip
def test_what_goes_wrong_is_an_error_of_ours(stage: Stage, answer: Answer, error: type[ShenavaError]) -> None:
    (old,) = signed_in(stage, "x")
    stage[0].faults = [lambda _: answer]
    with pytest.raises(error) as found:
        stage[2]["x"].refresh(an_account(stage, old))
    if isinstance(found.value, RateLimitedError):
        assert found.value.retry_after == 40
    assert read(old).refresh_token not in str(found.value)


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2))
NAMES = st.sampled_from(["access_token", "refresh_token", "expires_in", "error", "token_type", "expires_at"])
ODD_ANSWERS = st.dictionaries(NAMES, ODD).map(lambda said: json.dumps(said).encode())


@pytest.fixture(scope="module")
def mumbler() -> Iterator[tuple[list[bytes], str, OAuth]]:
    """A server that answers what it is told to."""
    said = [b""]
    with web(lambda _: Answer(200, said[0])) as served:
        yield said, served.url, sign_ins(served)["x"]


@settings(max_examples=50)
@given(body=st.one_of(st.binary(max_size=60), ODD_ANSWERS))
def test_no_answer_raises_anything_but_an_error_of_ours(mumbler: tuple[list[bytes], str, OAuth], body: bytes) -> None:
    said, url, way = mumbler
    said[:] = [body]
    try:
        (secret,) = way.finish(APP, url, "http://127.0.0.1/", "code", "verifier")
    except ShenavaError:
        return
    assert access_token(secret)


@pytest.mark.parametrize("body", [b'{"client_id":""}', b'{"client_id":7}', b"[]"])
def test_what_is_no_app_is_not_used(mumbler: tuple[list[bytes], str, OAuth], body: bytes) -> None:
    said, url, way = mumbler
    said[:] = [body]
    mastodon = OAuth(next(row for row in ROWS if row.apps), way._transport, ManualClock())
    with pytest.raises(RetryableError):
        mastodon.begin(None, url, "http://127.0.0.1/", "a-state")


def test_every_platform_has_one_row_and_asks_over_tls() -> None:
    assert len({row.platform for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.apps or (row.authorize.startswith("https://") and row.token.startswith("https://")), row.platform


def test_an_address_of_another_kind_is_refused(stage: Stage) -> None:
    for address in ("javascript://x.example/%0aalert(1)", "ftp://x.example", "https://[x.example"):
        with pytest.raises(PermanentError):
            stage[2]["x"].begin(APP, address, "http://127.0.0.1/", "a-state")


@pytest.mark.parametrize(("secret", "token"), [
    ("word", "word"), ('{"access_token":" a "}', "a"), ('{"access_token":""}', ""), ("{broken", "{broken"),
    ('{"refresh_token":"r"}', '{"refresh_token":"r"}'), ("", ""), (" ", ""),
])  # fmt: skip
def test_what_is_sent_to_a_platform(secret: str, token: str) -> None:
    assert access_token(secret) == token


@given(st.text(max_size=30))
def test_no_moment_breaks_the_reading_of_a_secret(said: str) -> None:
    found = Token("a", expires_at=said)
    assert found.ends is None or found.ends.tzinfo is not None
    assert "Token(...)" in repr(found)
