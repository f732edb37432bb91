"""What is read of pictures: their measures, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responders.files import measures
from tests.doubles.pictures import png

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x11\x08\x00\x02\x00\x03"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(png(640, 480), (640, 480)), (JPEG, (3, 2)), (JPEG[:-1], None), (png(0, 0), None), (b"RIFF", None), (b"", None)],
)
def test_measures(content: bytes, expected: tuple[int, int] | None) -> None:
    assert measures(content) == expected


@given(st.binary(), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""]))
def test_no_bytes_are_too_odd(rest: bytes, start: bytes) -> None:
    found = measures(start + rest)
    assert found is None or min(found) > 0
