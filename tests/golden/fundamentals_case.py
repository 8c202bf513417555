"""A warehouse fed with hand-made holdings and facts, and the fundamentals domain built on it by dbt."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from tests.helpers import dbt, dbt_results

PROJECT = Path(__file__).resolve().parents[2]
VECTORS = PROJECT.parent / "shared" / "vectors"
MODELS = (
    "path:models/staging/stg_fundamentals*",
    "path:models/intermediate/int_fundamentals*",
    "valuation",
    "valuation_restated",
    "relative_valuation",
    "leverage",
    "judged_rows",
)
DAY = "2017-05-26"
GOOD_FACTS = {
    "net_income_common": 5e5, "total_equity": 5e6, "revenue": 1e7, "total_assets": 1e7, "shares_diluted": 1e6,
    "cash_and_short_term_investments": 1e6, "long_term_debt": 2e6, "short_term_debt": 1e6, "operating_income": 8e5,
    "depreciation_amortization": -2e5, "interest_expense_net": -1e5,
}  # fmt: skip
"""A company that costs 10 m at a price of 10: P/E 20, P/B 2, P/S 1."""


@dataclass
class Case:
    """Rows for raw.fund_holdings and raw.company_facts."""

    holdings: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)

    def hold(self, basket: str, ticker: str, day: str = DAY, **other: Any) -> None:
        """One position: the whole of a good company, unless said otherwise."""
        row = {"name": f"{ticker} INC", "sector": "Industrials", "asset_class": "Equity", "shares": 1e6}
        row |= {"weight_pct": 100 / 12, "market_value_usd": 1e7, "price_usd": 10.0}
        self.holdings.append({"fund_symbol": basket, "as_of_date": day, "ticker": ticker} | row | other)

    def report(
        self, ticker: str, values: dict[str, float], period_end: str = "2016-12-31", filed: str = "2017-02-20",
        available: str | None = None, company_id: str | None = None, period_type: str = "FY",
    ) -> None:  # fmt: skip
        """One filing of a company, known on the filing day unless said otherwise."""
        for concept, value in values.items():
            row = {"company_id": company_id or f"id-{ticker}", "ticker": ticker, "concept": concept, "value": value}
            row |= {"period_type": period_type, "period_end": period_end, "filed_date": filed}
            self.facts.append(row | {"available_at": f"{available or filed} 21:00:00"})

    def basket(self, basket: str, size: int = 12, prefix: str | None = None, **other: Any) -> None:
        """Good companies in equal parts, with facts: GOOD0, GOOD1 and so on."""
        tickers = [f"{prefix or basket}{number}" for number in range(size)]
        for ticker in tickers:
            self.hold(basket, ticker, **({"weight_pct": 100 / size} | other))
            self.report(ticker, GOOD_FACTS)

    def position(self, basket: str, ticker: str) -> dict[str, Any]:
        [row] = [row for row in self.holdings if (row["fund_symbol"], row["ticker"]) == (basket, ticker)]
        return row


def build(warehouse: Path, case: Case | None = None) -> dict[str, tuple[str, str]]:
    """Put a case in the place of all holdings and facts and build; status and message per dbt node."""
    if case is not None:
        fill(warehouse, case)
    dbt(warehouse, "build", "--quiet", "--exclude-resource-type", "unit_test", "--select", *MODELS)
    return dbt_results(warehouse)


def fill(warehouse: Path, case: Case) -> None:
    """Replace the raw rows by those of the case."""
    with duckdb.connect(str(warehouse)) as connection:
        for table, rows in (("fund_holdings", case.holdings), ("company_facts", case.facts)):
            connection.execute(f"delete from raw.{table}")
            if not rows:
                continue
            frame = pd.DataFrame(rows)
            if table == "fund_holdings":
                frame["available_at"] = frame["as_of_date"] + " 21:00:00"
            frame = frame.assign(source="files", observed_at="2026-01-05 12:00:00", is_removed=False, payload_seq=1)
            frame = frame.assign(payload_row=range(len(frame)), is_simulated=False)
            connection.register("rows_of_case", frame)
            names = ", ".join(frame.columns)
            connection.execute(f"insert into raw.{table} ({names}) select {names} from rows_of_case")
            connection.unregister("rows_of_case")


def copy_of(real_data_dir: Path, directory: Path) -> Path:
    """A copy of the warehouse of the real build that a test may change."""
    copy = directory / "real.duckdb"
    shutil.copyfile(real_data_dir / "warehouse" / "real.duckdb", copy)
    return copy


def row_of(connection: duckdb.DuckDBPyConnection, mart: str, **key: Any) -> dict[str, Any]:
    """The one row of a mart with this key."""
    where = " and ".join(f"{name} = ?" for name in key)
    rows = connection.execute(f"select * from {mart} where {where}", list(key.values()))
    names = [column[0] for column in rows.description]
    [row] = rows.fetchall()
    return dict(zip(names, row, strict=True))
