"""Questions behind the charts of events and warning signals.

Belongs here: event windows, states and scorecards known on the day.
Does not belong here: what the charts look like (`charts`).
"""

from dagster_project.charts import event_study, scorecard, signal_days
from dagster_project.dashboard.ask import Answer, Day, Figure

SIGNAL_YEARS = 3
MONTH_AFTER = (1, 21)


def draw_event_study(day: Day) -> Figure:
    """Every election and the last pool of each kind known."""
    start, end = MONTH_AFTER
    events = day.ask(
        """
        select kind, event_date, is_pooled, events_pooled, car_pct, car_t, bhar_pct, known_on
        from marts.event_study
        where pair_id = {pair} and known_on <= {day} and (kind = 'election' or is_pooled)
            and window_start_session = {start} and window_end_session = {end}
        qualify not is_pooled or event_date = max(event_date) over (partition by kind, is_pooled)
        order by is_pooled, kind, event_date
        """,
        start=start,
        end=end,
    )
    return event_study.chart(events.rows, f"sessions +{start} to +{end}"), events


def scorecards(day: Day) -> Answer:
    """The scorecards of the headline pair at the last year's end known."""
    return day.ask(
        """
        select signal_id, horizon_sessions, sample_end, on_days, all_days, episodes, p_drawdown_3_on_pct,
            p_drawdown_3_all_pct, excess_drawdown_3_pp, excess_drawdown_3_ci_low_pp, excess_drawdown_3_ci_high_pp
        from marts.signal_scorecard
        where pair_id = {pair} and is_year_end and sample_end <= {day}
        qualify sample_end = max(sample_end) over ()
        order by signal_id, horizon_sessions
        """
    )


def signal_states(day: Day) -> Answer:
    """The signals of the headline pair at the close of the day."""
    return day.ask(
        """
        select signal_id, is_on, value, threshold
        from marts.signal_daily
        where pair_id = {pair} and session_date = {day}
        order by signal_id
        """
    )


def draw_scorecard(day: Day) -> Figure:
    """The scorecards of the last year end."""
    cards = scorecards(day)
    return scorecard.chart(cards.rows), cards


def draw_signal_days(day: Day) -> Figure:
    """The runs of days on of the last years."""
    runs = day.ask(
        """
        with days as (
            select signal_id, session_date, is_on,
                row_number() over (partition by signal_id order by session_date)
                - row_number() over (partition by signal_id, is_on order by session_date) as island
            from marts.signal_daily
            where pair_id = {pair} and session_date <= {day}
        )

        select signal_id, min(session_date) as first_day, max(session_date) as last_day, count(*) as sessions
        from days
        where is_on
        group by signal_id, island
        having last_day > {day} - interval {years} year
        order by signal_id, first_day
        """,
        years=SIGNAL_YEARS,
    )
    since = day.day.replace(year=day.day.year - SIGNAL_YEARS, day=min(day.day.day, 28))
    return signal_days.chart(runs.rows, signal_states(day).rows, day.day, since), runs
