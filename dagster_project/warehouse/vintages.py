"""From typed rows to append-only vintages, in SQL over whole payloads.

Belongs here: which incoming row is news, when it was available, what was removed, which rescaling is
one split. The rules are those of section 9 of the methodology.
Does not belong here: reading and validating payloads (`ingest`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.contracts.model import Column, Contract

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

JITTER_RELATIVE = 1e-5
"""Vendors restate the same number with noise of this size; smaller differences are no revision."""
SPLIT_ROUNDING_RELATIVE = 1e-3
SPLIT_ROUNDING_USD = 0.006
"""After a split vendors round divided prices and dividends to the cent, and counts to the hundred."""
REMOVALS_ALLOWED_ROWS = 3
REMOVALS_ALLOWED_SHARE = 0.01
"""A payload that loses more rows than this looks cut off, not corrected, and is refused."""


@dataclass(frozen=True)
class Observation:
    """The payload whose rows are being taken in."""

    payload_seq: int
    observed_at: str
    is_simulated: bool
    accept_removals: bool = False
    is_released: bool = False


class RemovalsError(Exception):
    """A payload lost so many rows that it is refused; the message counts and names them."""


def is_simulated(connection: "duckdb.DuckDBPyConnection") -> bool:
    """The mode of the open warehouse, which every row in it has."""
    [(simulated,)] = connection.execute("select is_simulated from raw.warehouse_mode").fetchall()
    return bool(simulated)


def stage_incoming(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, rows: "pd.DataFrame", is_further: bool = False
) -> None:
    """Make `temp.incoming` of the typed rows (columns and index of `contracts.validate.Validated.rows`), or append."""
    connection.register("_incoming_frame", rows.assign(payload_row=rows.index))
    kinds = {column.name: column.sql_type for column in contract.columns}
    kinds |= {"source": "VARCHAR", "stated_available_at": "TIMESTAMP", "first_available_at": "TIMESTAMP"}
    kinds |= {"payload_row": "BIGINT"}
    casts = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in kinds.items())
    make = "insert into incoming by name" if is_further else "create or replace temp table incoming as"
    connection.execute(f"{make} select {casts} from _incoming_frame")
    connection.unregister("_incoming_frame")


def record_split_events(connection: "duckdb.DuckDBPyConnection", contract: Contract, seen: Observation) -> int:
    """Write one event for each split that the payload marks for the first time and that explains how its
    history differs from the rows held; returns the number of events.

    A split counts when at least nine tenths of the overlapping earlier closes moved by exactly its ratio,
    or, where nothing overlaps, when the close jumps by it from the last row held to the first one after.
    """
    if "split_ratio" not in contract.column:
        return 0
    before = _count(connection, "raw.split_events")
    connection.execute(
        f"""
        insert into raw.split_events
        with held as (
            select * from ({_current_sql(contract)}) where not is_removed
        ),
        new_split as (
            select incoming.source, incoming.symbol, incoming.session_date as split_date, incoming.split_ratio
            from incoming
            left join held using (source, symbol, session_date)
            where incoming.split_ratio <> 1 and coalesce(held.split_ratio, 1) = 1
        ),
        moved as (
            select incoming.source, incoming.symbol, incoming.session_date, held.close / incoming.close as ratio,
                (select product(s.split_ratio) from new_split as s where s.source = incoming.source
                    and s.symbol = incoming.symbol and s.split_date > incoming.session_date) as expected
            from incoming inner join held using (source, symbol, session_date)
        ),
        overlap as (
            select source, symbol, count(*) as row_count,
                count(*) filter (abs(ratio / expected - 1) < {SPLIT_ROUNDING_RELATIVE}) as explained
            from moved where expected is not null group by source, symbol
        ),
        last_held as (
            select s.source, s.symbol, s.split_date, max_by(h.close, h.session_date) as close
            from new_split as s inner join held as h
                on s.source = h.source and s.symbol = h.symbol and h.session_date < s.split_date
            group by s.source, s.symbol, s.split_date
        ),
        first_after as (
            select s.source, s.symbol, s.split_date, min_by(i.close, i.session_date) as close
            from new_split as s inner join incoming as i
                on s.source = i.source and s.symbol = i.symbol and i.session_date >= s.split_date
            group by s.source, s.symbol, s.split_date
        )
        select '{contract.table}', s.source, s.symbol, s.split_date, s.split_ratio, coalesce(overlap.explained, 0),
            cast(? as timestamp), ?
        from new_split as s
        left join overlap on s.source = overlap.source and s.symbol = overlap.symbol
        inner join last_held as h on (s.source, s.symbol, s.split_date) = (h.source, h.symbol, h.split_date)
        inner join first_after as a on (s.source, s.symbol, s.split_date) = (a.source, a.symbol, a.split_date)
        where case
            when overlap.row_count > 0 then overlap.explained >= 0.9 * overlap.row_count
            else abs(h.close / a.close / s.split_ratio - 1) < 0.25
        end
        order by s.source, s.symbol, s.split_date
        """,
        [seen.observed_at, seen.payload_seq],
    )
    return _count(connection, "raw.split_events") - before


def append_news(connection: "duckdb.DuckDBPyConnection", contract: Contract, seen: Observation) -> int:
    """Append the rows of `temp.incoming` that say something new; returns their number.

    - A row without a stated instant is compared with the latest vintage of its source and grain: the first
      one is available by the contract's lag, a differing one when it was observed.
    - A row that comes back after its tombstone holds again from when it was observed.
    - A row with a stated instant is compared with the vintage of the same statement, else with the one
      before that instant, and is available when it says. Two values for one statement cannot both have
      been known then: the second is available when it was observed.
    """
    key = contract.key
    keys = ", ".join(f'"{name}"' for name in key)
    values = [column for column in contract.values if column.name not in key]
    packed = "struct_pack(" + ", ".join(f'"{c.name}" := {{0}}."{c.name}"' for c in values) + ")"
    before = _count(connection, f"raw.{contract.table}")
    connection.execute(
        f"""
        insert into raw.{contract.table} by name
        with held as (
            select v.*, {packed.format("v")} as content, {_rescaled(contract)} as is_rescaled
            from raw.{contract.current_relation} as v
            where exists (select 1 from incoming as i where {_same(contract, "v", "i")})
        ),
        latest as (
            select *, row_number() over (
                partition by {keys} order by available_at desc, observed_at desc, payload_seq desc) as newness
            from held
        ),
        same_statement as (
            select *, row_number() over (
                partition by {keys}, stated_available_at order by observed_at desc, payload_seq desc) as newness
            from held where stated_available_at is not null
        ),
        timeline as (
            select {keys}, available_at as instant, 0 as is_incoming, content, is_removed, payload_seq
            from held
            union all
            select {keys}, stated_available_at, 1, {packed.format("i")}, false, {seen.payload_seq}
            from incoming as i where stated_available_at is not null
        ),
        preceded as (
            select *, lag(content) over line as earlier, lag(is_removed) over line as earlier_removed
            from timeline
            window line as (partition by {keys} order by instant, is_incoming, payload_seq)
        ),
        last_statement as (
            select {keys}, max(stated_available_at) as instant
            from incoming where stated_available_at is not null group by {keys}
        ),
        statements as (
            select i.*, i.stated_available_at is not distinct from m.instant as is_last_statement
            from incoming as i left join last_statement as m on {_same(contract, "i", "m")}
        ),
        compared as (
            select
                i.*,
                {packed.format("i")} as content,
                case
                    when i.stated_available_at is null then l.content
                    when s.payload_seq is not null then s.content
                    else p.earlier
                end as earlier,
                coalesce(case
                    when l.is_removed then i.is_last_statement
                    when i.stated_available_at is not null and s.payload_seq is null then p.earlier_removed
                end, false) as earlier_removed,
                coalesce(l.is_rescaled, false) as is_rescaled,
                case
                    when i.stated_available_at is null and l.payload_seq is null then i.first_available_at
                    when i.stated_available_at is null or (l.is_removed and i.is_last_statement)
                        then greatest(cast($observed as timestamp), l.available_at)
                    when s.payload_seq is null then i.stated_available_at
                    else greatest(cast($observed as timestamp), s.available_at)
                end as known_at
            from statements as i
            left join latest as l on {_same(contract, "i", "l")} and l.newness = 1
            left join same_statement as s
                on {_same(contract, "i", "s")} and s.newness = 1 and s.stated_available_at = i.stated_available_at
            left join preceded as p
                on {_same(contract, "i", "p")} and p.is_incoming = 1 and p.instant = i.stated_available_at
        )
        select
            {", ".join(f'"{name}"' for name in dict.fromkeys([*contract.names, "source"]))},
            cast($observed as timestamp) as observed_at,
            known_at as available_at,
            stated_available_at,
            false as is_removed,
            cast($simulated as boolean) as is_simulated,
            cast($released as boolean) as is_released,
            cast($seq as bigint) as payload_seq,
            payload_row
        from compared
        where earlier is null or earlier_removed or {" or ".join(_differs(column) for column in values)}
        order by {", ".join(f'"{name}"' for name in key)}, known_at
        """,
        {
            "observed": seen.observed_at,
            "simulated": seen.is_simulated,
            "released": seen.is_released,
            "seq": seen.payload_seq,
        },
    )
    return _count(connection, f"raw.{contract.table}") - before


def find_gone(
    connection: "duckdb.DuckDBPyConnection",
    contract: Contract,
    seen: Observation,
    first_day: str = "",
    last_day: str = "",
) -> int:
    """Make `temp.gone`: keys that the reading before had (`temp.keys_before`) and this one (`temp.keys_now`) lacks,
    though it covers them.

    A payload speaks for the series it contains, from its first day of each series on: an export of the
    last months removes nothing before them. One that was asked for certain days speaks for these.

    Args:
        first_day, last_day: days that were asked for, ISO 8601, both included; empty where it is not limited.

    Returns: number of rows in `temp.gone`.

    Raises:
        RemovalsError: more rows are gone than a correction would take away.
    """
    series = ", ".join(f'"{name}"' for name in ("source", *contract.series))
    keys = ", ".join(f'"{name}"' for name in contract.key)
    connection.execute(
        f"""
        create or replace temp table covered as
        select distinct keys_before.* from keys_before
        inner join (
            select {series}, min("{contract.time_column}") as first_day from keys_now group by {series}
        ) as span using ({series})
        where keys_before."{contract.time_column}" >= coalesce(try_cast($first as date), span.first_day)
            and keys_before."{contract.time_column}" <= coalesce(try_cast($last as date), 'infinity'::date)
        """,
        {"first": first_day, "last": last_day},
    )
    connection.execute("create or replace temp table gone as select * from covered")
    connection.execute(
        f"delete from gone where exists (select 1 from keys_now where {_same(contract, 'keys_now', 'gone')})"
    )
    connection.execute(
        f"""
        delete from gone where not exists (
            select 1 from ({_current_sql(contract)}) as held
            where {_same(contract, "held", "gone")} and not held.is_removed
        )
        """
    )
    covered, gone = _count(connection, "covered"), _count(connection, "gone")
    if gone > max(REMOVALS_ALLOWED_ROWS, REMOVALS_ALLOWED_SHARE * covered) and not seen.accept_removals:
        raise RemovalsError(
            f"{gone} of the {covered} rows that this file delivered before are gone, so it looks cut off. "
            "Deliver it whole; if the rows are meant to go, run again with --accept-removals."
        )
    connection.execute(f"create or replace temp table gone as select distinct {keys} from gone")
    return gone


def vanished_series(connection: "duckdb.DuckDBPyConnection", contract: Contract) -> list[str]:
    """Series that the reading before had and this one does not mention at all (after `find_gone`)."""
    if not contract.series:
        return []
    shown = " || ' ' || ".join(f'cast("{name}" as varchar)' for name in contract.series)
    names = ", ".join(f'"{name}"' for name in ("source", *contract.series))
    rows = connection.execute(
        f"select distinct {shown} from (select {names} from keys_before except select {names} from keys_now) order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def affirm_gone(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, seen: Observation, rows: "pd.DataFrame"
) -> int:
    """Take out of `temp.gone` what still stands in another payload, whose `rows` now speak for it.

    Returns: new vintages, where that payload has another value than the one that went.
    """
    stage_incoming(connection, contract, rows)
    connection.execute(
        f"delete from incoming where not exists (select 1 from gone where {_same(contract, 'gone', 'incoming')})"
    )
    # The ledger entry of these vintages is the payload that lost the rows, not the one they stand in.
    connection.execute("update incoming set payload_row = null")
    new = append_news(connection, contract, seen)
    connection.execute(
        f"delete from gone where exists (select 1 from incoming where {_same(contract, 'incoming', 'gone')})"
    )
    return new


def append_tombstones(connection: "duckdb.DuckDBPyConnection", contract: Contract, seen: Observation) -> int:
    """Write a tombstone for every key in `temp.gone`; returns their number."""
    keys = ", ".join(f'held."{name}"' for name in contract.key)
    connection.execute(
        f"""
        insert into raw.{contract.table} by name
        select {keys}, cast($observed as timestamp) as observed_at,
            greatest(cast($observed as timestamp), held.available_at) as available_at, true as is_removed,
            cast($simulated as boolean) as is_simulated, false as is_released, cast($seq as bigint) as payload_seq
        from ({_current_sql(contract)}) as held
        inner join gone on {_same(contract, "gone", "held")}
        order by {keys}
        """,
        {"observed": seen.observed_at, "simulated": seen.is_simulated, "seq": seen.payload_seq},
    )
    return _count(connection, "gone")


def stage_keys(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, name: str, keys: "pd.DataFrame", is_further: bool
) -> None:
    """Make `temp.<name>` of keys (columns of `contract.key`), or append to it; a key may come twice."""
    kinds = {column.name: column.sql_type for column in contract.columns} | {"source": "VARCHAR"}
    casts = ", ".join(f'cast("{key}" as {kinds[key]}) as "{key}"' for key in contract.key)
    connection.register("_keys", keys)
    make = f"insert into {name}" if is_further else f"create or replace temp table {name} as"
    connection.execute(f"{make} select {casts} from _keys")
    connection.unregister("_keys")


def _same(contract: Contract, left: str, right: str) -> str:
    return " and ".join(f'{left}."{name}" is not distinct from {right}."{name}"' for name in contract.key)


def _current_sql(contract: Contract) -> str:
    """The latest vintage of every grain and source, tombstones included."""
    keys = ", ".join(f'"{name}"' for name in contract.key)
    return f"""
        select * from raw.{contract.current_relation}
        qualify row_number() over (
            partition by {keys} order by available_at desc, observed_at desc, payload_seq desc) = 1
    """


def _rescaled(contract: Contract) -> str:
    return "v.split_factor <> 1" if contract.has_splits else "false"


def _differs(column: Column) -> str:
    new, old = f'content."{column.name}"', f'earlier."{column.name}"'
    if column.kind != "number":
        return f"{new} is distinct from {old}"
    size = f"greatest(abs({new}), abs({old}))"
    rounding = {-1: str(SPLIT_ROUNDING_USD), 1: f"{SPLIT_ROUNDING_RELATIVE} * {size}"}.get(column.split_power, "0")
    allowed = f"greatest({JITTER_RELATIVE} * {size}, case when is_rescaled then {rounding} else 0 end)"
    return f"({new} is null) <> ({old} is null) or abs({new} - {old}) > {allowed}"


def _count(connection: "duckdb.DuckDBPyConnection", relation: str) -> int:
    [(count,)] = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(count)
