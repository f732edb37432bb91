"""Forms with files, as a stand-in reads them."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP

from tests.services.web import Asked


@dataclass(frozen=True)
class File:
    """A file of a form."""

    name: str
    kind: str
    content: bytes


def form(asked: Asked) -> tuple[dict[str, str], dict[str, File]] | None:
    """The fields and the files by their names; None for what is no form with files."""
    kind = asked.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return None
    whole = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + asked.body, policy=HTTP)
    fields: dict[str, str] = {}
    files: dict[str, File] = {}
    for part in whole.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename():
            files[name] = File(str(part.get_filename()), part.get_content_type(), content)
        else:
            fields[name] = content.decode()
    return fields, files
