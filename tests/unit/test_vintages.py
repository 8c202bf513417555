"""Vintages as section 9 of the methodology has them: when a number was known, what is news, what was removed."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.errors import WarehouseError
from dagster_project.warehouse.connection import open_warehouse
from tests import market
from tests.helpers import FIRST_READING, Store

SECOND_READING = FIRST_READING + timedelta(days=1)
THIRD_READING = FIRST_READING + timedelta(days=2)
CLOSE_OF_26_MAY = datetime(2017, 5, 26, 20)
"""16:00 in New York in summer, in UTC."""
VINTAGES = (
    "select close, available_at, observed_at, is_removed from raw.daily_bars "
    "where symbol = 'IWM' and session_date = '2017-05-26' order by available_at, observed_at, is_removed desc"
)
DAYS = market.sessions("2017-05-01", "2017-12-29")
BAR_HEADER = "symbol,session_date,open,high,low,close"


def bar(close: float, day: str = "2017-05-26", symbol: str = "IWM") -> str:
    return f"{symbol},{day},{close},{close},{close},{close}"


def file_of(*rows: str, header: str = BAR_HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def flat(number: int, close: float = 100.0, symbol: str = "IWM", first: int = 0) -> list[str]:
    """`number` bars of one price on consecutive sessions."""
    return [bar(close, day.isoformat(), symbol) for day in DAYS[first : first + number]]


def yields(*rows: str, columns: str = "") -> str:
    return file_of(*rows, header="rate_date,tenor,par_yield_pct" + columns)


# --- when a row was available


@pytest.mark.parametrize(
    ("table", "header", "row", "available_at"),
    [
        ("daily_bars", BAR_HEADER, bar(100), CLOSE_OF_26_MAY),
        # winter: New York is five hours behind UTC
        ("daily_bars", BAR_HEADER, bar(100, "2017-01-03"), datetime(2017, 1, 3, 21)),
        # the Friday before Memorial Day: the next session is Tuesday
        ("policy_rates", "rate_date,effr_pct", "2017-05-26,0.91", datetime(2017, 5, 30, 13)),
        ("fund_nav_shares", "fund_symbol,as_of_date,nav_usd,shares_outstanding", "IWM,2017-05-25,137,2.6e8",
         datetime(2017, 5, 26, 13, 30)),
        ("treasury_yields", "rate_date,tenor,par_yield_pct", "2017-05-26,10yr,2.25", datetime(2017, 5, 26, 22)),
        ("fed_funds_futures", "contract_month,session_date,settle", "2017-06,2017-05-26,98.96",
         datetime(2017, 5, 26, 22)),
        ("company_facts", "company_id,concept,period_type,period_end,filed_date,value",
         "0001,revenue,Q1,2017-03-31,2017-05-09,5e6", datetime(2017, 5, 9, 20)),
        ("published_figures", "topic,as_of,source,value,unit", "flow,2017-05-24,press,-1,usd_m",
         datetime(2017, 5, 26, 20)),
        ("fomc_meetings", "meeting_date,kind", "2017-06-14,scheduled", datetime(2017, 6, 14, 18)),
        ("index_fundamentals", "month,price", "2017-01,2275", datetime(2017, 2, 1, 21)),
        ("index_fundamentals", "month,price,vintage", "2017-01,2275,2017-03", datetime(2017, 3, 31, 20)),
    ],
)  # fmt: skip
def test_first_vintage_takes_the_lag_of_its_contract(store: Store, table, header, row, available_at):
    store.read(file_of(row, header=header), table=table)
    assert store.rows(f"select available_at, observed_at, is_removed from raw.{table}") == [
        (available_at, FIRST_READING, False)
    ]


def test_revision_is_available_when_it_was_observed(store: Store):
    store.read(file_of(bar(100)))
    report = store.read(file_of(bar(101)))
    assert report.rows_new == 1
    assert store.rows(VINTAGES) == [
        (100, CLOSE_OF_26_MAY, FIRST_READING, False),
        (101, SECOND_READING, SECOND_READING, False),
    ]
    assert store.current() == [("IWM", date(2017, 5, 26), 101)]


def test_value_that_goes_back_is_three_vintages(store: Store):
    for close in (100, 101, 100):
        store.read(file_of(bar(close)))
    assert [row[0] for row in store.rows(VINTAGES)] == [100, 101, 100]
    assert store.current() == [("IWM", date(2017, 5, 26), 100)]


def test_same_bytes_are_not_read_twice(store: Store):
    store.read(file_of(bar(100)))
    assert store.read_again().rows_new == 0
    assert store.count("raw.daily_bars") == store.count("ops.payload_log") == len(store.archive.entries()) == 1


def test_other_bytes_with_equal_values_add_nothing(store: Store):
    store.read(file_of(bar(100), bar(101, "2017-05-30")))
    assert store.read(file_of(bar(101, "2017-05-30"), bar(100))).rows_new == 0
    assert store.count("raw.daily_bars") == 2


@pytest.mark.parametrize(
    ("factor", "vintages"), [(1 + 0.99e-5, 1), (1 - 0.99e-5, 1), (1 + 1.01e-5, 2), (1 - 1.02e-5, 2)]
)
def test_jitter_is_no_revision(store: Store, factor, vintages):
    store.read(file_of(bar(100)))
    store.read(file_of(bar(100 * factor)))
    assert store.count("raw.daily_bars") == vintages


def test_jitter_does_not_creep(store: Store):
    """Each step is jitter against the step before; the third is a revision of the value that is held."""
    for step in range(4):
        store.read(file_of(bar(100 * (1 + step * 0.6e-5))))
    assert store.count("raw.daily_bars") == 2


@pytest.mark.parametrize(("before", "after"), [("", "0.5"), ("0.5", "")])
def test_value_that_appears_or_goes_is_a_revision(store: Store, before, after):
    header = BAR_HEADER + ",dividend"
    store.read(file_of(f"{bar(100)},{before}", header=header))
    assert store.read(file_of(f"{bar(100)},{after}", header=header)).rows_new == 1


def test_text_that_changes_is_a_revision(store: Store):
    store.read(file_of("2017-06-14,scheduled", header="meeting_date,kind"), table="fomc_meetings")
    store.read(file_of("2017-06-14,unscheduled", header="meeting_date,kind"), table="fomc_meetings")
    assert store.rows("select kind, available_at from raw.fomc_meetings order by available_at") == [
        ("scheduled", datetime(2017, 6, 14, 18)),
        ("unscheduled", SECOND_READING),
    ]


# --- available_at stated by the input

STATED = BAR_HEADER + ",available_at"


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2017-06-01", datetime(2017, 6, 1, 20)),
        ("2017-06-01T12:30:00Z", datetime(2017, 6, 1, 12, 30)),
        ("2017-06-01T12:30:00-04:00", datetime(2017, 6, 1, 16, 30)),
        ("2017-06-01 12:30:00", datetime(2017, 6, 1, 12, 30)),
        ("", CLOSE_OF_26_MAY),
    ],
)
def test_stated_instant_is_honoured_for_the_first_vintage(store: Store, written, instant):
    store.read(file_of(f"{bar(100)},{written}", header=STATED))
    assert [row[1] for row in store.rows(VINTAGES)] == [instant]


def test_stated_instant_is_honoured_for_a_later_vintage(store: Store):
    store.read(file_of(f"{bar(100)},2017-05-26", header=STATED))
    store.read(file_of(f"{bar(100)},2017-05-26", f"{bar(101)},2018-02-01", header=STATED))
    assert [row[:3] for row in store.rows(VINTAGES)] == [
        (100, CLOSE_OF_26_MAY, FIRST_READING),
        (101, datetime(2018, 2, 1, 21), SECOND_READING),
    ]


def test_stated_instant_before_what_is_held_goes_into_the_past(store: Store):
    store.read(file_of(f"{bar(101)},2018-02-01", header=STATED))
    store.read(file_of(f"{bar(101)},2018-02-01", f"{bar(100)},2017-05-26", header=STATED))
    assert [row[:2] for row in store.rows(VINTAGES)] == [(100, CLOSE_OF_26_MAY), (101, datetime(2018, 2, 1, 21))]
    assert store.current() == [("IWM", date(2017, 5, 26), 101)]


def test_second_value_for_the_same_stated_instant_is_available_when_observed(store: Store):
    store.read(file_of(f"{bar(100)},2017-05-26", header=STATED))
    store.read(file_of(f"{bar(101)},2017-05-26", header=STATED))
    assert [row[:2] for row in store.rows(VINTAGES)] == [(100, CLOSE_OF_26_MAY), (101, SECOND_READING)]
    store.read(file_of(f"{bar(101)},2017-05-26", header=STATED) + "\n")
    assert store.count("raw.daily_bars") == 2


def test_revision_is_never_available_before_what_it_revises(store: Store):
    """A row stated for the future is revised by a plain row: not before the statement."""
    store.read(file_of(f"{bar(100)},2030-01-02", header=STATED))
    store.read(file_of(bar(101)))
    assert [row[:2] for row in store.rows(VINTAGES)] == [
        (100, datetime(2030, 1, 2, 21)),
        (101, datetime(2030, 1, 2, 21)),
    ]
    assert store.current() == [("IWM", date(2017, 5, 26), 101)]


def test_several_vintages_in_one_payload(store: Store):
    header = "month,price,earnings,vintage"
    rows = [
        "2017-01,2275,100,2017-03",
        "2017-01,2275,104,2017-06",
        "2017-02,2330,101,2017-03",
        "2017-01,2276,104,2017-09",
    ]
    query = "select month, price, earnings, available_at from raw.index_fundamentals order by month, available_at"
    expected = [
        (date(2017, 1, 1), 2275, 100, datetime(2017, 3, 31, 20)),
        (date(2017, 1, 1), 2275, 104, datetime(2017, 6, 30, 20)),
        (date(2017, 1, 1), 2276, 104, datetime(2017, 9, 30, 20)),
        (date(2017, 2, 1), 2330, 101, datetime(2017, 3, 31, 20)),
    ]
    store.read(file_of(*rows, header=header), table="index_fundamentals")
    assert store.rows(query) == expected
    store.read(file_of(*rows[::-1], header=header), table="index_fundamentals")
    assert store.rows(query) == expected


# --- sources


def test_source_column_of_the_file_is_kept_and_each_source_has_its_own_vintages(store: Store):
    header = BAR_HEADER + ",source"
    store.read(file_of(f"{bar(100)},bloomberg", f"{bar(100.5)},", header=header))
    store.read(file_of(f"{bar(102)},bloomberg", f"{bar(100.5)},", header=header))
    assert store.rows("select source, close, available_at from raw.daily_bars order by source, available_at") == [
        ("bloomberg", 100, CLOSE_OF_26_MAY),
        ("bloomberg", 102, SECOND_READING),
        ("files", 100.5, CLOSE_OF_26_MAY),
    ]


@pytest.mark.parametrize("first_is_simulated", [True, False])
def test_simulated_and_real_rows_never_share_a_file(tmp_path: Path, first_is_simulated):
    file = tmp_path / "any.duckdb"
    with open_warehouse(file, "sample" if first_is_simulated else "files", first_is_simulated):
        pass
    other = not first_is_simulated
    with (
        pytest.raises(WarehouseError, match=r"never share a file.*SMALLCAP_DATA_DIR"),
        open_warehouse(file, "sample" if other else "files", other),
    ):
        pass
    with open_warehouse(file, "sample", first_is_simulated):
        pass


# --- rows that go


def test_removed_row_inside_the_span_gets_a_tombstone(store: Store):
    rows = flat(10)
    store.read(file_of(*rows))
    report = store.read(file_of(*rows[:4], *rows[5:]))
    assert store.rows(
        "select session_date, close, available_at, observed_at, payload_seq from raw.daily_bars where is_removed"
    ) == [(DAYS[4], None, SECOND_READING, SECOND_READING, 2)]
    assert len(store.current()) == 9
    assert any("1 rows were removed" in remark for remark in report.remarks)


def test_last_row_that_goes_gets_a_tombstone(store: Store):
    rows = flat(10)
    store.read(file_of(*rows))
    store.read(file_of(*rows[:-1]))
    assert store.rows("select session_date from raw.daily_bars where is_removed") == [(DAYS[9],)]


def test_window_that_moves_on_removes_nothing(store: Store):
    store.read(file_of(*flat(100)))
    store.read(file_of(*flat(50, first=60)))
    assert store.rows("select count(*), count(*) filter (is_removed) from raw.daily_bars") == [(110, 0)]


def test_symbol_that_is_not_in_the_file_any_more_is_not_removed(store: Store):
    store.read(file_of(*flat(5), *flat(5, symbol="SPY")))
    store.read(file_of(*flat(5), bar(99, "2017-12-29")))
    assert store.count("raw.daily_bars where is_removed") == 0


def test_file_that_is_gone_removes_nothing(store: Store):
    store.read(file_of(*flat(5)))
    store.source.payloads.clear()
    assert store.read_again().rows_new == 0
    assert len(store.current()) == 5


def test_removed_row_that_comes_back_is_a_new_vintage(store: Store):
    rows = flat(10)
    for content in (rows, rows[:9], rows):
        store.read(file_of(*content))
    assert store.rows(
        "select close, available_at, is_removed from raw.daily_bars where session_date = ? order by available_at",
        DAYS[9],
    ) == [(100, datetime.combine(DAYS[9], datetime.min.time()) + timedelta(hours=20), False),
          (None, SECOND_READING, True), (100, THIRD_READING, False)]  # fmt: skip
    assert len(store.current()) == 10


def test_removed_row_with_a_stated_instant_that_comes_back_holds_again(store: Store):
    rows = [f"{row},2017-12-31" for row in flat(10)]
    for content in (rows, rows[:9], rows):
        store.read(file_of(*content, header=STATED))
    assert len(store.current()) == 10


def test_quarantined_row_was_not_removed(store: Store):
    rows = flat(10)
    store.read(file_of(*rows))
    store.read(file_of(*rows[:9], bar(-1, DAYS[9].isoformat())))
    assert store.count("raw.daily_bars where is_removed") == 0
    assert store.count("quarantine.daily_bars") > 0
    assert len(store.current()) == 10


def test_row_with_a_field_too_many_was_not_removed(store: Store):
    rows = flat(10)
    store.read(file_of(*rows))
    store.read(file_of(*rows[:9], rows[9] + ",surplus"))
    assert store.count("quarantine.daily_bars") == 1
    assert store.count("raw.daily_bars where is_removed") == 0
    assert len(store.current()) == 10


def test_row_of_one_source_that_goes_gets_a_tombstone_though_another_source_has_the_day(store: Store):
    header = BAR_HEADER + ",source"
    both = [f"{row},{source}" for source in ("bloomberg", "lipper") for row in flat(5)]
    store.read(file_of(*both, header=header))
    store.read(file_of(*both[:-1], header=header))
    assert store.rows("select source, session_date from raw.daily_bars where is_removed") == [("lipper", DAYS[4])]


@pytest.mark.parametrize(
    ("rows", "gone", "is_refused"),
    [(10, 3, False), (10, 4, True), (100, 3, False), (100, 4, True), (160, 3, False), (160, 4, True)],
)
def test_file_that_lost_more_than_three_rows_is_refused(store: Store, rows, gone, is_refused):
    """Up to 300 rows the allowance is three rows."""
    store.read(file_of(*flat(rows)))
    report = store.read(file_of(*flat(rows - gone)))
    assert bool(report.problems) == is_refused
    assert store.count("raw.daily_bars where is_removed") == (0 if is_refused else gone)


@pytest.mark.parametrize(("gone", "is_refused"), [(8, False), (9, True)])
def test_long_file_may_lose_one_percent(store: Store, gone, is_refused):
    frame = market.bars(symbols=("IWM",), first="2014-01-02", last="2017-12-29").head(800)
    store.read(frame)
    report = store.read(frame.head(800 - gone))
    assert bool(report.problems) == is_refused
    assert store.count("raw.daily_bars where is_removed") == (0 if is_refused else gone)


def test_cut_off_file_leaves_everything_as_it_was_and_says_what_to_do(store: Store):
    store.read(file_of(*flat(20)))
    report = store.read(file_of(*flat(10, close=200)))
    [problem] = report.problems
    assert "inbox/daily_bars/a.csv" in problem
    assert "10 of the 20 rows" in problem
    assert "--accept-removals" in problem
    assert store.rows("select count(*), max(close) from raw.daily_bars") == [(20, 100)]
    assert store.rows("select status from ops.payload_log order by payload_seq") == [("accepted",), ("refused",)]


def test_cut_off_file_is_taken_when_the_user_says_so(store: Store):
    store.read(file_of(*flat(20)))
    store.read(file_of(*flat(10)))
    report = store.read_again(accept_removals=True)
    assert report.problems == []
    assert store.count("raw.daily_bars where is_removed") == 10
    assert len(store.current()) == 10
    assert store.read_again().problems == []


def test_accepting_removals_reads_no_unchanged_file_again(store: Store):
    store.read(file_of(bar(100)), name="a.csv")
    store.read(file_of(bar(101)), name="b.csv")
    store.read_again(accept_removals=True)
    assert store.count("raw.daily_bars") == 2


def test_refused_file_that_is_whole_again_is_no_problem_any_more(store: Store):
    for number in (20, 10, 20):
        report = store.read(file_of(*flat(number)))
    assert report.problems == []
    assert store.count("raw.daily_bars") == 20


# --- rows that still stand in another file


def test_row_that_still_stands_in_another_file_is_affirmed(store: Store):
    store.read(file_of(*flat(10)), name="a.csv")
    store.read(file_of(*flat(10)), name="b.csv")
    store.read(file_of(*flat(9)), name="a.csv")
    assert len(store.current()) == 10


def test_affirmed_row_wins_over_the_tombstone_without_a_tie(store: Store):
    store.read(file_of(*flat(10)), name="a.csv")
    store.read(file_of(*flat(10)), name="b.csv")
    store.read(file_of(*flat(9)), name="a.csv")
    ties = store.rows(
        "select symbol, session_date from raw.daily_bars group by symbol, session_date, source, available_at, "
        "observed_at, payload_seq having count(*) > 1"
    )
    assert ties == []


def test_row_dropped_by_both_files_is_removed(store: Store):
    store.read(file_of(*flat(10)), name="a.csv")
    store.read(file_of(*flat(10)), name="b.csv")
    store.read(file_of(*flat(9)), name="a.csv")
    store.read(file_of(*flat(9)), name="b.csv")
    assert len(store.current()) == 9


def test_row_that_only_the_other_file_has_is_not_touched_again(store: Store):
    """What a.csv dropped and b.csv holds is settled: later versions of a.csv write no new vintages of it."""
    store.read(file_of(*flat(10)), name="a.csv")
    store.read(file_of(*flat(10)), name="b.csv")
    store.read(file_of(*flat(9)), name="a.csv")
    before = store.count("raw.daily_bars")
    store.read(file_of(*flat(9)) + "\n", name="a.csv")
    assert store.count("raw.daily_bars") == before


def test_refused_version_of_another_file_affirms_nothing_of_its_own(store: Store):
    """b.csv was refused for its cut; its last good version speaks, not the refused one."""
    store.read(file_of(*flat(10)), name="a.csv")
    store.read(file_of(*flat(30)), name="b.csv")
    report = store.read(file_of(*flat(9), bar(555, DAYS[9].isoformat())), name="b.csv")
    assert len(report.problems) == 1
    store.read(file_of(*flat(9)), name="a.csv")
    assert [row[2] for row in store.current() if row[1] == DAYS[9]] == [100]


# --- splits

SPLIT_DAY = "2017-06-07"
"""A quiet day of the synthetic market: the close moved by half a percent beside the split."""


def iwm() -> "market.pd.DataFrame":
    return market.bars(symbols=("IWM",), first="2017-01-03", last="2017-09-29")


def split_history(decimals: int = 10) -> tuple["market.pd.DataFrame", "market.pd.DataFrame"]:
    """History up to the day before a 2-for-1 split, and the whole history restated after it."""
    true = market.rescaled_from(iwm(), "IWM", SPLIT_DAY, 2)
    before = true[true["session_date"] < SPLIT_DAY]
    return before, market.split_adjusted(true, "IWM", SPLIT_DAY, 2, decimals)


@pytest.mark.parametrize("decimals", [10, 2])
def test_one_split_is_one_event_and_not_a_revision_of_every_row(store: Store, decimals):
    before, after = split_history(decimals)
    store.read(before)
    store.read(after)
    assert store.rows(
        "select table_name, source, symbol, split_date, split_ratio, rows_explained, observed_at from raw.split_events"
    ) == [("daily_bars", "files", "IWM", date(2017, 6, 7), 2, len(before), SECOND_READING)]
    assert store.rows(
        "select count(*), min(session_date) from raw.daily_bars where observed_at = ?", SECOND_READING
    ) == [(len(after) - len(before), date(2017, 6, 7))]


def test_history_is_shown_on_the_scale_after_the_split(store: Store):
    before, after = split_history()
    store.read(before)
    store.read(after)
    shown = store.rows(
        "select close, volume, dividend, open, split_factor from raw.daily_bars_on_current_scale order by session_date"
    )
    for row, expected in zip(shown, after.itertuples(), strict=True):
        assert row[:4] == pytest.approx((expected.close, expected.volume, expected.dividend, expected.open))
        assert row[4] == (2 if expected.session_date < SPLIT_DAY else 1)
    assert store.rows("select close from raw.daily_bars order by session_date limit 1") == [(before["close"].iloc[0],)]


@pytest.mark.parametrize("decimals", [10, 2])
def test_restated_history_read_again_adds_nothing(store: Store, decimals):
    before, after = split_history(decimals)
    store.read(before)
    store.read(after)
    held = store.count("raw.daily_bars")
    assert store.read(after.iloc[::-1]).rows_new == 0
    assert store.read(split_history(10)[1]).rows_new == 0
    assert (store.count("raw.daily_bars"), store.count("raw.split_events")) == (held, 1)


def test_split_day_that_was_held_unmarked_gets_its_own_vintages_only(store: Store):
    """The vendor delivers the split day first on the new scale with the mark missing: quarantined, then marked."""
    true = market.rescaled_from(iwm(), "IWM", SPLIT_DAY, 2)
    until_split_day = true[true["session_date"] <= SPLIT_DAY]
    store.read(until_split_day)
    assert store.rows("select distinct rule from quarantine.daily_bars") == [("splits_marked",)]
    store.read(market.split_adjusted(until_split_day, "IWM", SPLIT_DAY, 2))
    assert store.count("raw.split_events") == 1
    assert store.rows("select session_date from raw.daily_bars where observed_at = ?", SECOND_READING) == [
        (date(2017, 6, 7),)
    ]


def test_revision_beside_a_split_is_still_a_revision(store: Store):
    before, after = split_history()
    revised = after.copy()
    revised.loc[revised.index[3], ["open", "high", "low", "close"]] *= 1.02
    store.read(before)
    store.read(revised)
    assert store.count("raw.split_events") == 1
    assert store.rows(
        "select session_date::varchar from raw.daily_bars where observed_at = ? and session_date < ?",
        SECOND_READING,
        SPLIT_DAY,
    ) == [(revised["session_date"].iloc[3],)]


def test_two_splits_at_once_multiply(store: Store):
    true = market.rescaled_from(market.rescaled_from(iwm(), "IWM", "2017-04-03", 2), "IWM", SPLIT_DAY, 5)
    before = true[true["session_date"] < "2017-04-03"]
    after = market.split_adjusted(market.split_adjusted(true, "IWM", SPLIT_DAY, 5), "IWM", "2017-04-03", 2)
    store.read(before)
    store.read(after)
    assert store.rows("select split_date, split_ratio from raw.split_events order by 1") == [
        (date(2017, 4, 3), 2), (date(2017, 6, 7), 5)]  # fmt: skip
    assert store.rows("select close from raw.daily_bars_on_current_scale order by session_date limit 1")[0][
        0
    ] == pytest.approx(before["close"].iloc[0] / 10)


def test_split_seen_only_in_a_recent_window(store: Store):
    """Nothing overlaps: the jump from the last row held to the first one after tells."""
    before, after = split_history()
    store.read(before, name="all.csv")
    store.read(after[after["session_date"] >= SPLIT_DAY], name="recent.csv")
    assert store.rows("select split_date, split_ratio, rows_explained from raw.split_events") == [
        (date(2017, 6, 7), 2, 0)
    ]
    shown = store.rows("select close from raw.daily_bars_on_current_scale order by session_date")
    assert [row[0] for row in shown] == pytest.approx(after["close"].tolist())


def test_marked_split_without_a_jump_is_no_event(store: Store):
    """The history held is on the new scale already: dividing it again would be wrong."""
    _, after = split_history()
    store.read(after[after["session_date"] < SPLIT_DAY], name="all.csv")
    store.read(after[after["session_date"] >= SPLIT_DAY], name="recent.csv")
    assert store.count("raw.split_events") == 0


def test_split_in_the_first_history_is_no_event(store: Store):
    _, after = split_history()
    store.read(after)
    assert store.count("raw.split_events") == 0
    assert {row[0] for row in store.rows("select split_factor from raw.daily_bars_on_current_scale")} == {1.0}


def test_split_of_one_symbol_leaves_the_others(store: Store):
    other = market.bars(symbols=("SPY",), first="2017-01-03", last="2017-09-29")
    before, after = split_history()
    store.read(market.pd.concat([before, other]))
    store.read(market.pd.concat([after, other]))
    assert store.rows("select symbol from raw.split_events") == [("IWM",)]
    assert {
        row[0] for row in store.rows("select split_factor from raw.daily_bars_on_current_scale where symbol = 'SPY'")
    } == {1.0}


def test_reverse_split(store: Store):
    true = market.rescaled_from(iwm(), "IWM", SPLIT_DAY, 0.1)
    store.read(true[true["session_date"] < SPLIT_DAY])
    store.read(market.split_adjusted(true, "IWM", SPLIT_DAY, 0.1))
    assert store.rows("select split_ratio from raw.split_events") == [(0.1,)]
    assert store.rows(
        "select count(*) from raw.daily_bars where observed_at = ? and session_date < ?", SECOND_READING, SPLIT_DAY
    ) == [(0,)]


def test_restatement_without_a_marked_split_is_revisions(store: Store):
    frame = market.bars(symbols=("^RUT",), first="2017-01-03", last="2017-02-28")
    store.read(frame)
    halved = frame.copy()
    halved[["open", "high", "low", "close"]] /= 2
    store.read(halved)
    assert store.count("raw.split_events") == 0
    assert store.count("raw.daily_bars") == 2 * len(frame)
