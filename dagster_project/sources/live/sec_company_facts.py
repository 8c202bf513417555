"""Provider `sec_company_facts`: figures that companies reported to the SEC in XBRL, each with the filing that told it.

One payload is the history of one company: `api/xbrl/companyfacts/CIK##########.json`. A period is told many times
(original, comparative of later filings, amendment); each telling with another value is a vintage, available at
17:30 New York time of the day filed: until then EDGAR gives a filing that day's date.

Belongs here: which companies to ask for, periods and vintages of their facts.
Does not belong here: which tags make a concept (`sec_concepts`), trailing twelve months
(int_fundamentals__facts_known), the ticker of a company (`sec_tickers`).
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from dagster_project.errors import SourceError
from dagster_project.sources.live import sec_filing_index
from dagster_project.sources.live.checks import first_bytes, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.sec import available_at, company_id, sec_headers
from dagster_project.sources.live.sec_concepts import CONCEPTS, Concept, Term
from dagster_project.sources.live.sec_tickers import ciks_by_symbol, read_tickers, symbol_key, tickers_request
from dagster_project.sources.table_file import TextTable

if TYPE_CHECKING:
    import pandas as pd

NAME = "sec_company_facts"
TABLES = ("company_facts",)

EXPECTED = "SEC companyfacts (JSON with cik and facts)"
PERIODIC_FORMS = ("10-K", "10-Q", "10-KT", "20-F", "40-F", "8-K", "6-K")
"""Forms whose filing is a reason to ask for a company again; amendments (/A) included."""
ANNUAL_FORMS = ("10-K", "20-F", "40-F")
PROBED = "CIK0000320193"

# Lengths of periods in days, 52/53-week years and quarters of 12 to 16 weeks included.
LENGTHS = {3: (76, 118), 6: (160, 202), 9: (245, 290), 12: (345, 385)}
DAYS_OF_QUARTER = 365.25 / 4
UNREAD = {"ifrs-full": "figures_by_ifrs", "us-gaap": "figures_in_another_currency"}
"""Taxonomy -> what a filing with figures that are not read is called as a concept."""
CURRENCY = re.compile(r"[A-Z]{3}")
UNITS = {tag: concept.unit for concept in CONCEPTS for tag in concept.tags}
TELLING = ["period_type", "end", "filed", "accn"]
"""What one figure of a filing is about: the period, and which filing tells it."""


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """Ask for every company of the latest holdings that is not archived, or has filed a report since it was.

    What was filed stands in EDGAR's daily indexes of the days since the last payload, and `refetched_days` before.
    """
    headers = sec_headers(config)
    ciks = ciks_by_symbol(read_tickers(look(tickers_request(state, config))))
    wanted = sorted(
        {ciks[key] for tickers in state.tickers.values() for key in map(symbol_key, tickers) if key in ciks}
    )
    held = {cik: past.observed_at.date() for cik in wanted if (past := state.payloads.get(f"{cik}.json"))}
    filed: dict[str, date] = {}
    if held:
        since = max(held.values()) - timedelta(days=config.refetched_days)
        filed = sec_filing_index.last_filings(PERIODIC_FORMS, since, state.now.date(), config, look)
    return [
        Request(
            table,
            f"{cik}.json",
            (f"{config.sec_data_address}/api/xbrl/companyfacts/{cik}.json",),
            headers=headers,
            may_be_missing=cik not in held,
        )
        for cik in wanted
        if cik not in held or (cik in filed and filed[cik] >= held[cik])
    ]


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """Facts of one company."""
    address = f"{config.sec_data_address}/api/xbrl/companyfacts/{PROBED}.json"
    return [Request(TABLES[0], f"{PROBED}.json", (address,), headers=sec_headers(config))]


def check(request: Request, content: bytes) -> None:
    """It is the history of the company that was asked for."""
    _facts(request.name, content)


def parse(table: str, name: str, content: bytes) -> TextTable:
    """One row per concept, period and telling of it that differs from the one before.

    `period_type` is FY, Q1 to Q4, H1, 9M (from the start of the fiscal year), TTM (twelve months that are no fiscal
    year) or I (an instant). Quarters of the fiscal year follow from the lengths of the periods in the filing: the
    fiscal period that filings state of themselves is wrong at times. Money in USD, else in shares. Figures by IFRS and
    in other currencies are not read: a filing that has no others is one row that counts them (`UNREAD`), so that the
    company is known, and why it has no figures.

    Raises:
        SourceError: not the facts of this company, or facts without the fields of companyfacts.
    """
    import pandas as pd

    taxonomies = _facts(name, content)
    facts = _tidy(taxonomies.get("us-gaap", {}))
    rows = _unread(taxonomies, set(facts["accn"]))
    if not facts.empty:
        by_tag = _by_tag(facts)
        read = _vintages(pd.concat([_values(by_tag, concept) for concept in CONCEPTS], ignore_index=True))
        read = read.merge(facts.groupby(TELLING, as_index=False)["fiscal_year"].first(), on=TELLING, how="left")
        rows = pd.concat([read, rows], ignore_index=True) if len(rows) else read
    if rows.empty:
        raise SourceError(
            f"expected figures of {name.removesuffix('.json')} by us-gaap or ifrs-full in a currency, found none."
        )
    return TextTable.of_columns(
        {
            "company_id": [name.removesuffix(".json")] * len(rows),
            "concept": rows["concept"].tolist(),
            "period_type": rows["period_type"].tolist(),
            "period_end": rows["end"].dt.strftime("%Y-%m-%d").tolist(),
            "fiscal_year": [None if pd.isna(year) else f"{year:.0f}" for year in rows["fiscal_year"]],
            "filed_date": rows["filed"].dt.strftime("%Y-%m-%d").tolist(),
            "value": [repr(value) for value in rows["val"].tolist()],
            "available_at": available_at(rows["filed"]),
        }
    )


def _facts(name: str, content: bytes) -> dict[str, Any]:
    """Facts by taxonomy and tag of the company that `name` says."""
    refuse_other_than(content, EXPECTED, (b"{",))
    found = read_json(content, EXPECTED)
    if not isinstance(found, dict) or not isinstance(found.get("facts"), dict):
        raise SourceError(f"expected {EXPECTED}, found other keys: {first_bytes(content)}.")
    came = company_id(found.get("cik"))
    if came != name.removesuffix(".json"):
        raise SourceError(f"expected the facts of {name.removesuffix('.json')}, those of {came} came.")
    for taxonomy in ("us-gaap", "ifrs-full"):
        tags = found["facts"].get(taxonomy, {})
        if not isinstance(tags, dict):
            raise SourceError(f"expected tags under {taxonomy}, found {type(tags).__name__}: {first_bytes(content)}.")
    taxonomies: dict[str, Any] = found["facts"]
    return taxonomies


def _unread(taxonomies: dict[str, Any], read: set[str]) -> "pd.DataFrame":
    """One row per period end of filings of which nothing was read (`read`: accession numbers of the others): columns
    of `TELLING`, concept, val (number of figures in a currency), fiscal_year."""
    import pandas as pd

    records = [
        {**fact, "concept": concept}
        for taxonomy, concept in UNREAD.items()
        for tag, told in taxonomies.get(taxonomy, {}).items()
        if taxonomy == "ifrs-full" or tag in UNITS
        for unit in _units(tag, told)
        if CURRENCY.fullmatch(unit) and (taxonomy, unit) != ("us-gaap", "USD")
        for fact in _told(tag, told, unit)
    ]
    facts = pd.DataFrame(records, columns=["concept", "end", "accn", "filed"])
    _refuse_other_than_text(facts["accn"])
    facts = facts[~facts["accn"].isin(read)].reset_index(drop=True)
    for name in ("end", "filed"):
        facts[name] = _dates(facts[name], name, may_be_missing=False)
    filings = facts[facts["end"] <= facts["filed"]].groupby("accn", as_index=False)
    rows = filings.agg(concept=("concept", "min"), end=("end", "max"), filed=("filed", "max"), val=("end", "size"))
    rows = rows.sort_values(["filed", "accn"]).drop_duplicates(["concept", "end"])
    return rows.assign(period_type="I", val=rows["val"].astype("float64"), fiscal_year=float("nan"))


def _tidy(tags: dict[str, Any]) -> "pd.DataFrame":
    """Facts of the tags that are read, with period_type, fiscal_year and the number of their filing."""
    import pandas as pd

    records = [{**fact, "tag": tag} for tag in UNITS if tag in tags for fact in _told(tag, tags[tag], UNITS[tag])]
    names = ["tag", "start", "end", "val", "accn", "fy", "form", "filed"]
    facts = pd.DataFrame(records, columns=names)
    facts["val"] = _numbers(facts["val"])
    facts["fy"] = pd.to_numeric(facts["fy"], errors="coerce").astype("float64")
    for name in ("start", "end", "filed"):
        facts[name] = _dates(facts[name], name, may_be_missing=name == "start")
    _refuse_other_than_text(facts["accn"])
    _refuse_other_than_text(facts["form"])
    facts = facts[(facts["end"] <= facts["filed"]) & facts["val"].notna()].reset_index(drop=True)
    return facts if facts.empty else _with_periods(facts)


def _units(tag: str, told: Any) -> dict[str, list[Any]]:
    """Facts of one tag by unit."""
    units = told.get("units") if isinstance(told, dict) else None
    if not isinstance(units, dict) or not all(isinstance(facts, list) for facts in units.values()):
        raise SourceError(f"expected lists of facts by unit under {tag}, found {str(told)[:80]}. The shape changed.")
    return units


def _told(tag: str, told: Any, unit: str) -> list[dict[str, Any]]:
    """Facts of one tag in one unit."""
    facts: list[dict[str, Any]] = _units(tag, told).get(unit, [])
    if not all(isinstance(fact, dict) for fact in facts):
        raise SourceError(f"expected objects under {tag}, found {str(facts)[:80]}. The shape changed.")
    return facts


def _refuse_other_than_text(values: "pd.Series[Any]") -> None:
    if not values.map(lambda value: isinstance(value, str)).all():
        raise SourceError(
            f"expected a text in field {values.name} of every fact, found other values. The shape changed."
        )


def _numbers(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Numbers as double; a fact without a value (nil) is missing."""
    import numpy as np

    bad = values[values.map(lambda value: isinstance(value, bool | list | dict))]
    try:
        numbers = values.where(~values.index.isin(bad.index)).astype("float64")
    except ValueError as error:
        raise SourceError(f"expected numbers in field val, found others ({str(error)[:80]}).") from error
    bad = bad if len(bad) else values[values.notna() & ~np.isfinite(numbers)]
    if len(bad):
        raise SourceError(f"expected numbers in field val, found {str(bad.iloc[0])[:40]!r}. The shape changed.")
    return numbers


