"""Shiller's workbook: where it is found, and its rows."""

from datetime import date, datetime

import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.errors import SourceError
from dagster_project.sources.live import shiller
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import PastPayload, Request, State
from tests.sec_payloads import SHILLER_ROWS, shiller_workbook

CONFIG = LiveConfig(shiller_address="https://shiller.example")
PAGE = (
    b'<html><a href="//files.example/downloads/1/ie_data.xls?ver=17&amp;x=1">U.S. Stock Markets 1871-Present</a></html>'
)


def rows_of(content: bytes):
    valid = validate(
        CONTRACTS["index_fundamentals"], shiller.parse("index_fundamentals", "ie_data.xls", content).frame, "x"
    )
    assert valid.rejects.empty, valid.rejects
    return valid.rows


def test_rows_are_months_of_one_vintage():
    rows = rows_of(shiller_workbook())
    # 2023.1 is October: 2023.10 without its zero
    assert [f"{month:%Y-%m-%d}" for month in rows["month"]] == ["2023-09-01", "2023-10-01", "2023-11-01"]
    assert {f"{month:%Y-%m}" for month in rows["vintage"]} == {"2023-11"}
    assert {f"{instant}" for instant in rows["stated_available_at"]} == {"2023-11-30 21:00:00"}
    assert set(rows["index"]) == {"S&P 500"}
    first = rows.iloc[0]
    assert (first["price"], first["dividend"], first["earnings"], first["cpi"]) == (4400, 69, 184, 307.8)
    assert (first["gs10"], first["cape"]) == (4.38, 30.1)
    assert first["pe_ttm"] == pytest.approx(4400 / 184, rel=1e-12)
    assert first["dividend_yield_pct"] == pytest.approx(6900 / 4400, rel=1e-12)


def test_what_the_workbook_does_not_tell_yet_is_missing():
    last = rows_of(shiller_workbook()).iloc[-1]
    assert last[["dividend", "earnings", "pe_ttm", "dividend_yield_pct"]].isna().all()
    assert (last["price"], last["cape"]) == (4460, 30.3)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty payload came"),
        (b"<html>moved</html>", "a web page came"),
        (b"PK\x03\x04 a zip", "something else came"),
        (shiller_workbook()[:600], "cannot be read"),
        (shiller_workbook(sheet="Other"), "cannot be read .*No sheet named"),
        (shiller_workbook(rows=()), "found no month with a price"),
    ],
)
def test_what_is_not_the_workbook_is_refused(content, expected):
    with pytest.raises(SourceError, match=expected):
        shiller.parse("index_fundamentals", "ie_data.xls", content)


def test_a_workbook_without_a_column_is_refused():
    import io

    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    for column, word in enumerate(("Date", "P", "D", "E", "CPI", "Rate GS10")):
        sheet.write(0, column, word)
    sheet.write(1, 0, SHILLER_ROWS[0][0])
    content = io.BytesIO()
    book.save(content)
    with pytest.raises(SourceError, match="found no column 'CAPE'"):
        shiller.parse("index_fundamentals", "ie_data.xls", content.getvalue())


def test_the_workbook_is_read_off_its_page_once_a_week():
    def look(request: Request) -> bytes:
        assert request.addresses == ("https://shiller.example/",)
        return PAGE

    now = datetime(2024, 3, 1)
    [request] = shiller.plan("index_fundamentals", State(now, date(2024, 2, 29)), CONFIG, look)
    assert request.addresses == ("https://files.example/downloads/1/ie_data.xls?ver=17&x=1",)
    for day, expected in ((24, 0), (22, 1)):
        held = {"ie_data.xls": PastPayload(datetime(2024, 2, day), "", "")}
        state = State(now, date(2024, 2, 29), payloads=held)
        assert len(list(shiller.plan("index_fundamentals", state, CONFIG, look))) == expected


def test_a_page_without_the_link_is_refused():
    with pytest.raises(SourceError, match=r"expected a page with a link to ie_data\.xls"):
        shiller.workbook_address("https://shiller.example/", b"<html>nothing</html>")
    with pytest.raises(SourceError, match="expected a page with a link"):
        shiller.workbook_address("https://shiller.example/", b'<a href="file:///etc/ie_data.xls">')
