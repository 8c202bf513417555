"""Freshness counts NYSE sessions against a clock that the test sets (UTC)."""

from datetime import date, datetime

import pytest

from dagster_project.checks.freshness import domain_freshness, expected_through
from dagster_project.contracts.tables import CONTRACTS

BARS = CONTRACTS["daily_bars"]
SHARES = CONTRACTS["fund_nav_shares"]
EFFR = CONTRACTS["policy_rates"]
HOLDINGS = CONTRACTS["fund_holdings"]
FRIDAY = date(2017, 5, 26)
"""The Friday before Memorial Day; the next session is Tuesday 30 May."""


@pytest.mark.parametrize(
    ("contract", "now", "expected"),
    [
        # prices are due at the close, 20:00 UTC in summer
        (BARS, datetime(2017, 5, 26, 20, 0), FRIDAY),
        (BARS, datetime(2017, 5, 26, 19, 59), date(2017, 5, 25)),
        # still Thursday in New York
        (BARS, datetime(2017, 5, 26, 0, 30), date(2017, 5, 25)),
        (BARS, datetime(2017, 5, 26, 8, 0), date(2017, 5, 25)),
        # weekend and holiday
        (BARS, datetime(2017, 5, 27, 12), FRIDAY),
        (BARS, datetime(2017, 5, 28, 23, 59), FRIDAY),
        (BARS, datetime(2017, 5, 29, 22), FRIDAY),
        (BARS, datetime(2017, 5, 30, 20), date(2017, 5, 30)),
        # winter: 21:00 UTC
        (BARS, datetime(2017, 1, 3, 20, 30), date(2016, 12, 30)),
        (BARS, datetime(2017, 1, 3, 21, 0), date(2017, 1, 3)),
        (BARS, datetime(2017, 1, 1, 12), date(2016, 12, 30)),
        # share counts the session after, at 9:30
        (SHARES, datetime(2017, 5, 26, 13, 29), date(2017, 5, 24)),
        (SHARES, datetime(2017, 5, 26, 13, 30), date(2017, 5, 25)),
        (SHARES, datetime(2017, 5, 29, 22), date(2017, 5, 25)),
        (SHARES, datetime(2017, 5, 30, 13, 30), FRIDAY),
        (EFFR, datetime(2017, 5, 30, 12, 59), date(2017, 5, 25)),
        (EFFR, datetime(2017, 5, 30, 13, 0), FRIDAY),
        (HOLDINGS, datetime(2017, 5, 30, 13, 0), None),
    ],
)
def test_last_session_that_is_due(contract, now, expected):
    assert expected_through(contract, now) == expected


def freshness(through, *, contracts=(BARS,), now=datetime(2017, 5, 30, 21), problem=False, simulated=False):
    if not isinstance(through, dict):
        through = {BARS.table: through}
    found = domain_freshness("domain", list(contracts), through, problem, simulated, now)
    return found.status, found.stale_sessions, found.data_through, found.expected_through


@pytest.mark.parametrize(
    ("contract", "through", "status"),
    [(BARS, date(2017, 5, 30), "stale"), (BARS, date(2017, 5, 26), "stale"), (HOLDINGS, date(2017, 3, 31), "stale"),
     (BARS, None, "missing")],
)  # fmt: skip
def test_a_service_that_gave_nothing_makes_its_domain_stale(contract, through, status):
    now = datetime(2017, 5, 30, 21)
    told = {contract.table: through}
    assert domain_freshness("domain", [contract], told, False, False, now, is_unreachable=True).status == status
    assert domain_freshness("domain", [contract], told, True, False, now, is_unreachable=True).status in (
        "refused", "missing",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "through", "problem", "unreachable", "status"),
    [(HOLDINGS, date(2017, 3, 31), False, False, "not configured"), (HOLDINGS, None, False, False, "not configured"),
     (BARS, date(2017, 5, 30), False, False, "not configured"), (BARS, date(2017, 5, 26), False, False, "stale"),
     (HOLDINGS, date(2017, 3, 31), False, True, "stale"), (HOLDINGS, date(2017, 3, 31), True, False, "refused"),
     (HOLDINGS, None, False, True, "missing"), (HOLDINGS, None, True, False, "refused")],
)  # fmt: skip
def test_what_nobody_set_is_told_and_what_failed_comes_before_it(contract, through, problem, unreachable, status):
    now, told = datetime(2017, 5, 30, 21), {contract.table: through}
    found = domain_freshness("domain", [contract], told, problem, False, now, unreachable, missing_setting="KEY")
    assert found.status == status
    assert found.reason == ("not configured: set KEY" if status == "not configured" else "")


def test_a_domain_with_an_empty_table_after_a_failure_is_missing():
    told = {EFFR.table: date(2017, 5, 26), BARS.table: None}
    now = datetime(2017, 5, 30, 21)
    assert domain_freshness("domain", [EFFR, BARS], told, False, False, now, is_unreachable=True).status == "missing"


def test_up_to_date_is_fresh():
    assert freshness(date(2017, 5, 30)) == ("fresh", 0, date(2017, 5, 30), date(2017, 5, 30))


def test_stale_counts_sessions_not_days():
    assert freshness(FRIDAY)[:2] == ("stale", 1)
    assert freshness(date(2017, 5, 24))[:2] == ("stale", 3)
    assert freshness(date(2016, 5, 30), now=datetime(2017, 5, 30, 21))[:2] == ("stale", 252)


def test_weekend_and_holiday_make_nothing_stale():
    for now in (datetime(2017, 5, 27, 12), datetime(2017, 5, 29, 23)):
        assert freshness(FRIDAY, now=now)[:2] == ("fresh", 0)


def test_row_of_today_before_it_is_due_is_fresh():
    assert freshness(date(2017, 5, 30), now=datetime(2017, 5, 30, 15))[:2] == ("fresh", 0)


def test_row_on_a_day_without_a_session_is_fresh():
    assert freshness(date(2017, 5, 28), now=datetime(2017, 5, 29, 15))[:2] == ("fresh", 0)


def test_no_rows_are_missing_or_refused():
    assert freshness(None) == ("missing", None, None, None)
    assert freshness(None, problem=True)[0] == "refused"


def test_refused_delivery_shows_even_when_the_data_is_fresh():
    assert freshness(date(2017, 5, 30), problem=True)[:2] == ("refused", 0)
    assert freshness(FRIDAY, problem=True)[:2] == ("refused", 1)


def test_simulated_data_is_never_stale():
    assert freshness(date(2017, 5, 26), simulated=True, now=datetime(2026, 1, 5)) == ("simulated", 0, FRIDAY, FRIDAY)


def test_domain_is_as_late_as_its_latest_table():
    found = freshness({BARS.table: date(2017, 5, 30), SHARES.table: date(2017, 5, 24)}, contracts=(BARS, SHARES))
    assert found == ("stale", 2, date(2017, 5, 24), FRIDAY)


def test_irregular_domain_has_no_expectation():
    assert freshness({HOLDINGS.table: FRIDAY}, contracts=(HOLDINGS,)) == ("irregular", None, FRIDAY, None)
    assert freshness({HOLDINGS.table: FRIDAY}, contracts=(HOLDINGS,), problem=True)[0] == "refused"


def test_irregular_table_does_not_hold_its_domain_back():
    meetings = CONTRACTS["fomc_meetings"]
    through = {EFFR.table: FRIDAY, meetings.table: date(2017, 3, 15)}
    assert freshness(through, contracts=(EFFR, meetings))[:2] == ("fresh", 0)
