"""Valuation and leverage in the brief: the last pair of baskets that was known on the day.

Belongs here: queries on the valuation and leverage marts and the words for their results. A basket is
called what it is, and one past its validity says so instead of giving old numbers as new ones.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, number, pct, records, sentence

if TYPE_CHECKING:
    import duckdb

TITLE = "Valuation and leverage"
METHODS: dict[str, str] = {
    "incl_losses": "losses included",
    "excl_losses": "loss-makers left out",
    "zero_losses": "losses counted as zero",
    "harmonic_excl_losses_cap60": "harmonic, cap 60",
}
MEASURES = {
    "debt_to_assets": "debt to assets",
    "net_debt_to_ebitda": "net debt to EBITDA",
    "ebit_to_interest": "EBIT to interest",
    "share_interest_not_covered": "interest not covered by EBIT, % of companies",
}


def valuation(reader: "duckdb.DuckDBPyConnection", day: date) -> Section:
    """The section on valuation: small against large baskets of the same day."""
    prices = records(
        reader,
        """
        with known as (
            select relative.*, small.coverage_pct as small_coverage_pct, large.coverage_pct as large_coverage_pct,
                small.loss_makers_pct as small_loss_makers_pct, large.loss_makers_pct as large_loss_makers_pct
            from marts.relative_valuation as relative
            inner join marts.valuation as small
                on relative.small_basket = small.basket and relative.as_of_date = small.as_of_date
                and relative.measure = small.measure and relative.method = small.method
            inner join marts.valuation as large
                on relative.large_basket = large.basket and relative.as_of_date = large.as_of_date
                and relative.measure = large.measure and relative.method = large.method
            where relative.measure = 'pe_ttm' and cast(relative.available_at_utc as date) <= ?
        )
        select * from known where as_of_date = (select max(as_of_date) from known)
        order by small_basket, list_position(?, method)
        """,
        day, list(METHODS),
    )  # fmt: skip
    if not prices:
        none = "no pair of baskets with fundamentals was known"
        return Section(TITLE, (sentence(f"{none} on {day}"),), stale=none)
    first = prices[0]
    if first["valid_through"] < day:
        stale = f"the last baskets known are of {first['as_of_date']} and were valid through {first['valid_through']}"
        return Section(TITLE, (f"Undecidable on {day}: {stale}.",), numbers=tuple(prices), stale=stale)
    debts = records(
        reader,
        """
        select small.measure, small.aggregate_value as small_aggregate, large.aggregate_value as large_aggregate,
            small.median_value as small_median, large.median_value as large_median
        from marts.leverage as small
        inner join marts.leverage as large on small.as_of_date = large.as_of_date and small.measure = large.measure
        where small.as_of_date = ? and small.basket = ? and large.basket = ?
        """,
        first["as_of_date"],
        first["small_basket"],
        first["large_basket"],
    )
    return Section(TITLE, (_sentence(prices),), (_prices(prices), _debts(first, debts)), (*prices, *debts))


def _sentence(prices: list[Record]) -> str:
    by_method = {row["method"]: row for row in prices}
    including, excluding = by_method["incl_losses"], by_method["excl_losses"]
    ratio_in, ratio_ex = including["ratio"], excluding["ratio"]
    told = f"Baskets of {including['as_of_date']}: "
    if ratio_in is None or ratio_ex is None:
        return told + "no price to earnings ratio on both sides; earnings yields stand in the table."
    words = ("dearer" if ratio_in > 1 else "cheaper", "dearer" if ratio_ex > 1 else "cheaper")
    told += (
        f"small caps cost {_times(including['small_value'])} trailing earnings against "
        f"{_times(including['large_value'])} for large caps with losses included ({words[0]}), and "
        f"{_times(excluding['small_value'])} against {_times(excluding['large_value'])} without loss-makers "
        f"({words[1]})"
    )
    return told + (": the definition decides." if words[0] != words[1] else ".")


def _prices(prices: list[Record]) -> Table:
    first = prices[0]
    return Table(
        f"Price to trailing earnings of {first['small_basket']} and {first['large_basket']}, {first['as_of_date']}",
        ("method", "small", "large", "ratio", "relative yield", "small covered", "large covered"),
        tuple(
            (METHODS[row["method"]], _times(row["small_value"]), _times(row["large_value"]),
             number(row["ratio"]), number(row["relative_earnings_yield"]),
             pct(row["small_coverage_pct"], signed=False), pct(row["large_coverage_pct"], signed=False))
            for row in prices
        ),
        f"Relative yield: earnings yield of small over large. Valid through {first['valid_through']}. Earlier dates to "
        f"compare with: {first['comparable_dates']}; a percentile needs 20.",
    )  # fmt: skip


def _debts(first: Record, debts: list[Record]) -> Table:
    by_measure = {row["measure"]: row for row in debts}
    return Table(
        f"Leverage without financials, {first['as_of_date']}",
        ("measure", "small, sums", "large, sums", "small, median", "large, median"),
        tuple(
            (words, *(number(by_measure[measure][name]) for name in
             ("small_aggregate", "large_aggregate", "small_median", "large_median")))
            for measure, words in MEASURES.items() if measure in by_measure
        ),
        "Sums: ratio of sums. It and the median can disagree; both stand here.",
    )  # fmt: skip


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}x"
