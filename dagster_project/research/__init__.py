"""Statistics of the research marts as pure functions from frames to frames: no I/O, no Dagster, no DuckDB, no dbt."""
