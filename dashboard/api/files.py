"""The files of replies that are being written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import Response

from crm.policies.files import LARGEST, FileInfo
from crm.ports.responder import Way
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["replies"])


class Described(Asked):
    """What a file shows, in words for those who can't see it."""

    alt: str


@router.post("/cases/{case_id}/draft/files", status_code=201, response_model=shown(FileInfo))
def add_file(
    who: Caller, case_id: str, file: UploadFile, way: Annotated[Way, Form()] = "reply", alt: Annotated[str, Form()] = ""
) -> FileInfo:
    """Add a picture (PNG, JPEG, GIF, WebP) to the caller's draft on a case; the draft is begun where there is none."""
    content = file.file.read(LARGEST + 1)
    return who.services.files.add(who.actor, case_id, way, file.filename or "", content, alt)


@router.get("/files/{file_id}", response_class=Response, responses={200: {"content": {"image/*": {}}}})
def read_file(who: Caller, file_id: str) -> Response:
    """The bytes of a file."""
    info, content = who.services.files.read(who.actor, file_id)
    return Response(content, media_type=info.kind, headers={"Cache-Control": "no-store"})


@router.put("/files/{file_id}", response_model=shown(FileInfo))
def describe_file(who: Caller, file_id: str, asked: Described) -> FileInfo:
    """Say what a file shows."""
    return who.services.files.describe(who.actor, file_id, asked.alt)


@router.delete("/files/{file_id}", status_code=204)
def remove_file(who: Caller, file_id: str) -> None:
    """Take a file out of a draft."""
    who.services.files.remove(who.actor, file_id)
