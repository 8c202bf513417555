"""The market that the loopback internet tells about: the project's own simulation up to a moment. All SIMULATED.

What the sample does not simulate (further funds of the universe) is made from what it does.
"""

import io
from datetime import datetime
from functools import cached_property

import pandas as pd

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.sources.live.universe import universe
from dagster_project.sources.sample import SampleSource

TABLES = (
    "daily_bars", "fund_nav_shares", "fed_funds_futures", "policy_rates", "treasury_yields", "fund_holdings",
    "company_facts", "index_fundamentals",
)  # fmt: skip
PREMIUM = 1.0003
"""Of a derived close over its NAV."""


class Market:
    """Tables by contract name, in the columns of the contract; `rows` gives what was known at `now`.

    `now` is naive UTC and may be moved; `change` revises a row from then on.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.version = 0

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        source = SampleSource()
        found = {ref.table: pd.read_csv(io.BytesIO(source.fetch(ref).content)) for ref in source.plan(TABLES).payloads}
        bars, navs = found["daily_bars"], found["fund_nav_shares"]
        more_bars, more_navs = [], []
        for number, one in enumerate(universe()):
            if one.issuer and one.symbol not in set(navs["fund_symbol"]):
                like = navs[navs["fund_symbol"] == "IJR"]
                closes = bars[bars["symbol"] == one.symbol].set_index("session_date")["close"]
                own = like["as_of_date"].map(closes) / PREMIUM if len(closes) else like["nav_usd"] * (1 + number / 50)
                more_navs.append(
                    like.assign(
                        fund_symbol=one.symbol, nav_usd=own,
                        shares_outstanding=like["shares_outstanding"] // 100 * 50 * 2,
                    )
                )  # fmt: skip
        navs = pd.concat([navs, *more_navs], ignore_index=True)
        for number, one in enumerate(universe()):
            if one.symbol in set(bars["symbol"]) or one.symbol == "^DJI":
                continue
            own = navs[navs["fund_symbol"] == one.symbol].set_index("as_of_date")["nav_usd"]
            like = bars[bars["symbol"] == ("IJR" if one.issuer else "SPY")]
            scale = like["session_date"].map(own) * PREMIUM / like["close"] if len(own) else 1 + number / 100
            prices = {column: like[column] * scale for column in ("open", "high", "low", "close")}
            more_bars.append(like.assign(symbol=one.symbol, dividend=0.0, **prices).dropna(subset=["close"]))
            if one.symbol == "DIA":
                prices = {column: 100 * values for column, values in prices.items()}
                more_bars.append(like.assign(symbol="^DJI", dividend=0.0, **prices).dropna(subset=["close"]))
        found["fund_nav_shares"] = navs
        found["daily_bars"] = pd.concat([bars, *more_bars], ignore_index=True).round(6)
        return found

    @cached_property
    def _known_at(self) -> dict[str, pd.Series]:
        return {
            name: CONTRACTS[name].availability.instants(
                pd.to_datetime(table[CONTRACTS[name].availability.column]).astype("datetime64[us]")
            )
            for name, table in self.tables.items()
        }

    def rows(self, table: str) -> pd.DataFrame:
        """Rows of a table that were known at `now`."""
        return self.tables[table][self._known_at[table] <= pd.Timestamp(self.now)]

    def change(self, table: str, where: dict[str, object], column: str, value: float) -> None:
        """Revise one row."""
        found = self.tables[table]
        hit = pd.Series(True, index=found.index)
        for name, wanted in where.items():
            hit &= found[name] == wanted
        assert hit.sum() == 1, f"{table}: {hit.sum()} rows with {where}"
        found.loc[hit, column] = value
        self.version += 1
