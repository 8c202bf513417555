"""Adversarial members of any size: raw tables of simulated constituents, made by DuckDB, the same for one seed.

Belongs here: what the rows are like. Who uses them: tests of the member models, tests/bench, comparisons of engines.
Nothing here is a fact, and nothing is read from a market.

Every trouble is drawn per member or per row from a hash of the seed, so 60 million rows are made without a loop:
- bars: late listings, delistings, holes of a day and of months, splits (marked, and observed as events that rescale
  what was read before), ticker changes, tickers that another member takes over, closes that are null, zero, NaN, tiny
  or huge, rows on Saturdays;
- vintages: revised values, conflicting values of one instant, of two sources and of two spellings of a symbol, rows
  that were withdrawn and came back, rows that arrive late or out of order;
- members: spells that end, are told late, corrected or withdrawn; overlapping symbols; members without a bar.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.contracts.availability import nyse_sessions

FIRST_YEAR, LAST_YEAR = 1985, 2025
MOST_MEMBERS = 6_000
SESSIONS_OF_MANY_ROWS = 10_000
FEWEST_MEMBERS = 12
INDEXES = ("INDEX0", "INDEX1")
TABLES = ("daily_bars", "index_membership", "security_identifiers", "fund_holdings", "split_events")


@dataclass(frozen=True)
class Members:
    """Parquet files `<directory>/<table>.parquet` in the layout of schema raw."""

    directory: Path
    payloads: int
    """Entries of the ledger: rows with `payload_seq` up to any number are what a warehouse held at one time."""

    def file(self, table: str) -> Path:
        return self.directory / f"{table}.parquet"


def members(
    rows: int, seed: int, directory: Path, payloads: int = 1, threads: int = 2, memory_limit: str = "4GB"
) -> Members:
    """Write about so many rows of bars, and the tables that go with them.

    Args:
        rows: of bars of members in their first vintage; holes, and vintages besides, make it a few percent other.
        payloads: how many deliveries the rows are divided among; 1 is a history read at once.
    """
    directory.mkdir(parents=True, exist_ok=True)
    count = min(max(rows // SESSIONS_OF_MANY_ROWS, FEWEST_MEMBERS), MOST_MEMBERS)
    sessions = rows // count
    days = nyse_sessions(FIRST_YEAR, LAST_YEAR).astype("datetime64[D]")
    if sessions > days.size:
        raise ValueError(f"{rows} rows are more than {count} members have in {LAST_YEAR - FIRST_YEAR + 1} years")
    made = Members(directory, payloads)
    with duckdb.connect(
        config={"threads": threads, "memory_limit": memory_limit, "preserve_insertion_order": False}
    ) as connection:
        connection.execute(f"set temp_directory = '{directory / 'spill'}'")
        connection.execute(f"create macro chance(name, a, b) as hash(name, a, b, {seed}) % 1000003 / 1000003.0")
        connection.execute(
            f"create macro arrival(part) as least(cast(floor(part * {payloads}) as int), {payloads} - 1)"
        )
        # half of the members only ever get new days: what is stored of them must stay as it is
        connection.execute(
            "create macro lag_of(m, day) as "
            "case when m % 2 = 0 then cast(floor(3 * chance('lag', m, day)) as int) else 0 end"
        )
        connection.execute(
            "create table sessions as select cast(unnest($days) as date) as session_date, "
            "cast(unnest(range(len($days))) as int) as day_number",
            {"days": [str(day) for day in days[-sessions:]]},
        )
        connection.execute(_members_sql(count, sessions))
        for table, sql in _tables(sessions, payloads).items():
            connection.execute(f"copy ({sql}) to '{made.file(table)}' (format parquet, row_group_size 200000)")
    return made


def load(connection: duckdb.DuckDBPyConnection, made: Members, after: int, through: int) -> None:
    """Append the vintages of the payloads with numbers in (after, through] to the raw tables of an open warehouse."""
    for table in TABLES:
        columns = "*" if table != "split_events" else "'daily_bars' as table_name, *"
        connection.execute(
            f"insert into raw.{table} by name select {columns} from read_parquet('{made.file(table)}') "
            "where payload_seq > ? and payload_seq <= ?",
            [after, through],
        )


def _members_sql(count: int, sessions: int) -> str:
    """One row per member and spell of a symbol: which sessions it has bars of."""
    return f"""
        create table spells as
        with numbered as (select unnest(range({count})) as m),
        lives as (
            select m,
                cast(case when m % 7 = 1 then {sessions} * (0.1 + 0.5 * chance('listed', m, 0)) else 0 end as int)
                    as first_day,
                cast(case when m % 11 = 2 then {sessions} * (0.7 + 0.25 * chance('gone', m, 0)) else {sessions} - 1 end
                    as int) as last_day,
                cast({sessions} * (0.35 + 0.4 * chance('renamed', m, 0)) as int) as renamed_day
            from numbered
        )
        select m, 'M' || lpad(m::varchar, 5, '0') as member_id,
            case when m % 6 = 0 then 'S.' || m else 'S' || m end as symbol, first_day,
            case when m % 5 = 3 then renamed_day - 1 else last_day end as last_day, 0 as part
        from lives
        union all
        select m, 'M' || lpad(m::varchar, 5, '0'), 'N' || m, renamed_day, last_day, 1 from lives where m % 5 = 3
        union all
        -- the ticker that was given up belongs to another company a month later
        select m + 100000, 'R' || lpad(m::varchar, 5, '0'), case when m % 6 = 0 then 'S.' || m else 'S' || m end,
            renamed_day + 21, {sessions} - 1, 2
        from lives where m % 10 = 3 and renamed_day + 21 < {sessions}
    """


VINTAGE = """
    source, timestamp '2026-01-01' + interval (batch) day as observed_at, {available} as available_at,
    cast(null as timestamp) as stated_available_at, {removed} as is_removed, false as is_simulated,
    false as is_released, cast(batch + 1 as bigint) as payload_seq, cast(0 as bigint) as payload_row
