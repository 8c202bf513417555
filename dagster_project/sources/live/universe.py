"""What the live source asks for: one row of `universe.csv` per index or fund.

Belongs here: reading the list. Another fund of a known issuer is one row there.
Does not belong here: how an issuer's files are asked for and read (its provider).
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dagster_project.errors import SourceError

FILE = Path(__file__).with_name("universe.csv")


@dataclass(frozen=True)
class Member:
    """One index or fund."""

    symbol: str
    """As Yahoo writes it; indices with a caret."""
    issuer: str
    """Provider of its NAV and share count; empty where there is none."""
    product_id: str
    """The issuer's identifier in addresses."""
    fund_name: str
    """Name as the issuer writes it in its files, for telling one fund's file from another's."""
    has_holdings: bool
    """Whether its holdings are fetched."""


@cache
def universe() -> tuple[Member, ...]:
    """All members, in the order of the file.

    Raises:
        SourceError: a row of the file cannot be used.
    """
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    members: list[Member] = []
    for number, row in enumerate(rows, start=2):
        symbol, issuer = row.get("symbol") or "", row.get("issuer") or ""
        if not symbol or (issuer and not (row.get("product_id") and row.get("fund_name"))):
            raise SourceError(
                f"{FILE.name} line {number}: expected a symbol, and with an issuer product_id and fund_name."
            )
        if any(symbol == other.symbol for other in members):
            raise SourceError(f"{FILE.name} line {number}: {symbol} stands there twice. Remove one row.")
        members.append(
            Member(symbol, issuer, row["product_id"], row["fund_name"], row.get("has_holdings", "").lower() == "true")
        )
    return tuple(members)


def funds_of(issuer: str) -> tuple[Member, ...]:
    """The funds of one issuer."""
    return tuple(member for member in universe() if member.issuer == issuer)


def member(symbol: str) -> Member:
    """The member with that symbol.

    Raises:
        SourceError: there is none.
    """
    found = next((one for one in universe() if one.symbol == symbol), None)
    if found is None:
        raise SourceError(f"{symbol} is not in {FILE.name}. Add it with its issuer's identifiers.")
    return found


def same_name(one: str, other: str) -> bool:
    """Whether two writings of a fund's name mean the same: marks such as (R) and TM, spaces and case do not count."""

    def plain(text: str) -> str:
        kept = text.replace("®", "").replace("™", "").replace("&amp;", "&")
        return "".join(kept.casefold().split())

    return plain(one) == plain(other)
