"""The archive: what it refuses to believe, and that raw is a function of it alone."""

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from dagster_project import steps
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import WarehouseError
from dagster_project.sources.base import PayloadRef
from dagster_project.warehouse.archive import Archive
from dagster_project.warehouse.connection import open_warehouse
from tests import market
from tests.helpers import Store, differing_rows, files_settings, raw_relations, rebuilt

BARS = PayloadRef("daily_bars", "a.csv", "inbox/daily_bars/a.csv")
NOON = datetime(2026, 1, 5, 12)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = Archive(tmp_path / "archive")
    for number in (1, 2, 3):
        archive.add(BARS, f"version {number}".encode(), "files", lambda: NOON)
    return archive


def test_payload_is_read_back_and_the_ledger_names_it(archive: Archive):
    entries = archive.entries()
    assert [archive.read(entry) for entry in entries] == [b"version 1", b"version 2", b"version 3"]
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert {(entry.table, entry.name, entry.source, entry.origin) for entry in entries} == {
        ("daily_bars", "a.csv", "files", "inbox/daily_bars/a.csv")
    }


def test_same_bytes_are_archived_once_and_a_return_to_old_bytes_is_an_entry(archive: Archive):
    assert archive.add(BARS, b"version 3", "files") is None
    again = archive.add(BARS, b"version 1", "files")
    assert again is not None
    assert again.sha256 == archive.entries()[0].sha256
    assert len(list((archive.directory / "daily_bars").iterdir())) == 3


def test_same_bytes_under_another_name_or_source_are_an_entry(archive: Archive):
    assert archive.add(replace(BARS, name="b.csv"), b"version 3", "files") is not None
    assert archive.add(BARS, b"version 3", "live") is not None


def test_unchanged_bytes_are_an_entry_only_when_that_is_asked_for(archive: Archive):
    assert archive.add(BARS, b"version 3", "files", accept_removals=True) is None
    again = archive.add(BARS, b"version 3", "files", accept_removals=True, even_if_unchanged=True)
    assert again is not None
    assert again.accept_removals
    assert not archive.entries()[-2].accept_removals


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-5), timedelta(days=-400)])
def test_observed_at_increases_even_when_the_clock_goes_back(tmp_path: Path, step):
    archive = Archive(tmp_path)
    for number in range(4):
        archive.add(BARS, str(number).encode(), "files", lambda number=number: NOON + number * step)
    observed = [datetime.fromisoformat(entry.observed_at) for entry in archive.entries()]
    assert all(later > earlier for earlier, later in pairwise(observed))


def test_torn_last_line_is_cut_off_at_the_next_entry(archive: Archive):
    whole = archive.ledger_file.read_bytes()
    archive.ledger_file.write_bytes(whole + b'{"seq": 4, "table": "dai')
    assert len(archive.entries()) == 3
    added = archive.add(BARS, b"version 4", "files")
    assert added is not None
    assert added.seq == 4
    assert archive.ledger_file.read_bytes().startswith(whole)
    assert [json.loads(line)["seq"] for line in archive.ledger_file.read_text().splitlines()] == [1, 2, 3, 4]


def test_half_a_payload_of_a_killed_build_goes_with_the_next_payload(archive: Archive):
    half = archive.directory / "daily_bars" / "0123.csv.partial"
    half.write_bytes(b"vers")
    archive.add(BARS, b"version 4", "files", lambda: NOON)
    assert not half.exists()
    assert [archive.read(entry) for entry in archive.entries()][-1] == b"version 4"


def test_ledger_torn_in_its_first_line_starts_again(tmp_path: Path):
    archive = Archive(tmp_path)
    archive.ledger_file.write_bytes(b'{"seq": 1')
    added = archive.add(BARS, b"version 1", "files")
    assert added is not None
    assert [entry.seq for entry in archive.entries()] == [1]


@pytest.mark.parametrize("damage", [b'{"seq": 2, "tab', b"", b'{"seq": 2}', b"[]", b"\x00\x00\x00", b"\xff\xfe"])
def test_damaged_line_in_the_middle_is_an_error_with_file_and_line(archive: Archive, damage):
    lines = archive.ledger_file.read_bytes().split(b"\n")
    archive.ledger_file.write_bytes(b"\n".join([lines[0], damage, *lines[2:]]))
    with pytest.raises(WarehouseError) as caught:
        archive.entries()
    assert f"{archive.ledger_file} line 2" in str(caught.value)
    assert "backup" in str(caught.value)


