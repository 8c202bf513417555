"""The providers of the live source by name, and the parser of an archived payload.

Belongs here: the list. A new provider is a module and a line here.
Does not belong here: when a provider is asked (`source`).
"""

from importlib import import_module
from typing import cast

from dagster_project.sources.live.provider import Provider
from dagster_project.sources.table_file import TextTable

PROVIDERS: tuple[str, ...] = (
    "cme", "yahoo", "ishares", "ssga", "new_york_fed", "treasury", "fred",
    "sec_tickers", "sec_company_facts", "sec_nport", "shiller",
)  # fmt: skip
"""Names of the modules, in the order in which they are asked: a fallback stands after what it stands in for."""


def provider(name: str) -> Provider:
    """The provider module of that name, imported now."""
    if name not in PROVIDERS:
        raise KeyError(f"{name} is no provider of the live source; known: {', '.join(PROVIDERS)}")
    return cast(Provider, import_module(f"dagster_project.sources.live.{name}"))


def parse_payload(name: str, table: str, payload: str, content: bytes) -> TextTable:
    """Rows of an archived payload of provider `name`; a function of the bytes alone."""
    return provider(name).parse(table, payload, content)
