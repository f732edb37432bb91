"""Where other systems hand over posts: no log-in, a signature instead (:mod:`crm.usecases.deliveries`)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from crm.errors import RetryableError, StoreError
from crm.usecases.deliveries import LARGEST, Deliveries, Message, RefusalKind, RefusedError

PREFIX = "/webhook/"
SIGNATURE, STAMP, DELIVERY = "X-Shenava-Signature", "X-Shenava-Timestamp", "X-Shenava-Delivery"
BUSY_SECONDS = 10.0

_STATUS: dict[RefusalKind, int] = {
    "unsigned": 401, "old": 401, "signature": 401, "reused": 400, "unusable": 400, "large": 413, "often": 429,
    "paused": 429, "full": 429, "key": 503,
}  # fmt: skip

router = APIRouter(include_in_schema=False)


@router.post(f"{PREFIX}{{source_id}}")
async def take(request: Request, source_id: str) -> Response:
    """Take a message: 202 once its posts are stored, else what is wrong with it in one sentence."""
    deliveries: Deliveries = request.app.state.services.deliveries
    said = request.headers
    try:
        body = await _body(request)
        if body is None:
            return _refusal(await run_in_threadpool(deliveries.refuse_size, source_id))
        message = Message(source_id, body, said.get(STAMP, ""), said.get(SIGNATURE, ""), said.get(DELIVERY, ""))
        taken = await run_in_threadpool(deliveries.take, message)
    except ClientDisconnect:
        return _answer(400, "cut_off", "The message broke off; send it again.")
    except RefusedError as error:
        return _refusal(error)
    except (RetryableError, StoreError):
        return _answer(503, "try_again", "The posts can't be stored just now; send them again.", BUSY_SECONDS)
    return JSONResponse({"accepted": taken.posts, "rejected": list(taken.rejected), "repeated": taken.repeated}, 202)


@router.api_route(f"{PREFIX}{{rest:path}}", methods=["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST"])
def other(rest: str) -> Response:
    """Whoever looks at the address with a browser."""
    del rest
    return _answer(405, "post_only", "Posts are handed over here with POST, signed; see the page on webhooks.")


async def _body(request: Request) -> bytes | None:
    """The whole body; None where it is too large, of which no more is read then."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > LARGEST:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _refusal(error: RefusedError) -> Response:
    return _answer(_STATUS[error.kind], error.kind, str(error), error.retry_after)


def _answer(status: int, code: str, message: str, retry_after: float | None = None) -> Response:
    headers = {"Retry-After": f"{retry_after:.0f}"} if retry_after is not None else None
    return JSONResponse({"error": code, "message": message}, status, headers)
