"""No look-ahead, as a property: whatever is done to the raw rows after a day, the marts up to that day stay.

Belongs here: a case (a day, and what is done to which raw tables after it), drawing cases at random, building a
warehouse of a case, and comparing its marts with those of the untouched one, cell by cell. What does not: running
many of them (`tests/soak`) and the cases that every test run looks at (`tests/integration`, `tests/golden`).

`python -m tests.look_ahead WAREHOUSE DIRECTORY` reads cases from DIRECTORY/cases.jsonl and prints their results in
JSON: dbt keeps settings and connections in its process, which therefore is one of its own (`results`).

What lies after the day D, by table and by the rule of the case:

- `day`: the time column of the contract lies after D. Bars, NAVs, settlements and rates of D itself are known.
- `availability`: the row became available after the end of D (UTC). Share counts, NAVs and the effective rate of D
  come out on the next session, so those of D are gone too: this finds what reads a number on the day it is stamped
  with, before it was published. For bars, settlements and yields both rules are the same.
- fund_holdings, company_facts, index_fundamentals and published_figures always go by availability: they are stamped
  with the end of a period, long before anybody could read them.
- fomc_meetings of an inbox are told ahead, as the meetings of the seed are: they are never taken away. What is decided
  at a later meeting, a later cancellation and a later unscheduled meeting are changed instead.
- index_membership and security_identifiers go by their time column: a spell that began later is not known.

Left alone: seeds (they are reviewed and told ahead), raw.split_events (a split rescales a whole history of split-
adjusted prices by definition) and later vintages of what was known by D in tables of which the latest vintage holds
(methodology, section 9: a warehouse known at an instant is rebuilt from the vintages of then). Vintages of
company_facts and index_fundamentals are read as they were known, so later ones are added.
"""

import json
import logging
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np

from dagster_project.contracts.availability import nyse_sessions
from dagster_project.contracts.model import Column, Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import NodeResult, invoke_dbt
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import open_warehouse
from tests.helpers import REPO, clean_environment
from tests.parsed_dbt import handed_to

Rule = Literal["day", "availability"]
Lag = Literal["never", "availability", "always"]

BY_AVAILABILITY = {"fund_holdings", "company_facts", "index_fundamentals", "published_figures"}
"""Tables that go by availability under both rules."""
READ_AS_KNOWN = {"company_facts", "index_fundamentals"}
"""Tables of which models read every vintage as of its day."""
YEAR_DAYS = 364
"""Whole weeks, so that sessions mostly stay sessions."""


# --- which rows of a mart were known up to a day

INDEX_PE = "(select topic from seeds.reconciliation_topics where computation = 'index_pe')"
"""Topics that compare with the workbook that holds now, printed years later: no row of them was known in its time."""


@dataclass(frozen=True)
class Known:
    """A part of a mart and the day by which its rows were known."""

    day: str | None
    """SQL of a date, null where no day can be told (such rows are not compared); None: at all times."""
    where: str = "true"
    lag: Lag = "never"
    """When a row was known only on the session after its day: never, under the rule `availability`, always."""
    left_out: tuple[str, ...] = ()
    """Columns that are not compared."""
    key: tuple[str, ...] = ()
    """Set where a later row takes the place of the one before: compared are rows that both sides have by this key."""
    untouched: frozenset[str] = frozenset()
    """Compared only when these raw tables are as they were."""


ALWAYS: None = None
MEETINGS = frozenset({"fomc_meetings"})
DAILY = ("daily_bars", "fund_nav_shares", "fed_funds_futures", "policy_rates", "treasury_yields")
LAG_CORRECTED = ("net_flow_lag_corrected_usd",)
PRICE_HISTORY = ("first_session_date", "last_session_date", "sessions_with_close")
PAIR_HISTORY = (
    "has_total_return", "first_common_session_date", "last_common_session_date", "common_sessions",
)  # fmt: skip

