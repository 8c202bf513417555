"""Asset checks: made from the contracts, and market sense.

Belongs here: what is asserted about data, as pure functions or single queries.
Does not belong here: dbt tests (they stand beside their models) and the wiring into Dagster (`assets`).
"""
