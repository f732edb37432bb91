"""What sources of an account share whose platforms are open: Bluesky and Mastodon.

Lists are read from the newest post back to where the last reading began; what was read is remembered, set into its
threads, and looked at again later, since these platforms tell nobody what was edited or deleted.
"""

from __future__ import annotations
