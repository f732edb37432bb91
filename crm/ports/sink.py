"""Sinks: where a worker's results end up before it commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

Item_contra = TypeVar("Item_contra", contravariant=True)


class Sink(Protocol[Item_contra]):
    """One writer of results: an index, the records, a further topic."""

    def write(self, batch: Sequence[Item_contra]) -> None:
        """Make the whole batch durable before returning.

        The same items may come again, alone or in other batches (redelivery, and the search for
        a post that can't be written): writing them twice must have the effect of writing them once.

        Raises: RetryableError (nothing is wrong with the items; the worker waits and writes them
        again), PermanentError (at least one item can't be written ever; the worker finds it),
        StoreError (the store is broken or full; the worker stops).
        """
        ...
