"""The index at scale: Elasticsearch 9, one index per month behind an alias.

What a post *is* (workspace, monitor, platform, author ...) stands in keyword fields, what it says
in the folded tokens, which Elasticsearch only splits at spaces; so hits and counts are those of the
in-memory matcher. The whole document lies beside them in ``_source`` as it was written.
"""

from __future__ import annotations

from index.elasticsearch.adapter import ElasticsearchIndex
from index.elasticsearch.address import parse_address
from index.elasticsearch.server import connect

__all__ = ["ElasticsearchIndex", "connect", "parse_address"]
