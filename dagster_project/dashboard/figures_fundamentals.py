"""Questions behind the charts of valuation and leverage.

Belongs here: the pairs of baskets known on the day.
Does not belong here: what the charts look like (`charts`).
"""

from dagster_project.charts import leverage, relative_valuation, valuation
from dagster_project.dashboard.ask import Day, Figure


def draw_valuation(day: Day) -> Figure:
    """The last pair of baskets known."""
    prices = day.ask(
        """
        select method, small_value, large_value, ratio, small_basket, large_basket, as_of_date, valid_through
        from marts.relative_valuation
        where measure = 'pe_ttm' and cast(available_at_utc as date) <= {day}
        qualify as_of_date = max(as_of_date) over ()
            and small_basket = min(small_basket) over (partition by as_of_date)
        order by method
        """
    )
    return valuation.chart(prices.rows, day.day), prices


def draw_relative_valuation(day: Day) -> Figure:
    """Every date known of the last pair."""
    ratios = day.ask(
        """
        select as_of_date, method, ratio, small_basket, large_basket
        from marts.relative_valuation
        where measure = 'pe_ttm' and cast(available_at_utc as date) <= {day}
        qualify small_basket = last_value(small_basket) over (
            order by as_of_date, small_basket desc rows between unbounded preceding and unbounded following
        )
        order by as_of_date, method
        """
    )
    return relative_valuation.chart(ratios.rows), ratios


def draw_leverage(day: Day) -> Figure:
    """The last pair of baskets known."""
    debts = day.ask(
        """
        with last_pair as (
            select small_basket, large_basket, as_of_date
            from marts.relative_valuation
            where cast(available_at_utc as date) <= {day}
            order by as_of_date desc, small_basket
            limit 1
        )

        select small.measure, small.aggregate_value as small_aggregate, large.aggregate_value as large_aggregate,
            small.median_value as small_median, large.median_value as large_median, last_pair.*, small.valid_through
        from last_pair
        inner join marts.leverage as small
            on last_pair.small_basket = small.basket and last_pair.as_of_date = small.as_of_date
        inner join marts.leverage as large
            on last_pair.large_basket = large.basket and last_pair.as_of_date = large.as_of_date
            and small.measure = large.measure
        where list_contains({measures}, small.measure) and cast(small.available_at_utc as date) <= {day}
            and cast(large.available_at_utc as date) <= {day}
        order by list_position({measures}, small.measure)
        """,
        measures=list(leverage.MEASURES),
    )
    return leverage.chart(debts.rows, day.day), debts
