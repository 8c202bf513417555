"""Every pair and basis for the charts that a reader can turn: levels, ranges, and the words of each choice.

Belongs here: daily levels of the last three years and week-ends before, the ranges with their returns, the place of the
year among the others.
Does not belong here: the charts themselves (`charts.rebased`, `charts.ytd_gap_years`).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from dagster_project.brief.model import Record
from dagster_project.charts import rebased, ytd_gap_years
from dagster_project.charts.model import Chart
from dagster_project.dashboard.ask import Answer, Day
from dagster_project.errors import SmallcapError

DAILY_YEARS = 3
RANGES = {
    "SINCE_ELECTION": "since the election",
    "YTD": "year to date",
    "3M": "3 months",
    "6M": "6 months",
    "12M": "12 months",
    "3Y": "3 years",
    "ALL": "all data",
}
"""Ranges of the page; the last two have no row in mart relative_performance_horizons."""

RETURNS = """
    with last_days as (
        select pair_id, return_basis, max(session_date) as session_date, min(session_date) as first_day
        from marts.relative_performance
        where session_date <= {day}
        group by pair_id, return_basis
    ),

    long_bases as (
        select last_days.pair_id, last_days.return_basis, '3Y' as horizon, last_days.session_date,
            max(performance.session_date) as base_session_date
        from last_days
        inner join marts.relative_performance as performance
            on last_days.pair_id = performance.pair_id and last_days.return_basis = performance.return_basis
            and performance.session_date <= last_days.session_date - interval {years} year
        group by all
        union all
        select pair_id, return_basis, 'ALL' as horizon, session_date, first_day from last_days
    ),

    long_returns as (
        select bases.pair_id, bases.return_basis, bases.session_date, bases.horizon, bases.base_session_date,
            100 * (today.small_level / base.small_level - 1) as small_return_pct,
            100 * (today.large_level / base.large_level - 1) as large_return_pct,
            100 * (today.ratio / base.ratio - 1) as relative_pct
        from long_bases as bases
        inner join marts.relative_performance as base
            on bases.pair_id = base.pair_id and bases.return_basis = base.return_basis
            and bases.base_session_date = base.session_date
        inner join marts.relative_performance as today
            on bases.pair_id = today.pair_id and bases.return_basis = today.return_basis
            and bases.session_date = today.session_date
    )

    select horizons.pair_id, horizons.return_basis, horizons.session_date, horizons.horizon,
        horizons.base_session_date, horizons.small_return_pct, horizons.large_return_pct, horizons.relative_pct
    from marts.relative_performance_horizons as horizons
    inner join last_days
        on horizons.pair_id = last_days.pair_id and horizons.return_basis = last_days.return_basis
        and horizons.session_date = last_days.session_date
    where horizons.horizon in ('SINCE_ELECTION', 'YTD', '3M', '6M', '12M')
    union all by name
    select * from long_returns where session_date > base_session_date
    order by pair_id, return_basis, horizon
"""
TODAY = """
    select performance.pair_id, performance.return_basis, performance.session_date, performance.ytd_gap_pp,
        performance.ytd_gap_rank_from_worst, performance.years_compared, performance.ytd_gap_percentile,
        calendar.session_number_of_year, performance.small_symbol,
        performance.large_symbol, small.name as small_name, large.name as large_name, pair.is_headline
    from marts.relative_performance as performance
    inner join marts.dim_calendar as calendar on performance.session_date = calendar.session_date
    inner join marts.dim_pair as pair on performance.pair_id = pair.pair_id
    inner join marts.dim_security as small on performance.small_symbol = small.symbol
    inner join marts.dim_security as large on performance.large_symbol = large.symbol
    where performance.session_date <= {day}
    qualify performance.session_date = max(performance.session_date) over (
        partition by performance.pair_id, performance.return_basis
    )
    order by pair.is_headline desc, performance.pair_id, performance.return_basis
