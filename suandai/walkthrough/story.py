"""The demonstration: the first case from customer to paid utilisation, each step told as it happens."""

from suandai.demo import Findings, Steps
from suandai.stack.assembly import Assembly
from suandai.walkthrough.books import open_books
from suandai.walkthrough.files import CASTS, case_files
from suandai.walkthrough.person import Bank
from suandai.walkthrough.play import CasePlay

_SHOWN = ("rating", "limit", "quote", "amortisation", "schedule", "stress_test")


async def first_case(assembly: Assembly, steps: Steps) -> None:
    """宁夏银行 lends 宁夏西云算力科技有限公司 CNY 280,000,000 for 智算一期; what the press does not tell is illustrative."""
    urls = {
        "origination": assembly.settings("worker")["SUANDAI_ORIGINATION_URL"],
        "temporal-ui": assembly.temporal.addresses()["web pages"],
    }
    bank = Bank(urls["origination"], assembly.token)
    try:
        await _play(bank, steps, urls)
    finally:
        await bank.aclose()


async def _play(bank: Bank, steps: Steps, urls: dict[str, str]) -> None:
    lines: list[Findings] = []
    play = CasePlay(bank, case_files("nxb-xiyun"), CASTS["nxb-xiyun"], lambda line: lines[-1].add(line))

    async with steps.step("The bank opens its books: policy, reference data, mandates 授权") as found:
        for line in await open_books(bank):
            found.add(line)
    async with steps.step("Customer before application 客户") as found:
        lines.append(found)
        customer = await play.enter_customer()
    async with steps.step("Application with inventory and documents 申请") as found:
        lines.append(found)
        await play.draft(customer)
        line = play.application["content"]["lines"][0]
        found.add(f"asks for {line['amount']['amount']} CNY over {line['tenor_months']} months, {line['product']}")
    async with steps.step("Verdict before submission, nothing written 试算") as found:
        lines.append(found)
        verdict = await play.verdict()
        found.add(f"complete: {verdict['complete']}, missing: {len(verdict['missing'])}")
    async with steps.step("Submission: policy pinned, process started 提交") as found:
        lines.append(found)
        await play.submit()
    for title, stage in (
        ("Intake, screening and due diligence 受理·准入·尽调", "assessment"),
        ("Assessment: rating, values, limit, price, schedule 评级·估值·限额·定价", "review"),
        ("Review and approval within authority 审查·审批", "offer"),
        ("Offer accepted, contract signed before two witnesses 批复·签约", "pre_draw_security"),
        ("Security perfected and verified 担保落实·核押", "effective"),
    ):
        async with steps.step(title) as found:
            lines.append(found)
            await play.carry_to(stage)
            if stage == "review":
                for line in await _conclusions(play):
                    found.add(line)
    async with steps.step("First drawing: commitment, gate, owner's confirmation, entrusted payment 放款") as found:
        lines.append(found)
        await play.find_facility()
        await play.request_utilisation()
        await play.carry_utilisation_to("paid", leave=frozenset({"condition_subsequent", "first_inspection"}))
        for transfer in play.utilisation["transfers"]:
            found.add(f"{transfer['end_to_end_id']}: {transfer['amount']['amount']} CNY {transfer['state']}")
    async with steps.step("The auditor verifies the chain of the case's events 审计") as found:
        verdict = await bank.person("auditor.ho").get(f"/v1/audit/cases/{play.case_id}/verify")
        found.add(f"{verdict['events']} events, intact: {verdict['intact']}, signed head {verdict['head_hash'][:16]}…")
    steps.close(
        f"{play.facility['number']} · {play.utilisation['stage']}",
        [
            f"case          {play.application['case_number']}",
            f"facility      {play.facility['number']}, {play.facility['limit']['amount']} CNY",
            f"utilisation   {play.utilisation['number']}, {play.utilisation['amount']['amount']} CNY, {play.utilisation['stage']}",
            "still open    conditions after delivery (registration within ten days …), the facility's first inspection",
            "",
            "Look next (after `make up`, which keeps this data):",
            f"  Temporal UI  {urls['temporal-ui']}",
            f"  the API      {urls['origination']}/openapi.json",
            "  a token      suandai token rm.yinchuan",
            f"  timeline     GET /v1/applications/{play.case_id}/timeline",
            "  handbook     docs/rm.md, docs/approver.md, docs/auditor.md",
        ],
    )


async def _conclusions(play: CasePlay) -> list[str]:
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    return [
        f"{item['finding']['kind']}: {item['finding']['value']}"
        for item in assessment["items"]
        if item["finding"]["kind"] in _SHOWN
    ]
