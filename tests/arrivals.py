"""Deliveries that arrive in any order: what raw must hold in the end, whatever came before.

Belongs here: drawing a sequence of arrivals, taking it in, comparing. tests/integration/test_arrivals.py runs a few,
tests/soak/arrivals.py hundreds.

A sequence is about one raw table. Its facts are divided among one to four payloads (some rows stand in two of them,
with equal values), and each payload arrives one to five times, the last time as it is in the end. Before that it may
lack rows, have rows that are withdrawn later or that stand in another payload in the end, have other values, rows
twice, rows that break the contract, be damaged as a whole or cut off; a version that was there already may come again,
and so may the same bytes. The arrivals of the payloads are mixed.

The property: the final state of every payload, read once each in the order of their names, makes the same raw table as
the sequence did:
1. the current rows (latest vintage per grain and source, tombstones left out) have the same keys and values;
2. a row that no arrival told otherwise, and that none lacked after another had it, has one vintage, with the same
   `available_at` and `stated_available_at`: when it was read makes no difference to when it was known;
3. any other current row is available as in one go, or from an instant at which this sequence was read, never earlier.

Marts that are built from raw after a story of every table are those of one go, cell by cell, but for
`data_quality_coverage`, which counts vintages, and `data_quality_findings.known_on`.

That the archive of a sequence makes the same vintages again is tested beside this, in tests/unit/test_archive.py.

What differs by contract and is therefore not drawn:
- two payloads that in the end tell two values of one row: the one read last wins;
- a row that a payload told before the first day of its series, or a whole series that is gone from it: a payload
  speaks for the series in it from their first day on, so such rows stay;
- of several statements of one row (`available_at` in the file) any but the last told otherwise: its correction counts
  from when it was read, and so is the current one; one of them withdrawn: a row goes as a whole; or one of them late
  where the row stands in several payloads: a row that went comes back with the last statement of the reading that
  brings it;
- differences below `JITTER_RELATIVE`, and splits of shares: tests/unit/test_vintages.py.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import invoke_dbt
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import open_warehouse
from dagster_project.warehouse.vintages import REMOVALS_ALLOWED_ROWS
from tests import market
from tests.helpers import Store
from tests.look_ahead import first_failure, let_go, marts_of

TELL_OF_VINTAGES = {"data_quality_coverage": "", "data_quality_findings": "known_on"}
"""Marts, or a column of one, that count vintages or say when a finding was known: not the same by their meaning."""
MOST_WITHDRAWN = REMOVALS_ALLOWED_ROWS
"""More would make the payload that lacks them look cut off, so that it is refused."""


@dataclass(frozen=True)
class Subject:
    """A raw table with all rows that a sequence may speak of."""

    table: str
    rows: pd.DataFrame
    revised: tuple[str, ...]
    """Columns that a revision changes, all by the same factor."""

    @property
    def contract(self) -> Contract:
        return CONTRACTS[self.table]

    @property
    def key(self) -> list[str]:
        return list(self.contract.grain)


def subjects() -> dict[str, Subject]:
    """A few hundred rows of each table."""
    days = [day.isoformat() for day in market.sessions("2017-02-01", "2017-05-26")]
    draw = random.Random("subjects")

    def series(name: str, names: Sequence[str], day: str, value: str, low: float, high: float, **more: Any) -> Any:
        return pd.DataFrame(
            [{name: one, day: d, value: round(draw.uniform(low, high), 4)} | more for one in names for d in days]
        )

    quarters = pd.DataFrame(
        [
            {"company_id": company, "concept": concept, "period_type": "FY", "period_end": f"{year}-12-31",
             "filed_date": filed, "value": round(draw.uniform(1e6, 9e6)), "available_at": filed}
            for company in ("0001", "0002", "0003") for concept in ("revenue", "net_income")
            for year in range(2005, 2017) for filed in (f"{year + 1}-02-20", f"{year + 2}-02-20")
        ]
    )  # fmt: skip
    found = [
        Subject("daily_bars", market.bars(("^RUT", "IWM", "SPY"), days[0], days[-1]), ("open", "high", "low", "close")),
        Subject("treasury_yields", series("tenor", ("2yr", "10yr"), "rate_date", "par_yield_pct", 1, 3),
                ("par_yield_pct",)),
        Subject("policy_rates", pd.DataFrame({"rate_date": days, "effr_pct": [round(draw.uniform(0.6, 1.2), 2)
                                                                             for _ in days]}), ("effr_pct",)),
        Subject("fund_nav_shares", series("fund_symbol", ("IWM", "SPY", "VTWO"), "as_of_date", "nav_usd", 90, 240,
                                          shares_outstanding=2e8), ("nav_usd",)),
        Subject("fed_funds_futures", series("contract_month", ("2017-06-01", "2017-07-01", "2017-09-01"),
                                            "session_date", "settle", 98, 99.5), ("settle",)),
        Subject("company_facts", quarters, ("value",)),
    ]  # fmt: skip
    return {subject.table: subject for subject in found}


SUBJECTS = subjects()


@dataclass(frozen=True)
class Arrival:
    """One reading of a payload."""

    name: str
    content: bytes
    accept_removals: bool
    what: tuple[str, ...]
    """In what it is not the payload of the end."""


@dataclass(frozen=True)
class Story:
    """Arrivals in order, and what they come to."""

    subject: Subject
    final: dict[str, bytes]
    """Payloads as they are in the end."""
    arrivals: tuple[Arrival, ...]
    touched: frozenset[tuple[str, ...]]
    """Keys that an arrival told otherwise than the end does, or lacked after another may have had them."""


@dataclass(frozen=True)
class Result:
    """What became of a story: `faults` is empty when the property held."""

    table: str
    payloads: int
    arrivals: int
    refused: int
    vintages: int
    what: tuple[str, ...]
    faults: tuple[str, ...]


class Payload:
    """Draws the versions of one payload."""

    def __init__(
        self, draw: random.Random, subject: Subject, name: str, rows: pd.DataFrame, extras: pd.DataFrame, is_alone: bool
    ) -> None:
        self.draw, self.subject, self.name, self.rows = draw, subject, name, rows
        self.heads = heads(subject, rows)
        self.extras = self._within_span(extras)
        self.touched: set[tuple[str, ...]] = set()
        self.is_alone = is_alone

    def _within_span(self, extras: pd.DataFrame) -> pd.DataFrame:
        """As many extra rows as may go at once, none before the first day of its series."""
        time, series = self.subject.contract.time_column, list(self.subject.contract.series)
        first = self.rows.loc[self.heads, [*series, time]].rename(columns={time: "first_day"})
        known = extras.merge(first, on=series) if series else extras.assign(first_day=first["first_day"].iloc[0])
        known = known[known[time] > known["first_day"]].drop(columns="first_day")
        keys = known[self.subject.key].drop_duplicates()
        chosen = keys.sample(min(len(keys), MOST_WITHDRAWN), random_state=self.draw.randrange(2**32))
        return known.merge(chosen, on=self.subject.key)

    def final(self) -> bytes:
        return market.csv(self._shuffled(self.rows))

    def versions(self) -> list[Arrival]:
        """Earlier versions, then the one of the end."""
        found = [self._earlier(is_first=not number) for number in range(self.draw.randrange(5))]
        last = Arrival(self.name, self.final(), False, ())
        if found and self.draw.random() < 0.2:
            found.insert(self.draw.randrange(len(found)), Arrival(self.name, last.content, False, ("returns",)))
            self._touch(self.rows)
        found.append(last)
        if self.draw.random() < 0.3:
            again = self.draw.randrange(len(found))
            found.insert(again, found[again])
        return found

    def _earlier(self, is_first: bool) -> Arrival:
        rows, what = self.rows, []
        accept = self.draw.random() < 0.15
        if self._happens(0.5):
            late = self._some(rows.drop(index=self.heads), self.draw.choice((2, 20, len(rows))))
            if not (is_first and self.is_alone):  # all statements of a row together
                gone = set(keys_of(self.subject, rows.loc[late]))
                late = rows.index[[key in gone for key in keys_of(self.subject, rows)]]
            if not is_first:
                self._touch(rows.loc[late])
            rows = rows.drop(index=late)
            what.append("lacks rows")
        if len(self.extras) and self._happens(0.7):
            self._touch(self.extras)
            rows = pd.concat([rows, self.extras], ignore_index=True)
            what.append("has rows that go")
        if self._happens(0.5):
            wrong = self._some(rows[last_statements(self.subject, rows)], 5)
            columns = list(self.subject.revised)
            rows = rows.astype(dict.fromkeys(columns, "float64"))
            rows.loc[wrong, columns] *= self.draw.uniform(1.001, 1.02)
            self._touch(rows.loc[wrong])
            what.append("other values")
        if self._happens(0.2):
            rows = pd.concat([rows, rows.loc[self._some(rows, 5)]], ignore_index=True)
            what.append("rows twice")
        if self._happens(0.2):
            rows = rows.astype({self.subject.revised[0]: "object"})
            rows.loc[self._some(rows, 2), self.subject.revised[0]] = "n/a"
            what.append("broken rows")
        content = market.csv(self._shuffled(rows))
        if self._happens(0.1):
            content = content.replace(b",", b";")
            what.append("damaged")
        elif not len(self.extras) and self._happens(0.15):
            content = content[: content.rindex(b"\n", 0, len(content) // 2) + 1]
            self._touch(self.rows)
            what.append("cut off")
        return Arrival(self.name, content, accept, tuple(what))

    def _happens(self, probability: float) -> bool:
        return self.draw.random() < probability

    def _some(self, rows: pd.DataFrame, most: int) -> pd.Index:
        number = self.draw.randint(0, min(most, len(rows)))
        return rows.sample(number, random_state=self.draw.randrange(2**32)).index

    def _shuffled(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows.sample(frac=1, random_state=self.draw.randrange(2**32)) if self._happens(0.5) else rows

    def _touch(self, rows: pd.DataFrame) -> None:
        self.touched.update(keys_of(self.subject, rows))


def heads(subject: Subject, rows: pd.DataFrame) -> pd.Index:
    """The rows of the first day of every series: while they are there, a payload speaks for the rest."""
    time, series = subject.contract.time_column, list(subject.contract.series)
    first = rows.groupby(series)[time].transform("min") if series else rows[time].min()
    return rows.index[rows[time] == first]


def last_statements(subject: Subject, rows: pd.DataFrame) -> pd.Series:
    """Whether a row is the last of all statements of its key; the only one where none is dated."""
    if "available_at" not in rows:
        return pd.Series(True, index=rows.index)
    last = subject.rows.groupby(subject.key, as_index=False)["available_at"].max()
    return pd.Series(rows.merge(last, on=subject.key, how="left")["available_at_y"].to_numpy(), rows.index).eq(
        rows["available_at"]
    )


def keys_of(subject: Subject, rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(rows[subject.key].astype(str).itertuples(index=False, name=None))


def draw_story(draw: random.Random, table: str = "") -> Story:
    """A story about one table, any without a name."""
    subject = SUBJECTS[table or draw.choice(sorted(SUBJECTS))]
    keys = subject.rows[subject.key].drop_duplicates().reset_index(drop=True)
    number = draw.randint(1, 4)
    in_blocks = draw.random() < 0.5
    home = [row * number // len(keys) if in_blocks else draw.randrange(number) for row in range(len(keys))]
    is_withdrawn = [draw.random() < 0.03 for _ in home]
    payloads = []
    for payload in range(number):
        here = [
            not gone and (place == payload or draw.random() < 0.1)
            for place, gone in zip(home, is_withdrawn, strict=True)
        ]
        if not any(here):
            continue
        rows = subject.rows.merge(keys[here], on=subject.key)
        extras = subject.rows.merge(keys[[not one for one in here]], on=subject.key)
        payloads.append(Payload(draw, subject, f"part-{payload}.csv", rows, extras, number == 1))
    waiting = [payload.versions() for payload in payloads]
    arrivals = []
    while any(waiting):
        arrivals.append(draw.choice([versions for versions in waiting if versions]).pop(0))
    final = {arrival.name: arrival.content for arrival in arrivals}
    touched = frozenset().union(*(payload.touched for payload in payloads))
    return Story(subject, final, tuple(arrivals), touched)


@contextmanager
def opened(directory: Path, table: str) -> Iterator[Store]:
    with open_warehouse(directory / "real.duckdb", "files", is_simulated=False) as connection:
        yield Store(directory, connection, table)


def tell(story: Story, directory: Path) -> Result:
    """Take the arrivals in one by one, the payloads of the end in one go, and compare."""
    table = story.subject.table
    with opened(directory / "arrived", table) as arrived, opened(directory / "one_go", table) as one_go:
        for arrival in story.arrivals:
            arrived.read(arrival.content, arrival.name, accept_removals=arrival.accept_removals)
        for name, content in story.final.items():
            one_go.source.payloads[table, name] = content
        report = one_go.read_again()
        assert not report.problems, report.problems
        faults = [*current_faults(story, arrived, one_go), *untouched_faults(story, arrived, one_go)]
        [(refused,)] = arrived.rows("select count(*) from ops.payload_log where status = 'refused'")
        what = tuple(sorted({word for arrival in story.arrivals for word in arrival.what}))
        vintages = arrived.count(f"raw.{table}")
        return Result(table, len(story.final), len(story.arrivals), refused, vintages, what, tuple(faults))


def marts_that_differ(draw: random.Random, directory: Path) -> list[str]:
    """Tell a story of every table into one warehouse, build all models, and compare the marts with those of one go."""
    settings = Settings(_env_file=None, data_dir=directory / "bench", source="files")
    stories = [draw_story(draw, table) for table in SUBJECTS]
    kept = {}
    for side in ("one go", "arrived"):
        file = settings.warehouse_file
        file.unlink(missing_ok=True)
        with open_warehouse(file, "files", is_simulated=False) as connection:
            for story in stories:
                store = Store(directory / side, connection, story.subject.table)
                if side == "one go":
                    store.source.payloads |= {(story.subject.table, name): c for name, c in story.final.items()}
                    store.read_again()
                    continue
                for arrival in story.arrivals:
                    store.read(arrival.content, arrival.name, accept_removals=arrival.accept_removals)
        try:
            nodes = invoke_dbt(settings, ["build", "--exclude-resource-type", "test", "unit_test"])
            failed = [node for node in nodes if not node.is_ok]
        finally:
            let_go()
        assert not failed, first_failure(failed)
        kept[side] = file.rename(directory / f"{side.replace(' ', '_')}.duckdb")
    return differing_marts(kept["arrived"], kept["one go"])


def differing_marts(arrived: Path, one_go: Path) -> list[str]:
    """Marts that are not equal cell by cell, but for what tells of vintages themselves."""
    with duckdb.connect(str(arrived), read_only=True) as connection:
        connection.execute(f"attach '{one_go}' as one_go (read_only)")
        faults = []
        for mart in marts_of(connection, arrived.stem):
            if mart in TELL_OF_VINTAGES and not TELL_OF_VINTAGES[mart]:
                continue
            columns = f"* exclude ({TELL_OF_VINTAGES[mart]})" if mart in TELL_OF_VINTAGES else "*"
            sides = [f"select {columns} from {database}marts.{mart}" for database in ("", "one_go.")]
            for a, b in (sides, sides[::-1]):
                [(rows,)] = connection.execute(f"select count(*) from ({a} except all {b})").fetchall()
                if rows:
                    faults.append(f"{mart}: {rows} rows of `{a}` are not in the other")
        return faults


def current_sql(contract: Contract) -> str:
    """Key, values and availability of the latest vintage of every grain and source, tombstones left out."""
    keys = ", ".join(f'"{name}"' for name in contract.key)
    values = ", ".join(f'"{column.name}"' for column in contract.values if column.name not in contract.key)
    return f"""
        select {keys}, {values}, available_at, stated_available_at from (
            select * from raw.{contract.current_relation}
            qualify row_number() over (
                partition by {keys} order by available_at desc, observed_at desc, payload_seq desc) = 1
        ) where not is_removed order by {keys}
    """


def current_faults(story: Story, arrived: Store, one_go: Store) -> list[str]:
    """Properties 1 and 3."""
    contract = story.subject.contract
    found = {}
    for side, store in (("arrived", arrived), ("one go", one_go)):
        rows = store.rows(current_sql(contract))
        size = len(contract.key)
        found[side] = {row[:size]: (row[size:-2], row[-2]) for row in rows}
    there, here = found["one go"], found["arrived"]
    read_at = {instant for (instant,) in arrived.rows("select observed_at from ops.payload_log")}
    faults = [f"a row is lost: {key}" for key in there.keys() - here.keys()]
    faults += [f"a row was withdrawn and holds: {key}" for key in here.keys() - there.keys()]
    for key in there.keys() & here.keys():
        (values, known), (values_here, known_here) = there[key], here[key]
        if values != values_here:
            faults.append(f"{key}: {values_here}, in one go {values}")
        if known_here != known and (known_here not in read_at or known_here < known):
            faults.append(f"{key}: available {known_here}, in one go {known}")
    return faults


def untouched_faults(story: Story, arrived: Store, one_go: Store) -> list[str]:
    """Property 2."""
    contract = story.subject.contract
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys([*contract.names, "source"]))
    key = ", ".join(f'cast("{name}" as varchar)' for name in contract.grain)
    sql = f"select ({key},), {columns}, available_at, stated_available_at, is_removed from raw.{contract.table}"
    sides = []
    for store in (arrived, one_go):
        rows = [(tuple(row[0]), row[1:]) for row in store.rows(sql)]
        sides.append(sorted((row for row in rows if row[0] not in story.touched), key=str))
    lost = [row for row in sides[1] if row not in sides[0]]
    new = [row for row in sides[0] if row not in sides[1]]
    faults = [f"a row that nothing touched has another vintage: {row}" for row in (*lost, *new)[:3]]
    if len(sides[0]) != len(sides[1]) and not faults:
        faults.append(f"{len(sides[0])} vintages of rows that nothing touched, in one go {len(sides[1])}")
    return faults
