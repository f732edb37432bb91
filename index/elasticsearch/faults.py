"""Elasticsearch's refusals as errors of ours: what happened, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from elastic_transport import ApiError, ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import UnsupportedProductError

from crm.errors import AuthorisationError, InvalidInputError, RateLimitedError, RetryableError, ShenavaError, StoreError

_BUSY = frozenset({408, 502, 503, 504})
_TOO_WIDE = frozenset({"too_many_clauses", "too_many_nested_clauses", "max_clause_count", "too_many_terms"})
_OTHER_MAPPING = frozenset({
    "strict_dynamic_mapping_exception", "document_parsing_exception", "mapper_parsing_exception",
})  # fmt: skip


class GoneError(StoreError):
    """An index, or a point in time, that is no longer there."""


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn the client's errors into ours; `where` is the server as it may be shown."""
    try:
        yield
    except ApiError as error:
        if isinstance(error, UnsupportedProductError):
            raise StoreError(f"What answers at {where} is not Elasticsearch; mend the index URL.") from error
        wait = error.meta.headers.get("retry-after") or ""
        after = float(wait) if wait.isdecimal() else None
        raise fault(where, error.meta.status, _types(error.body), after) from error
    except TlsError as error:
        raise StoreError(
            f"Elasticsearch at {where} has a certificate that can't be trusted; name its authority with ca_certs=."
        ) from error
    except ConnectionTimeout as error:
        raise RetryableError(f"Elasticsearch at {where} did not answer in time; look at its load and disks.") from error
    except (SerializationError, msgspec.ValidationError) as error:
        raise StoreError(f"What answers at {where} is not Elasticsearch; mend the index URL.") from error
    except TransportError as error:
        raise RetryableError(f"Elasticsearch at {where} can't be reached; start it or mend the index URL.") from error


def fault(where: str, status: int, types: frozenset[str], retry_after: float | None = None) -> ShenavaError:
    """The error for an answer of this status with these types of exceptions. Reasons may quote posts: left out."""
    if "cluster_block_exception" in types and status not in _BUSY:
        return StoreError(
            f"Elasticsearch at {where} takes no writes, as it does when its disk is nearly full; free some space."
        )
    if status in (401, 403):
        return AuthorisationError(
            f"Elasticsearch at {where} refuses our credentials; set SHENAVA_ELASTICSEARCH_API_KEY, or _USERNAME and"
            " _PASSWORD, of an account that may manage, read and write these indices and their template."
        )
    if status == 429:
        return RateLimitedError(f"Elasticsearch at {where}", retry_after)
    if status in _BUSY:
        return RetryableError(f"Elasticsearch at {where} is not ready ({status}); wait, or look at its health.")
    if status == 404:
        return GoneError(f"Elasticsearch at {where} no longer has what was asked for; begin again.")
    if types & _TOO_WIDE:
        return InvalidInputError(
            "This query asks for too many words at once; write fewer, or longer beginnings of words."
        )
    if types & _OTHER_MAPPING:
        return StoreError(
            f"The indices at {where} were made for other documents; name another prefix, or update Shenava."
        )
    names = ", ".join(sorted(types)) or "no reason given"
    return StoreError(f"Elasticsearch at {where} refused a request ({status}: {names}); look into its log.")


def _types(body: object) -> frozenset[str]:
    """Every ``type`` of an exception in the body of an error."""
    if isinstance(body, list):
        return frozenset().union(*map(_types, body))
    if not isinstance(body, dict):
        return frozenset()
    below = (
        value for name, value in body.items() if name in ("error", "root_cause", "caused_by", "failed_shards", "reason")
    )
    here = body.get("type")
    return frozenset({here} if isinstance(here, str) else ()).union(*map(_types, below))
