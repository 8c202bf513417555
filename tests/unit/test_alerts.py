"""Alerts against receivers on this machine: what they say, and that a dead receiver stops nothing."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from dagster_project.alerts import Alert, failed_build, incomplete_build, send
from dagster_project.errors import SmallcapError
from dagster_project.settings import load_settings
from tests.receiver import SECRET, Receiver

ALERT = Alert("Build X failed", ("raw__daily_bars: the file is empty",), "the build after W", "stay those of W.")


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


class Inbox:
    """A mail server that keeps what it got."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append(envelope)
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[Inbox, str]]:
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield inbox, f"127.0.0.1:{port}"
    controller.stop()


def published(data: Path, **changes: object) -> None:
    """A published build as its manifest tells of it."""
    manifest = {
        "build_id": "B1", "built_at_utc": "2026-11-20 23:45:00.000000", "problems": [], "overrides": [],
        "freshness": [{"domain": "prices", "status": "fresh", "data_through": "2026-11-20"}],
    } | changes  # fmt: skip
    (data / "published" / "current").mkdir(parents=True, exist_ok=True)
    (data / "published" / "current" / "manifest.json").write_text(json.dumps(manifest))


def test_a_webhook_gets_every_part_of_the_alert(webhook: Receiver, tmp_path: Path):
    send(load_settings({"data_dir": tmp_path, "alert_webhook": webhook.address}), ALERT)
    [got] = webhook.got
    assert got["failed"] == ["raw__daily_bars: the file is empty"]
    assert (got["since"], got["meaning"]) == ("the build after W", "stay those of W.")
    assert got["text"].splitlines()[0] == "Build X failed"


def test_a_mail_gets_to_all_receivers(mail: tuple[Inbox, str], tmp_path: Path):
    inbox, server = mail
    given = {"data_dir": tmp_path, "alert_smtp": server, "alert_to": "a@example.com, b@example.com"}
    send(load_settings(given), ALERT)
    [got] = inbox.got
    assert got.rcpt_tos == ["a@example.com", "b@example.com"]
    assert b"Subject: Build X failed" in got.content and b"the file is empty" in got.content


def test_a_receiver_that_refuses_stops_neither_the_other_nor_the_build(
    mail: tuple[Inbox, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    refusing = Receiver(status=500)
    given = {
        "data_dir": tmp_path, "alert_webhook": refusing.address, "alert_smtp": mail[1], "alert_to": "a@example.com"
    }  # fmt: skip
    with caplog.at_level(logging.WARNING, logger="smallcap.alerts"):
        send(load_settings(given), ALERT)
    refusing.server.shutdown()
    assert len(mail[0].got) == 1
    assert "did not go out by webhook: the receiver answered 500" in caplog.text
    assert SECRET not in caplog.text


def test_an_address_that_nobody_answers_is_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, logger="smallcap.alerts"):
        send(load_settings({"data_dir": tmp_path, "alert_webhook": f"http://127.0.0.1:9/{SECRET}"}), ALERT)
    assert "is SMALLCAP_ALERT_WEBHOOK right?" in caplog.text
    assert SECRET not in caplog.text


def test_the_address_of_the_webhook_is_a_secret_of_the_logs(tmp_path: Path):
    address = f"http://127.0.0.1:9/{SECRET}"
    assert address in load_settings({"data_dir": tmp_path, "alert_webhook": address}).secrets


def test_mail_without_a_receiver_is_refused(tmp_path: Path):
    with pytest.raises(SmallcapError, match="SMALLCAP_ALERT_TO"):
        load_settings({"data_dir": tmp_path, "alert_smtp": "127.0.0.1"})


def test_a_failed_build_says_since_when_and_what_readers_see(tmp_path: Path):
    published(tmp_path)
    alert = failed_build(load_settings({"data_dir": tmp_path}), "B2", ["disk full"])
    assert alert.since == "the build after B1 of 2026-11-20 23:45 UTC"
    assert "those of build B1: prices through 2026-11-20" in alert.meaning
    assert "- disk full" in alert.text


def test_a_first_build_that_fails_leaves_nothing_published(tmp_path: Path):
    alert = failed_build(load_settings({"data_dir": tmp_path}), "B1", ["no inbox"])
    assert (alert.since, alert.meaning) == ("the first build", "there are none yet.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"problems": ["a.csv: empty"]}, "a.csv: empty"),
        ({"overrides": ["check x was overridden"]}, "check x was overridden"),
        (
            {"freshness": [{"domain": "flows", "status": "stale", "data_through": "2026-11-18"}]},
            "flows is stale, data through 2026-11-18",
        ),
        ({"freshness": [{"domain": "membership", "status": "missing", "data_through": None}]}, None),
    ],
)
def test_a_published_build_is_told_of_only_when_something_is_missing(tmp_path: Path, changes, told):
    published(tmp_path, **changes)
    alert = incomplete_build(load_settings({"data_dir": tmp_path}), "B1")
    assert (alert.failed if alert else None) == ((told,) if told else None)


def test_an_alert_is_about_its_own_build_only(tmp_path: Path):
    published(tmp_path, problems=["a.csv: empty"])
    assert incomplete_build(load_settings({"data_dir": tmp_path}), "B2") is None
