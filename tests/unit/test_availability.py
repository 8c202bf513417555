"""Lag rules: instants from dates, with daylight saving, weekends and holidays. Expected values written by hand."""

import pandas as pd
import pytest

from dagster_project.contracts.availability import Availability, next_session, nyse_sessions


def instants(rule: Availability, *days: str) -> list[str]:
    return rule.instants(pd.Series(pd.to_datetime(list(days)))).dt.strftime("%Y-%m-%d %H:%M").tolist()


@pytest.mark.parametrize(
    ("rule", "day", "instant"),
    [
        (Availability("d", "on"), "2017-01-03", "2017-01-03 21:00"),
        (Availability("d", "on"), "2017-07-03", "2017-07-03 20:00"),
        # daylight saving began on 12 March 2017 and ended on 5 November
        (Availability("d", "on"), "2017-03-10", "2017-03-10 21:00"),
        (Availability("d", "on"), "2017-03-13", "2017-03-13 20:00"),
        (Availability("d", "on", "18:00"), "2017-11-06", "2017-11-06 23:00"),
        (Availability("d", "next_session", "09:30"), "2017-05-25", "2017-05-26 13:30"),
        # Friday before Memorial Day
        (Availability("d", "next_session", "09:30"), "2017-05-26", "2017-05-30 13:30"),
        (Availability("d", "next_session", "09:30"), "2017-05-27", "2017-05-30 13:30"),
        (Availability("d", "next_session", "09:00"), "2017-12-29", "2018-01-02 14:00"),
        # the days after 11 September 2001, and hurricane Sandy
        (Availability("d", "next_session", "09:30"), "2001-09-10", "2001-09-17 13:30"),
        (Availability("d", "next_session", "09:30"), "2012-10-26", "2012-10-31 13:30"),
        (Availability("d", "days_after", days=2), "2017-05-24", "2017-05-26 20:00"),
        (Availability("d", "days_after", days=31), "2017-01-01", "2017-02-01 21:00"),
    ],
)
def test_instant_of_a_day(rule, day, instant):
    assert instants(rule, day) == [instant]


def test_instants_keep_order_and_index():
    days = pd.Series(pd.to_datetime(["2017-05-26", "2000-01-03", "2017-05-25"]), index=[7, 3, 5])
    found = Availability("d", "next_session", "09:30").instants(days)
    assert found.index.tolist() == [7, 3, 5]
    assert found.dt.strftime("%Y-%m-%d").tolist() == ["2017-05-30", "2000-01-04", "2017-05-26"]


def test_no_days_no_instants():
    assert next_session(pd.Series([], dtype="datetime64[us]")).empty


def test_next_session_is_always_later_and_a_session():
    days = pd.Series(pd.date_range("1990-01-01", "2024-12-31"))
    found = next_session(days)
    assert (found > days).all()
    assert set(found.to_numpy().astype("datetime64[ns]")) <= set(nyse_sessions(1989, 2025))


def test_sessions_are_whole_years_in_order():
    sessions = nyse_sessions(2016, 2017)
    assert len(sessions) == 252 + 251
    assert str(sessions[0])[:10] == "2016-01-04"
    assert str(sessions[-1])[:10] == "2017-12-29"
    assert (sessions[1:] > sessions[:-1]).all()


def test_beyond_the_calendar_the_next_weekday_stands_in():
    found = next_session(pd.Series(pd.to_datetime(["2100-12-31"])))
    assert found.dt.strftime("%Y-%m-%d").tolist() == ["2101-01-03"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Availability("session_date", "on"), "on session_date, 16:00 New York time"),
        (Availability("day", "next_session", "09:30"), "on the NYSE session after day, 09:30 New York time"),
        (Availability("day", "days_after", days=2), "2 days after day, 16:00 New York time"),
    ],
)
def test_rule_in_words(rule, words):
    assert rule.words == words
