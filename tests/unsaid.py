"""What stands out in the accented language for tests: words that came from no catalogue."""

from __future__ import annotations

import re
from typing import Final

PLAIN: Final = re.compile(r"[aeiouAEIOUcnsz]")
"""Letters that the accented language never has (app/console/words.py)."""
WORD: Final = re.compile(r"[^\W\d_]+")


def unsaid(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if PLAIN.search(word)]
