"""Marts written in pandas and in polars, against the SQL: run by `bench_marts` in the environment that has both.

Stands alone: DATABASE QUERIES ROUNDS. Prints a line of JSON per measurement; ends with an error where a frame and the
SQL do not say the same.
"""

import json
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

BASES = ["pair_id", "return_basis", "session_date"]


def price_levels_pandas(t):
    closes, total = t["int_prices__closes"], t["int_prices__total_return"]
    price = closes[["symbol", "session_date", "close_price"]].assign(return_basis="price")
    price["unscaled"] = price["close_price"]
    both = total.merge(closes[["symbol", "session_date", "close_price"]], on=["symbol", "session_date"])
    both = both.assign(return_basis="total", unscaled=both["total_return_level"])
    frame = pd.concat([price, both]).sort_values(["symbol", "return_basis", "session_date"])
    first = frame.groupby(["symbol", "return_basis"])["unscaled"].transform("first")
    return frame.assign(level=100 * frame["unscaled"] / first)[["symbol", "return_basis", "session_date", "level"]]


def price_levels_polars(t):
    closes = t["int_prices__closes"].select("symbol", "session_date", "close_price")
    price = closes.with_columns(return_basis=pl.lit("price"), unscaled=pl.col("close_price"))
    both = t["int_prices__total_return"].join(closes, on=["symbol", "session_date"])
    both = both.with_columns(return_basis=pl.lit("total"), unscaled=pl.col("total_return_level"))
    names = ["symbol", "return_basis", "session_date", "unscaled"]
    frame = pl.concat([price.select(names), both.select(names)]).sort("symbol", "return_basis", "session_date")
    level = 100 * pl.col("unscaled") / pl.col("unscaled").first().over("symbol", "return_basis")
    return frame.with_columns(level=level).select("symbol", "return_basis", "session_date", "level")


def policy_and_yields_pandas(t):
    yields = t["stg_rates__treasury_yields"]
    yields = yields[yields["tenor"].isin(["2yr", "10yr"])]
    wide = yields.pivot_table(index="rate_date", columns="tenor", values="par_yield_pct", aggfunc="max")
    dates = pd.DataFrame({"rate_date": t["stg_rates__treasury_yields"]["rate_date"].unique()})
    wide = dates.merge(wide.reset_index(), on="rate_date", how="left")
    frame = t["stg_rates__policy_rates"].merge(wide, on="rate_date", how="outer")
    return frame.assign(slope_2_10_pp=frame["10yr"] - frame["2yr"])[["rate_date", "effr_pct", "slope_2_10_pp"]]


def policy_and_yields_polars(t):
    tenor = lambda name: pl.col("par_yield_pct").filter(pl.col("tenor") == name).max()  # noqa: E731
    wide = t["stg_rates__treasury_yields"].group_by("rate_date").agg(two=tenor("2yr"), ten=tenor("10yr"))
    frame = t["stg_rates__policy_rates"].join(wide, on="rate_date", how="full", coalesce=True)
    return frame.select("rate_date", "effr_pct", slope_2_10_pp=pl.col("ten") - pl.col("two"))


def relative_performance_pandas(t):
    frame = t["int_pairs__levels"].sort_values(BASES)
    ratio = frame.groupby(BASES[:2])["ratio"]
    highest = ratio.rolling(252, min_periods=252).max().droplevel([0, 1])
    frame = frame.assign(
        ratio_drawdown_252d_pct=100 * (frame["ratio"] / highest - 1),
        ratio_drawdown_all_pct=100 * (frame["ratio"] / ratio.cummax() - 1),
    )
    returns = t["int_pairs__horizon_returns"]
    ytd = returns[returns["horizon"] == "YTD"][[*BASES, "gap_pp"]]
    frame = frame.merge(t["int_pairs__rolling_beta"], on=["pair_id", "session_date"], how="left")
    frame = frame.merge(ytd, on=BASES, how="left")
    for alignment in ("session_number", "calendar_date"):
        context = t["int_pairs__ytd_gap_context"]
        context = context[context["alignment"] == alignment][[*BASES, "percentile"]]
        frame = frame.merge(context.rename(columns={"percentile": alignment}), on=BASES, how="left")
    return frame[[*BASES, "ratio_drawdown_252d_pct", "ratio_drawdown_all_pct", "beta_252d", "gap_pp", "session_number"]]


