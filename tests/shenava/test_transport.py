"""The guarded clients against a real server on this machine."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.server import ServerConnection, serve

from crm.ports.transport import (
    BrokenConnectionError,
    ForbiddenAddressError,
    Limits,
    Transport,
    UnreachableError,
    UnreadableAnswerError,
)
from shenava.transport import Guard, OutboundTransport
from tests.services import free_port
from tests.services.web import Answer, Asked, Web, web

pytestmark = pytest.mark.slow

QUICK = Limits(connect=5.0, read=5.0, total=5.0, size=1000)

Get = Callable[[str], tuple[int, bytes]]


class CountedClock:
    """A clock that a test turns forward: every look at it costs `step` seconds."""

    def __init__(self, step: float) -> None:
        self.seconds, self.step = 0.0, step

    def monotonic(self) -> float:
        self.seconds += self.step
        return self.seconds


def permitting(server: Web, **options: object) -> OutboundTransport:
    return OutboundTransport(Guard(frozenset({server.host})), **options)


def through_httpx(transport: Transport) -> Get:
    def get(url: str) -> tuple[int, bytes]:
        with transport.http(QUICK) as client:
            answer = client.get(url)
        return answer.status_code, answer.content

    return get


def through_requests(transport: Transport) -> Get:
    def get(url: str) -> tuple[int, bytes]:
        with transport.session(QUICK) as session:
            answer = session.get(url)
        return answer.status_code, answer.content

    return get


both = pytest.mark.parametrize("through", [through_httpx, through_requests])


@both
def test_a_permitted_server_answers(through):
    with web(lambda asked: Answer(201, asked.path.encode())) as server:
        assert through(permitting(server))(f"{server.url}/feed?a=1") == (201, b"/feed?a=1")
    assert server.asked[0].headers["user-agent"].startswith("Shenava/")


@both
def test_this_machine_is_out_of_bounds_unless_permitted(through):
    with web(lambda _: Answer(200, b"secret")) as server, pytest.raises(ForbiddenAddressError):
        through(OutboundTransport(Guard()))(server.url)
    assert server.asked == []


@both
@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:1/", "http://[::1]/", "http://2130706433/", "http://169.254.169.254/x"]
)
def test_a_redirect_to_the_inside_is_refused(through, to):
    with web(lambda _: Answer(302, headers={"Location": to})) as server, pytest.raises(ForbiddenAddressError):
        through(permitting(server))(server.url)
    assert len(server.asked) == 1


@both
def test_a_redirect_to_another_scheme_is_refused(through):
    with (
        web(lambda _: Answer(302, headers={"Location": "file:///etc/passwd"})) as server,
        pytest.raises((ForbiddenAddressError, requests.exceptions.InvalidSchema)),
    ):
        through(permitting(server))(server.url)


@both
def test_redirects_are_followed_and_end(through):
    def handle(asked: Asked) -> Answer:
        return Answer(200, b"here") if asked.path == "/new" else Answer(301, headers={"Location": "/new"})

    with web(handle) as server:
        assert through(permitting(server))(f"{server.url}/old") == (200, b"here")
    with (
        web(lambda _: Answer(302, headers={"Location": "/"})) as server,
        pytest.raises((httpx.TooManyRedirects, requests.TooManyRedirects)),
    ):
        through(permitting(server))(server.url)
    assert len(server.asked) == 6


def test_a_name_is_connected_to_as_it_was_checked():
    """A name that is public when checked and private a moment later gains nothing: it is asked once."""
    with web(lambda asked: Answer(200, asked.headers["host"].encode())) as server:
        port = server.host.rpartition(":")[2]
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])
        guard = Guard(frozenset({f"127.0.0.1:{port}"}), resolve=lambda *_: next(answers))
        with OutboundTransport(guard).http() as client:
            assert client.get(f"http://brand.example.org:{port}/").text == f"brand.example.org:{port}"


def test_the_next_address_is_tried_when_the_first_refuses():
    with web(lambda _: Answer(200, b"ok")) as server:
        port = server.host.rpartition(":")[2]
        guard = Guard(frozenset({f"two.example.org:{port}"}), resolve=lambda *_: ["127.0.0.9", "127.0.0.1"])
        with OutboundTransport(guard).http() as client:
            assert client.get(f"http://two.example.org:{port}/").text == "ok"


@both
def test_a_refused_connection_was_certainly_not_sent(through):
    port = free_port()
    transport = OutboundTransport(Guard(frozenset({f"127.0.0.1:{port}"})))
    with pytest.raises(UnreachableError):
        through(transport)(f"http://127.0.0.1:{port}/")


@both
@pytest.mark.parametrize("cut", [0, 4])
def test_a_connection_that_breaks_may_have_been_heard(through, cut):
    with web(lambda _: Answer(200, b"0123456789", cut=cut)) as server, pytest.raises(BrokenConnectionError):
        through(permitting(server))(server.url)
    assert len(server.asked) == 1


def test_a_header_that_can_not_be_sent_is_not_told():
    with (
        web(lambda _: Answer(200)) as server,
        permitting(server).http(QUICK) as client,
        pytest.raises(BrokenConnectionError) as broken,
    ):
        client.get(server.url, headers={"Authorization": "Bearer a-secret\nX: y"})
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__
    assert "a-secret" not in str(broken.value)


@both
def test_an_answer_is_bounded(through):
    with web(lambda asked: Answer(200, b"x" * int(asked.path[1:]))) as server:
        assert len(through(permitting(server))(f"{server.url}/1000")[1]) == 1000
        with pytest.raises(UnreadableAnswerError, match="1,000 bytes"):
            through(permitting(server))(f"{server.url}/1001")


@both
def test_an_answer_is_unpacked_and_bounded_as_unpacked(through):
    def handle(asked: Asked) -> Answer:
        assert asked.headers["accept-encoding"] == "gzip"
        return Answer(200, gzip.compress(b"x" * int(asked.path[1:])), {"Content-Encoding": "gzip"})

    with web(handle) as server:
        assert through(permitting(server))(f"{server.url}/1000") == (200, b"x" * 1000)
        with pytest.raises(UnreadableAnswerError, match="larger"):
            through(permitting(server))(f"{server.url}/50000000")


@both
@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_answer_packed_otherwise_or_badly_is_refused(through, encoding):
    with (
        web(lambda _: Answer(200, b"nonsense", {"Content-Encoding": encoding})) as server,
        pytest.raises(UnreadableAnswerError, match="packed"),
    ):
        through(permitting(server))(server.url)


@both
def test_an_answer_in_drops_ends_at_the_deadline(through):
    with (
        web(lambda _: Answer(200, b"drops")) as server,
        pytest.raises((BrokenConnectionError, UnreachableError), match="longer than allowed"),
    ):
        through(permitting(server, clock=CountedClock(2.0)))(server.url)


@both
def test_silence_ends_at_the_time_limit(through):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        transport = OutboundTransport(Guard(frozenset({f"127.0.0.1:{port}"})), clock=CountedClock(1.2))
        with pytest.raises(BrokenConnectionError):
            through(transport)(f"http://127.0.0.1:{port}/")


def test_a_form_and_a_stream_go_through_requests():
    def handle(asked: Asked) -> Answer:
        return Answer(200, asked.body + b"\n" + asked.headers["content-type"].encode())

    with web(handle) as server, permitting(server).session() as session:
        answer = session.post(server.url, data={"status": "سلام"}, stream=True, timeout=(3, 4))
        lines = list(answer.iter_lines(chunk_size=1))
    assert lines == [b"status=%D8%B3%D9%84%D8%A7%D9%85", b"application/x-www-form-urlencoded"]


@contextmanager
def echo(handler: Callable[[ServerConnection], None]) -> Iterator[int]:
    with serve(handler, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


def test_a_websocket_carries_messages_and_headers():
    def handler(connection: ServerConnection) -> None:
        assert connection.request
        connection.send(connection.request.headers["X-Ask"] + str(connection.recv()))

    with echo(handler) as port:
        transport = OutboundTransport(Guard(frozenset({f"127.0.0.1:{port}"})))
        with transport.websocket(f"ws://127.0.0.1:{port}/subscribe", {"X-Ask": "a"}) as connection:
            connection.send("b")
            assert connection.recv(timeout=5) == "ab"


def test_a_websocket_message_is_bounded():
    with echo(lambda connection: connection.send("x" * 2000)) as port:
        transport = OutboundTransport(Guard(frozenset({f"127.0.0.1:{port}"})))
        with (
            transport.websocket(f"ws://127.0.0.1:{port}/", limits=QUICK) as connection,
            pytest.raises(ConnectionClosed),
        ):
            connection.recv(timeout=5)


def test_a_websocket_is_guarded_too():
    with pytest.raises(ForbiddenAddressError):
        OutboundTransport(Guard()).websocket("ws://localhost:1/")
    port = free_port()
    with pytest.raises(UnreachableError):
        OutboundTransport(Guard(frozenset({f"127.0.0.1:{port}"}))).websocket(f"ws://127.0.0.1:{port}/")


@pytest.mark.parametrize("status", [401, 503])
def test_a_websocket_that_is_refused_shows_the_status(status):
    with (
        web(lambda _: Answer(status)) as server,
        pytest.raises(InvalidStatus) as caught,
    ):
        permitting(server).websocket(server.url.replace("http", "ws"))
    assert caught.value.response.status_code == status


def test_a_websocket_follows_no_redirect():
    with (
        web(lambda _: Answer(302, headers={"Location": "ws://127.0.0.1:1/"})) as server,
        pytest.raises(UnreachableError, match="redirect"),
    ):
        permitting(server).websocket(server.url.replace("http", "ws"))
