with levels as (
    select * from {{ ref('int_pairs__levels') }}
),

pairs as (
    select * from {{ ref('pairs') }}
),

events as (
    select * from {{ ref('events') }}
),

article as (
    select max(event_date) as article_date
    from events
    where kind = 'article'
),

sessions as (
    select
        levels.session_date,
        article.article_date
    from levels
    inner join pairs on levels.pair_id = pairs.pair_id
    cross join article
    where
        pairs.is_headline
        and levels.return_basis = 'price'
),

final as (
    select
        'rolling' as framing,
        session_date as as_of_date
    from sessions
    union all
    -- what the article says is tested on its day, and only there
    select
        'as_written' as framing,
        article_date as as_of_date
    from sessions
    where article_date is not null
    group by article_date
    having max(session_date) >= article_date
)

select * from final
