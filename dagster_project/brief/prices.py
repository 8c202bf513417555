"""Relative performance in the brief: where the headline pair stands, and every other pair.

Belongs here: queries on the price marts and the words for their results.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, ordinal, pct, pp, records
from dagster_project.errors import SmallcapError

if TYPE_CHECKING:
    import duckdb

YEARS_FOR_PERCENTILE = 20
"""Below this many years compared, people are shown the rank and never a percentile (methodology 1)."""
LEFT_BEHIND_GAP_PP = -5.0
LEFT_BEHIND_WORST_SHARE = 0.25
"""Claim 1 of the ledger (methodology 8): a gap of 5 points or more, in the worst quarter of the years."""
HORIZON_WORDS = {
    "1D": "1 day", "1W": "1 week", "1M": "1 month", "3M": "3 months", "6M": "6 months", "12M": "12 months",
    "MTD": "month to date", "QTD": "quarter to date", "YTD": "year to date",
    "SINCE_ELECTION": "since the election",
}  # fmt: skip


Returns = dict[tuple[str, str, str], Record]


def performance(reader: "duckdb.DuckDBPyConnection", day: date) -> tuple[str, Section]:
    """The headline sentence and the section on prices.

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
    horizons = records(reader, "select * from marts.relative_performance_horizons where session_date = ?", day)
    if not pairs or not pairs[0]["is_headline"]:
        raise SmallcapError(f"The headline pair has no row on {day}; see the checks in meta.checks.")
    returns = {(row["pair_id"], row["return_basis"], row["horizon"]): row for row in horizons}
    head = pairs[0]
    absent = records(
        reader,
        "select distinct pair_id from marts.dim_pair where not list_contains(?, pair_id) order by 1",
        [pair["pair_id"] for pair in pairs],
    )
    section = Section(
        "Relative performance",
        tuple(_findings(head, returns)),
        (_horizon_table(head, returns), _pair_table(pairs, returns, [row["pair_id"] for row in absent])),
        (*(row for row in horizons if row["pair_id"] == head["pair_id"]), head),
    )
    return _headline(head, returns), section


def _headline(head: Record, returns: Returns) -> str:
    year = returns.get((head["pair_id"], head["return_basis"], "YTD"))
    if year is None or head["ytd_gap_pp"] is None:
        return f"No year-to-date comparison on {head['session_date']}: the year before is not in the data."
    gap, rank, years = head["ytd_gap_pp"], head["ytd_gap_rank_from_worst"], head["years_compared"] + 1
    if gap <= LEFT_BEHIND_GAP_PP and rank / years <= LEFT_BEHIND_WORST_SHARE:
        verdict = "Small caps are being left behind"
    elif gap < 0:
        verdict = "Small caps trail large caps"
    else:
        verdict = "Small caps lead large caps"
    return (
        f"{verdict}: {head['small_name']} {pct(year['small_return_pct'])} against {head['large_name']} "
        f"{pct(year['large_return_pct'])} in the year to {head['session_date']}, a gap of {pp(gap)} "
        f"({_rank(head)})."
    )


def _rank(head: Record) -> str:
    """Where the year stands among those compared: a rank, with the percentile only from 20 years on."""
    rank, compared = head["ytd_gap_rank_from_worst"], head["years_compared"]
    if not compared:
        return "no earlier year to compare with"
    words = f"{'' if rank == 1 else ordinal(rank) + ' '}worst of {compared + 1} years at this session of the year"
    if compared >= YEARS_FOR_PERCENTILE:
        words += f", percentile {head['ytd_gap_percentile']:.0f}"
    return words


def _findings(head: Record, returns: Returns) -> list[str]:
    found = []
    since = returns.get((head["pair_id"], head["return_basis"], "SINCE_ELECTION"))
    if since:
        found.append(
            f"Since the election ({since['base_session_date']}): {head['small_symbol']} "
            f"{pct(since['small_return_pct'])}, {head['large_symbol']} {pct(since['large_return_pct'])}; "
            f"relative {pct(since['relative_pct'])}."
        )
    if head["ratio_drawdown_252d_pct"] is not None:
        found.append(
            f"The ratio small / large stands {pct(head['ratio_drawdown_252d_pct'])} from its high of 252 sessions and "
            f"{pct(head['ratio_drawdown_all_pct'])} from its high in the data."
        )
    if head["beta_252d"] is not None:
        found.append(
            f"Beta of {head['small_symbol']} on {head['large_symbol']}: {head['beta_252d']:.2f} over 252 sessions, "
            f"{head['beta_63d']:.2f} over 63 (correlation {head['corr_252d']:.2f} and {head['corr_63d']:.2f})."
        )
    return found


def _horizon_table(head: Record, returns: Returns) -> Table:
    rows = []
    for horizon, words in HORIZON_WORDS.items():
        row = returns.get((head["pair_id"], head["return_basis"], horizon))
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


def _pair_table(pairs: list[Record], returns: Returns, absent: list[str]) -> Table:
    rows = []
    for pair in pairs:
        key = (pair["pair_id"], pair["return_basis"])
        year, quarter = returns.get((*key, "YTD")), returns.get((*key, "3M"))
        compared = pair["years_compared"]
        rank = f"{pair['ytd_gap_rank_from_worst']} of {compared + 1}" if year and compared else "-"
        rows.append(
            (f"{pair['small_symbol']} / {pair['large_symbol']}", pair["return_basis"],
             pct(year["small_return_pct"]) if year else "-", pct(year["large_return_pct"]) if year else "-",
             pp(year["gap_pp"]) if year else "-", rank, pp(quarter["gap_pp"]) if quarter else "-")
        )  # fmt: skip
    return Table(
        f"Every pair, year to {pairs[0]['session_date']}",
        ("pair", "basis", "small", "large", "gap", "rank from worst", "gap, 3 months"),
        tuple(rows),
        "Price and total return are never mixed; an index without a total-return series has price rows only."
        + (f" Without a common session on this day: {', '.join(absent)}." if absent else ""),
    )
