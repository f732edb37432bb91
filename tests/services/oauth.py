"""A stand-in for a platform's sign-in: agrees at once, spends each code and each refresh token once, checks PKCE.

It answers at every platform's addresses by how they end. `deny` refuses as a person does; `faults` meet the next
requests for a token, one each, after the server has done what it was asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.services.web import Answer, Asked, Web, web

APP_ID, APP_SECRET = "our-app", "app-secret-of-ours"
Fault = Callable[[Answer], Answer]


@dataclass
class SignInServer:
    """State and answers. `life` is how many seconds a token is said to live, None where nothing is said."""

    redirect_uri: str = "http://127.0.0.1:8050/oauth/back"
    life: int | None = 7200
    rotates: bool = True
    lasting: bool = True
    deny: bool = False
    pages: int = 2
    config_id: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refreshers: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _made: int = 0
    _lock: Lock = field(default_factory=Lock)

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        parts = urlsplit(asked.path)
        said = dict(parse_qsl(parts.query)) | dict(parse_qsl(asked.body.decode()))
        with self._lock:
            self.asked.append((parts.path, said))
            if parts.path.endswith(("/authorize", "/auth", "/dialog/oauth")):
                return self._authorised(said)
            if parts.path == "/api/v1/apps":
                return _json({"id": "1", "client_id": APP_ID, "client_secret": APP_SECRET, "name": said["client_name"]})
            if parts.path.endswith("/me/accounts"):
                return self._accounts(asked.headers, said)
            answer = self._token(asked, said)
            fault = self.faults.pop(0) if self.faults else None
            return fault(answer) if fault else answer

    def _authorised(self, said: dict[str, str]) -> Answer:
        if (said["client_id"], said["redirect_uri"], said["response_type"]) != (APP_ID, self.redirect_uri, "code"):
            return Answer(400, b"no such app")
        if self.config_id != said.get("config_id", "") or bool(self.config_id) == ("scope" in said):
            return Answer(400, b"a configuration is named in place of permissions, where the app has one")
        back = {"state": said["state"]}
        if self.deny:
            back["error"] = "access_denied"
        else:
            back["code"] = self._new("code")
            self._codes[back["code"]] = said
        return Answer(302, headers={"Location": f"{said['redirect_uri']}?{urlencode(back)}"})

    def _token(self, asked: Asked, said: dict[str, str]) -> Answer:
        if not self._knows(asked.headers, said):
            return _json({"error": "invalid_client"}, 401)
        match said["grant_type"]:
            case "authorization_code":
                begun = self._codes.pop(said["code"], None)
                if begun is None or said["redirect_uri"] != begun["redirect_uri"] or not _proves(begun, said):
                    return _json({"error": "invalid_grant"}, 400)
            case "refresh_token":
                if said["refresh_token"] not in self.refreshers:
                    return _json({"error": "invalid_grant", "error_description": f"no {said['refresh_token']}"}, 400)
                self.spent.append(said["refresh_token"])
                if self.rotates:
                    self.refreshers.discard(said["refresh_token"])
            case "fb_exchange_token":
                if said["fb_exchange_token"] not in self.tokens:
                    return _json({"error": {"message": "bad", "type": "OAuthException", "code": 190}}, 400)
        return self._granted(said["grant_type"] != "refresh_token" or self.rotates)

    def _granted(self, refreshing: bool) -> Answer:
        token = self._new("token")
        self.tokens.add(token)
        said: dict[str, object] = {"token_type": "bearer", "access_token": token}
        if self.life is not None:
            said["expires_in"] = self.life
        if self.lasting and refreshing:
            self.refreshers.add(refresher := self._new("refresh"))
            said["refresh_token"] = refresher
        return _json(said)

    def _accounts(self, headers: Mapping[str, str], said: Mapping[str, str]) -> Answer:
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _json({"error": {"message": "bad", "type": "OAuthException", "code": 190}}, 400)
        first, most = int(said.get("after", 0)), int(said.get("limit", 25))
        listed = range(first, min(first + most, self.pages))
        paging: dict[str, object] = {"cursors": {"before": str(first), "after": str(first + most)}}
        if first + most < self.pages:
            paging["next"] = "https://graph.facebook.com/the/next/page"
        data = [{"access_token": f"page-{number}", "id": str(number)} for number in listed]
        return _json({"data": data, "paging": paging})

    def _knows(self, headers: Mapping[str, str], said: dict[str, str]) -> bool:
        signed = headers.get("authorization", "")
        if signed.startswith("Basic "):
            self.ways.append("header")
            return base64.b64decode(signed[6:]).decode() == f"{APP_ID}:{APP_SECRET}"
        self.ways.append("body")
        return (said.get("client_id"), said.get("client_secret")) == (APP_ID, APP_SECRET)

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}-of-the-stand-in"


def _proves(begun: dict[str, str], said: dict[str, str]) -> bool:
    """Whether the verifier is the one of the challenge, where there was one."""
    if "code_challenge" not in begun:
        return "code_verifier" not in said
    hashed = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
    right = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() == begun["code_challenge"]
    return right and begun.get("code_challenge_method") == "S256"


def _json(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


@contextmanager
def sign_in_server(**state: object) -> Iterator[tuple[SignInServer, Web]]:
    """The stand-in on a free port."""
    server = SignInServer(**state)  # type: ignore[arg-type]
    with web(server.handle) as served:
        yield server, served
