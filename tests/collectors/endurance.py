"""Running a source through whatever goes wrong, as the collect role does."""

from __future__ import annotations

from threading import Event

from crm.errors import RateLimitedError, RetryableError
from tests.collectors.x_stage import XStage
from tests.conformance.source import Heard


def endure(stage: XStage, wanted: set[str], **options: str) -> Heard:
    """Run as the collect role does: after an error that may pass, go on from the last cursor, until all has come."""
    heard, cursor = Heard(), ""
    for _ in range(200):
        try:
            stop = Event()
            stage.clock.begin(3, stop)
            with stage.running(stage.job(cursor, **options), stop) as batches:
                for batch in batches:
                    heard.batches.append(batch)
                    cursor = batch.cursor
        except RateLimitedError as error:
            stage.clock.advance(error.retry_after or 60.0)
        except RetryableError:
            stage.clock.advance(2.0)
        else:
            if wanted <= set(heard.keys):
                return heard
    raise AssertionError(f"never came: {sorted(wanted - set(heard.keys))[:3]}")
