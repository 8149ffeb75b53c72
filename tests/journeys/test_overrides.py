"""A rating that two persons override, over HTTP: refused with every reason, decided by another, and what then follows from it."""

from decimal import Decimal
from typing import Any

import pytest

from suandai.walkthrough.person import Refused
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import NewCase

REASON = "已获头部平台三年照付不议订单"


def _codes(refused: pytest.ExceptionInfo[Refused]) -> dict[str, str]:
    return {fault["code"]: fault["pointer"] for fault in refused.value.problem["errors"]}


async def test_an_override_is_proposed_decided_and_priced(bank_stack: BankStack, new_case: NewCase) -> None:
    play = await new_case()
    await play.carry_to("assessment")
    page = f"/v1/applications/{play.case_id}/assessment"
    rating_ho, rating2_ho = bank_stack.bank.person("rating.ho"), bank_stack.bank.person("rating2.ho")
    task = await play.act(rating_ho, await play.task("rating_confirmation"), "claim")
    model: dict[str, Any] = (await play.rm.get(page))["rating"]
    number = int(model["grade"].removeprefix("R"))

    async def propose(**body: Any) -> dict[str, Any]:
        return await play.act(rating_ho, task, "complete", {"outcome": "override", **body})

    with pytest.raises(Refused) as too_far:
        await propose(grade=f"R{number + 3}")
    assert (too_far.value.status, too_far.value.code) == (422, "override_refused")
    assert _codes(too_far) == {"OVERRIDE_TOO_FAR": "/grade", "OVERRIDE_WITHOUT_REASON": "/comment"}
    with pytest.raises(Refused) as unchanged:
        await propose(grade=model["grade"], comment=REASON)
    assert _codes(unchanged) == {"OVERRIDE_WITHOUT_CHANGE": "/grade"}
    with pytest.raises(Refused) as foreign:
        await propose(grade="AAA", comment=REASON)
    assert _codes(foreign) == {"grade_unknown": "/grade"}
    with pytest.raises(Refused) as without:
        await propose()
    assert _codes(without) == {"field_missing": "/grade", "OVERRIDE_WITHOUT_REASON": "/comment"}

    worse = f"R{number + 2}"
    finished = await propose(grade=worse, comment=REASON)
    assert (finished["outcome"], finished["proposal"]["grade"]) == ("override", worse)

    decision = await play.task("rating_override")
    assert decision["proposal"] == {"grade": worse, "reason": REASON, "proposed_by": "rating.ho"}
    with pytest.raises(Refused) as same:
        await play.act(rating_ho, decision, "claim")
    assert (same.value.status, same.value.code) == (403, "duties_separate")
    assert set(_codes(same)) == {"OVERRIDE_SAME_PERSON"}
    claimed = await play.act(rating2_ho, decision, "claim")
    await play.act(rating2_ho, claimed, "complete", {"outcome": "approve", "comment": "订单已核实"})

    await play.carry_to("review")
    shown = await play.rm.get(page)
    assert shown["rating"]["grade"] == model["grade"], "the model's own rating stays as it was concluded"
    override = shown["rating_override"]
    assert (override["model_grade"], override["grade"], override["notches"]) == (model["grade"], worse, 2)
    items = {item["finding"]["kind"]: item["finding"] for item in shown["items"]}
    assert items["rating_override"]["outcome"] == "pass"
    loss = next(step for step in shown["price"]["waterfall"] if step["name"] == "expected_loss")
    pd = (Decimal(override["pd"]) * 100).normalize()
    assert f"PD {pd:f} %" in loss["because"], "the price stands on the overridden grade"
    opinions = [(item["type"], item["outcome"], item["grade"], item["by"]) for item in shown["opinions"]]
    assert ("rating_confirmation", "override", worse, "rating.ho") in opinions
    assert ("rating_override", "approve", worse, "rating2.ho") in opinions

    timeline = await play.rm.get(f"/v1/applications/{play.case_id}/timeline")
    told = " ".join(entry["text_zh"] for entry in timeline)
    assert f"推翻评级，改为 {worse}；理由：{REASON}" in told
    assert "得出评级推翻结论：通过" in told
    memo = await play.rm.answer("GET", f"/v1/applications/{play.case_id}/documents/{shown['memo_sha256']}")
    assert f"推翻评级 Override: **{model['grade']} → {worse}**（+2）" in memo.text

    # A recomputed rating is confirmed anew: what was decided on the earlier one no longer counts.
    review = await play.task("review")
    await play.do(review, outcome="return", return_to="assessment", comment="重新评级")
    await play.task("rework", state="reserved")
    await play.resubmit("无变更，重新评级")
    await play.task("rating_confirmation")
    assert (await play.rm.get(page))["rating_override"] is None
    await play.rm.post(f"/v1/applications/{play.case_id}/withdraw", {"reason": "仅为核验评级推翻"})
