-- Every session, and every session from the article on, has all claims and one headline for each.
with claims as (
    select * from {{ ref('claims') }}
),

headlines as (
    select
        framing,
        as_of_date,
        claim_id,
        sum(case when is_headline then 1 else 0 end) as headlines
    from claims
    group by
        framing,
        as_of_date,
        claim_id
),

per_day as (
    select
        framing,
        as_of_date,
        count(*) as claims_of_the_day,
        min(headlines) as fewest_headlines,
        max(headlines) as most_headlines
    from headlines
    group by
        framing,
        as_of_date
)

select * from per_day
where
    claims_of_the_day <> 14
    or fewest_headlines <> 1
    or most_headlines <> 1
