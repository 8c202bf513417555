"""Telling a person that a build failed or was published with something missing: log, webhook, mail.

Belongs here: the words of an alert and the ways it goes out.
Does not belong here: when one is due (the command line and `orchestration/sensors`).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from dagster_project.settings import Settings

logger = logging.getLogger("smallcap.alerts")

TIMEOUT_SECONDS = 15


@dataclass(frozen=True)
class Alert:
    """What failed, since when, and what that means for the published data."""

    title: str
    failed: tuple[str, ...]
    since: str
    meaning: str

    @property
    def text(self) -> str:
        """The alert as plain text, the title first."""
        reasons = "\n".join(f"- {reason}" for reason in self.failed)
        return f"{self.title}\n\nWhat failed:\n{reasons}\nSince: {self.since}\nPublished data: {self.meaning}\n"


def failed_build(settings: Settings, build_id: str, reasons: Sequence[str]) -> Alert:
    """The alert of a build that published nothing."""
    published = _published(settings)
    if published is None:
        since, meaning = "the first build", "there are none yet."
    else:
        since = f"the build after {published['build_id']} of {published['built_at_utc'][:16]} UTC"
        meaning = (
            f"stay as they were, those of build {published['build_id']}: {_through(published)}. "
            "Readers see them until a build succeeds."
        )
    return Alert(f"Smallcap Watch: build {build_id} failed", tuple(reasons), since, meaning)


def incomplete_build(settings: Settings, build_id: str) -> Alert | None:
    """The alert of a published build in which deliveries could not be used, domains are stale, or a check was
    overridden; None when there is nothing to tell."""
    published = _published(settings)
    if published is None or published["build_id"] != build_id:
        return None
    behind = [row for row in published["freshness"] if row["status"] in ("stale", "refused")]
    reasons = [*published["problems"], *published["overrides"]]
    reasons += [f"{row['domain']} is {row['status']}, data through {row['data_through'] or 'no day'}" for row in behind]
    if not reasons:
        return None
    oldest = min((str(row["data_through"]) for row in behind if row["data_through"]), default=None)
    return Alert(
        f"Smallcap Watch: build {build_id} was published with gaps",
        tuple(reasons),
        f"the session after {oldest}" if oldest else "this build",
        f"{_through(published)}. What is named above keeps its last good rows and is marked so.",
    )


def send(settings: Settings, alert: Alert) -> None:
    """Send an alert every way that is set. A way that fails is logged and stops neither the others nor the build."""
    # The terminal of a build has said all this already.
    logger.warning("%s", alert.text.strip(), extra={"is_final": True})
    ways = {"webhook": (settings.alert_webhook, _post), "mail": (settings.alert_smtp, _mail)}
    for name, (is_set, way) in ways.items():
        if not is_set:
            continue
        try:
            way(settings, alert)
        except Exception as error:  # whatever a receiver does must not fail the build it is told of
            logger.error("the alert did not go out by %s: %s", name, error)


def _post(settings: Settings, alert: Alert) -> None:
    import httpx

    assert settings.alert_webhook is not None
    content = {
        "text": alert.text, "title": alert.title, "failed": list(alert.failed), "since": alert.since,
        "meaning": alert.meaning, "sent_at_utc": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    try:
        answer = httpx.post(
            settings.alert_webhook.get_secret_value(),
            content=json.dumps(content),
            headers={"content-type": "application/json"},
            timeout=TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        raise ConnectionError(f"{type(error).__name__}; is SMALLCAP_ALERT_WEBHOOK right?") from None
    if answer.is_error:  # its own error would show the address, which is a secret
        raise ConnectionError(f"the receiver answered {answer.status_code}; expected 2xx")


def _mail(settings: Settings, alert: Alert) -> None:
    import smtplib

    assert settings.alert_smtp is not None
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = alert.title, settings.alert_from, settings.alert_to
    message.set_content(alert.text)
    host, _, port = settings.alert_smtp.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=TIMEOUT_SECONDS) as server:
        if settings.alert_smtp_starttls:
            server.starttls()
        if settings.alert_smtp_user and settings.alert_smtp_password:
            server.login(settings.alert_smtp_user, settings.alert_smtp_password.get_secret_value())
        server.send_message(message)


def _published(settings: Settings) -> dict[str, Any] | None:
    file = settings.current_link / "manifest.json"
    if not file.exists():
        return None
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


def _through(manifest: dict[str, Any]) -> str:
    days = [f"{row['domain']} through {row['data_through'] or 'no day'}" for row in manifest["freshness"]]
    return ", ".join(days)
