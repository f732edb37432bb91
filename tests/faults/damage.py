"""Files of an installation, damaged: cut short or with bits turned over, at places drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

Damage = Callable[[bytearray], None]


def cut(random: Random) -> Damage:
    """Lose the end of the file, anywhere, often at a page."""
    page, share = random.choice((1, 512, 4096, 8192)), random.random()

    def damage(content: bytearray) -> None:
        del content[int(len(content) * share) // page * page :]

    return damage


def flip(random: Random) -> Damage:
    """Turn over up to 64 bits, alone or side by side, also in the header."""
    count, near, share = random.choice((1, 1, 8, 64)), random.random() < 0.5, random.random() ** 2
    seed = random.random()

    def damage(content: bytearray) -> None:
        drawn = Random(seed)
        first = int(len(content) * share)
        for step in range(count):
            place = min(first + step, len(content) - 1) if near else drawn.randrange(len(content))
            content[place] ^= 1 << drawn.randrange(8)

    return damage


def blank(random: Random) -> Damage:
    """Lose a page or a few: nothing but zeros where they were."""
    size, share = random.choice((512, 4096, 8192, 65_536)), random.random()

    def damage(content: bytearray) -> None:
        first = int(len(content) * share) // 512 * 512
        content[first : first + size] = bytes(len(content[first : first + size]))

    return damage


def damages(random: Random, each: int) -> Iterator[tuple[str, Damage]]:
    """`each` of every sort, by name."""
    for sort in (cut, flip, blank):
        for number in range(each):
            yield f"{sort.__name__} {number}", sort(random)


def damaged(whole: Path, target: Path, damage: Damage) -> Path:
    """A damaged copy of `whole` at `target`, without what was left of another one."""
    for old in target.parent.glob(f"{target.name}*"):
        old.unlink()
    content = bytearray(whole.read_bytes())
    damage(content)
    target.write_bytes(content)
    return target