def relative_performance_polars(t):
    groups = BASES[:2]
    frame = t["int_pairs__levels"].sort(BASES)
    highest = pl.col("ratio").rolling_max(252, min_samples=252).over(groups)
    frame = frame.with_columns(
        ratio_drawdown_252d_pct=100 * (pl.col("ratio") / highest - 1),
        ratio_drawdown_all_pct=100 * (pl.col("ratio") / pl.col("ratio").cum_max().over(groups) - 1),
    )
    ytd = t["int_pairs__horizon_returns"].filter(pl.col("horizon") == "YTD").select(*BASES, "gap_pp")
    frame = frame.join(t["int_pairs__rolling_beta"], on=["pair_id", "session_date"], how="left")
    frame = frame.join(ytd, on=BASES, how="left")
    for alignment in ("session_number", "calendar_date"):
        context = t["int_pairs__ytd_gap_context"].filter(pl.col("alignment") == alignment)
        frame = frame.join(context.select(*BASES, pl.col("percentile").alias(alignment)), on=BASES, how="left")
    return frame.select(
        *BASES, "ratio_drawdown_252d_pct", "ratio_drawdown_all_pct", "beta_252d", "gap_pp", "session_number"
    )


INPUTS = {
    "price_levels": ["intermediate.int_prices__closes", "intermediate.int_prices__total_return"],
    "policy_and_yields": ["staging.stg_rates__policy_rates", "staging.stg_rates__treasury_yields"],
    "relative_performance": [
        "intermediate.int_pairs__levels", "intermediate.int_pairs__rolling_beta",
        "intermediate.int_pairs__horizon_returns", "intermediate.int_pairs__ytd_gap_context",
    ],
}  # fmt: skip
ASKED = {
    "price_levels": {"level": "level"},
    "policy_and_yields": {"effr_pct": "effr_pct", "slope_2_10_pp": "slope_2_10_pp"},
    "relative_performance": {
        "ratio_drawdown_252d_pct": "ratio_drawdown_252d_pct", "ratio_drawdown_all_pct": "ratio_drawdown_all_pct",
        "beta_252d": "beta_252d", "gap_pp": "ytd_gap_pp", "session_number": "ytd_gap_percentile",
    },
}  # fmt: skip
"""Columns of the frames, and of the mart."""


def told(connection, frame, columns):
    """Rows, and for each column the values known and their sum: what must agree."""
    connection.register("frame", frame)
    sums = ", ".join(f"count({name}), sum({name})" for name in columns)
    [found] = connection.execute(f"select count(*), {sums} from frame").fetchall()
    return found


def measure(run):
    begun, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, time.perf_counter() - begun, time.process_time() - cpu


def main(database, queries, rounds):
    connection = duckdb.connect(database)
    connection.execute("set threads = 1")
    for mart, sql in json.loads(Path(queries).read_text()).items():
        names = INPUTS[mart]
        pandas = {name.split(".")[1]: connection.table(name).df() for name in names}
        polars = {name.split(".")[1]: connection.table(name).pl() for name in names}
        engines = {
            "duckdb": lambda: connection.execute(f"create or replace table marts.{mart} as ({sql})").fetchall(),  # noqa: B023
            "pandas": lambda: globals()[f"{mart}_pandas"](pandas),  # noqa: B023
            "polars": lambda: globals()[f"{mart}_polars"](polars),  # noqa: B023
        }
        for number in range(rounds):
            expected = None
            for engine, run in engines.items():
                result, seconds, cpu = measure(run)
                if engine == "duckdb":
                    expected = told(connection, connection.table(f"marts.{mart}"), ASKED[mart].values())
                else:
                    frame = result.to_arrow() if engine == "polars" else result.convert_dtypes(dtype_backend="pyarrow")
                    found = told(connection, frame, ASKED[mart])
                    for one, other in zip(expected, found, strict=True):
                        if abs(one - other) > 1e-9 * max(1, abs(one)):
                            sys.exit(f"{mart}: SQL {expected}, {engine} {found}")
                line = {"mart": mart, "engine": engine, "rows": expected[0], "seconds": seconds, "cpu_seconds": cpu}
                print(json.dumps(line | {"round": number}))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