KNOWN: Mapping[str, tuple[Known, ...]] = {
    "breadth": (Known("session_date"),),
    # It looks ahead, and says so: the one mart that is left out as a whole.
    "claim_outcomes": (),
    "claims": (Known("as_of_date"),),
    # Counts of what is held: of a year, once it is over. Later vintages of old facts count in old years.
    "data_quality_coverage": (
        Known("make_date(calendar_year, 12, 31)", where=f"table_name in {DAILY}", lag="availability"),
    ),
    "data_quality_findings": (
        Known("known_on", where=f"check_id <> 'published_disagrees' or split_part(series, ', ', 1) not in {INDEX_PE}"),
    ),
    # The calendar reaches to the end of the year after the last row; what it says of a session never changes.
    "dim_calendar": (Known("session_date"),),
    "dim_check": (Known(ALWAYS),),
    "dim_claim": (Known(ALWAYS),),
    "dim_event": (
        Known("event_date"),
        Known(ALWAYS, left_out=("first_effect_session_date",), untouched=MEETINGS),
    ),
    "dim_measure": (Known(ALWAYS),),
    "dim_meeting": (
        Known("meeting_date"),
        Known(ALWAYS, left_out=("first_effect_session_date",), untouched=MEETINGS),
    ),
    # What a security is, is always known; how long its history is, on the last day of it.
    "dim_pair": (
        Known(ALWAYS, left_out=PAIR_HISTORY),
        Known("last_common_session_date", key=("pair_id",)),
    ),
    "dim_security": (
        Known(ALWAYS, left_out=PRICE_HISTORY),
        Known("last_session_date", key=("symbol",)),
    ),
    "event_study": (Known("known_on"),),
    "fund_flows_daily": (Known("session_date", lag="availability", left_out=LAG_CORRECTED),),
    "fund_flows_weekly": (Known("week_ending", lag="availability", left_out=LAG_CORRECTED),),
    "leverage": (Known("cast(available_at_utc as date)"),),
    "policy_and_yields": (Known("rate_date", lag="availability"),),
    "price_levels": (Known("session_date"),),
    "rate_expectations": (Known("watch_date"),),
    # One table as of the end of the data; the next decision replaces it.
    "rate_odds_calibration": (Known("decisions_through", key=("decisions_through",)),),
    "rate_probabilities": (Known("watch_date"),),
    "rate_sensitivity": (Known("window_end"),),
    # A figure is in the input two days after its day, the flows and baskets beside it on the session after theirs.
    "reconciliation": (Known("as_of + 2", where=f"topic not in {INDEX_PE}", lag="always"),),
    "relative_gain_since_election": (Known("session_date"),),
    "relative_performance": (Known("session_date"),),
    "relative_performance_horizons": (Known("session_date"),),
    "relative_valuation": (Known("cast(available_at_utc as date)"),),
    "signal_daily": (Known("session_date"),),
    # The card of the last session of the data is another one as soon as data come; those of year ends stay.
    "signal_scorecard": (Known("sample_end", where="is_year_end"),),
    "valuation": (Known("cast(available_at_utc as date)"),),
    # Positions judged by the latest vintages have no day on which they were known.
    "valuation_exclusions": (Known("as_of_date", where="knowledge = 'as_known'", lag="always"),),
    # It looks ahead too: the latest vintages take the place of those before, and the row says when they came.
    "valuation_restated": (Known("cast(available_at_utc as date)", key=("basket", "as_of_date", "measure", "method")),),
}
"""Every mart, and how its rows are dated. A mart that is not named here fails the comparison."""


# --- a case


@dataclass(frozen=True)
class Case:
    """What is done to the raw rows after a day; `salt` decides the random numbers of the rows."""

    day: date
    rule: Rule
    changes: tuple[tuple[str, str], ...]
    """Raw table and name of the operation (a key of OPERATIONS)."""
    salt: int = 0

    def __str__(self) -> str:
        what = ", ".join(f"{operation} {table}" for table, operation in self.changes)
        return f"after {self.day} by {self.rule} (salt {self.salt}): {what}"

    def after(self, table: str) -> str:
        """SQL condition of the raw rows that lie after the day."""
        if self.rule == "availability" or table in BY_AVAILABILITY:
            return f"available_at >= timestamp '{self.day + timedelta(days=1)}'"
        return f"\"{CONTRACTS[table].time_column}\" > date '{self.day}'"

    def chance(self, name: str) -> str:
        """SQL of a number from 0 to 1 per raw row, the same in every run."""
        return f"(hash(payload_seq, payload_row, {self.salt}, '{name}') % 1000003 / 1000003.0)"


def remove(case: Case, contract: Contract) -> str:
    """Nothing is there after the day."""
    return f"delete from raw.{contract.table} where {case.after(contract.table)}"


def thin(case: Case, contract: Contract) -> str:
    """Every other row after the day is missing."""
    return f"{remove(case, contract)} and {case.chance('thin')} < 0.5"


def end_series(case: Case, contract: Contract) -> str:
    """Half of the series (symbols, contracts, funds ...) end with the day."""
    series = ", ".join(f'"{name}"' for name in contract.series or ("source",))
    return f"{remove(case, contract)} and hash({series}, {case.salt}) % 2 = 0"


