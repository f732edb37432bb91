"""Where platforms send people back to after they signed in there.

The session's cookie comes along because it is SameSite=Lax, and this is a navigation of the whole page. Nothing of what
the platform says is shown, and what it sends is taken out of the address at once.
"""

from __future__ import annotations

import logging

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from crm.errors import ShenavaError
from dashboard.admin.settings.signing import way_back
from dashboard.context import actor, services

logger = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)


@router.get("/oauth/back")
def come_back(state: str = "", code: str = "", error: str = "") -> Response:
    """Connect what the person shared, and go on to the accounts."""
    try:
        done = services().sign_ins.finish(actor(), state, code, error)
    except ShenavaError as problem:
        logger.info("%s", problem)
        return RedirectResponse(way_back(problem), 303)
    return RedirectResponse(way_back(done), 303)
