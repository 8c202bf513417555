"""What the brief says about a day, as data: every number with its unit, its date and the source mode.

Belongs here: queries on the published marts and the words for their results.
Does not belong here: layout (`render`).
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.errors import SmallcapError
from dagster_project.warehouse.connection import open_reader

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


@dataclass(frozen=True)
class Table:
    """A table for people: `rows` hold text, the first column is left-aligned."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Brief:
    """The brief of one day. `numbers` are the figures behind the sentences, for scripts."""

    as_of: date
    build: dict[str, Any]
    headline: str
    findings: tuple[str, ...]
    tables: tuple[Table, ...]
    warnings: tuple[str, ...]
    numbers: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_brief(database: Path, as_of: str = "latest") -> Brief:
    """Read the brief of a day from a published database.

    Args:
        as_of: ISO date, or `latest`; a day without a session means the last session before it.

    Raises:
        SmallcapError: the date is none, or lies outside the data; the message gives the range.
    """
    with open_reader(database) as reader:
        day = _session(reader, as_of)
        build = _record(reader, "select * from meta.build")
        pairs = _records(
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
        horizons = _records(reader, "select * from marts.relative_performance_horizons where session_date = ?", day)
        warnings = _warnings(reader)
    if not pairs or not pairs[0]["is_headline"]:
        raise SmallcapError(f"The headline pair has no row on {day}; see the checks in meta.checks.")
    returns = {(row["pair_id"], row["return_basis"], row["horizon"]): row for row in horizons}
    head = pairs[0]
    return Brief(
        as_of=day,
        build=build,
        headline=_headline(head, returns),
        findings=tuple(_findings(head, returns)),
        tables=(_horizon_table(head, returns), _pair_table(pairs, returns)),
        warnings=tuple(warnings),
        numbers=[row for row in horizons if row["pair_id"] == head["pair_id"]] + [head],
    )


def _session(reader: "duckdb.DuckDBPyConnection", as_of: str) -> date:
    [(first, last)] = reader.execute(
        "select min(session_date), max(session_date) from marts.relative_performance inner join marts.dim_pair "
        "using (pair_id) where is_headline"
    ).fetchall()
    if last is None:
        raise SmallcapError("The published build has no prices of the headline pair, so there is nothing to brief on.")
    if as_of == "latest":
        return last  # type: ignore[no-any-return]
    try:
        asked = date.fromisoformat(as_of)
    except ValueError as error:
        raise SmallcapError(f"--as-of {as_of!r} is not a date; expected YYYY-MM-DD or latest.") from error
    if not first <= asked <= last:
        raise SmallcapError(f"--as-of {asked} lies outside the data, which runs from {first} to {last}.")
    [(day,)] = reader.execute(
        "select max(session_date) from marts.relative_performance inner join marts.dim_pair using (pair_id) "
        "where is_headline and session_date <= ?", [asked]
    ).fetchall()  # fmt: skip
    return day  # type: ignore[no-any-return]


def _headline(head: dict[str, Any], returns: dict[tuple[str, str, str], dict[str, Any]]) -> str:
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
        f"{verdict}: {head['small_name']} {_pct(year['small_return_pct'])} against {head['large_name']} "
        f"{_pct(year['large_return_pct'])} in the year to {head['session_date']}, a gap of {_pp(gap)} "
        f"({_rank(head)})."
    )


def _rank(head: dict[str, Any]) -> str:
    """Where the year stands among those compared: a rank, with the percentile only from 20 years on."""
    rank, compared = head["ytd_gap_rank_from_worst"], head["years_compared"]
    if not compared:
        return "no earlier year to compare with"
    words = f"{'' if rank == 1 else _ordinal(rank) + ' '}worst of {compared + 1} years at this session of the year"
    if compared >= YEARS_FOR_PERCENTILE:
        words += f", percentile {head['ytd_gap_percentile']:.0f}"
    return words


