"""Which keys of a long stream came before, in 16 to 32 bytes for each whatever its length."""

from __future__ import annotations

from array import array


class Seen:
    """A set of strings that can only be asked and added to.

    It keeps 64-bit hashes: among a million keys the chance of one false "seen" is about 1 in 40 million.
    """

    __slots__ = ("_count", "_mask", "_slots")

    def __init__(self, size: int = 1 << 12) -> None:
        """`size`: slots to begin with, a power of two."""
        self._slots = array("q", bytes(8 * size))
        self._mask = size - 1
        self._count = 0

    def __contains__(self, key: object) -> bool:
        return self._slots[self._find(hash(key) or 1)] != 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: str) -> None:
        number = hash(key) or 1
        slot = self._find(number)
        if self._slots[slot] == 0:
            self._slots[slot] = number
            self._count += 1
            if self._count * 2 > self._mask:
                self._grow()

    def _find(self, number: int) -> int:
        """The slot that holds this hash, or the free one where it belongs."""
        slots, mask = self._slots, self._mask
        slot = number & mask
        while slots[slot] not in (0, number):
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        before = self._slots
        self._mask = 2 * len(before) - 1
        self._slots = array("q", bytes(8 * 2 * len(before)))
        for number in before:
            if number:
                self._slots[self._find(number)] = number
