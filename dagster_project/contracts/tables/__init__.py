"""The contracts of all raw tables, by table name.

Belongs here: the registry. The declarations stand in one module per domain.
"""

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import flows, fundamentals, membership, prices, published, rates

CONTRACTS: dict[str, Contract] = {
    contract.table: contract
    for module in (prices, flows, rates, fundamentals, membership, published)
    for contract in module.CONTRACTS
}