def _findings(head: dict[str, Any], returns: dict[tuple[str, str, str], dict[str, Any]]) -> list[str]:
    found = []
    since = returns.get((head["pair_id"], head["return_basis"], "SINCE_ELECTION"))
    if since:
        found.append(
            f"Since the election ({since['base_session_date']}): {head['small_symbol']} "
            f"{_pct(since['small_return_pct'])}, {head['large_symbol']} {_pct(since['large_return_pct'])}; "
            f"relative {_pct(since['relative_pct'])}."
        )
    if head["ratio_drawdown_252d_pct"] is not None:
        found.append(
            f"The ratio small / large stands {_pct(head['ratio_drawdown_252d_pct'])} from its high of 252 sessions and "
            f"{_pct(head['ratio_drawdown_all_pct'])} from its high in the data."
        )
    if head["beta_252d"] is not None:
        found.append(
            f"Beta of {head['small_symbol']} on {head['large_symbol']}: {head['beta_252d']:.2f} over 252 sessions, "
            f"{head['beta_63d']:.2f} over 63 (correlation {head['corr_252d']:.2f} and {head['corr_63d']:.2f})."
        )
    return found


def _horizon_table(head: dict[str, Any], returns: dict[tuple[str, str, str], dict[str, Any]]) -> Table:
    rows = []
    for horizon, words in HORIZON_WORDS.items():
        row = returns.get((head["pair_id"], head["return_basis"], horizon))
        if row:
            rows.append(
                (words, str(row["base_session_date"]), _pct(row["small_return_pct"]), _pct(row["large_return_pct"]),
                 _pp(row["gap_pp"]), _pct(row["relative_pct"]))
            )  # fmt: skip
    return Table(
        f"{head['small_name']} against {head['large_name']}, {head['return_basis']} return to {head['session_date']}",
        ("horizon", "from the close of", head["small_symbol"], head["large_symbol"], "gap", "relative"),
        tuple(rows),
    )


def _pair_table(pairs: list[dict[str, Any]], returns: dict[tuple[str, str, str], dict[str, Any]]) -> Table:
    rows = []
    for pair in pairs:
        key = (pair["pair_id"], pair["return_basis"])
        year, quarter = returns.get((*key, "YTD")), returns.get((*key, "3M"))
        compared = pair["years_compared"]
        rank = f"{pair['ytd_gap_rank_from_worst']} of {compared + 1}" if year and compared else "-"
        rows.append(
            (f"{pair['small_symbol']} / {pair['large_symbol']}", pair["return_basis"],
             _pct(year["small_return_pct"]) if year else "-", _pct(year["large_return_pct"]) if year else "-",
             _pp(year["gap_pp"]) if year else "-", rank, _pp(quarter["gap_pp"]) if quarter else "-")
        )  # fmt: skip
    return Table(
        f"Every pair, year to {pairs[0]['session_date']}",
        ("pair", "basis", "small", "large", "gap", "rank from worst", "gap, 3 months"),
        tuple(rows),
        "Price and total return are never mixed; an index without a total-return series has price rows only.",
    )


def _warnings(reader: "duckdb.DuckDBPyConnection") -> list[str]:
    found = [
        f"{domain}: {'a delivery was refused, ' if status == 'refused' else ''}"
        + (f"data through {through}, {late} sessions behind {expected}" if through else "no data")
        for domain, through, expected, late, status in reader.execute(
            "select domain, data_through, expected_through, stale_sessions, status from meta.freshness "
            "where status in ('stale', 'missing', 'refused')"
        ).fetchall()
    ]
    found += [
        f"check {check_id} on {asset}: {message or str(rows) + ' rows'}"
        for check_id, asset, rows, message in reader.execute(
            "select check_id, asset, failed_rows, message from meta.checks where not passed "
            "and not check_id like '%\\_\\_has\\_rows' escape '\\' order by severity, asset, check_id"
        ).fetchall()
    ]
    return found


def _records(reader: "duckdb.DuckDBPyConnection", query: str, *parameters: object) -> list[dict[str, Any]]:
    cursor = reader.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _record(reader: "duckdb.DuckDBPyConnection", query: str) -> dict[str, Any]:
    [record] = _records(reader, query)
    return record


def _pct(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f} %"


def _pp(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f} pp"


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
