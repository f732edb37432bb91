"""`python -m tests.services`: install beforehand, with its progress shown, what the servers need."""

from __future__ import annotations

from tests.services.bluesky import install

if __name__ == "__main__":
    install()
