"""The index sink: what it tells the console."""

from __future__ import annotations

from crm.records import changes
from crm.usecases.indexing import IndexSink
from crm.words import RemovedPost
from tests.doubles.office import START, WORKSPACE, Office, said


def test_a_signal_of_posts_names_none_of_them(office: Office) -> None:
    sink = IndexSink(office.records, office.index, office.clock)
    sink.write([said("secret", private=True)])
    sink.write([RemovedPost(WORKSPACE, START, "bluesky:secret", None)])
    with office.records.read() as tx:
        assert {(one.kind, one.subject) for one in changes.since(tx, 0)} == {("post", "")}
