"""Meeting odds for every watch date of an inbox, beside two public packages on the same settlements.

    python -m tests.bench.bench_meeting_odds INBOX

The packages stand in an environment of their own (odds_packages.in, with pandas below 3). They get as many watch dates
as they can do in the seconds that all dates take here. What is compared is the time of a watch date: cme-fedwatch gives
one convention and all meetings, pyfedwatch the other and six.
"""

import json
import subprocess
import time
from pathlib import Path

import pandas as pd
import typer

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.finance.meeting_odds import meeting_odds
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.table_file import read_table_file
from tests.bench.figure import Figure
from tests.clients.environments import environment

HERE = Path(__file__).resolve().parent
MEETINGS = PROJECT_ROOT / "dbt" / "seeds" / "fomc_meetings.csv"

PACKAGES = """
import json, sys, time, warnings
import pandas as pd
warnings.filterwarnings("ignore")
from cme_fedwatch.calc import calculate
import pyfedwatch
settlements, meetings, budget = sys.argv[1], sys.argv[2], float(sys.argv[3])
z = pd.read_csv(settlements, parse_dates=["contract_month", "session_date"])
m = pd.read_csv(meetings, parse_dates=["meeting_date"])
m = m[(m.kind == "scheduled") & m.cancelled_on.isna()]
days = [d.date() for d in m.meeting_date]
watch = z[z.session_date.between("2009-01-05", "2023-01-31")].session_date.drop_duplicates().sort_values()
by_contract = {c: g.sort_values("session_date") for c, g in z.groupby("contract_month")}
by_day = dict(tuple(z.groupby("session_date")))
codes = "FGHJKMNQUVXZ"
def price(symbol):
    g = by_contract[pd.Timestamp(2000 + int(symbol[3:]), codes.index(symbol[2]) + 1, 1)]
    return pd.DataFrame({"Date": g.session_date, "Close": g.settle}).set_index("Date")
def cme(day):
    now = by_day[day]
    rows = [dict(month=c.strftime("%b %y").upper(), settle=v) for c, v in zip(now.contract_month, now.settle)]
    ahead = [d for d in days if day.date() < d <= now.contract_month.max().date()]
    calculate(rows, ahead, (0.75, 1.0), schedule=days)
def pyfed(day):
    watch_date, dates = day.strftime("%Y-%m-%d"), [d.isoformat() for d in days]
    pyfedwatch.fedwatch.FedWatch(watch_date=watch_date, fomc_dates=dates, num_upcoming=6, user_func=price
        ).generate_hike_info(rate_cols=True, watch_rate_range=(0.75, 1.0))
for name, run in (("cme-fedwatch (pre)", cme), ("pyfedwatch (post, 6 meetings)", pyfed)):
    start, done, failed = time.perf_counter(), 0, 0
    for day in watch:
        if time.perf_counter() - start > budget:
            break
        try:
            run(day)
        except Exception:
            failed += 1
        done += 1
    seconds = time.perf_counter() - start
    print(json.dumps({"name": name, "dates": done, "failed": failed, "seconds": seconds}))
"""


def read(inbox: Path, table: str) -> pd.DataFrame:
    """All files of a table as the contract types them."""
    files = sorted((inbox / table).iterdir())
    texts = [read_table_file(file.read_bytes(), str(file)) for file in files]
    return pd.concat([validate(CONTRACTS[table], text.frame, "files").rows for text in texts])


def main(inbox: Path) -> None:
    """Measure; one line of JSON per figure."""
    settlements, policy_rates = read(inbox, "fed_funds_futures"), read(inbox, "policy_rates")
    meetings = pd.read_csv(MEETINGS, parse_dates=["meeting_date", "cancelled_on"])
    start = time.perf_counter()
    result = meeting_odds(settlements, meetings, policy_rates)
    seconds = time.perf_counter() - start
    watched = result.expectations["watch_date"].nunique()
    each = seconds / watched
    note = f"{len(result.expectations)} meetings, {len(result.probabilities)} outcomes, both conventions"
    typer.echo(Figure("meeting odds of every watch date", seconds, rows=watched, note=note).line())
    typer.echo(Figure("meeting odds, one watch date", each, ratio=1, ratio_of="seconds a watch date here").line())
    packages = environment(HERE / "odds_packages.txt")
    if isinstance(packages, str):
        raise typer.BadParameter(packages)
    [file] = sorted((inbox / "fed_funds_futures").iterdir())
    command = [packages / "bin" / "python", "-c", PACKAGES, file, MEETINGS, str(seconds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        other = json.loads(line)
        theirs = other["seconds"] / other["dates"]
        note = f"{other['dates']} watch dates tried, {other['failed']} of them failed"
        figure = Figure(
            f"{other['name']}, one watch date", theirs, ratio=theirs / each, ratio_of="seconds a watch date here",
            note=note,
        )  # fmt: skip
        typer.echo(figure.line())


if __name__ == "__main__":
    typer.run(main)
