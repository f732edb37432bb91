"""One Elasticsearch cluster, asked in JSON and answered in types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from elastic_transport import JsonSerializer
from elasticsearch import Elasticsearch

from index.elasticsearch.address import Address
from index.elasticsearch.faults import told

TIMEOUT_SECONDS = 60.0
Answer = TypeVar("Answer")
_JSON = {"accept": "application/json", "content-type": "application/json"}
_LINES = {"accept": "application/json", "content-type": "application/x-ndjson"}


class _Json(JsonSerializer):
    def json_loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data)


def connect(address: Address) -> Elasticsearch:
    """A client that never tries again by itself: our worker loop does, and says so."""
    login = address.login
    credentials: dict[str, Any] = {"ca_certs": address.ca_certs} if address.ca_certs else {}
    if login.api_key:
        credentials["api_key"] = login.api_key
    elif login.username:
        credentials["basic_auth"] = (login.username, login.password)
    return Elasticsearch(
        list(address.nodes), max_retries=0, request_timeout=TIMEOUT_SECONDS, serializer=_Json(), **credentials
    )


class Server:
    """Requests to the cluster of an address."""

    def __init__(self, client: Elasticsearch, address: Address) -> None:
        self._client, self.address = client, address

    @property
    def prefix(self) -> str:
        """The alias of all months, and what their names begin with."""
        return self.address.prefix

    def ask(self, kind: type[Answer], method: str, path: str, body: object = None, **params: str) -> Answer:
        """The answer to a request as `kind`. Raises what :mod:`index.elasticsearch.faults` says."""
        return self._perform(kind, method, path, None if body is None else msgspec.json.encode(body), params, _JSON)

    def tell(self, kind: type[Answer], path: str, lines: Sequence[bytes], **params: str) -> Answer:
        """The answer to a request whose body is lines of JSON."""
        return self._perform(kind, "POST", path, b"\n".join(lines) + b"\n", params, _LINES)

    def _perform(
        self, kind: type[Answer], method: str, path: str, body: bytes | None, params: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Answer:  # fmt: skip
        with told(self.address.shown):
            answer = self._client.perform_request(method, path, params=params, headers=headers, body=body)
            return msgspec.convert(answer.body, kind)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