def _dates(values: "pd.Series[Any]", name: str, may_be_missing: bool) -> "pd.Series[Any]":
    import pandas as pd

    given = values.astype("string") if values.notna().any() else pd.Series(pd.NA, index=values.index, dtype="string")
    dates = pd.to_datetime(given, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    bad = dates.isna() & (given.notna() | (not may_be_missing))
    if bad.any():
        raise SourceError(f"expected dates YYYY-MM-DD in field {name}, found {str(values[bad].iloc[0])[:40]!r}.")
    return dates


def _with_periods(facts: "pd.DataFrame") -> "pd.DataFrame":
    """Columns period_type and fiscal_year; facts of other lengths than quarters make are left out."""
    import numpy as np
    import pandas as pd

    days = (facts["end"] - facts["start"]).dt.days + 1
    months = pd.Series(0.0, index=facts.index).mask(facts["start"].notna(), np.nan)
    for length, (least, most) in LENGTHS.items():
        months = months.mask(days.between(least, most), length)
    facts = facts.assign(months=months).dropna(subset="months")
    durations = facts[facts["months"] > 0]
    last = durations.groupby("accn")["end"].max().rename("report_end").reset_index()
    facts = facts.merge(last, on="accn")
    # Twelve months in a 10-Q are a utility's trailing year; what the filing reports on is the longest part of a year.
    is_quarterly = facts["form"].str.startswith("10-Q")
    of_report = facts[(facts["end"] == facts["report_end"]) & ~((facts["months"] == 12) & is_quarterly)]
    of_report = of_report[of_report["months"] > 0]
    facts = facts.merge(of_report.groupby("accn")["months"].max().rename("report_months").reset_index(), on="accn")
    report_quarter = (facts["report_months"] / 3).where(~facts["form"].str.startswith(ANNUAL_FORMS), 4)
    quarters_back = ((facts["report_end"] - facts["end"]).dt.days / DAYS_OF_QUARTER).round()
    quarter = (report_quarter - 1 - quarters_back) % 4 + 1
    three = "Q" + quarter.astype("Int64").astype("string")
    kinds = [
        (facts["months"] == 0, "I"),
        (facts["months"] == 3, three),
        ((facts["months"] == 6) & (quarter == 2), "H1"),
        ((facts["months"] == 6) & (quarter == 4), "H2"),
        ((facts["months"] == 9) & (quarter == 3), "9M"),
        ((facts["months"] == 12) & (quarter == 4), "FY"),
        (facts["months"] == 12, "TTM"),
    ]
    period_type = pd.Series(pd.NA, index=facts.index, dtype="string")
    for mask, kind in reversed(kinds):
        period_type = period_type.mask(mask, kind)
    years_back = ((quarters_back - report_quarter + 4) // 4).clip(lower=0)
    fiscal_year = (facts["fy"] - years_back).where(lambda year: year.between(1980, 2100))
    return facts.assign(period_type=period_type, fiscal_year=fiscal_year).dropna(subset="period_type")


def _by_tag(facts: "pd.DataFrame") -> "pd.DataFrame":
    """One row per period and filing, one column per tag that is read, missing where the filing lacks it."""
    first = facts.drop_duplicates([*TELLING, "tag"])
    return first.set_index([*TELLING, "tag"])["val"].unstack("tag").reindex(columns=list(UNITS))


def _values(by_tag: "pd.DataFrame", concept: Concept) -> "pd.DataFrame":
    """Values of one concept where a filing has it: columns of `TELLING`, concept, val."""
    import pandas as pd

    def first(tags: Sequence[str]) -> "pd.Series[float]":
        return by_tag[list(tags)].bfill(axis="columns").iloc[:, 0]

    def total(terms: Sequence[Term]) -> "pd.Series[float]":
        parts = [first(term.tags).mul(term.sign) for term in terms]
        return reduce(
            add, (part if term.is_required else part.fillna(0) for term, part in zip(terms, parts, strict=True))
        )

    values = (
        pd.concat([total(terms) for terms in concept.alternatives], axis="columns").bfill(axis="columns").iloc[:, 0]
    )
    if concept.only_beside:
        values = values.where(by_tag[concept.only_beside].notna())
    if concept.zero_beside:
        filed = pd.Series(by_tag.index.get_level_values("filed"), index=by_tag.index)
        told_since = filed.where(values.notna()).groupby(level=["period_type", "end"]).transform("min")
        is_silent = by_tag[concept.zero_beside].notna() & ~(told_since <= filed)
        values = values.mask(values.isna() & is_silent, 0.0)
    return values.dropna().rename("val").reset_index().assign(concept=concept.name)


def _vintages(values: "pd.DataFrame") -> "pd.DataFrame":
    """Tellings in the order of filing, without those that repeat the value before; one per day filed."""
    period = ["concept", "period_type", "end"]
    rows = values.sort_values([*period, "filed", "accn"], kind="stable")
    rows = rows.drop_duplicates([*period, "filed"], keep="last")
    before = rows.groupby(period)["val"].shift()
    return rows[before.isna() | (rows["val"] != before)].reset_index(drop=True)