"""
CLOSE_OF_DAY = "cast({day} as timestamp) + interval 21 hour"


def _tables(sessions: int, payloads: int) -> dict[str, str]:
    """SQL of every table."""
    read_late = "timestamp '2026-01-01' + interval (batch) day"
    on_time = CLOSE_OF_DAY.format(day="session_date")
    has_event = f"(m % 13 = 4 and {payloads} > 2)"
    event_day = f"cast({sessions} * 0.6 as int)"
    event_batch = f"({payloads} * 3 // 4)"
    bars = f"""
        with first_told as (
            select m, symbol, part, session_date, day_number, first_day,
                50 * (1 + m % 9) * exp(
                    0.5 * sin(day_number / (90.0 + m % 60) + m) + 0.2 * sin(day_number / (9.0 + m % 7) + 2 * m)
                    + 0.04 * (chance('noise', m, day_number) - 0.5)) as close,
                case when chance('split', m, day_number) < 0.0004 then [2.0, 3.0, 0.1, 1.5][1 + (m + day_number) % 4]
                    when {has_event} and day_number = {event_day} then 2.0 else 1.0 end as split_ratio,
                -- most arrive in order, some of a quarter of the members late or before their time
                arrival(case when m % 4 = 1 and chance('late', m, day_number) < 0.02 then chance('when', m, day_number)
                    else 0.999 * day_number / {sessions} end) as batch
            from spells inner join sessions on day_number between first_day and last_day
            where chance('hole', m, day_number) > 0.01
                and not (m % 17 = 5 and day_number between {sessions} * 0.5 and {sessions} * 0.55)
        ),
        odd as (
            select * replace (case
                when chance('odd', m, day_number) < 0.001 then null
                when chance('odd', m, day_number) < 0.002 then 0
                when chance('odd', m, day_number) < 0.0025 then 'NaN'::double
                when chance('odd', m, day_number) < 0.0028 then 1e-5
                when chance('odd', m, day_number) < 0.0031 then 9e6
                else close end as close)
            from first_told
        ),
        vintages as (
            select symbol, session_date, day_number, m, close, split_ratio, 'files' as source, batch, false as removed,
                {on_time} as available_at from odd
            union all
            -- revised: another value, known when it was read
            select symbol, session_date, day_number, m, close * (0.7 + 0.6 * chance('new', m, day_number)),
                case when chance('unsplit', m, day_number) < 0.3 then 1.0 else split_ratio end, 'files',
                least(batch + lag_of(m, day_number), {payloads} - 1), false,
                greatest({read_late}, {on_time})
            from odd where chance('revised', m, day_number) < 0.01
                or (split_ratio <> 1 and chance('revised', m, day_number) < 0.3)
            union all
            -- conflicting: the same instant, another value
            select symbol, session_date, day_number, m, close + 1, split_ratio, 'files', batch, false, {on_time}
            from odd where chance('conflict', m, day_number) < 0.005
            union all
            -- another source, and the symbol in another spelling
            select case when m % 6 = 0 and part = 0 and day_number % 2 = 0 then 'S-' || m else symbol end,
                session_date, day_number, m, close * 1.01, split_ratio, 'yahoo', batch, false,
                {on_time} + interval (cast(floor(3 * chance('later', m, day_number)) as int) - 1) hour
            from odd where chance('second', m, day_number) < 0.01
            union all
            -- withdrawn, and some of them back again
            select symbol, session_date, day_number, m, null, null, 'files',
                least(batch + lag_of(m, day_number), {payloads} - 1), true,
                greatest({read_late}, {on_time})
            from odd where chance('withdrawn', m, day_number) < 0.004
            union all
            select symbol, session_date, day_number, m, close, split_ratio, 'files', {payloads} - 1, false,
                greatest(timestamp '2026-01-01' + interval ({payloads} - 1) day, {on_time}) + interval 1 hour
            from odd where chance('withdrawn', m, day_number) < 0.001 and m % 2 = 0
            union all
            select symbol, session_date + cast(6 - isodow(session_date) as int), day_number, m, close, 1.0, 'files',
                batch, false, {on_time} + interval 7 day
            from odd where chance('saturday', m, day_number) < 0.0005
            union all
            select index_id, session_date, day_number, number - 10,
                1000 + 300 * sin(day_number / 200.0 + number) + 10 * chance('index', number, day_number), 1.0, 'files',
                arrival(0.999 * day_number / {sessions}), false, {on_time}
            from sessions, (values ('{INDEXES[0]}', 0)) as of_index(index_id, number)
        )
        select symbol, session_date,
            close as open, close as high, close as low, close, 1e5 as volume, 0.0 as dividend, split_ratio,
            cast(null as double) as vendor_adj_close,
            {VINTAGE.format(available="available_at", removed="removed")}
        from (select * replace (case
                -- read before the split was: on the scale of then
                when {has_event} and symbol like 'S%' and day_number < {event_day} and batch < {event_batch}
                    then close * 2 else close end as close) from vintages)
    """
    events = f"""
        select distinct 'files' as source, symbol, s.session_date as split_date, 2.0 as split_ratio,
            cast(1 as bigint) as rows_explained, timestamp '2026-01-01' + interval ({event_batch}) day as observed_at,
            cast({event_batch} + 1 as bigint) as payload_seq
        from spells inner join sessions as s on s.day_number = {event_day}
        where {has_event} and part = 0 and {event_day} between first_day and last_day
    """
    told_at = "cast(valid_from as timestamp) + interval 21 hour"
    identifiers = f"""
        with told as (
            select m, member_id, symbol, part, f.session_date as valid_from, t.session_date as valid_to,
                arrival(0.999 * first_day / {sessions}) as first_batch, arrival(0.999 * last_day / {sessions})
                    as last_batch, last_day
            from spells inner join sessions as f on f.day_number = first_day
            inner join sessions as t on t.day_number = last_day
        ),
        vintages as (
            select member_id, symbol, valid_from, cast(null as date) as valid_to, first_batch as batch,
                false as removed, {told_at} as available_at from told
            union all
            -- the end is told on the day, or later
            select member_id, symbol, valid_from, valid_to, last_batch, false,
                cast(valid_to as timestamp) + interval (21 + 24 * (m % 3) * 4) hour
            from told where last_day < {sessions} - 1
            union all
            -- a mistake, taken back in the last delivery
            select member_id, 'S' || (m + 1), valid_from + 40, null, first_batch, false, {told_at} + interval 40 day
            from told where m % 19 = 6 and part = 0
            union all
            select member_id, 'S' || (m + 1), valid_from + 40, null, {payloads} - 1, true,
                {told_at} + interval 400 day
            from told where m % 19 = 6 and part = 0
        )
        select * exclude (batch, removed, available_at, source), cast(null as varchar) as isin,
            cast(null as varchar) as cusip, cast(null as varchar) as lei,
            {VINTAGE.format(available="available_at", removed="removed")}
        from (select *, 'files' as source from vintages)
    """
    membership = f"""
        with told as (
            select m, member_id, index_id, first_day + (m % 3) * 5 as first_day,
                case when m % 4 = 3 then cast({sessions} * (0.5 + 0.3 * chance('left', m, 0)) as int) end as left_day
            from (select m, member_id, min(first_day) as first_day from spells group by m, member_id)
            cross join (values ('{INDEXES[0]}', 0), ('{INDEXES[1]}', 1)) as of_index(index_id, number)
            where number = 0 or m % 3 = 0
            union all
            -- a member without a bar
            select 999999, 'NOBODY', '{INDEXES[0]}', 0, null
        ),
        dated as (
            select told.*, f.session_date as valid_from, t.session_date as valid_to,
                arrival(0.999 * told.first_day / {sessions}) as first_batch,
                arrival(0.999 * left_day / {sessions}) as last_batch
            from told inner join sessions as f on f.day_number = told.first_day
            left join sessions as t on t.day_number = left_day and left_day > told.first_day
        ),
        vintages as (
            select index_id, member_id, valid_from, cast(null as date) as valid_to, first_batch as batch,
                false as removed, {told_at} as available_at from dated
            union all
            select index_id, member_id, valid_from, valid_to, last_batch, false,
                cast(valid_to as timestamp) + interval (21 + 24 * (m % 2) * 9) hour
            from dated where valid_to is not null
            union all
            -- it comes back a year later
            select index_id, member_id, valid_to + 365, null, {payloads} - 1, false,
                cast(valid_to as timestamp) + interval 366 day
            from dated where valid_to is not null and m % 8 = 3
            union all
            -- it never belonged there, as the last delivery knows
            select index_id, member_id, valid_from, null, {payloads} - 1, true, {told_at} + interval 700 day
            from dated where m % 23 = 9
        )
        select * exclude (batch, removed, available_at, source),
            {VINTAGE.format(available="available_at", removed="removed")}
        from (select *, 'files' as source from vintages)
    """
    holdings = f"""
        select '{INDEXES[0]}' as fund_symbol, session_date as as_of_date,
            replace(symbol, '.', '-') as ticker, member_id as name, 'Industrials' as sector, 'Equity' as asset_class,
            case when chance('weightless', m, day_number) < 0.02 then null else
                100.0 * (1 + m % 9) / sum(1 + m % 9) over (partition by session_date) end as weight_pct,
            1e3 as shares, 1e5 as market_value_usd, 100.0 as price_usd,
            {VINTAGE.format(available=CLOSE_OF_DAY.format(day="session_date + 1"), removed="false")}
        from (
            select *, 'files' as source, arrival(0.999 * day_number / {sessions}) as batch
            from spells inner join sessions on day_number between first_day and last_day
            where day_number % 63 = 40 and m % 29 <> 8
        )
    """
    return {
        "daily_bars": bars, "split_events": events, "security_identifiers": identifiers,
        "index_membership": membership, "fund_holdings": holdings,
    }  # fmt: skip
