"""Reference data of the tests: LPR after the cut of 2025-05-20, a plain FTP curve, two lenders, the 2026 calendar."""

from datetime import date
from typing import Any

from domain.calendar import BusinessCalendar
from domain.canonical import sha256_of
from domain.finding import ReferenceDataRef
from domain.model import Value
from domain.money import yuan
from domain.reference import FtpCurve, LenderBooks, Lpr, ReferenceVintage
from services.pricing.calc.conclusion import Dated

LPR = Lpr.model_validate({"one_year": "0.0300", "five_year": "0.0350", "published": "2025-05-20"})
FTP = FtpCurve.model_validate(
    {
        "points": [
            {"months": 12, "rate": "0.0170"},
            {"months": 36, "rate": "0.0190"},
            {"months": 60, "rate": "0.0205"},
            {"months": 120, "rate": "0.0225"},
        ]
    }
)
CALENDAR = BusinessCalendar(
    id="calendar.cn",
    vintage="2026",
    source="国务院办公厅 2026 年部分节假日安排",
    holidays=tuple(date(2026, 10, day) for day in (1, 2, 5, 6, 7)),
    working_weekends=(date(2026, 9, 20), date(2026, 10, 10)),
    published_from=date(2024, 1, 1),
    published_through=date(2026, 12, 31),
)


def lender(lender_id: str = "nxb", **changes: Any) -> LenderBooks:
    """A city bank with net capital 30bn and tier 1 of 25bn, standardised weights, taxed at 25 %."""
    books: dict[str, Any] = {
        "lender_id": lender_id,
        "name": "宁夏银行",
        "licence": "city_bank",
        "region": "640000",
        "capital_method": "standardised",
        "net_capital": yuan(30_000_000_000),
        "tier1_capital": yuan(25_000_000_000),
        "tax_rate": "0.25",
    }
    return LenderBooks.model_validate(books | changes)


def vintage(series: str, value: Value) -> ReferenceVintage:
    plain = ReferenceVintage(
        id=series, vintage="t1", effective_from=date(2025, 5, 20), source="test", body=value.model_dump(mode="json")
    )
    return plain.model_copy(update={"sha256": sha256_of(plain.model_dump(mode="json", exclude={"sha256"}))})


VINTAGES = {
    item.id: item
    for item in (
        vintage("lpr", LPR),
        vintage("ftp", FTP),
        vintage("calendar.cn", CALENDAR),
        vintage("lender.nxb", lender()),
        vintage("lender.jsb", lender("jsb", licence="bank", capital_method="irb_foundation")),
    )
}


def dated(series: str, value: Any) -> Dated[Any]:
    """A value as the calculations take it, of the vintage that the service would look up."""
    found = VINTAGES.get(series) or vintage(series, value)
    return Dated(value, ReferenceDataRef(id=series, vintage=found.vintage, sha256=found.sha256))