def scale(case: Case, contract: Contract) -> str:
    """Every number after the day is another one."""
    settings = ", ".join(f'"{column.name}" = {other_number(case, column)}' for column in numbers(contract))
    return f"update raw.{contract.table} set {settings} where {case.after(contract.table)}"


def shift(case: Case, contract: Contract) -> str:
    """Every row after the day has the values of the next one of its series."""
    names = [column.name for column in contract.values if column.kind == "number"]
    series = ", ".join(f'"{name}"' for name in contract.series) or "source"
    following = ", ".join(
        f'lead("{name}", 1, "{name}") over (partition by {series} order by "{contract.time_column}", payload_seq, '
        f'payload_row) as "{name}"'
        for name in names
    )
    settings = ", ".join(f'"{name}" = following."{name}"' for name in names)
    return (
        f"update raw.{contract.table} as changed set {settings} from (select payload_seq, payload_row, {following} "
        f"from raw.{contract.table}) as following where changed.payload_seq = following.payload_seq "
        f"and changed.payload_row = following.payload_row and {case.after(contract.table)}"
    )


def blank(case: Case, contract: Contract) -> str:
    """What a row may lack is missing after the day, every other time."""
    names = [column.name for column in contract.values if not column.required]
    if not names:
        return thin(case, contract)
    settings = ", ".join(
        f'"{name}" = case when {case.chance(name)} < 0.5 then null else "{name}" end' for name in names
    )
    return f"update raw.{contract.table} set {settings} where {case.after(contract.table)}"


def restate(case: Case, contract: Contract) -> str:
    """Every row after the day is corrected a day later; a fifth of them is taken back."""
    is_gone = f"{case.chance('gone')} < 0.2"
    later = vintage(
        {name: f"case when not {is_gone} then {sql} end" for name, sql in other_values(case, contract).items()}
        | {"is_removed": is_gone, "available_at": "available_at + interval 1 day"}
    )
    return (
        f"insert into raw.{contract.table} by name select * replace ({later}) from raw.{contract.table} "
        f"where {case.after(contract.table)}"
    )


def prolong(case: Case, contract: Contract) -> str:
    """The last year of the data is there once more, a year later; everything after the day is another number."""
    year_later = {
        column.name: f'cast("{column.name}" + interval 12 month as date)' if column.kind == "month" else
        f'"{column.name}" + {YEAR_DAYS}'
        for column in contract.columns if column.kind in ("date", "month")
    }  # fmt: skip
    again = vintage(year_later | {"available_at": f"available_at + interval {YEAR_DAYS} day"})
    return (
        f"{scale(case, contract)}; insert into raw.{contract.table} by name select * replace ({again}) "
        f"from raw.{contract.table} where {case.after(contract.table)} "
        f'and "{contract.time_column}" > (select max("{contract.time_column}") from raw.{contract.table}) - {YEAR_DAYS}'
    )


def revise(case: Case, contract: Contract) -> str:
    """A third of what was known by the day is restated after it, and what comes later is another number."""
    later = vintage(
        other_values(case, contract)
        | {"available_at": f"timestamp '{case.day + timedelta(days=1)}' + interval (hash(payload_row) % 400) day"}
    )
    return (
        f"{scale(case, contract)}; insert into raw.{contract.table} by name select * replace ({later}) "
        f"from raw.{contract.table} where not ({case.after(contract.table)}) and {case.chance('revise')} < 0.33"
    )


def decide_otherwise(case: Case, contract: Contract) -> str:
    """Later meetings decide otherwise, some are called off after the day, and there are two that nobody foresaw."""
    chance = f"(hash(meeting_date, {case.salt}) % 1000003 / 1000003.0)"
    step = f"0.25 * cast(floor(8 * {chance}) - 4 as integer)"
    day = f"date '{case.day}'"
    meetings = f"""
        select meeting_date, kind,
            case when {chance} < 0.2 then greatest(meeting_date - 7, {day} + 1) else cancelled_on end as cancelled_on,
            case when {chance} >= 0.2 then greatest(coalesce(target_lower_after_pct, 1) + {step}, 0) end
                as target_lower_after_pct,
            case when {chance} >= 0.2 then greatest(coalesce(target_upper_after_pct, 1.25) + {step}, 0.25) end
                as target_upper_after_pct
        from seeds.fomc_meetings where meeting_date > {day}
        union all
        select {day} + days, 'unscheduled', null, 2 + {case.salt} % 3, 2.25 + {case.salt} % 3
        from (values (1 + {case.salt} % 9), (40 + {case.salt} % 17)) as surprises(days)
        where {day} + days not in (select meeting_date from seeds.fomc_meetings)
    """
    return f"""
        insert into raw.{contract.table} by name
        select *, 'files' as source, timestamp '2026-01-05 12:00:00' as observed_at,
            cast(meeting_date as timestamp) + interval 19 hour as available_at, false as is_removed,
            (select is_simulated from raw.warehouse_mode) as is_simulated, 3000 as payload_seq,
            row_number() over (order by meeting_date) as payload_row
        from ({meetings})
    """


