"""Members: the incremental build comes to what a full refresh comes to, cell by cell, however the rows arrive.

`make soak CAMPAIGN=members` tells hundreds of cases.
"""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.member_builds import (
    COUNTED,
    COUNTED_YEARS,
    INCREMENTAL,
    Case,
    Compiled,
    Warehouse,
    compile_models,
    differences,
    draw_case,
    tell,
)
from tests.members import members

CASES = [
    *(draw_case(random.Random(f"fixed {number}")) for number in range(4)),
    # A ticker that was given by mistake was taken back: splits of it after that day no longer count before it.
    Case(5885, 89993531, 8, (2, 5, 5, 6, 7, 8)),
]


@pytest.fixture(scope="session")
def compiled(shared: Path) -> Compiled:
    return made_once(shared / "member_models", compile_models)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_incremental_is_the_full_refresh(case, compiled: Compiled) -> None:
    result = tell(case, compiled)
    assert result.faults == ()
    assert result.rows_kept > 0, "everything was made again: nothing incremental was tried"


@pytest.fixture
def two(compiled: Compiled, tmp_path: Path):
    """Two warehouses of one history in two deliveries; the first one has taken in and built the first delivery."""
    made = members(4_000, 5, tmp_path / "members", payloads=2, threads=1)
    incremental, full = Warehouse(compiled, made), Warehouse(compiled, made)
    incremental.take_in(1)
    incremental.build()
    yield incremental, full
    incremental.connection.close()
    full.connection.close()


def test_a_stale_row_is_found(two) -> None:
    """The comparison itself: the second delivery is not built."""
    incremental, full = two
    full.take_in(2)
    full.build(is_full=True)
    assert differences(incremental, full)


def test_another_definition_makes_everything_again(two) -> None:
    incremental, full = two
    incremental.connection.execute(f"update intermediate.{INCREMENTAL} set definition = 'old', is_new_high = true")
    incremental.connection.execute(f"update intermediate.{COUNTED_YEARS} set made_with = 'old', days_held = -1")
    incremental.build()
    full.take_in(1)
    full.build(is_full=True)
    assert differences(incremental, full) == []
    [(old,)] = incremental.connection.execute(
        f"select count(*) from intermediate.{INCREMENTAL} where definition = 'old'"
    ).fetchall()
    assert old == 0


def test_a_day_touches_only_what_it_changes(compiled: Compiled, tmp_path: Path) -> None:
    """One revised bar of one member: rows from that day on are new, all others are those of before."""
    made = replace(members(4_000, 6, tmp_path / "members", payloads=1, threads=1))
    warehouse = Warehouse(compiled, made)
    warehouse.take_in(1)
    warehouse.build()
    day, *_ = warehouse.connection.execute(
        f"select session_date from intermediate.{INCREMENTAL} where member_id = 'M00004' and session_number = 200"
    ).fetchone()
    warehouse.connection.execute(
        "insert into raw.daily_bars by name select * replace (close * 1.1 as close, timestamp '2027-01-01' as "
        "available_at, timestamp '2027-01-01' as observed_at, 2 as payload_seq) from raw.daily_bars "
        "where symbol = 'S4' and session_date = ? limit 1",
        [day],
    )
    counted_before = warehouse.connection.execute(f"from intermediate.{COUNTED}").fetchall()
    warehouse.build()
    changed = warehouse.connection.execute(
        f"select member_id, min(session_date) from intermediate.{INCREMENTAL} where bars_through_seq = 2 "
        "group by member_id"
    ).fetchall()
    assert changed == [("M00004", day)]
    counted_after = warehouse.connection.execute(f"from intermediate.{COUNTED}").fetchall()
    again = {session for _, session, *_ in set(counted_after) - set(counted_before)}
    assert min(again) == day
    assert len(again) < len({session for _, session, *_ in counted_before})
    warehouse.connection.execute(f"update intermediate.{COUNTED_YEARS} set days_held = -1")
    warehouse.build()
    assert set(warehouse.connection.execute(f"from intermediate.{COUNTED}").fetchall()) == set(counted_after)
    assert warehouse.connection.execute(f"select max(days_held) from intermediate.{COUNTED_YEARS}").fetchall() == [
        (-1,)
    ], "without news no year is counted again"
    warehouse.connection.execute(
        "insert into raw.daily_bars by name "
        "select * replace (3 as payload_seq) from raw.daily_bars where payload_seq = 2"
    )
    warehouse.build()
    assert warehouse.connection.execute(
        f"select table_name, series, calendar_year from intermediate.{COUNTED_YEARS} where days_held > 0"
    ).fetchall() == [("daily_bars", "S4", day.year)]


LATER = "timestamp '2027-01-01' as observed_at, timestamp '2027-01-01' as available_at, 9 as payload_seq"
NEWS = {
    "close of the index": f"""
        insert into raw.daily_bars by name select * replace (close * 1.5 as close, {LATER}) from raw.daily_bars
        where symbol = 'INDEX0' order by session_date limit 1 offset 280""",
    "close of the index withdrawn": f"""
        insert into raw.daily_bars by name select * replace (true as is_removed, {LATER}) from raw.daily_bars
        where symbol = 'INDEX0' order by session_date limit 1 offset 20""",
    "weights of a basket": """
        insert into raw.fund_holdings by name select * replace (weight_pct * 2 as weight_pct, 9 as payload_seq)
        from raw.fund_holdings where ticker = 'S1' and payload_seq = 1 order by as_of_date limit 1""",
    "one member comes, one goes": """
        insert into raw.index_membership by name
        select * replace ('M00001' as member_id, 9 as payload_seq) from raw.index_membership
            where index_id = 'INDEX1' and member_id = 'M00000'
        union all by name
        select * replace (true as is_removed, available_at + interval 1 microsecond as available_at, 9 as payload_seq)
        from raw.index_membership where index_id = 'INDEX1' and member_id = 'M00000'""",
}
"""What counts follow from besides the rows of members, told by a later delivery."""


@pytest.mark.parametrize("news", NEWS)
def test_sessions_are_counted_again_when_what_they_follow_from_changes(
    news: str, compiled: Compiled, tmp_path: Path
) -> None:
    made = members(4_000, 7, tmp_path / "members", threads=1)
    incremental, full = Warehouse(compiled, made), Warehouse(compiled, made)
    incremental.take_in(1)
    incremental.build()
    before = incremental.connection.execute("from marts.breadth order by all").fetchall()
    full.take_in(1)
    for warehouse in (incremental, full):
        warehouse.connection.execute(NEWS[news])
    incremental.build()
    full.build(is_full=True)
    assert differences(incremental, full) == []
    assert incremental.connection.execute("from marts.breadth order by all").fetchall() != before
    incremental.connection.close()
    full.connection.close()
