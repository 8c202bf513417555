-- The ledger: every convention of every day, the ledger of one day, and one row per day.

create view v_claims as
select
    claims.claim_id,
    dim_claim.title,
    claims.framing,
    claims.as_of_date,
    claims.convention,
    claims.is_headline,
    claims.statement,
    claims.definition,
    claims.value,
    claims.unit,
    claims.comparator,
    claims.threshold,
    claims.verdict,
    claims.verdict_flips,
    claims.reason,
    claims.inputs_as_of,
    claims.is_simulated
from marts.claims as claims
inner join marts.dim_claim as dim_claim on claims.claim_id = dim_claim.claim_id;

comment on view v_claims is
    'The ledger with the title of each claim: one row per claim, framing, session and convention. Default reading: '
    'is_headline and framing = ''rolling'' give one row per claim and session. Twin of the macro claims_as_of(as_of).';

create macro claims_as_of(as_of, framing := 'rolling') as table
with ledger as (
    select * from v_claims
    where
        v_claims.framing = framing
        and v_claims.as_of_date = (
            select max(claims.as_of_date) from marts.claims as claims
            where claims.as_of_date <= cast(as_of as date)
        )
),

flips as (
    select
        ledger.claim_id,
        string_agg(ledger.convention, ', ' order by ledger.convention) as flips_under
    from ledger
    where
        not ledger.is_headline
        and ledger.verdict_flips
    group by ledger.claim_id
)

select
    ledger.claim_id,
    ledger.title,
    ledger.verdict,
    ledger.value,
    ledger.unit,
    ledger.comparator,
    ledger.threshold,
    flips.flips_under,
    ledger.reason,
    ledger.statement,
    ledger.convention,
    ledger.definition,
    ledger.inputs_as_of,
    ledger.framing,
    ledger.as_of_date,
    ledger.is_simulated
from ledger
left join flips on ledger.claim_id = flips.claim_id
where ledger.is_headline
order by ledger.claim_id;

comment on macro table claims_as_of is
    'The headline row of each of the 14 claims on the last session up to a day, with the names of the conventions '
    'that decide otherwise (flips_under). claims_as_of(''2017-05-26'', framing := ''as_written'') reads the sentences '
    'as the article has them.';

create view v_claims_wide as
select
    claims.as_of_date,
    max(claims.verdict) filter (where claims.claim_id = 1) as claim_01_underperformance,
    max(claims.verdict) filter (where claims.claim_id = 2) as claim_02_redemptions,
    max(claims.verdict) filter (where claims.claim_id = 3) as claim_03_most_of_any_fund,
    max(claims.verdict) filter (where claims.claim_id = 4) as claim_04_after_the_election,
    max(claims.verdict) filter (where claims.claim_id = 5) as claim_05_valuation,
    max(claims.verdict) filter (where claims.claim_id = 6) as claim_06_debt,
    max(claims.verdict) filter (where claims.claim_id = 7) as claim_07_rate_trouble,
    max(claims.verdict) filter (where claims.claim_id = 8) as claim_08_rise_expected,
    max(claims.verdict) filter (where claims.claim_id = 9) as claim_09_warning_sign,
    max(claims.verdict) filter (where claims.claim_id = 10) as claim_10_3_to_5_pct_fall,
    max(claims.verdict) filter (where claims.claim_id = 11) as claim_11_domestic,
    max(claims.verdict) filter (where claims.claim_id = 12) as claim_12_froth,
    max(claims.verdict) filter (where claims.claim_id = 13) as claim_13_rest_of_year,
    max(claims.verdict) filter (where claims.claim_id = 14) as claim_14_leaving_the_class,
    count(*) filter (where claims.verdict = 'supported') as supported,
    count(*) filter (where claims.verdict = 'not_supported') as not_supported,
    count(*) filter (where claims.verdict = 'undecidable') as undecidable,
    count(*) filter (where claims.verdict = 'open') as still_open,
    count(*) filter (where claims.verdict_flips) as flipping,
    bool_or(claims.is_simulated) as is_simulated
from marts.claims as claims
where
    claims.is_headline
    and claims.framing = 'rolling'
group by claims.as_of_date
order by claims.as_of_date;

comment on view v_claims_wide is
    'One row per session: the verdict of each of the 14 claims by its headline convention, framing rolling (read for '
    'that day): supported, not_supported, undecidable or open. Values and reasons are in v_claims.';
comment on column v_claims_wide.as_of_date is 'NYSE session; what was known at its end counts.';
comment on column v_claims_wide.claim_01_underperformance is
    'Verdict: small caps badly underperform large caps this year.';
comment on column v_claims_wide.claim_02_redemptions is
    'Verdict: money leaves the small-cap fund at a heady clip in the last complete week.';
comment on column v_claims_wide.claim_03_most_of_any_fund is
    'Verdict: it loses the most of any fund, ahead of the much larger SPY.';
comment on column v_claims_wide.claim_04_after_the_election is
    'Verdict: small caps rose in the month after the last election, and more than large caps.';
comment on column v_claims_wide.claim_05_valuation is 'Verdict: small caps look dear against large caps.';
comment on column v_claims_wide.claim_06_debt is
    'Verdict: small caps carry a higher percentage of debt than large caps.';
comment on column v_claims_wide.claim_07_rate_trouble is
    'Verdict: small caps suffer when a rise of rates is priced in.';
comment on column v_claims_wide.claim_08_rise_expected is
    'Verdict: the Federal Reserve is widely expected to raise at its next meeting.';
comment on column v_claims_wide.claim_09_warning_sign is
    'Verdict: the lag of small caps warns of trouble for large caps.';
comment on column v_claims_wide.claim_10_3_to_5_pct_fall is
    'Verdict: large caps are about to fall by 3 to 5 %. A forecast: open.';
comment on column v_claims_wide.claim_11_domestic is 'Verdict: small caps are more domestic than large caps.';
comment on column v_claims_wide.claim_12_froth is 'Verdict: the market is a little frothy.';
comment on column v_claims_wide.claim_13_rest_of_year is
    'Verdict: stocks do well through the rest of the year. A forecast: open.';
comment on column v_claims_wide.claim_14_leaving_the_class is 'Verdict: investors move out of small caps this year.';
comment on column v_claims_wide.supported is 'Number of the 14 claims with that verdict.';
comment on column v_claims_wide.not_supported is 'Number of the 14 claims with that verdict.';
comment on column v_claims_wide.undecidable is 'Number of the 14 claims with that verdict; v_claims.reason says why.';
comment on column v_claims_wide.still_open is
    'Number of the 14 claims that are forecasts not yet due (verdict open).';
comment on column v_claims_wide.flipping is 'Number of the 14 claims that another convention decides otherwise.';
