"""The `sample` source: an embedded, offline, deterministic SIMULATION pinned to published anchors.

Belongs here: the class `SampleSource` and the register of what it can simulate.
Does not belong here: how a table is simulated (`sample_prices`, `sample_flows`, `sample_rates`,
`sample_futures`, `sample_fundamentals`, `sample_members`), and any data: no row is copied from a market. Every number
is SIMULATED except at the anchors of `data/sample/anchors.csv`, which are published facts, each with its source.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.sources.base import Fetched, PayloadRef, Plan, SourceError
from dagster_project.sources.sample_anchors import ANCHORS_PATH, Anchors, read_anchors

if TYPE_CHECKING:
    import pandas as pd


def _daily_bars(anchors: Anchors) -> "pd.DataFrame":
    import pandas as pd

    from dagster_project.sources import sample_members, sample_prices

    return pd.concat([sample_prices.daily_bars(anchors), sample_members.member_bars(anchors)])


def _index_membership(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_members

    return sample_members.index_membership(anchors)


def _security_identifiers(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_members

    return sample_members.security_identifiers(anchors)


def _fund_nav_shares(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_flows

    return sample_flows.fund_nav_shares(anchors)


def _fed_funds_futures(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_futures

    return sample_futures.fed_funds_futures(anchors)


def _policy_rates(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_rates

    return sample_rates.policy_rates(anchors)


def _treasury_yields(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_rates

    return sample_rates.treasury_yields(anchors)


def _published_figures(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_flows

    return sample_flows.published_figures(anchors)


def _fund_holdings(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_fundamentals

    return sample_fundamentals.fund_holdings(anchors)


def _company_facts(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_fundamentals

    return sample_fundamentals.company_facts(anchors)


def _index_fundamentals(anchors: Anchors) -> "pd.DataFrame":
    from dagster_project.sources import sample_fundamentals

    return sample_fundamentals.index_fundamentals(anchors)


# The functions import late: numpy and pandas are paid for by the first fetch, not by the import.
SIMULATIONS: dict[str, Callable[[Anchors], "pd.DataFrame"]] = {
    "daily_bars": _daily_bars,
    "fund_nav_shares": _fund_nav_shares,
    "fed_funds_futures": _fed_funds_futures,
    "policy_rates": _policy_rates,
    "treasury_yields": _treasury_yields,
    "published_figures": _published_figures,
    "fund_holdings": _fund_holdings,
    "company_facts": _company_facts,
    "index_fundamentals": _index_fundamentals,
    "index_membership": _index_membership,
    "security_identifiers": _security_identifiers,
}
"""Contract table -> function that makes its frame. A table that is not here is not simulated."""


class SampleSource:
    """Source of simulated payloads; needs no network, no key and no configuration.

    The same anchors give the same bytes on every call (fixed seed per series). Implements `base.Source`.
    """

    mode = "sample"
    is_simulated = True

    def __init__(self, anchors_path: Path = ANCHORS_PATH) -> None:
        """Remember where the anchors are; they are read at the first fetch."""
        self._anchors_path = anchors_path

    def plan(self, tables: Iterable[str]) -> Plan:
        """Offer one CSV payload for each of `tables` that can be simulated; name the others in a remark.

        Raises:
            SourceError: there is no anchors file.
        """
        if not self._anchors_path.is_file():
            raise SourceError(f"{self._anchors_path}: the anchors of the sample are missing; restore the file")
        wanted = tuple(dict.fromkeys(tables))
        payloads = tuple(self._ref(table) for table in wanted if table in SIMULATIONS)
        remarks = tuple(f"{table}: not simulated by the sample" for table in wanted if table not in SIMULATIONS)
        return Plan(payloads, remarks)

    def fetch(self, ref: PayloadRef) -> Fetched:
        """Simulate one payload: UTF-8 CSV with a header and `\\n` line ends, columns as in the table's contract.

        Raises:
            SourceError: the payload is none of those that `plan` offers, or the anchors cannot be used.
        """
        if ref.table not in SIMULATIONS:
            raise SourceError(
                f"{ref.origin}: the sample cannot simulate table {ref.table!r}; it has {', '.join(SIMULATIONS)}. "
                "Take this table from another source mode (`files` or `live`)."
            )
        if ref.name != f"{ref.table}.csv":
            raise SourceError(f"{ref.origin}: the sample has no payload {ref.name!r}, only {ref.table}.csv")
        from dagster_project.sources.sample_tools import to_csv

        return Fetched(to_csv(SIMULATIONS[ref.table](self._anchors)), ref.origin)

    @cached_property
    def _anchors(self) -> Anchors:
        return read_anchors(self._anchors_path)

    def _ref(self, table: str) -> PayloadRef:
        return PayloadRef(table, f"{table}.csv", f"simulation pinned to {_short(self._anchors_path)}")


def _short(path: Path) -> str:
    """Path below the repository where it lies there, so that messages do not differ between machines."""
    root = ANCHORS_PATH.parents[2]
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
