"""Gaps somebody meant to fill: what other systems and people in a hurry write where a name or a time should stand."""

from __future__ import annotations

import re
from typing import Final

_GAPS: Final = re.compile(
    r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|\$\{[^{}]*\}"  # templates of other systems
    r"|%\(?[A-Za-z_]{2,30}\)?%|%\([A-Za-z_]{2,30}\)s|\*\|[A-Za-z_:]{2,30}\|\*"
    r"|<<[^<>]{1,40}>>|<(?!3)[A-Za-z][A-Za-z _-]{1,38}>"
    r"|\[(?i:(?:insert|your|enter)\b[^\[\]]{0,38}|(?:first |last )?name|time|date|place|location|link|url|phone|x+)\]"
    r"|(?<![A-Za-z0-9-])-(?:name|first_name|manage_url|phone|email)-(?![A-Za-z0-9-])"
    r"|\b(?:TBD|TBC|TODO|XXX+|XX:XX|xx:xx|lorem ipsum)\b|_{4,}|\?{3,}"
)


def leftovers(text: str) -> tuple[str, ...]:
    """What looks like a gap that was never filled, each once. A slot `{name}` is the slots' own matter."""
    return tuple(dict.fromkeys(found[0][:60] for found in _GAPS.finditer(text)))
