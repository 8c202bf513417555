"""Contracts of the membership domain: which security belonged to which index, under which symbol."""

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract

INDEX_MEMBERSHIP = Contract(
    table="index_membership",
    domain="membership",
    description="One row per index, member and spell of membership.",
    columns=(
        Column("index_id", "text", "identifier of the index"),
        Column("member_id", "text", "identifier of the member, stable over ticker changes"),
        Column("valid_from", "date", "first day of the spell", minimum="1970-01-01", maximum="2100-12-31"),
        Column("valid_to", "date", "last day of the spell, empty while it lasts", required=False),
    ),
    grain=("index_id", "member_id", "valid_from"),
    series=("index_id",),
    time_column="valid_from",
    availability=Availability("valid_from", "on"),
    cadence="irregular",
    live_source="SEC N-PORT",
)

SECURITY_IDENTIFIERS = Contract(
    table="security_identifiers",
    domain="membership",
    description="One row per member and spell of a ticker symbol.",
    columns=(
        Column("member_id", "text", "identifier of the member, stable over ticker changes"),
        Column("symbol", "text", "ticker symbol during the spell, as holdings write it"),
        Column("valid_from", "date", "first day of the spell", minimum="1970-01-01", maximum="2100-12-31"),
        Column("valid_to", "date", "last day of the spell, empty while it lasts", required=False),
        Column("isin", "text", "ISIN of the security, where told", required=False),
        Column("cusip", "text", "CUSIP of the security, where told", required=False),
        Column("lei", "text", "LEI of its issuer, where told", required=False),
    ),
    grain=("member_id", "symbol", "valid_from"),
    series=("member_id",),
    time_column="valid_from",
    availability=Availability("valid_from", "on"),
    cadence="irregular",
    live_source="SEC company tickers, SEC N-PORT",
)

CONTRACTS = (INDEX_MEMBERSHIP, SECURITY_IDENTIFIERS)
