"""What a client does with the published file, run by the client's own Python: prints everything it saw as JSON.

Imports nothing of this project: the environment has only the client's packages.
"""

import json
import sys

import duckdb
import pandas
import polars
import sqlalchemy

file = sys.argv[1]
seen: dict = {
    "duckdb": duckdb.__version__,
    "sqlalchemy": sqlalchemy.__version__,
    "pandas": pandas.__file__,
    "polars": polars.__version__,
}
MACROS = (
    "today_as_of('2017-05-26')", "claims_as_of('2017-05-26')", "flows('IWM', '2017-05-18')", "league('2017-05-24')",
    "odds('2017-05-26')", "next_meeting_as_of('2017-05-26')", "this_week_as_of('2017-05-26')",
    "valuation_as_of('2017-05-26')", "claims_as_of('2017-05-26', framing := 'as_written')",
)  # fmt: skip
TODAY = "select as_of_date, ytd_gap_pp, net_flow_usd, prob_hike_low_pct, signals_on_ids, is_simulated from v_today"

with duckdb.connect(file, read_only=True) as connection:
    names = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('main', 'marts', 'meta') order by 1"
    ).fetchall()
    seen["rows"] = {name: connection.execute(f"select count(*) from {name}").fetchall()[0][0] for (name,) in names}
    seen["macro_rows"] = {macro: len(connection.execute(f"from {macro}").fetchall()) for macro in MACROS}
    seen["today"] = [str(value) for value in connection.execute(TODAY).fetchall()[0]]
    seen["comments"] = connection.execute(
        "select count(*), count(comment) from duckdb_columns() where schema_name in ('main', 'marts', 'meta') "
        "and not internal"
    ).fetchall()[0]
    # over the relation: its methods have the same names in every version
    recent = "select * from v_claims_wide where as_of_date >= '2017-05-01'"
    frame = connection.sql(recent).df()
    seen["pandas_frame"] = [len(frame), int(frame["supported"].sum()), str(frame["as_of_date"].max())[:10]]
    frame = connection.sql(recent).pl()
    seen["polars_frame"] = [frame.height, int(frame["supported"].sum()), str(frame["as_of_date"].max())]
    seen["arrow_rows"] = (
        connection.sql("select * from v_odds where watch_date = '2017-05-26'").to_arrow_table().num_rows
    )
    try:
        connection.execute("delete from meta.build")
        seen["write"] = "went through"
    except duckdb.Error as error:
        seen["write"] = type(error).__name__

engine = sqlalchemy.create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
inspector = sqlalchemy.inspect(engine)
seen["reflected_tables"] = sorted(inspector.get_table_names(schema="marts"))
seen["reflected_views"] = sorted(name.rsplit(".", 1)[-1] for name in inspector.get_view_names(schema="main"))
seen["reflected_columns"] = {
    column["name"]: str(column["type"]) for column in inspector.get_columns("v_today", schema="main")
}
weekly = sqlalchemy.Table("fund_flows_weekly", sqlalchemy.MetaData(), autoload_with=engine, schema="marts")
seen["reflected_comments"] = [weekly.comment, weekly.c.net_flow_usd.comment]
with engine.connect() as session:
    query = sqlalchemy.select(weekly.c.net_flow_usd).where(
        weekly.c.fund_symbol == "IWM", weekly.c.week_ending == sqlalchemy.text("date '2017-05-24'")
    )
    seen["reflected_query"] = session.execute(query).scalar_one()
    seen["sqlalchemy_today"] = [str(value) for value in session.execute(sqlalchemy.text(TODAY)).one()]
    seen["pandas_sql"] = len(pandas.read_sql("select * from v_this_week", session))
engine.dispose()

sys.stdout.write(json.dumps(seen))
