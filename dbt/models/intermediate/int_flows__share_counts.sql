{#- Thresholds, with the reason from the history of IWM, IVV and IVE (2000 to 2025).

    The factor of a jump stands in macros/level_factor.
    level_rows: how many rows before a count are asked. Five rows on a new level carry it, so it is believed on its
        sixth row; the longest spike of the history lasted three (IWM 2007-06-21 to 25).
    frozen: nine times the usual number of sessions between changes of the year before, but 10 at least and 63 in any
        case. The longest run that ended with an ordinary change was 6.6 times the usual one (IWM 2002-08, 39
        sessions; 40 sessions IVE 2001-06); 108 (IWM 2000) and 70 (IVE 2000) were frozen. -#}
{%- set level_rows = 9 -%}
{%- set frozen_times_usual = 9 -%}
{%- set frozen_at_least = 10 -%}
{%- set frozen_in_any_case = 63 -%}
{%- set usual_rows = 252 -%}
{%- set usual_rows_at_least = 63 -%}

with fund_rows as (
    select * from {{ ref('stg_flows__fund_nav_shares') }}
),

calendar as (
    select * from {{ ref('int_calendar__sessions') }}
),

bars as (
    select * from {{ ref('stg_prices__daily_bars') }}
),

sessions as (
    select
        session_date,
        row_number() over (order by session_date) as session_number
    from calendar
),

on_sessions as (
    select
        fund_rows.fund_symbol,
        fund_rows.as_of_date as session_date,
        sessions.session_number,
        case when fund_rows.nav_usd > 0 then fund_rows.nav_usd end as nav_usd,
        case when fund_rows.shares_outstanding > 0 then fund_rows.shares_outstanding end as shares_stamped
    from fund_rows
    inner join sessions
        on fund_rows.as_of_date = sessions.session_date
),

ordered as (
    select
        fund_symbol,
        session_date,
        session_number,
        nav_usd,
        shares_stamped,
        lag(session_date) over fund_sessions as previous_row_date,
        ln(shares_stamped) - lag(ln(shares_stamped)) over fund_sessions as log_count_move,
        ln(nav_usd) - lag(ln(nav_usd)) over fund_sessions as log_nav_move
    from on_sessions
    where shares_stamped is not null
    window fund_sessions as (partition by fund_symbol order by session_date)
),

-- A split that falls on a session without a row counts on the next row.
marked_splits as (
    select
        ordered.fund_symbol,
        ordered.session_date,
        sum(ln(bars.split_ratio)) as log_marked_split
    from ordered
    inner join bars
        on
            ordered.fund_symbol = bars.symbol
            and ordered.session_date >= bars.session_date
            and ordered.previous_row_date < bars.session_date
    where bars.split_ratio > 0 and bars.split_ratio <> 1
    group by
        ordered.fund_symbol,
        ordered.session_date
),

with_marks as (
    select
        ordered.fund_symbol,
        ordered.session_date,
        ordered.session_number,
        ordered.nav_usd,
        ordered.shares_stamped,
        ordered.log_count_move,
        ordered.log_nav_move,
        nullif(marked_splits.log_marked_split, 0) as log_marked_split
    from ordered
    left join marked_splits
        on
            ordered.fund_symbol = marked_splits.fund_symbol
            and ordered.session_date = marked_splits.session_date
),

-- A marked split is applied only when the count moved by more than half of it (in logarithms): a file that is already
-- adjusted does not move. The count may follow one session after the NAV.
split_moves as (
    select
        fund_symbol,
        session_date,
        session_number,
        nav_usd,
        shares_stamped,
        log_count_move,
        log_nav_move,
        log_marked_split,
        coalesce(log_count_move / log_marked_split > 0.5, false) as is_split_today,
        coalesce(log_nav_move / log_marked_split < -0.5, false) as is_split_in_nav,
        lag(log_marked_split) over fund_sessions as log_split_before
    from with_marks
    window fund_sessions as (partition by fund_symbol order by session_date)
),

split_kinds as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        log_count_move,
        log_marked_split,
        log_split_before,
        case
            when is_split_today then 'marked'
            when
                log_count_move / log_split_before > 0.5
                and not lag(is_split_today) over fund_sessions
                and lag(is_split_in_nav) over fund_sessions
                then 'marked a session before'
            when is_split_in_nav then 'awaited'
            when
                log_marked_split is null
                and abs(log_count_move) > ln({{ level_factor() }})
                and abs(log_count_move + log_nav_move) < ln(1.2)
                then 'not marked'
        end as split_kind
    from split_moves
    window fund_sessions as (partition by fund_symbol order by session_date)
),

