"""What the providers of the SEC share: who asks, and how a company is called.

Belongs here: the header that the SEC's fair-access rule wants, identifiers of companies, when a filing was public.
Does not belong here: any one service of the SEC.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster_project.contracts.availability import market_instant
from dagster_project.errors import SourceError
from dagster_project.sources.live.config import NO_SEC_CONTACT, SEC_CONTACT, LiveConfig
from dagster_project.sources.live.provider import NotConfiguredError

if TYPE_CHECKING:
    import pandas as pd

CIK_DIGITS = 10
FILING_CUT_OFF = "17:30"
"""New York time until which EDGAR gives a filing the date of the day: never earlier than the truth."""


def sec_headers(config: LiveConfig) -> Mapping[str, str]:
    """Headers of every request to the SEC, which answers 403 to clients that do not say who asks.

    Raises:
        NotConfiguredError: no contact is set.
        SourceError: what is set is no contact.
    """
    if not config.sec_contact:
        raise NotConfiguredError(NO_SEC_CONTACT, SEC_CONTACT)
    if "@" not in config.sec_contact:
        raise SourceError(
            "the SEC wants to know who asks: expected a contact such as 'Company name@domain', found "
            f"{config.sec_contact!r}. Set {SEC_CONTACT}."
        )
    return {"User-Agent": config.sec_contact}


def company_id(cik: Any) -> str:
    """`CIK` and ten digits: what a company is called in raw, never equal to a number of another vendor.

    Raises:
        SourceError: it is no CIK.
    """
    digits = str(cik)
    if isinstance(cik, bool) or not (digits.isascii() and digits.isdigit()) or len(digits) > CIK_DIGITS:
        raise SourceError(f"expected a CIK of up to ten digits, found {digits[:40]!r}.")
    return f"CIK{int(digits):010d}"


def available_at(filed: "pd.Series[Any]") -> list[str]:
    """ISO instants (UTC) at which filings of these days (`datetime64`) were public."""
    instants: list[str] = market_instant(filed, FILING_CUT_OFF).dt.strftime("%Y-%m-%dT%H:%M:%SZ").tolist()
    return instants
