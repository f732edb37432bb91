"""`python -m tests.services`: install beforehand, with its progress shown, what the servers need."""

from __future__ import annotations

from tests.services import bluesky, elasticsearch, kafka

if __name__ == "__main__":
    bluesky.install()
    elasticsearch.install()
    kafka.install()
