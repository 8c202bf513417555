"""Providers of raw data: one module each, behind the `Source` protocol of `base`.

Belongs here: saying what can be fetched, and fetching its bytes.
Does not belong here: parsing and validation (`contracts`), storage (`warehouse`), Dagster, DuckDB.
"""
