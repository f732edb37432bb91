"""Commands about people: who may come in, and who must be forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from crm.errors import InvalidInputError
from shenava.keys import Place
from shenava.options import Data, installed

if TYPE_CHECKING:
    from crm.usecases.privacy import Privacy


def add(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(users)
    app.command(name="reset-password")(reset_password)
    app.command()(erase)
    app.command()(key)


def users(data: Data = None) -> None:
    """List everybody who may log in."""
    for user in installed(data).accounts.everybody():
        print("\t".join((user.email, user.name, user.role, "active" if user.active else "out of work")))


def reset_password(email: Annotated[str, typer.Argument(help="Whose password.")], data: Data = None) -> None:
    """Give somebody a one-time password; their sessions end."""
    password = installed(data).accounts.reset_password(email)
    print(f"One-time password for {email}: {password}")


def key(
    to: Annotated[Place | None, typer.Option(help="Move it there: keyring or file.")] = None, data: Data = None
) -> None:
    """Say where the key lies that encrypts tokens and signs receipts, or move it into the system's key ring."""
    place = installed(data).key_place
    if to is not None and not place.move(to):
        print("Nothing to move.")
    print(f"The key lies here: {place.where}")


def erase(
    post: Annotated[list[str] | None, typer.Option(help="A post's key, platform:id; may be given again.")] = None,
    author: Annotated[list[str] | None, typer.Option(help="An author's key, platform:id; may be given again.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="A customer's id; may be given again.")] = None,
    verify: Annotated[Path | None, typer.Option(help="Check the receipts in this file instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The receipts as one JSON list.")] = False,
    data: Data = None,
) -> None:
    """Erase posts, authors or customers from every store; prints a signed receipt for each workspace."""
    if bool(verify) == bool(post or author or customer):
        raise typer.BadParameter("name --post, --author or --customer, or a file with --verify")
    one = installed(data)
    try:
        if verify:
            _verify(one.services.privacy, verify)
            return
        receipts = one.services.privacy.erase(None, post or [], author or [], customer or [])
    finally:
        one.close()
    if not receipts:
        raise InvalidInputError("There is no workspace yet, so there is nothing to erase.")
    if as_json:
        print(msgspec.json.encode(receipts).decode())
        return
    for receipt in receipts:
        print(msgspec.json.encode(receipt).decode())


def _verify(privacy: Privacy, file: Path) -> None:
    from crm.usecases.privacy import read_receipts

    try:
        receipts = read_receipts(file.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"The file {file} can't be read: {error.strerror}.") from error
    false = [receipt.id for receipt in receipts if not privacy.verify(receipt)]
    if false:
        raise InvalidInputError(
            f"{len(false)} of the {len(receipts)} receipts in {file} were not signed here or were changed: "
            f"{', '.join(false)}."
        )
    for receipt in receipts:
        print(f"genuine\t{receipt.id}\t{receipt.erased_at.isoformat()}")