Operation = Callable[[Case, Contract], str]
OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (remove, thin, end_series, scale, shift, blank, restate, prolong, revise, decide_otherwise)
}


def operations_of(table: str) -> list[str]:
    """Names of the operations that a table allows."""
    if table == "fomc_meetings":
        return ["decide_otherwise"]
    if not numbers(CONTRACTS[table]):
        return ["remove", "thin", "end_series"]
    common = ["remove", "thin", "end_series", "scale", "shift", "blank", "restate"]
    return common + (["revise"] if table in READ_AS_KNOWN else ["prolong"])


def numbers(contract: Contract) -> list[Column]:
    """Columns whose numbers may be others."""
    return [column for column in contract.values if column.kind == "number"]


def other_number(case: Case, column: Column) -> str:
    """SQL of another number that keeps the bounds of the contract; one factor per row, so a bar stays possible."""
    name, chance = f'"{column.name}"', case.chance("scale")
    is_rate = column.minimum is not None and column.minimum != 0 and column.maximum is not None
    changed = f"{name} + 2 * ({chance} - 0.5)" if is_rate else f"{name} * exp(2 * ({chance} - 0.5))"
    if column.maximum is not None:
        changed = f"least({changed}, {column.maximum})"
    if column.minimum is not None:
        changed = f"greatest({changed}, {column.minimum})"
    if column.name == "split_ratio":
        # A split brings closes of an earlier ticker to another scale, and those of its own ticker are told anew: where
        # only its ratio is another one, the bars of a member are of no possible world.
        changed = f"case when symbol in (select symbol from raw.security_identifiers) then {name} else {changed} end"
    return f"case when {name} is not null then {changed} end"


def other_values(case: Case, contract: Contract) -> dict[str, str]:
    """SQL of the values of a later vintage of a row."""
    return {column.name: other_number(case, column) for column in numbers(contract)}


def vintage(values: Mapping[str, str]) -> str:
    """The replaced columns of a later vintage of a row."""
    later = {"observed_at": "observed_at + interval 1 day", "payload_seq": "payload_seq + 1000"} | dict(values)
    return ", ".join(f'{sql} as "{name}"' for name, sql in later.items())


# --- drawing


def draw_case(generator: random.Random, days: Mapping[str, Sequence[date]]) -> Case:
    """A random case: a day of a random table (or of SPECIAL), or a day beside it, and what happens after it to that
    table and to none, some or all of the others. `days` as given by `days_to_cut`."""
    table = generator.choice(list(days))
    day = generator.choice(days[table]) + timedelta(days=generator.choice((-1, 0, 0, 0, 0, 1)))
    tables = set(CONTRACTS) & {table}
    match generator.choice(("one", "some", "some", "all")):
        case "one":
            tables = tables or {generator.choice(list(CONTRACTS))}
        case "some":
            tables |= set(generator.sample(list(CONTRACTS), generator.randint(2, 5)))
        case "all":
            tables = set(CONTRACTS)
    everywhere = "remove" if generator.random() < 0.2 else None
    changes = []
    for changed in sorted(tables):
        allowed = operations_of(changed)
        changes.append((changed, everywhere if everywhere in allowed else generator.choice(allowed)))
    rule: Rule = generator.choice(("day", "availability"))
    return Case(day, rule, tuple(changes), generator.randint(0, 999_999))


SPECIAL = "special days"


