"""What ``secure_delete`` leaves behind: copies of rows in the unused middle of a page, cleared as pages reach the disk.

When SQLite moves rows to another page it does not clear the place where they were; deleting a
row later clears only its present place. So each page of a table or an index has its unused
middle zeroed when it is written to the database file. The write-ahead log is truncated instead.
Format: https://sqlite.org/fileformat2.html#b_tree_pages
"""

from __future__ import annotations

from functools import cache

import apsw

_INTERIOR, _LEAVES = (2, 5), (10, 13)
VFS_NAME = "shenava-scrubbing"
_FILE_HEADER = 100
"""Bytes at the start of the first page that are not of its b-tree."""


def scrubbed(page: bytes, first: bool = False) -> bytes:
    """`page` with its unused middle zeroed; pages of other sorts come back as they are."""
    start = _FILE_HEADER if first else 0
    kind = page[start]
    if kind not in _LEAVES and kind not in _INTERIOR:
        return page
    low = start + (8 if kind in _LEAVES else 12) + 2 * int.from_bytes(page[start + 3 : start + 5], "big")
    high = int.from_bytes(page[start + 5 : start + 7], "big") or 1 << 16
    unused = high - low
    if unused <= 0 or high > len(page) or page.count(0, low, high) == unused:
        return page
    return page[:low] + bytes(unused) + page[high:]


class _ScrubbingFile(apsw.VFSFile):
    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  SQLite's name
        super().xWrite(scrubbed(data, first=offset == 0), offset)


class _ScrubbingVFS(apsw.VFS):
    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            return _ScrubbingFile("", name, flags)
        return super().xOpen(name, flags)


@cache
def scrubbing_vfs() -> apsw.VFS:
    """The file layer for connections that write; its `vfs_name` opens them."""
    return _ScrubbingVFS(VFS_NAME, base="")
