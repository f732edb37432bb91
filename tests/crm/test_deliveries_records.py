"""What is kept of deliveries is found without reading all of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.doubles.office import Office


@pytest.mark.sqlite
def test_old_deliveries_are_forgotten_by_an_index(office: Office) -> None:
    with office.records.read() as tx:
        plan = tx.execute(text("EXPLAIN QUERY PLAN DELETE FROM deliveries WHERE source_id = 's' AND at < 1")).all()
    assert "ix_deliveries_source_id_at (source_id=? AND at<?)" in str(plan)
