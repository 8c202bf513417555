"""Which XBRL tags make a concept of `company_facts`: the reviewed table behind `sec_company_facts`.

Belongs here: the tags, their order and the reason for it.
Does not belong here: periods, filings and vintages (`sec_company_facts`), ratios for people (`dbt`).

Companies change tags: with new standards (revenue in 2018, interest in 2024), or because a line was split. Within one
filing and period the first alternative whose required tags are there counts, so a change of tag goes on the same
series.

companyfacts carries no dimensions, only figures of the whole company: floating-rate debt and revenue by geography have
no rows from here. Share counts that a company tags per class only (Alphabet before 2024) are missing for the same
reason.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One part of a sum: the first of `tags` that the filing has, with its sign."""

    tags: tuple[str, ...]
    is_required: bool = True
    sign: int = 1


@dataclass(frozen=True)
class Concept:
    """How a concept of `company_facts` is read off a filing: `alternatives` in order, each a sum of terms."""

    name: str
    alternatives: tuple[tuple[Term, ...], ...]
    reason: str
    unit: str = "USD"
    only_beside: str | None = None
    """A tag without which the figure does not count: it says that the statement of that period is in the filing."""
    zero_beside: str | None = None
    """A tag whose presence says that the statement is there, so that a missing line is a zero."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that is looked at."""
        named = [tag for terms in self.alternatives for term in terms for tag in term.tags]
        return tuple(dict.fromkeys([*named, *filter(None, (self.only_beside, self.zero_beside))]))


def _first(*tags: str) -> tuple[tuple[Term, ...], ...]:
    """The first tag that is there, nothing added."""
    return ((Term(tags),),)


def _optional(*tags: str, sign: int = 1) -> Term:
    return Term(tags, is_required=False, sign=sign)


BALANCE_SHEET = "LiabilitiesAndStockholdersEquity"
"""Filings repeat parts of an old balance sheet (cash at the start of the year), which would pass for the whole."""

CONCEPTS = (
    Concept(
        "revenue",
        _first(
            "Revenues",
            "RevenueFromContractWithCustomerExcludingAssessedTax",
            "RevenueFromContractWithCustomerIncludingAssessedTax",
            "SalesRevenueNet",
            "SalesRevenueGoodsNet",
            "RegulatedAndUnregulatedOperatingRevenue",
            "RealEstateRevenueNet",
            "OilAndGasRevenue",
            "RevenuesNetOfInterestExpense",
        ),
        "The total before the part: Revenues holds what contracts with customers leave out (leases, hedges). The "
        "contract tags came with ASC 606 in 2018, SalesRevenueNet went with it.",
    ),
    Concept(
        "net_income_common",
        _first("NetIncomeLossAvailableToCommonStockholdersBasic", "NetIncomeLoss", "ProfitLoss"),
        "After preferred dividends where they are told; ProfitLoss holds the part of minorities and comes last.",
    ),
    Concept("operating_income", _first("OperatingIncomeLoss"), "One tag; banks and insurers have none."),
    Concept(
        "depreciation_amortization",
        (
            *_first(
                "DepreciationAmortizationAndAccretionNet",
                "DepreciationDepletionAndAmortization",
                "DepreciationAndAmortization",
            ),
            (Term(("Depreciation",)), _optional("AmortizationOfIntangibleAssets")),
        ),
        "The line of the cash flow statement: where accretion is in it, the tag without is that of a note. Where it is "
        "split, depreciation and amortisation of intangibles.",
    ),
    Concept(
        "interest_expense",
        _first("InterestExpense", "InterestExpenseNonoperating", "InterestAndDebtExpense", "InterestExpenseDebt"),
        "A cost with a plus. From 2024 on many companies tag InterestExpenseNonoperating instead of InterestExpense.",
    ),
    Concept(
        "dividends_paid",
        _first("PaymentsOfDividendsCommonStock", "PaymentsOfDividends", "PaymentsOfOrdinaryDividends"),
        "Cash paid with a plus. A financing section without a line for dividends says that none were paid.",
        zero_beside="NetCashProvidedByUsedInFinancingActivities",
    ),
    Concept(
        "shares_diluted",
        _first(
            "WeightedAverageNumberOfDilutedSharesOutstanding",
            "WeightedAverageNumberOfShareOutstandingBasicAndDiluted",
            "WeightedAverageNumberOfSharesOutstandingBasic",
        ),
        "A company with a loss often tags one count for both.",
        unit="shares",
    ),
    Concept("total_assets", _first("Assets"), "One tag.", only_beside=BALANCE_SHEET),
    Concept(
        "total_equity",
        _first("StockholdersEquity", "StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest"),
        "Of the shareholders; with minorities only where there is no other.",
        only_beside=BALANCE_SHEET,
    ),
    Concept(
        "cash_and_short_term_investments",
        (
            *_first("CashCashEquivalentsAndShortTermInvestments"),
            (
                Term(("CashAndCashEquivalentsAtCarryingValue", "Cash")),
                _optional(
                    "MarketableSecuritiesCurrent",
                    "ShortTermInvestments",
                    "AvailableForSaleSecuritiesDebtSecuritiesCurrent",
                    "AvailableForSaleSecuritiesCurrent",
                    "DebtSecuritiesCurrent",
                ),
            ),
        ),
        "The sum of both lines where it is not tagged itself. Restricted cash is no cash here.",
        only_beside=BALANCE_SHEET,
    ),
    Concept(
        "long_term_debt",
        (
            *_first("LongTermDebtNoncurrent", "LongTermDebtAndCapitalLeaseObligations"),
            (Term(("LongTermDebt",)), _optional("LongTermDebtCurrent", sign=-1)),
            *_first(
                "ConvertibleDebtNoncurrent",
                "ConvertibleLongTermNotesPayable",
                "SeniorLongTermNotes",
                "LongTermNotesPayable",
                "LongTermLineOfCredit",
            ),
        ),
        "Without what is due within a year: LongTermDebt holds that part, so it is taken off.",
        only_beside=BALANCE_SHEET,
    ),
    Concept(
        "short_term_debt",
        (
            *_first("DebtCurrent"),
            (
                Term(("LongTermDebtCurrent", "LongTermDebtAndCapitalLeaseObligationsCurrent")),
                _optional("ShortTermBorrowings", "CommercialPaper", "OtherShortTermBorrowings"),
                _optional("ConvertibleDebtCurrent", "ConvertibleNotesPayableCurrent"),
            ),
            (
                Term(("ShortTermBorrowings", "CommercialPaper", "OtherShortTermBorrowings")),
                _optional("ConvertibleDebtCurrent", "ConvertibleNotesPayableCurrent"),
            ),
            *_first("ConvertibleDebtCurrent", "ConvertibleNotesPayableCurrent", "NotesPayableCurrent"),
        ),
        "What is due within a year: the current part of long-term debt and borrowings of short term.",
        only_beside=BALANCE_SHEET,
    ),
)