"""
LEVELS = """
    with known as (
        select performance.pair_id, performance.return_basis, performance.session_date, performance.small_level,
            performance.large_level, performance.ytd_gap_pp, calendar.session_number_of_year,
            last_value(calendar.session_number_of_year) over whole as last_session_number,
            row_number() over whole as row_from_first,
            row_number() over (
                partition by performance.pair_id, performance.return_basis,
                    calendar.calendar_year, date_trunc('week', performance.session_date)
                order by performance.session_date desc
            ) as row_from_end_of_week
        from marts.relative_performance as performance
        inner join marts.dim_calendar as calendar on performance.session_date = calendar.session_date
        where performance.session_date <= {day}
        window whole as (
            partition by performance.pair_id, performance.return_basis order by performance.session_date
            rows between unbounded preceding and unbounded following
        )
    )

    select pair_id, return_basis, session_date as date, small_level as small, large_level as large,
        ytd_gap_pp as gap, session_number_of_year as session
    from known
    where session_date >= {day} - interval {years} year or row_from_end_of_week = 1 or row_from_first = 1
        or session_number_of_year = last_session_number or list_contains({bases}, session_date)
    order by pair_id, return_basis, session_date
"""


@dataclass
class Choice:
    """A pair on a basis: its rows, its last day, its ranges."""

    today: Record
    levels: list[Record] = field(default_factory=list)
    returns: dict[str, Record] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.today['pair_id']}|{self.today['return_basis']}"

    @property
    def names(self) -> tuple[str, str]:
        return self.today["small_name"], self.today["large_name"]

    @property
    def default_range(self) -> str:
        """The range that a page opens with: the first there is."""
        return next(iter(self.returns), "ALL")

    def rebased(self, chosen: str) -> Chart:
        """Both sides rebased to the start of a range."""
        returns = self.returns.get(chosen)
        levels = [row for row in self.levels if returns is None or row["date"] >= returns["base_session_date"]]
        return rebased.chart(levels, returns, self.names, self.today["return_basis"], RANGES[chosen])

    def ytd_gap_years(self) -> Chart:
        """The year-to-date gap of every year."""
        return ytd_gap_years.chart(self.levels, self.today, self.names, self.today["return_basis"])


@dataclass(frozen=True)
class Choices:
    """Every pair and basis that had a row by the day; the headline first."""

    by_key: dict[str, Choice]
    levels: Answer
    returns: Answer
    today: Answer

    def choice(self, pair_id: str | None = None, basis: str | None = None) -> Choice:
        """A pair on a basis; by default the headline and its first basis.

        Raises:
            SmallcapError: there is no such pair or basis on the day; the message lists what there is.
        """
        for choice in self.by_key.values():
            if pair_id in (None, choice.today["pair_id"]) and basis in (None, choice.today["return_basis"]):
                return choice
        raise SmallcapError(
            f"No pair {pair_id or 'of the headline'} on basis {basis or 'price'} on this day; there are: "
            f"{', '.join(key.replace('|', ' ') for key in self.by_key)}."
        )


def read_choices(day: Day) -> Choices:
    """Everything the charts of pairs need, in three questions."""
    today = day.ask(TODAY)
    returns = day.ask(RETURNS, years=DAILY_YEARS)
    bases: list[date] = sorted({row["base_session_date"] for row in returns.rows})
    levels = day.ask(LEVELS, years=DAILY_YEARS, bases=bases)
    found = {choice.key: choice for choice in (Choice(row) for row in today.rows)}
    for row in levels.rows:
        found[f"{row['pair_id']}|{row['return_basis']}"].levels.append(row)
    by_range: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in returns.rows:
        by_range[f"{row['pair_id']}|{row['return_basis']}"][row["horizon"]] = row
    for key, rows in by_range.items():
        found[key].returns = {name: rows[name] for name in RANGES if name in rows}
    return Choices(found, levels, returns, today)
