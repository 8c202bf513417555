"""Relative performance in the brief: where the headline pair stands, and every other pair.

Belongs here: queries on the price marts and the words for their results.
Does not belong here: whether small caps are left behind, which the ledger decides (`claims`).
"""

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from dagster_project.brief.claims import SUPPORTED, UNDECIDABLE, Convention
from dagster_project.brief.model import Record, Section, Table, number, ordinal, pct, pp, records
from dagster_project.errors import SmallcapError

if TYPE_CHECKING:
    import duckdb

YEARS_FOR_PERCENTILE = 20
"""Below this many years compared, people are shown the rank and never a percentile (methodology 1)."""
HORIZON_WORDS = {
    "1D": "1 day", "1W": "1 week", "1M": "1 month", "3M": "3 months", "6M": "6 months", "12M": "12 months",
    "MTD": "month to date", "QTD": "quarter to date", "YTD": "year to date",
    "SINCE_ELECTION": "since the election",
}  # fmt: skip


@dataclass(frozen=True)
class Prices:
    """The price marts on one day: a row per pair and basis, the headline pair at its price first."""

    pairs: tuple[Record, ...]
    horizons: tuple[Record, ...]
    absent: tuple[str, ...]

    @property
    def head(self) -> Record:
        return self.pairs[0]

    @property
    def names(self) -> tuple[str, str]:
        """The small and the large side of the headline pair."""
        return self.head["small_name"], self.head["large_name"]

    def returns(self, pair: Record, horizon: str) -> Record | None:
        """Returns of a pair, on its basis, over a horizon; none when the base is not in the data."""
        key = (pair["pair_id"], pair["return_basis"], horizon)
        return next(
            (row for row in self.horizons if (row["pair_id"], row["return_basis"], row["horizon"]) == key), None
        )


def read_prices(reader: "duckdb.DuckDBPyConnection", day: date) -> Prices:
    """The rows of the day.

    Raises:
        SmallcapError: the headline pair has no row on that day.
    """
    pairs = records(
        reader,
        """
        select performance.*, pair.is_headline, small.name as small_name, large.name as large_name
        from marts.relative_performance as performance
        inner join marts.dim_pair as pair on performance.pair_id = pair.pair_id
        inner join marts.dim_security as small on performance.small_symbol = small.symbol
        inner join marts.dim_security as large on performance.large_symbol = large.symbol
        where performance.session_date = ?
        order by pair.is_headline desc, performance.pair_id, performance.return_basis
        """,
        day,
    )
    if not pairs or not pairs[0]["is_headline"]:
        raise SmallcapError(f"The headline pair has no row on {day}; see the checks in meta.checks.")
    horizons = records(reader, "select * from marts.relative_performance_horizons where session_date = ?", day)
    absent = records(
        reader,
        "select distinct pair_id from marts.dim_pair where not list_contains(?, pair_id) order by 1",
        [pair["pair_id"] for pair in pairs],
    )
    return Prices(tuple(pairs), tuple(horizons), tuple(row["pair_id"] for row in absent))


def headline(prices: Prices, left_behind: Convention) -> str:
    """Whether small caps are left behind, with the returns; `left_behind` is the ledger's claim 1 of the day."""
    head, year = prices.head, prices.returns(prices.head, "YTD")
    if year is None or head["ytd_gap_pp"] is None:
        return (
            f"No year-to-date comparison on {head['session_date']}, so whether small caps are left behind is "
            f"undecidable: {left_behind.reason}."
        )
    if left_behind.verdict == SUPPORTED:
        finding = "Small caps are being left behind"
    else:
        finding = "Small caps trail large caps" if head["ytd_gap_pp"] < 0 else "Small caps lead large caps"
    told = (
        f"{finding}: {head['small_name']} {pct(year['small_return_pct'])} against {head['large_name']} "
        f"{pct(year['large_return_pct'])} in the year to {head['session_date']}, a gap of {pp(head['ytd_gap_pp'])} "
        f"({rank_words(head)})."
    )
    if left_behind.verdict == UNDECIDABLE:
        told += f" Whether that is being left behind is undecidable: {left_behind.reason}."
    return told


def rank_words(head: Record) -> str:
    """Where the year stands among those compared: a rank, with the percentile only from 20 years on."""
    rank, compared = head["ytd_gap_rank_from_worst"], head["years_compared"]
    if not compared:
        return "no earlier year to compare with"
    words = f"{'' if rank == 1 else ordinal(rank) + ' '}worst of {compared + 1} years at this session of the year"
    if compared >= YEARS_FOR_PERCENTILE:
        words += f", percentile {head['ytd_gap_percentile']:.0f}"
    return words


def performance(prices: Prices) -> Section:
    """The section on prices."""
    head = prices.head
    findings = []
    if head["beta_252d"] is not None:
        findings.append(
            f"Beta of {head['small_symbol']} on {head['large_symbol']} on {head['session_date']}: "
            f"{number(head['beta_252d'])} over 252 sessions, {number(head['beta_63d'])} over 63 (correlation "
            f"{number(head['corr_252d'])} and {number(head['corr_63d'])})."
        )
    return Section(
        "Relative performance",
        tuple(findings),
        (_horizon_table(prices), _pair_table(prices)),
        (*(row for row in prices.horizons if row["pair_id"] == head["pair_id"]), head),
    )


def _horizon_table(prices: Prices) -> Table:
    head = prices.head
    rows = []
    for horizon, words in HORIZON_WORDS.items():
        row = prices.returns(head, horizon)
        if row:
            rows.append(
                (words, str(row["base_session_date"]), pct(row["small_return_pct"]), pct(row["large_return_pct"]),
                 pp(row["gap_pp"]), pct(row["relative_pct"]))
            )  # fmt: skip
    return Table(
        f"{head['small_name']} against {head['large_name']}, {head['return_basis']} return to {head['session_date']}",
        ("horizon", "from the close of", head["small_symbol"], head["large_symbol"], "gap", "relative"),
        tuple(rows),
    )


def _pair_table(prices: Prices) -> Table:
    rows = []
    for _, of_pair in groupby(prices.pairs, key=lambda pair: pair["pair_id"]):
        by_basis = {pair["return_basis"]: pair for pair in of_pair}
        price = by_basis["price"]
        year, quarter = prices.returns(price, "YTD"), prices.returns(price, "3M")
        total = prices.returns(by_basis["total"], "YTD") if "total" in by_basis else None
        compared = price["years_compared"]
        rank = f"{price['ytd_gap_rank_from_worst']} of {compared + 1}" if year and compared else "-"
        rows.append(
            (f"{price['small_symbol']} / {price['large_symbol']}",
             pct(year["small_return_pct"]) if year else "-", pct(year["large_return_pct"]) if year else "-",
             pp(year["gap_pp"]) if year else "-", rank, pp(total["gap_pp"]) if total else "-",
             pp(quarter["gap_pp"]) if quarter else "-")
        )  # fmt: skip
    return Table(
        f"Every pair, year to {prices.head['session_date']}",
        ("pair", "small", "large", "gap", "from worst", "with dividends", "3 months"),
        tuple(rows),
        "Gap of price returns, its rank from the worst among the years at this session; beside it the gap with "
        "dividends and that of 3 months."
        + (f" Without a common session on this day: {', '.join(prices.absent)}." if prices.absent else ""),
    )
