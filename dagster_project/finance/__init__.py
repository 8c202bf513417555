"""Pure functions of market arithmetic: fund flows, meeting odds, valuation.

What belongs here: a method of `docs/methodology` as a function from frames to frames.
What never does: reading or writing anything, Dagster, DuckDB, the environment, the wall clock.
"""
