"""Replays: what the warehouse would hold had it been built at an earlier instant.

Belongs here: reading that instant, taking out of raw what became known after it, and the directories of replays.
Does not belong here: the order of steps of a replay (`steps.replay`). Seeds are no vintages: a replay has those of the
code it runs, like any build.
"""

import json
import shutil
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dagster_project.contracts.availability import MARKET_TIME_ZONE
from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import SmallcapError, WarehouseError
from dagster_project.warehouse.archive import utc_now

if TYPE_CHECKING:
    import duckdb

END_OF_DAY = time(23, 59, 59)


def read_instant(text: str) -> datetime:
    """The instant that a person means, as naive UTC: a date stands for its end in New York.

    Args:
        text: `YYYY-MM-DD`, or an ISO 8601 instant with its zone.

    Raises:
        SmallcapError: it is neither, has no zone, or lies in the future.
    """
    try:
        instant = _parsed(text)
    except (ValueError, OverflowError) as error:
        raise SmallcapError(
            f"{text!r} is no instant; expected YYYY-MM-DD (the end of that day in New York) or an instant with its "
            "zone such as 2017-05-26T16:00:00-04:00 or 2017-05-26T20:00:00Z."
        ) from error
    now = utc_now()
    if instant > now:
        raise SmallcapError(
            f"{text} is {_shown(instant)} and lies in the future (it is {_shown(now)}): what will be known then is not "
            "known yet. `smallcap build` tells what is known now."
        )
    return instant


def _parsed(text: str) -> datetime:
    try:
        local = datetime.combine(date.fromisoformat(text), END_OF_DAY, ZoneInfo(MARKET_TIME_ZONE))
    except ValueError:
        local = datetime.fromisoformat(text)
        if local.tzinfo is None:
            raise ValueError("no zone") from None
    return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def replay_name(known_at: datetime) -> str:
    """Directory of a replay: its instant, with microseconds where there are any."""
    fraction = f".{known_at:%f}" if known_at.microsecond else ""
    return f"{known_at:%Y%m%dT%H%M%S}{fraction}Z"


def replay_database(replays_dir: Path, known_at: datetime) -> Path:
    """The snapshot of a replay that was made before.

    Raises:
        WarehouseError: there is no replay of that instant; the message lists those there are.
    """
    database = replays_dir / replay_name(known_at) / "market.duckdb"
    if not database.exists():
        names = sorted(path.parent.name for path in replays_dir.glob("[!.]*/manifest.json"))
        raise WarehouseError(
            f"{database.parent}: no replay of that instant; there are: {', '.join(names) or 'none'}. "
            "`smallcap replay --known-at` makes one."
        )
    return database


def forget_later(connection: "duckdb.DuckDBPyConnection", known_at: datetime) -> None:
    """Take out of raw every vintage, tombstones included, that became known after the instant.

    Rows in quarantine have no such instant: those of a later day go.

    A history is left on the scale on which it was known. A split belongs to what was known as soon as the row that
    marks it does, though the warehouse may have seen it years later. Another one is taken back: its event goes, and
    rows that were read on the scale after it go back to the one before. A split that no reading crossed has no event:
    its history came on one scale and stays on that.

    Raises:
        WarehouseError: no price was known at the instant; the message says from when on one was.
    """
    [(first,)] = connection.execute("select min(available_at) from raw.daily_bars").fetchall()
    if first is None:
        raise WarehouseError("The archive has no prices, so there is nothing to replay. Run `smallcap build` first.")
    if first > known_at:
        raise WarehouseError(f"No price was known at {_shown(known_at)}: the first one is of {_shown(first)}.")
    connection.begin()
    for contract in CONTRACTS.values():
        if "split_ratio" in contract.column:
            _take_back_splits(connection, contract, known_at)
        connection.execute(f"delete from raw.{contract.table} where available_at > ?", [known_at])
        _forget_quarantined(connection, contract, known_at)
    connection.commit()


def _take_back_splits(connection: "duckdb.DuckDBPyConnection", contract: Contract, known_at: datetime) -> None:
    """Undo the splits whose marking row of `raw.<table>` became known after the instant."""
    series = contract.series[0]
    connection.execute(
        f"""
        create or replace temp table later_splits as
        select * from raw.split_events as event
        where table_name = '{contract.table}' and ? < coalesce((
            select min(marked.available_at) from raw.{contract.table} as marked
            where marked.source = event.source and marked.{series} = event.symbol
                and marked.{contract.time_column} = event.split_date and marked.payload_seq = event.payload_seq
        ), observed_at)
        """,
        [known_at],
    )
    scaled = ", ".join(
        f'"{column.name}" = "{column.name}" {"*" if column.split_power == -1 else "/"} taken_back.factor'
        for column in contract.columns
        if column.split_power
    )
    connection.execute(
        f"""
        update raw.{contract.table} as vintage set {scaled}
        from (
            select held.rowid as row_id, product(later.split_ratio) as factor
            from raw.{contract.table} as held
            inner join later_splits as later
                on held.source = later.source and held.{series} = later.symbol
                and held.{contract.time_column} < later.split_date and held.observed_at >= later.observed_at
            group by held.rowid
        ) as taken_back
        where vintage.rowid = taken_back.row_id
        """
    )
    connection.execute(
        "delete from raw.split_events as event where exists (select 1 from later_splits as later "
        "where (later.table_name, later.source, later.symbol, later.split_date, later.payload_seq) = "
        "(event.table_name, event.source, event.symbol, event.split_date, event.payload_seq))"
    )


def _forget_quarantined(connection: "duckdb.DuckDBPyConnection", contract: Contract, known_at: datetime) -> None:
    """Rejected rows of a day after the instant; one whose day cannot be read stays."""
    day = f"json_extract_string(row_json, '$.{contract.time_column}')"
    connection.execute(
        f"""
        delete from quarantine.{contract.table} where cast(? as date) < case when json_valid(row_json)
            then coalesce(try_cast({day} as date), try_cast({day} || '-01' as date)) end
        """,
        [known_at],
    )


def refuse_other_mode(final: Path, is_simulated: bool) -> None:
    """Keep a simulated replay from taking the place of a real one, and the other way round.

    Raises:
        WarehouseError: the directory holds a replay of the other mode.
    """
    manifest = final / "manifest.json"
    if manifest.exists() and json.loads(manifest.read_text(encoding="utf-8"))["is_simulated"] != is_simulated:
        kind = "real" if is_simulated else "simulated"
        raise WarehouseError(f"{final} is a replay of {kind} data. Remove it first: rm -r {final}")


def clear_partial(partial: Path) -> Path:
    """An empty directory for a replay; what a killed or failed one left there goes."""
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def put_in_place(partial: Path, final: Path) -> None:
    """Give a finished replay its name; an earlier one of the same instant is moved aside first.

    A reader sees the old replay, the new one, or between the two renames none, and never a part of either.
    """
    replaced = final.with_name(f".{final.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if final.exists():
        final.rename(replaced)
    partial.rename(final)
    shutil.rmtree(replaced, ignore_errors=True)
