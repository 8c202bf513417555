"""Questions behind the charts of rates.

Belongs here: odds, path, calibration and sensitivity to rates.
Does not belong here: what the charts look like (`charts`).
"""

from datetime import date

from dagster_project.brief.model import Record
from dagster_project.charts import calibration, meeting_odds, odds_history, rate_path, rate_sensitivity
from dagster_project.charts.model import missing
from dagster_project.dashboard.ask import Answer, Day, Figure

MEETINGS_SHOWN = 8


def next_meeting(day: Day) -> Answer:
    """The next meeting on the last day with settlements: odds under both conventions."""
    return day.ask(
        """
        select post.watch_date, post.meeting_date, post.range_lower_pct, post.range_upper_pct,
            post.prob_hike_pct as post_hike_pct, pre.prob_hike_pct as pre_hike_pct,
            post.prob_hold_pct as post_hold_pct, pre.prob_hold_pct as pre_hold_pct,
            post.prob_cut_pct as post_cut_pct, pre.prob_cut_pct as pre_cut_pct, post.null_reason
        from marts.rate_expectations as post
        inner join marts.rate_expectations as pre
            on post.watch_date = pre.watch_date and post.meeting_date = pre.meeting_date and pre.day_convention = 'pre'
        where post.day_convention = 'post' and post.is_next_meeting
            and post.watch_date = (select max(watch_date) from marts.rate_expectations where watch_date <= {day})
        """
    )


def told_outcome(meeting: Record) -> str:
    """The move that is likelier, a rise or a cut: the one worth a number."""
    return "cut" if (meeting["post_cut_pct"] or 0.0) > (meeting["post_hike_pct"] or 0.0) else "hike"


def draw_meeting_odds(day: Day) -> Figure:
    """The target range after each meeting."""
    meeting = next_meeting(day)
    probabilities = day.ask(
        """
        select meeting_date, day_convention, target_lower_bp, target_upper_bp, probability_pct
        from marts.rate_probabilities
        where watch_date = (select max(watch_date) from marts.rate_expectations where watch_date <= {day})
        qualify dense_rank() over (order by meeting_date) <= {meetings}
        order by meeting_date, day_convention, target_upper_bp
        """,
        meetings=MEETINGS_SHOWN,
    )
    return meeting_odds.chart(probabilities.rows, meeting.first), probabilities


def draw_odds_history(day: Day) -> Figure:
    """The odds of the next meeting over half a year."""
    meeting = next_meeting(day)
    if meeting.first is None:
        return odds_history.chart([], None, "hike"), meeting
    outcome = told_outcome(meeting.first)
    odds = day.ask(
        f"""
        select watch_date,
            max(prob_{outcome}_pct) filter (where day_convention = 'post') as post_pct,
            max(prob_{outcome}_pct) filter (where day_convention = 'pre') as pre_pct
        from marts.rate_expectations
        where meeting_date = {{meeting}} and watch_date <= {{day}} and watch_date > {{day}} - interval 180 day
        group by watch_date
        order by watch_date
        """,
        meeting=meeting.first["meeting_date"],
    )
    return odds_history.chart(odds.rows, meeting.first["meeting_date"], outcome), odds


def draw_rate_path(day: Day) -> Figure:
    """The expected rate after each meeting, and the target so far."""
    meetings = day.ask(
        """
        select post.watch_date, post.meeting_date, post.start_rate_pct as start_pct, post.end_rate_pct as post_pct,
            pre.end_rate_pct as pre_pct, post.cumulative_change_bp as post_cumulative_bp,
            pre.cumulative_change_bp as pre_cumulative_bp
        from marts.rate_expectations as post
        inner join marts.rate_expectations as pre
            on post.watch_date = pre.watch_date and post.meeting_date = pre.meeting_date and pre.day_convention = 'pre'
        where post.day_convention = 'post'
            and post.watch_date = (select max(watch_date) from marts.rate_expectations where watch_date <= {day})
        order by post.meeting_date
        limit {meetings}
        """,
        meetings=MEETINGS_SHOWN,
    )
    targets = day.ask(
        """
        select rate_date, target_lower_pct, target_upper_pct
        from marts.policy_and_yields
        where rate_date <= {day} and rate_date > {day} - interval 1 year and target_upper_pct is not null
        qualify target_upper_pct is distinct from lag(target_upper_pct) over (order by rate_date)
            or target_lower_pct is distinct from lag(target_lower_pct) over (order by rate_date)
            or rate_date = max(rate_date) over ()
        order by rate_date
        """
    )
    return rate_path.chart(meetings.rows, targets.rows), meetings


def draw_whole_calibration(day: Day) -> Figure:
    """Calibration of the odds; its rows say through which decision they count, which may be after the day."""
    bins = day.ask(
        """
        select outcome, bin_lower_pct, decisions, hits, mean_probability_pct, hit_share_pct, decisions_through
        from marts.rate_odds_calibration
        where day_convention = 'post'
        order by outcome, bin_lower_pct
        """
    )
    return calibration.chart(bins.rows), bins


def decisions_through(bins: Answer) -> date:
    """The last decision that a calibration counts."""
    return max((row["decisions_through"] for row in bins.rows), default=date.min)


def draw_calibration(day: Day) -> Figure:
    """The calibration where no decision it counts came after the day."""
    chart, bins = draw_whole_calibration(day)
    through = decisions_through(bins)
    if through > day.day:
        return missing(
            calibration.NAME, f"The calibration counts decisions through {through}: hindsight on {day.day}"
        ), bins
    return chart, bins


def draw_rate_sensitivity(day: Day) -> Figure:
    """The rolling sensitivity, one window a week."""
    windows = day.ask(
        """
        select window_end, controlled_t_hac, controlled_coefficient_pct_per_bp
        from marts.rate_sensitivity
        where pair_id = {pair} and window_id = 'rolling_252d' and window_end <= {day} and controlled_t_hac is not null
        qualify row_number() over (partition by date_trunc('week', window_end) order by window_end desc) = 1
        order by window_end
        """
    )
    return rate_sensitivity.chart(windows.rows, f"{day.names[0]} minus {day.names[1]}"), windows
