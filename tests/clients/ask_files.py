"""What polars reads from the Parquet and CSV files of a build, printed as JSON; run by a client's Python."""

import json
import sys
from pathlib import Path

import polars

build = Path(sys.argv[1])


def summary(frame: polars.DataFrame) -> list:
    week = frame.filter(polars.col("fund_symbol") == "IWM").sort("week_ending")
    return [frame.height, frame.columns, str(week["week_ending"].max()), week["net_flow_usd"].sum()]


weekly = "fund_flows_weekly"
seen = {
    "parquet": summary(polars.read_parquet(build / "parquet" / f"{weekly}.parquet")),
    "csv": summary(polars.read_csv(build / "csv" / f"{weekly}.csv", try_parse_dates=True, infer_schema_length=None)),
    "view": polars.read_parquet(build / "parquet" / "v_today.parquet")["ytd_gap_pp"].to_list(),
    "rows": {
        path.stem: polars.scan_parquet(path).select(polars.len()).collect().item()
        for path in sorted((build / "parquet").iterdir())
    },
}
sys.stdout.write(json.dumps(seen))
