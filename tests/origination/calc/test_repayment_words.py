"""What a memo says of a repayment beyond method and grace."""

import json

from domain.application import Repayment
from services.origination.calc.repayment_words import MOST_SHOWN, repayment_rows
from tests.examples.test_cases import content


def rows(case: str) -> dict[str, str]:
    return dict(repayment_rows(content(case).lines[0].repayment))


def test_a_plain_repayment_adds_no_row() -> None:
    assert rows("jsb-order") == {}


def test_months_of_income_and_planned_drawings() -> None:
    assert rows("sdrcb-operate") == {
        "还本方式 principal": "还本月份 months: 6, 12",
        "提款计划 drawings": "第 0 个月 month 0: 9,000,000.00 CNY; 第 6 个月 month 6: 6,000,000.00 CNY",
    }


def test_tranches_with_a_balloon_and_a_step() -> None:
    assert rows("shrcb-adas") == {
        "分档 tranche prepayment": "24,000,000.00 CNY, balloon, 至贷款到期 to the end, 宽限 grace 6",
        "还本方式 principal prepayment": "到期归还 30 % due at maturity, 其余 the rest: equal_principal",
        "利率递增 steps of the rate prepayment": "第 24 个月起 from month 24: +15 bp",
        "分档 tranche rental": "6,000,000.00 CNY, equal_principal, 24 个月 months, 宽限 grace 0",
    }


def test_steps_and_many_stated_amounts() -> None:
    stepped = {"method": "stepped", "profile": {"method": "stepped", "every": 4, "growth": "-0.125"}}
    assert dict(repayment_rows(Repayment.model_validate_json(json.dumps(stepped)))) == {
        "还本方式 principal": "每 4 期 every 4 instalments: -12.5 %"
    }
    amount = {"amount": "1000.00", "currency": "CNY"}
    stated = {
        "method": "custom",
        "profile": {"method": "custom", "instalments": [{"number": n, "principal": amount} for n in range(1, 41)]},
    }
    (text,) = dict(repayment_rows(Repayment.model_validate_json(json.dumps(stated)))).values()
    assert text.count("1,000.00 CNY") == MOST_SHOWN
    assert text.endswith("另 and 16 more")
