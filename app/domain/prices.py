"""What a broadcast costs, roughly: parts of text messages times a price somebody has looked up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Price:
    amount: Decimal
    currency: str
    """ISO 4217."""


def read_price(text: str) -> Price | None:
    """`0.0075 USD`; None for "". Raise ValueError."""
    if not text:
        return None
    amount, currency = text.split(" ")
    return Price(Decimal(amount), currency)
