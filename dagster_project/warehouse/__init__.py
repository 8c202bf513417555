"""The only place that opens DuckDB for writing, and the keeper of the archive.

Belongs here: connections, DDL, the archive and its ledger, vintages, quarantine, check results,
publishing. Does not belong here: what a number means (dbt, `finance`), where data comes from (`sources`).
"""