split_sizes as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        coalesce(case split_kind
            when 'marked' then log_marked_split
            when 'marked a session before' then log_split_before
            when 'not marked' then log_count_move
        end, 0) as log_split_applied
    from split_kinds
),

on_first_scale as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        sum(log_split_applied) over fund_sessions as log_split_so_far,
        ln(shares_stamped) - sum(log_split_applied) over fund_sessions as log_count,
        row_number() over fund_sessions as row_number_of_fund
    from split_sizes
    window fund_sessions as (partition by fund_symbol order by session_date rows unbounded preceding)
),

-- Every count is put to the rows before it: how many of them lie on its level?
votes as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        log_count,
        row_number_of_fund,
        0
        {% for rows_back in range(1, level_rows + 1) %}
            + cast(coalesce(
                abs(log_count - lag(log_count, {{ rows_back }}) over fund_sessions) <= ln({{ level_factor() }}), false
            ) as integer)
        {% endfor %}
            as rows_on_its_level
    from on_first_scale
    window fund_sessions as (partition by fund_symbol order by session_date)
),

majorities as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        log_count,
        row_number_of_fund,
        (
            row_number_of_fund = 1
            or 2 * rows_on_its_level > least(row_number_of_fund - 1, {{ level_rows }})
        )
        and coalesce(split_kind, '') <> 'awaited' as is_on_level
    from votes
),

-- After a spike the rows before are divided: a count near the last one that was on its level has returned to it.
level_spells as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        log_count,
        row_number_of_fund,
        is_on_level,
        sum(case when is_on_level then 1 else 0 end) over fund_sessions as level_spell
    from majorities
    window fund_sessions as (partition by fund_symbol order by session_date rows unbounded preceding)
),

returns as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        row_number_of_fund,
        is_on_level
        or (
            coalesce(split_kind, '') <> 'awaited'
            and row_number_of_fund - min(row_number_of_fund) over spell <= {{ level_rows }}
            and abs(log_count - max(case when is_on_level then log_count end) over spell) <= ln({{ level_factor() }})
        ) as is_believed
    from level_spells
    window spell as (partition by fund_symbol, level_spell)
),

changes as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        row_number_of_fund,
        is_believed,
        case
            when shares_stamped = lag(shares_stamped) over fund_sessions then 0 else 1
        end as is_changed
    from returns
    window fund_sessions as (partition by fund_symbol order by session_date)
),

runs as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        is_believed,
        sum(is_changed) over (
            partition by fund_symbol order by session_date
            rows between unbounded preceding and current row
        ) as run_number,
        sum(is_changed) over last_year as changes_last_year,
        count(*) over last_year as rows_last_year
    from changes
    window last_year as (
        partition by fund_symbol order by session_date
        rows between {{ usual_rows - 1 }} preceding and current row
    )
),

run_lengths as (
    select
        fund_symbol,
        session_date,
        session_number,
        shares_stamped,
        split_kind,
        log_split_applied,
        log_split_so_far,
        is_believed,
        row_number() over run as unchanged_sessions,
        first_value(changes_last_year) over run as usual_changes,
        first_value(rows_last_year) over run as usual_rows
    from runs
    window run as (partition by fund_symbol, run_number order by session_date)
),

judged as (
    select
        fund_symbol,
        session_date,
        shares_stamped,
        split_kind,
        exp(log_split_applied) as split_applied,
        exp(log_split_so_far) as split_so_far,
        unchanged_sessions,
        case
            when split_kind = 'awaited' then 'split awaited'
            when not is_believed then 'jump not confirmed'
            when
                unchanged_sessions >= {{ frozen_in_any_case }}
                or (
                    unchanged_sessions >= {{ frozen_at_least }}
                    and usual_rows >= {{ usual_rows_at_least }}
                    and unchanged_sessions * usual_changes >= {{ frozen_times_usual }} * usual_rows
                )
                then 'frozen'
            else 'accepted'
        end as status
    from run_lengths
),

final as (
    select
        on_sessions.fund_symbol,
        on_sessions.session_date,
        on_sessions.session_number,
        on_sessions.shares_stamped,
        coalesce(judged.status, 'missing') as status,
        judged.split_kind,
        coalesce(judged.split_applied, 1) as split_applied,
        judged.split_so_far,
        judged.unchanged_sessions
    from on_sessions
    left join judged
        on
            on_sessions.fund_symbol = judged.fund_symbol
            and on_sessions.session_date = judged.session_date
)

select * from final
