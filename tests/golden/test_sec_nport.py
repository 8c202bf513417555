"""N-PORT filings as they came, against values read off the XML by hand."""

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.errors import SourceError
from dagster_project.sources.live import sec_nport
from tests.golden.sec_recordings import recording

SERIES = {"nport_dupree": "S000012000", "nport_advancedseries": "S000030880", "nport_sample1": "S000002112"}


def rows_of(recorded: str, table: str, series: str | None = None) -> pd.DataFrame:
    """Rows of a recorded filing as the contract takes them in; none may be rejected."""
    name = f"FUND.{series or SERIES[recorded]}.2023-02-28.0001145549-23-010101.xml"
    content = recording(f"{recorded}.xml.gz")
    valid = validate(CONTRACTS[table], sec_nport.parse(table, name, content).frame, sec_nport.NAME)
    assert valid.rejects.empty, valid.rejects
    return valid.rows


@pytest.mark.parametrize(
    ("recorded", "months"),
    [
        # Dupree: 141,189.21 sold + 30,358.56 reinvested - 681,940.53 redeemed in October, and so on
        ("nport_dupree", {"2022-10-31": -510_392.76, "2022-11-30": -939_595.86, "2022-12-31": -1_155_362.64}),
        # redemptions written with a minus: 30,926.10 - 10,925,162.46, then no sales
        (
            "nport_advancedseries",
            {"2022-10-31": -10_894_236.36, "2022-11-30": -17_982_152.18, "2022-12-31": -13_756_139.08},
        ),
        ("nport_sample1", {"2017-08-31": 0, "2017-09-30": 0, "2017-10-31": 0}),
    ],
)
def test_net_flows_of_three_months(recorded: str, months: dict[str, float]) -> None:
    rows = rows_of(recorded, "published_figures")
    found = {f"{day:%Y-%m-%d}": value * 1e6 for day, value in zip(rows["as_of"], rows["value"], strict=True)}
    assert found == pytest.approx(months)
    assert set(rows["stated_available_at"]) == {pd.Timestamp("2023-02-28 22:30")}


def test_a_bond_fund_is_a_basket_of_bonds() -> None:
    rows = rows_of("nport_dupree", "fund_holdings")
    # 55 elements invstOrSec in the file
    assert len(rows) == 55
    assert set(rows["asset_class"]) == {"Fixed Income"}
    first = rows.iloc[0]
    assert (first["ticker"], first["market_value_usd"]) == ("US49151FGH73", 794_207.15)
    assert first["weight_pct"] == pytest.approx(1.9206978745)
    # weights are values over the net assets that the filing gives
    assert (rows["weight_pct"] - 100 * rows["market_value_usd"] / 41_349_926.01).abs().max() < 1e-6


def test_a_fund_without_positions_or_equities_has_no_rows_for_the_tables_that_want_them() -> None:
    with pytest.raises(SourceError, match="with holdings, found none"):
        rows_of("nport_advancedseries", "fund_holdings")
    with pytest.raises(SourceError, match="with equities for index_membership, found 55 other positions"):
        rows_of("nport_dupree", "index_membership")


def test_an_equity_is_a_member_under_its_cusip_where_there_is_no_isin() -> None:
    rows = rows_of("nport_sample1", "security_identifiers")
    assert list(rows[["member_id", "symbol", "cusip"]].iloc[0]) == ["379006355", "3F708", "379006355"]


def test_the_filing_of_another_fund_is_refused() -> None:
    with pytest.raises(SourceError, match="one of S000012000 came"):
        rows_of("nport_dupree", "fund_holdings", series="S000004344")