def days_to_cut(warehouse: Path) -> dict[str, list[date]]:
    """Days of every raw table that has rows; under SPECIAL ends of months and years, meetings, events and baskets."""
    special = """
        with sessions as (select distinct session_date as day from raw.daily_bars),
        days as (
            select max(day) as day from sessions group by date_trunc('month', day)
            union all select max(day) from sessions group by date_trunc('year', day)
            union all select distinct as_of_date from raw.fund_holdings
            union all select meeting_date from seeds.fomc_meetings
            union all select event_date from seeds.events
            union all select as_of from raw.published_figures
        )
        select day from days where day between (select min(day) from sessions) and (select max(day) from sessions)
        order by day
    """
    found = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for table, contract in CONTRACTS.items():
            day = "available_at" if table in BY_AVAILABILITY else f'"{contract.time_column}"'
            found[table] = f"select distinct cast({day} as date) from raw.{table} order by 1"
        found[SPECIAL] = special
        days = {name: [day for (day,) in connection.execute(sql).fetchall()] for name, sql in found.items()}
    return {name: days_of_table for name, days_of_table in days.items() if days_of_table}


# --- building and comparing


@dataclass(frozen=True)
class Difference:
    """Rows known up to the day that only one side has, as text."""

    mart: str
    rows_lost: int
    rows_new: int
    example: str

    def __str__(self) -> str:
        return f"{self.mart}: {self.rows_lost} rows lost, {self.rows_new} rows new; {self.example}"


class Workbench:
    """Builds warehouses of cases from one untouched warehouse file, and compares them with it."""

    def __init__(self, warehouse: Path, directory: Path) -> None:
        """`warehouse`: raw, seeds and marts, as a build leaves them. `directory` holds everything that is written."""
        self.untouched = warehouse
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            [(self.is_simulated, source)] = connection.execute(
                "select is_simulated, source_mode from raw.warehouse_mode"
            ).fetchall()
        self.settings = Settings(_env_file=None, data_dir=directory, source=source)
        handed_to(directory, self.settings.mode)
        self.start = directory / "start" / self.settings.warehouse_file.name
        if not self.start.exists():
            self._keep_what_dbt_reads()

    def _keep_what_dbt_reads(self) -> None:
        """Raw and seeds in a file of their own: a model that does not run leaves no table of before."""
        unfinished = self.start.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with open_warehouse(unfinished, self.settings.source, self.is_simulated) as connection:
            connection.execute(f"attach '{self.untouched}' as untouched (read_only)")
            for table in (*CONTRACTS, "split_events"):
                connection.execute(f"insert into raw.{table} by name select * from untouched.raw.{table}")
            connection.execute("create schema seeds")
            for (seed,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'untouched' and schema_name = 'seeds'"
            ).fetchall():
                connection.execute(f"create table seeds.{seed} as select * from untouched.seeds.{seed}")
            connection.execute("detach untouched")
        unfinished.rename(self.start)

    def build(self, case: Case) -> Path:
        """Marts from raw rows as the case leaves them. Raises AssertionError when a model fails."""
        file = self.settings.warehouse_file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_name(file.name + ".wal").unlink(missing_ok=True)
        shutil.copyfile(self.start, file)
        with duckdb.connect(str(file)) as connection:
            for table, operation in case.changes:
                connection.execute(OPERATIONS[operation](case, CONTRACTS[table]))
        try:
            failed = [node for node in invoke_dbt(self.settings, ["run"]) if not node.is_ok]
        finally:
            let_go()
        assert not failed, f"{case}: {first_failure(failed)}"
        return file


