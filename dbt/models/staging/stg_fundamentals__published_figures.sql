with current_figures as (
    {{ current_rows('published_figures') }}
),

final as (
    select
        topic,
        as_of,
        source,
        {{ nan_to_null('value') }} as published_value,
        unit,
        nullif(trim(url), '') as url,
        available_at as available_at_utc,
        observed_at as observed_at_utc,
        is_simulated
    from current_figures
)

select * from final
