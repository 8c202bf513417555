"""What sqlfluff sees instead of dbt's `target`: the models are read as DuckDB gets them."""

type = "duckdb"  # noqa: A001
