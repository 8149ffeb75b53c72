"""Drawings that are not simply paid: the owner says no, the capital is not there, and who is paid by whom."""

from decimal import Decimal
from typing import Any

from suandai.walkthrough.play import CasePlay
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack
from tests.journeys.ledger import booked


def _drawing(play: CasePlay, amount: str) -> dict[str, Any]:
    """A further drawing of the example, in favour of its first payee alone."""
    payee = play.files.json("utilisation.json")["payees"][0]
    money = {"amount": amount, "currency": "CNY"}
    return {"amount": money, "payees": [payee | {"amount": money}]}


async def _facility(play: CasePlay) -> dict[str, Any]:
    facility: dict[str, Any] = await play.rm.get(f"/v1/facilities/{play.facility['facility_id']}")
    return facility


def _codes(play: CasePlay) -> set[str]:
    return {reason["code"] for reason in play.utilisation["reasons"]}


async def test_what_the_owner_rejects_is_not_paid_and_not_drawn(bank_stack: BankStack, secured: SecuredCases) -> None:
    play = (await secured("jsb-order")).another_drawing()
    before = await _facility(play)
    await play.request_utilisation(**_drawing(play, "3000000.00"))
    assert await play.carry_utilisation_to("awaiting_owner") == "awaiting_owner"
    assert (await _facility(play))["reserved"]["amount"] == "3000000.00"
    owner = bank_stack.bank.person(play.cast.owner)
    [transfer] = play.utilisation["transfers"]
    answer = await owner.post(
        f"/v1/transfers/{transfer['transfer_id']}/confirm",
        {
            "decision": "reject",
            "instruction_sha256": transfer["instruction_sha256"],
            "comment": "收款账户与合同不符",
        },
    )
    assert answer["state"] == "rejected_by_owner"
    assert await play.carry_utilisation_to("cancelled") == "cancelled"
    assert _codes(play) == {"REJECTED_BY_OWNER"}
    after = await _facility(play)
    assert (after["drawn"], after["reserved"]) == (before["drawn"], before["reserved"])
    assert booked(bank_stack, play.utilisation["number"]) == []


async def test_no_more_is_drawn_than_the_paid_in_capital_carries(bank_stack: BankStack, secured: SecuredCases) -> None:
    play = (await secured("nxb-xiyun")).another_drawing()
    before = await _facility(play)
    # 30 % of the required capital is paid in, so 84 of 280 million may be drawn, and 80 are.
    await play.request_utilisation(**_drawing(play, "10000000.00"))
    assert await play.carry_utilisation_to("refused") == "refused"
    assert "FA_CAPITAL_PRO_RATA" in _codes(play)
    assert all(reason["message_zh"] and reason["message_en"] for reason in play.utilisation["reasons"])
    after = await _facility(play)
    assert (after["drawn"], after["reserved"]) == (before["drawn"], before["reserved"])
    assert booked(bank_stack, play.utilisation["number"]) == []


async def test_above_ten_million_to_one_payee_the_lender_pays_and_says_so(secured: SecuredCases) -> None:
    play = await secured("nxb-xiyun")
    assert Decimal(play.utilisation["amount"]["amount"]) > 10_000_000
    assert play.utilisation["payment_mode"] == "entrusted"
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    modes = [item for item in assessment["items"] if item["finding"]["kind"] == "gate"]
    assert "entrusted" in modes[0]["finding"]["value"]


async def test_more_than_the_commitment_has_left_is_refused(bank_stack: BankStack, secured: SecuredCases) -> None:
    play = (await secured("jsb-order")).another_drawing()
    left = (await _facility(play))["available"]["amount"]
    await play.request_utilisation(**_drawing(play, str(Decimal(left) + Decimal("0.01"))))
    assert await play.carry_utilisation_to("refused") == "refused"
    assert _codes(play)
    assert (await _facility(play))["available"]["amount"] == left
    assert booked(bank_stack, play.utilisation["number"]) == []
