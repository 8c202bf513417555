"""Which companies filed a report since a day, from EDGAR's daily indexes.

One index per day that EDGAR was open (`Archives/edgar/daily-index/2026/QTR4/form.20261120.idx`, fixed-width text);
the folder's `index.json` says for which days there is one. Two to a dozen look-ups tell which of thousands of
companies to ask for; companyfacts of all of them would be gigabytes a day, and the SEC's frames carry no filing date.

Belongs here: reading those indexes.
Does not belong here: filings of one fund (`sec_nport`).
"""

import re
from datetime import date, timedelta

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import first_bytes, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request
from dagster_project.sources.live.sec import company_id, sec_headers

EXPECTED = "an EDGAR daily form index (text with Form Type, Company Name, CIK, Date Filed, File Name)"
TABLE = "company_facts"
MOST_DAYS = 100
"""After a longer break the first days are left out: every company has filed a quarterly report since."""
INDEX_LINE = re.compile(r"^(?P<form>\S.*?)\s{2,}.*?\s(?P<cik>\d{1,10})\s+(?P<filed>\d{8}|\d{4}-\d{2}-\d{2})\s+\S+\s*$")
INDEX_FILE = re.compile(r"^form\.(\d{8})\.idx$")


def last_filings(forms: tuple[str, ...], since: date, until: date, config: LiveConfig, look: Look) -> dict[str, date]:
    """Last day from `since` to `until` on which each company filed one of `forms`, amendments included.

    Raises:
        SourceError: a list or an index is not what it should be, or cannot be fetched.
    """
    filed: dict[str, date] = {}
    first = max(since, until - timedelta(days=MOST_DAYS))
    headers = sec_headers(config)
    for folder in dict.fromkeys(_folder(first + timedelta(days=n)) for n in range((until - first).days + 1)):
        base = f"{config.sec_address}/Archives/edgar/daily-index/{folder}"
        listing = look(Request(TABLE, "index.json", (f"{base}/index.json",), headers=headers))
        for day in index_days(listing):
            if first <= day <= until:
                name = f"form.{day:%Y%m%d}.idx"
                index = look(Request(TABLE, name, (f"{base}/{name}",), headers=headers))
                filed |= dict.fromkeys(companies(index, forms), day)
    return filed


def index_days(content: bytes) -> list[date]:
    """Days for which a folder of EDGAR's daily indexes has a form index, in order."""
    expected = "a listing of EDGAR's daily indexes (JSON)"
    refuse_other_than(content, expected, (b"{",))
    found = read_json(content, expected)
    try:
        names = [str(item["name"]) for item in found["directory"]["item"]]
        days = [match[1] for match in map(INDEX_FILE.match, names) if match]
        return sorted(date(int(day[:4]), int(day[4:6]), int(day[6:])) for day in days)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"expected {expected}, found other keys: {first_bytes(content)}.") from error


def companies(content: bytes, forms: tuple[str, ...]) -> set[str]:
    """Companies (`CIK##########`) with one of `forms` or an amendment to it in a daily form index.

    Raises:
        SourceError: not such an index.
    """
    refuse_other_than(content, EXPECTED)
    text = content.decode("utf-8", errors="replace")
    header, dashes, body = text.partition("-----")
    if not dashes or "Form Type" not in header or "CIK" not in header:
        raise SourceError(f"expected {EXPECTED}, found another header: {first_bytes(content)}.")
    lines = [line for line in body.splitlines() if line.strip("- ")]
    matches = [INDEX_LINE.match(line) for line in lines]
    unread = [line for line, match in zip(lines, matches, strict=True) if match is None]
    if unread:
        raise SourceError(f"expected {EXPECTED}, found the line {unread[0][:80]!r}. The shape changed.")
    wanted = {*forms, *(f"{form}/A" for form in forms)}
    return {company_id(match["cik"]) for match in matches if match and match["form"].strip() in wanted}


def _folder(day: date) -> str:
    return f"{day.year}/QTR{(day.month + 2) // 3}"