def test_payload_whose_bytes_changed_is_an_error(archive: Archive):
    entry = archive.entries()[1]
    archive.payload_file(entry).write_bytes(b"version X")
    with pytest.raises(WarehouseError) as caught:
        archive.read(entry)
    assert str(archive.payload_file(entry)) in str(caught.value)
    assert "changed" in str(caught.value)


def test_payload_that_is_gone_is_an_error(archive: Archive):
    entry = archive.entries()[1]
    archive.payload_file(entry).unlink()
    with pytest.raises(WarehouseError, match="cannot be read"):
        archive.read(entry)


def test_changed_payload_stops_the_rebuild(store: Store, tmp_path: Path):
    store.read(market.bars(symbols=("IWM",), first="2017-01-03", last="2017-01-31"))
    payload = store.archive.payload_file(store.archive.entries()[0])
    payload.write_bytes(payload.read_bytes().replace(b"IWM", b"SPY", 1))
    with pytest.raises(WarehouseError, match="hash"):
        rebuilt(store, tmp_path / "again.duckdb")


def test_crash_between_payload_and_ledger_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archive = Archive(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Archive, "_append", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            archive.add(BARS, b"version 1", "files")
    assert archive.entries() == []
    entry = archive.add(BARS, b"version 1", "files")
    assert entry is not None
    assert archive.read(entry) == b"version 1"


# --- raw is a function of the archive


def deliver_a_history(store: Store) -> None:
    """Revisions, bad rows, removals, a refused file, a split, two files, a table with stated vintages."""
    true = market.rescaled_from(market.bars(first="2017-01-03", last="2017-06-30"), "IWM", "2017-06-07", 2)
    before = true[true["session_date"] < "2017-06-07"]
    store.read(before)
    revised = before.copy()
    revised.loc[revised.index[:5], "volume"] = 1.0
    revised.loc[revised.index[7], "close"] = -1.0
    store.read(revised)
    store.read(revised.drop(index=revised.index[10:13]))
    store.read(before.head(200), name="b.csv")
    store.read(revised.head(20))
    store.read(market.split_adjusted(true, "IWM", "2017-06-07", 2))
    store.read("month,price,vintage\n2017-01,2275,2017-03\n2017-01,2276,2017-06\n", table="index_fundamentals")
    store.read("month,price,vintage\n2017-01,2276,2017-06\n2017-02,x,2017-06\n", table="index_fundamentals")
    store.read(b"\xff\xfe", table="policy_rates")


def test_the_history_has_every_kind_of_row(store: Store):
    """Else the rebuild test below would prove little."""
    deliver_a_history(store)
    assert store.count("raw.split_events") == 1
    assert store.count("raw.daily_bars where is_removed") == 3
    assert store.count("quarantine.daily_bars") > 0
    assert store.rows("select distinct name, line from quarantine.index_fundamentals") == [("a.csv", 3)]
    statuses = store.rows("select table_name, status from ops.payload_log order by payload_seq")
    assert [status for table, status in statuses if table == "daily_bars"] == [
        "accepted", "accepted", "accepted", "accepted", "refused", "accepted"]  # fmt: skip
    assert ("policy_rates", "refused") in statuses


def test_rebuild_gives_every_raw_and_quarantine_table_cell_by_cell(store: Store, tmp_path: Path):
    deliver_a_history(store)
    again = rebuilt(store, tmp_path / "again.duckdb")
    assert differing_rows(store.connection, again, raw_relations()) == {}


def test_rebuild_step_replaces_the_warehouse_with_an_equal_one(tmp_path: Path):
    settings = files_settings(tmp_path)
    frame = market.bars(first="2017-01-03", last="2017-03-31")
    versions = [frame, frame.assign(volume=frame["volume"] + (frame.index % 50 == 0)), frame.drop(index=[5, 6])]
    for version in versions:
        market.deliver(settings.inbox_dir, version)
        steps.extract(settings, CONTRACTS["daily_bars"], steps.new_build_id())
    kept = settings.warehouse_file.rename(tmp_path / "kept.duckdb")
    rows = steps.rebuild_raw(settings)
    assert rows["daily_bars"] > len(frame)
    with open_warehouse(settings.warehouse_file, "files", is_simulated=False) as connection:
        held = connection.execute("select count(*) filter (not is_removed), count(*) from raw.daily_bars").fetchall()
        assert held == [(rows["daily_bars"] - 2, rows["daily_bars"])]
        assert differing_rows(connection, kept, raw_relations()) == {}
    assert list(settings.warehouse_file.parent.glob("rebuild-*")) == []


def test_rebuild_without_an_archive_says_so(tmp_path: Path):
    with pytest.raises(WarehouseError, match="no archive to rebuild from"):
        steps.rebuild_raw(files_settings(tmp_path))


def test_warehouse_of_another_version_is_refused_and_made_again(tmp_path: Path):
    settings = files_settings(tmp_path)
    market.deliver(settings.inbox_dir, market.bars(symbols=("IWM",), first="2017-01-03", last="2017-01-31"))
    steps.extract(settings, CONTRACTS["daily_bars"], steps.new_build_id())
    steps.renew_layout(settings)
    with open_warehouse(settings.warehouse_file, "files", is_simulated=False) as connection:
        held = connection.execute("select * from raw.daily_bars order by all").fetchall()
        connection.execute("update ops.layout set fingerprint = 'older'")
    with (
        pytest.raises(WarehouseError, match=r"another version.*smallcap build"),
        open_warehouse(settings.warehouse_file, "files", is_simulated=False),
    ):
        pass
    steps.renew_layout(settings)
    with open_warehouse(settings.warehouse_file, "files", is_simulated=False) as connection:
        assert connection.execute("select * from raw.daily_bars order by all").fetchall() == held


def edited(random_: random.Random, frame: "market.pd.DataFrame") -> "market.pd.DataFrame":
    """One edit as deliveries suffer them: values changed, jittered, broken, rows gone, doubled, shuffled, rescaled."""
    frame = frame.copy()
    somewhere = frame.index[random_.randrange(len(frame))]
    match random_.choice(["revise", "jitter", "break", "drop", "drop many", "double", "shuffle", "split", "window"]):
        case "revise":
            frame.loc[somewhere, ["open", "high", "low", "close"]] *= random_.choice([0.99, 1.01, 1.0002])
        case "jitter":
            frame[["open", "high", "low", "close"]] *= 1 + random_.uniform(-8e-6, 8e-6)
        case "break":
            frame.loc[somewhere, random_.choice(["open", "close", "low"])] = random_.choice([-1.0, 1e9, float("nan")])
        case "drop":
            frame = frame.drop(index=somewhere)
        case "drop many":
            frame = frame.drop(index=random_.sample(list(frame.index), len(frame) // 10))
        case "double":
            frame = market.pd.concat([frame, frame.loc[[somewhere]]], ignore_index=True)
        case "shuffle":
            frame = frame.sample(frac=1, random_state=random_.randrange(1000))
        case "split":
            row = frame.loc[somewhere]
            frame = market.split_adjusted(frame, row["symbol"], row["session_date"], random_.choice([2.0, 3.0, 0.5]))
        case "window":
            frame = frame[frame["session_date"] >= str(row_day(frame, random_))]
    return frame


def row_day(frame: "market.pd.DataFrame", random_: random.Random) -> str:
    return str(sorted(frame["session_date"])[random_.randrange(len(frame) // 2)])


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_deliveries_rebuilds_equal_and_reads_twice_as_once(store: Store, tmp_path: Path, seed):
    random_ = random.Random(seed)
    start = market.bars(symbols=("^RUT", "IWM"), first="2017-01-03", last="2017-03-17", seed=seed)
    files = {"a.csv": start, "b.csv": start.iloc[:: random_.choice([1, 2])]}
    for _ in range(5):
        name = random_.choice(list(files))
        files[name] = edited(random_, files[name] if len(files[name]) > 20 else start)
        accept_removals = random_.random() < 0.2
        if accept_removals:
            store.source.payloads.clear()  # the flag is about every refused file on offer, and files may disagree
        store.read(files[name], name=name, accept_removals=accept_removals)
        if random_.random() < 0.5:
            continue
        held = store.count("raw.daily_bars"), store.count("raw.split_events")
        # other bytes with the same rows: a trailing blank line
        store.read(market.csv(files[name]) + b"\n", name=name)
        if store.rows("select status from ops.payload_log order by payload_seq desc limit 1") == [("accepted",)]:
            assert (store.count("raw.daily_bars"), store.count("raw.split_events")) == held
    again = rebuilt(store, tmp_path / "again.duckdb")
    assert differing_rows(store.connection, again, raw_relations()) == {}
