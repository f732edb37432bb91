"""Commands about people: who may come in, and who must be forgotten."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from crm.errors import InvalidInputError
from shenava.options import Data, house


def add(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(users)
    app.command(name="reset-password")(reset_password)
    app.command()(erase)


def users(data: Data = None) -> None:
    """List everybody who may log in."""
    for user in house(data).accounts.everybody():
        print("\t".join((user.email, user.name, user.role, "active" if user.active else "out of work")))


def reset_password(email: Annotated[str, typer.Argument(help="Whose password.")], data: Data = None) -> None:
    """Give somebody a one-time password; their sessions end."""
    password = house(data).accounts.reset_password(email)
    print(f"One-time password for {email}: {password}")


def erase(
    post: Annotated[str | None, typer.Option(help="A post's key, platform:id.")] = None,
    author: Annotated[str | None, typer.Option(help="An author's key, platform:id.")] = None,
    customer: Annotated[str | None, typer.Option(help="A customer's id.")] = None,
    data: Data = None,
) -> None:
    """Erase a post, an author or a customer from every store; prints a signed receipt for each workspace."""
    chosen = [value for value in (post, author, customer) if value]
    if len(chosen) != 1:
        raise typer.BadParameter("name one of --post, --author and --customer")
    privacy = house(data).services.privacy
    if post:
        receipts = privacy.erase_post(None, post)
    elif author:
        receipts = privacy.erase_author(None, author)
    else:
        receipts = privacy.erase_customer(None, str(customer))
    if not receipts:
        raise InvalidInputError("There is no workspace yet, so there is nothing to erase.")
    for receipt in receipts:
        print(msgspec.json.encode(receipt).decode())
