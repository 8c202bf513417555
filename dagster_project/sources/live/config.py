"""Settings of the live source: addresses, keys, manners. `Settings.live` holds them (`SMALLCAP_LIVE__...`).

Belongs here: fields with their defaults and descriptions; `.env.example` is made from them.
Does not belong here: reading the environment (`settings`), and what a path below an address means (providers).
"""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

SEC_CONTACT = "SMALLCAP_LIVE__SEC_CONTACT"
NO_SEC_CONTACT = (
    f"the SEC is not asked: it wants to know who asks, and {SEC_CONTACT} is not set. Fundamentals and "
    "membership keep what they have, or stay empty. Set it to a contact such as 'Company name@domain'."
)


class LiveConfig(BaseModel):
    """Settings of the live source. Addresses are scheme and host, without a path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    yahoo_address: str = Field("https://query1.finance.yahoo.com", description="Yahoo chart service")
    yahoo_cookie_address: str = Field("https://fc.yahoo.com", description="Yahoo, where its cookie comes from")
    ishares_address: str = Field("https://www.ishares.com", description="iShares, old addresses of fund files")
    blackrock_address: str = Field("https://www.blackrock.com", description="iShares, new address of fund files")
    ssga_address: str = Field("https://www.ssga.com", description="State Street, NAV workbooks of the SPDR funds")
    cme_address: str = Field("https://www.cmegroup.com", description="CME settlements")
    new_york_fed_address: str = Field("https://markets.newyorkfed.org", description="New York Fed, EFFR")
    fred_address: str = Field("https://fred.stlouisfed.org", description="FRED, CSV without a key")
    fred_api_address: str = Field("https://api.stlouisfed.org", description="FRED, API with a key")
    treasury_address: str = Field("https://home.treasury.gov", description="Treasury par yield curve")
    sec_address: str = Field("https://www.sec.gov", description="SEC, company tickers and filings")
    sec_data_address: str = Field("https://data.sec.gov", description="SEC, company facts and lists of filings")
    shiller_address: str = Field("https://shillerdata.com", description="page that links the Shiller workbook")

    fred_api_key: SecretStr | None = Field(None, description="key of the FRED API; without it the CSV is read")
    sec_contact: str = Field("", description="who asks, as the SEC wants it: Company name@domain")

    requests_per_second: float = Field(2, gt=0, description="requests per second and host")
    sec_requests_per_second: float = Field(8, gt=0, description="the same for the SEC, which allows 10")
    timeout_seconds: float = Field(30, gt=0, description="wait for one answer, connecting included")
    attempts: int = Field(4, ge=1, le=10, description="times that one address is tried")
    first_wait_seconds: float = Field(1, gt=0, description="wait before the second attempt; doubles with each")
    longest_wait_seconds: float = Field(120, ge=0, description="a Retry-After beyond it ends the attempts")
    budget_seconds: float = Field(1800, gt=0, description="all requests of a build; the rest comes with the next one")
    max_payload_mb: float = Field(64, gt=0, description="largest answer that is read, unpacked")
    refetched_days: int = Field(10, ge=0, description="days before the last one held that are asked for again")

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not asked for want of a setting, in words."""
        return () if self.sec_contact else (NO_SEC_CONTACT,)
