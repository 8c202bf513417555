"""What the workbook shows: one query per sheet, all of them as known on a day.

Belongs here: titles, sources in words and SQL of the sheets. `$day` is the session that the workbook speaks of.
Does not belong here: how a workbook is written (`export`), and figures of its own: sheets select from marts and views.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """One tab: the columns of the query in their order, headed by their names and units.

    `relations` are those that the columns come from: the catalogue's words about them become notes on the headers.
    """

    name: str
    title: str
    source: str
    relations: tuple[str, ...]
    sql: str
    is_of_the_build: bool = False
    without_rows: str = "Nothing was known on this day."
    """What stands there where the query finds nothing."""


NOTES = {"flips_under": "Conventions of the claim that decide otherwise than the headline; empty when none does."}
"""Notes on columns that only a macro has: the catalogue tells of tables and views."""

SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "Claims",
        "The ledger: does each sentence of the article hold? Headline conventions",
        "marts.claims, is_headline; rolling is read for the day, as_written has the dates of the article",
        ("v_claims",),
        """
        select claim_id, title, framing, verdict, value, unit, comparator, threshold, flips_under, reason, statement,
            convention, definition, inputs_as_of
        from (
            from claims_as_of($day)
            union all
            from claims_as_of($day, framing := 'as_written')
        )
        order by framing desc, claim_id
        """,
    ),
    Sheet(
        "Conventions",
        "The ledger by every convention: where the definition decides",
        "marts.claims, framing rolling",
        ("v_claims",),
        """
        select claim_id, title, convention, is_headline, verdict, value, unit, comparator, threshold, verdict_flips,
            reason, definition, inputs_as_of
        from v_claims where as_of_date = $day and framing = 'rolling'
        order by claim_id, is_headline desc, convention
        """,
    ),
    Sheet(
        "Performance",
        "Returns of small against large caps over ten horizons, every pair",
        "marts.relative_performance_horizons; a gap above zero means that small caps lead",
        ("relative_performance_horizons", "relative_performance"),
        """
        select performance.small_symbol, performance.large_symbol, horizons.return_basis, horizons.horizon,
            horizons.base_session_date, horizons.small_return_pct, horizons.large_return_pct, horizons.gap_pp,
            horizons.relative_pct
        from marts.relative_performance_horizons as horizons
        inner join marts.relative_performance as performance
            on horizons.pair_id = performance.pair_id and horizons.return_basis = performance.return_basis
            and horizons.session_date = performance.session_date
        inner join marts.dim_pair as pair on horizons.pair_id = pair.pair_id
        where horizons.session_date = $day
        order by pair.is_headline desc, horizons.pair_id, horizons.return_basis, list_position(
            ['1D', '1W', '1M', '3M', '6M', '12M', 'MTD', 'QTD', 'YTD', 'SINCE_ELECTION'], horizons.horizon)
        """,
    ),
    Sheet(
        "Ranks",
        "Where the year stands among all years; ratio, drawdown, beta",
        "marts.relative_performance; rank 1 is the worst year for small caps at this session number",
        ("relative_performance",),
        """
        select performance.small_symbol, performance.large_symbol, return_basis, ytd_gap_pp, ytd_gap_rank_from_worst,
            years_compared, ratio, ratio_drawdown_252d_pct, ratio_drawdown_all_pct, beta_63d, beta_252d, corr_63d,
            corr_252d
        from marts.relative_performance as performance
        inner join marts.dim_pair as pair on performance.pair_id = pair.pair_id
        where session_date = $day
        order by pair.is_headline desc, performance.pair_id, return_basis
        """,
    ),
    Sheet(
        "Flows",
        "Fund flows of the last complete Lipper week (Thursday to Wednesday) known on the day",
        "marts.fund_flows_weekly; positive is money coming in, share counts as stamped",
        ("v_this_week", "v_league"),
        """
        select fund_symbol, fund_name, week_ending, age_days, net_flow_usd, net_flow_pct_aum, net_flow_prior_nav_usd,
            net_flow_lag_corrected_usd, rank_among_seen, universe_funds, outflow_rank, zscore_52w,
            outflow_pct_rank_in_own_history, prior_aum_usd, ytd_flow_usd, flow_explanation
        from this_week_as_of($day)
        """,
    ),
    Sheet(
        "Flow history",
        "The last 52 complete Lipper weeks of every fund known on the day",
        "marts.fund_flows_weekly; positive is money coming in, share counts as stamped",
        ("v_league",),
        """
        select fund_symbol, week_ending, net_flow_usd, net_flow_pct_aum,
            case when lag_corrected_known_on <= $day then net_flow_lag_corrected_usd end as net_flow_lag_corrected_usd,
            rank_among_seen, universe_funds, zscore_52w, ytd_flow_usd
        from v_league
        where is_complete_week and known_on <= $day and week_ending > cast($day as date) - 371
        order by fund_symbol, week_ending desc
        """,
    ),
    Sheet(
        "Odds",
        "Odds of every FOMC meeting by the last settlements, both announcement-day conventions",
        "marts.rate_expectations; market-implied and risk-neutral, not a forecast",
        ("v_odds", "v_next_meeting"),
        """
        select watch_date, age_days, meeting_date, range_lower_pct, range_upper_pct, prob_hike_low_pct,
            prob_hike_high_pct, prob_hike_post_pct, prob_hike_pre_pct, prob_hold_post_pct, prob_hold_pre_pct,
            prob_cut_post_pct, prob_cut_pre_pct, cumulative_change_post_bp, cumulative_change_pre_bp, null_reason
        from odds($day)
        """,
    ),
    Sheet(
        "Target ranges",
        "Probability of each target range after each meeting",
        "marts.rate_probabilities; ranges below 0.05 % by both conventions are left out",
        ("rate_probabilities",),
        """
        select watch_date, meeting_date, target_lower_bp, target_upper_bp,
            max(probability_pct) filter (where day_convention = 'post') as probability_post_pct,
            max(probability_pct) filter (where day_convention = 'pre') as probability_pre_pct
        from marts.rate_probabilities
        where watch_date = (select max(watch_date) from marts.rate_expectations where watch_date <= $day)
        group by all having max(probability_pct) >= 0.05 order by meeting_date, target_lower_bp
        """,
    ),
    Sheet(
        "Valuation",
        "What each basket costs: the latest value known on the day, with its age",
        "marts.valuation; headline method incl_losses; a basket is valid for 400 days",
        ("v_valuation_asof",),
        """
        select basket, measure, method, value, earnings_yield_pct, last_value, holdings_date, age_days, is_stale,
            coverage_pct, constituents, loss_makers_pct, null_reason
        from valuation_as_of($day)
        """,
    ),
    Sheet(
        "Small to large",
        "What small caps cost against large ones: the latest pair of baskets known on the day",
        "marts.relative_valuation; a P/E ratio above 1 means that small caps are dearer",
        ("relative_valuation",),
        """
        select small_basket, large_basket, as_of_date, valid_through, measure, method, ratio, relative_earnings_yield,
            small_value, large_value, small_earnings_yield_pct, large_earnings_yield_pct, coverage_pct, percentile,
            zscore, comparable_dates
        from marts.relative_valuation where cast(available_at_utc as date) <= $day
        qualify as_of_date = max(as_of_date) over (partition by small_basket, large_basket)
        order by small_basket, measure, method
        """,
    ),
    Sheet(
        "Leverage",
        "Debt and interest without financials: the latest baskets known on the day",
        "marts.leverage; ratio of sums beside the median company; shares in percent",
        ("leverage",),
        """
        select basket, as_of_date, valid_through, measure, aggregate_value, median_value, companies,
            not_meaningful_pct, coverage_pct, null_reason
        from marts.leverage where cast(available_at_utc as date) <= $day
        qualify as_of_date = max(as_of_date) over (partition by basket)
        order by basket, measure
        """,
    ),
    Sheet(
        "Sensitivity",
        "Return gap on the change of the expected rate",
        "marts.rate_sensitivity; the headline is the coefficient with the large-cap return held fixed",
        ("rate_sensitivity",),
        """
        select pair_id, window_id, window_start, window_end, observations, controlled_coefficient_pct_per_bp,
            controlled_t_hac, coefficient_pct_per_bp, t_hac, r_squared, reason
        from marts.rate_sensitivity where window_end <= $day
        qualify window_end = max(window_end) over (partition by pair_id, window_id)
        order by pair_id, window_id
        """,
    ),
    Sheet(
        "Signals",
        "Warning signals at the close of the day",
        "marts.signal_daily; S1 and S3 in percentage points, S2 in percent; on at or below the threshold, if the "
        "second condition holds",
        ("signal_daily",),
        """
        select daily.pair_id, signal_id, is_on, value, threshold, condition_value, condition_threshold
        from marts.signal_daily as daily
        inner join marts.dim_pair as pair on daily.pair_id = pair.pair_id
        where session_date = $day order by pair.is_headline desc, daily.pair_id, signal_id
        """,
    ),
    Sheet(
        "Scorecard",
        "What followed the signals, beside the base rate of all days; outcomes through the last year end",
        "marts.signal_scorecard; a signal warns where the whole interval of the excess lies above zero",
        ("signal_scorecard",),
        """
        select card.pair_id, signal_id, horizon_sessions, sample_start, sample_end, on_days, episodes,
            mean_forward_return_on_pct, mean_forward_return_all_pct, t_hac, p_drawdown_3_on_pct, p_drawdown_3_all_pct,
            excess_drawdown_3_pp, excess_drawdown_3_ci_low_pp, excess_drawdown_3_ci_high_pp, p_drawdown_5_on_pct,
            p_drawdown_5_all_pct, p_drawdown_3_to_5_on_pct, p_drawdown_3_to_5_all_pct, reason
        from marts.signal_scorecard as card
        inner join marts.dim_pair as pair on card.pair_id = pair.pair_id
        where is_year_end and sample_end <= $day
        qualify sample_end = max(sample_end) over (partition by card.pair_id)
        order by pair.is_headline desc, card.pair_id, signal_id, horizon_sessions
        """,
    ),
    Sheet(
        "Events",
        "Elections and the latest pools of rate decisions: abnormal returns of small caps",
        "marts.event_study of the headline pair; a t of a single event is descriptive",
        ("event_study",),
        """
        select event_id, kind, event_date, window_start_session, window_end_session, car_pct, car_t, bhar_pct,
            events_pooled, known_on
        from marts.event_study as study
        inner join marts.dim_pair as pair on study.pair_id = pair.pair_id
        where pair.is_headline and known_on <= $day and (is_pooled or kind = 'election')
        qualify not is_pooled or event_date = max(event_date) over (
            partition by is_pooled, kind, window_start_session, window_end_session)
        order by is_pooled desc, kind, event_date desc, window_start_session, window_end_session
        """,
    ),
    Sheet(
        "Freshness",
        "How fresh the raw data were when the build was published",
        "meta.freshness of the build, whatever the day of the workbook",
        ("v_freshness", "freshness"),
        "select domain, status, says, data_through, expected_through, stale_sessions from v_freshness",
        is_of_the_build=True,
    ),
    Sheet(
        "Failed checks",
        "Checks of the build that did not pass; blocking ones keep a build from being published",
        "meta.checks of the build, whatever the day of the workbook",
        ("checks",),
        """
        select asset, check_id, severity, is_blocking, failed_rows, message from meta.checks where not passed
        order by severity, asset, check_id
        """,
        is_of_the_build=True,
        without_rows="Every check passed.",
    ),
)
