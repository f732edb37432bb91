"""What collectors raise themselves."""

from __future__ import annotations

from crm.errors import PermanentError


class NormaliseError(PermanentError):
    """An item of a platform, or a row of a file, can't become a post; the message says which part and why."""