def let_go() -> None:
    """Close the file that dbt keeps open in its process: the next case replaces it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
    DuckDBConnectionManager.close_all_connections()


def first_failure(failed: Sequence[NodeResult]) -> str:
    node = next((node for node in failed if node.status != "skipped"), failed[0])
    return f"{node.name}: {node.message}"


def differences(untouched: Path, changed: Path, case: Case) -> list[Difference]:
    """Parts of marts whose rows known up to the day of the case are not the same in both files."""
    with duckdb.connect(str(changed), read_only=True) as connection:
        connection.execute(f"attach '{untouched}' as untouched (read_only)")
        marts = marts_of(connection, "untouched")
        assert marts == marts_of(connection, changed.stem), "the two builds have other marts"
        unnamed = sorted(set(marts) - set(KNOWN))
        assert not unnamed, f"{unnamed}: a mart, and how its rows are dated, stands in KNOWN of {__name__}"
        found = [difference(connection, case, mart, known) for mart in marts for known in KNOWN[mart]]
    return [one for one in found if one is not None]


def marts_of(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts' and database_name = ? order by 1",
        [database],
    ).fetchall()
    return [mart for (mart,) in rows]


def difference(connection: duckdb.DuckDBPyConnection, case: Case, mart: str, known: Known) -> Difference | None:
    """What differs in one part of a mart; None when nothing does."""
    if known.untouched & {table for table, _ in case.changes}:
        return None
    condition = known_rows(case, known)
    left_out = f"exclude ({', '.join(known.left_out)})" if known.left_out else ""
    before, after = (
        f"(select * {left_out} from {database}marts.{mart} where {condition})" for database in ("untouched.", "")
    )
    lost, new = only_in(before, after, known.key), only_in(after, before, known.key)
    [(rows_lost,)] = connection.execute(f"select count(*) {lost}").fetchall()
    [(rows_new,)] = connection.execute(f"select count(*) {new}").fetchall()
    if not rows_lost and not rows_new:
        return None
    return Difference(mart, rows_lost, rows_new, example(connection, lost, new))


def only_in(side: str, other: str, key: Sequence[str]) -> str:
    """SQL after `select *`: rows that only one side has; with a key, those of keys that both sides have."""
    rows = f"from (select * from {side} except all select * from {other}) as only_here"
    return f"{rows} semi join {other} as other using ({', '.join(key)})" if key else rows


def known_rows(case: Case, known: Known) -> str:
    """SQL condition of the rows that were known up to the day of the case."""
    if known.day is None:
        return f"({known.where})"
    if known.lag == "never" or (known.lag == "availability" and case.rule == "day"):
        return f"({known.where}) and {known.day} <= date '{case.day}'"
    # the session after a day has come: the day lies before the last session
    sessions = nyse_sessions(case.day.year - 1, case.day.year).astype("datetime64[D]")
    last_session = sessions[sessions <= np.datetime64(case.day, "D")][-1]
    return f"({known.where}) and {known.day} < date '{last_session}'"


def example(connection: duckdb.DuckDBPyConnection, lost: str, new: str) -> str:
    """One row that was lost, beside the row of the other side that is most like it: the cells that differ."""

    def rows(sql: str) -> list[dict[str, Any]]:
        result = connection.execute(f"select * {sql} order by all limit 500")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    losses, news = rows(lost), rows(new)
    if not losses or not news:
        return f"for example {(losses or news)[0]}"
    row = losses[0]
    other = max(news, key=lambda candidate: sum(candidate[name] == cell for name, cell in row.items()))
    same = {name: str(cell) for name, cell in list(row.items())[:6] if other[name] == cell}
    cells = {name: (cell, other[name]) for name, cell in row.items() if other[name] != cell}
    return f"for example {same}: {cells}"


# --- in a process of its own

CASES_FILE = "cases.jsonl"


@dataclass(frozen=True)
class Result:
    """What became of a case: `faults` is empty when nothing known by its day has changed."""

    case: Case
    faults: tuple[str, ...]
    build_seconds: float
    compare_seconds: float


def results(warehouse: Path, directory: Path, cases: Sequence[Case]) -> Iterator[Result]:
    """Results of the cases as they come, from a process of its own."""
    command = [sys.executable, "-m", "tests.look_ahead", str(warehouse), str(directory)]
    directory.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(case), default=str) + "\n" for case in cases]
    (directory / CASES_FILE).write_text("".join(lines), encoding="utf-8")
    log = directory / "worker.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=REPO, env=clean_environment(PYTHONPATH=REPO), text=True, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            yield result_of(json.loads(line))
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {log.read_text()[-2000:]}")


def case_of(told: Mapping[str, Any]) -> Case:
    """A case from its JSON."""
    changes = tuple((table, operation) for table, operation in told["changes"])
    return Case(date.fromisoformat(told["day"]), told["rule"], changes, told["salt"])


def result_of(told: Mapping[str, Any]) -> Result:
    """A result from its JSON."""
    return Result(case_of(told["case"]), tuple(told["faults"]), told["build_seconds"], told["compare_seconds"])


def work(warehouse: Path, directory: Path) -> None:
    """Print the results of the cases that stand in the directory."""
    logging.disable(logging.WARNING)
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no result
    workbench = Workbench(warehouse, directory)
    for line in (directory / CASES_FILE).read_text(encoding="utf-8").splitlines():
        case = case_of(json.loads(line))
        start = built = time.monotonic()
        try:
            changed = workbench.build(case)
            built = time.monotonic()
            faults = [str(one) for one in differences(workbench.untouched, changed, case)]
        except Exception as error:  # a case that cannot be built is a result too
            faults = [f"{type(error).__name__}: {error}"]
        result = Result(case, tuple(faults), built - start, time.monotonic() - built)
        print(json.dumps(asdict(result), default=str), file=answers, flush=True)


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]))
