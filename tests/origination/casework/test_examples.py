"""The shipped example cases, taken by hand through what origination does before anybody is asked."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.process import CaseStep
from domain.stages import Stage
from suandai.walkthrough.files import CaseFiles
from tests.origination.house import House, key, read
from tests.origination.sample import TODAY, Draft

EXAMPLES = Path(__file__).parents[3] / "examples"


async def drafted(house: House, name: str) -> Draft:
    files = CaseFiles(EXAMPLES / name)
    known = files.json("customer.json")
    manager = await house.staff("zhang.wei", "relationship_manager", branch=known["branch"])
    customer = await read(await manager.post("/v1/customers", json=known, headers=key()), 201)
    content = {**files.json("application.json"), "customer_id": customer["customer_id"]}
    draft = await read(await manager.post("/v1/applications", json=content, headers=key()), 201)
    case = Draft(manager, draft["application_id"], customer["customer_id"])
    for entry, document in files.documents():
        said = {field: entry[field] for field in ("kind", "as_of", "expires") if entry.get(field)}
        answer = await manager.post(f"{case.address}/documents", files={"file": document}, data=said, headers=key())
        await read(answer, 201)
    if files.inventory is not None:
        asset = next(item["key"] for item in content["assets"] if item["kind"] == "gpu_server")
        await read(await case.import_servers(files.inventory.read_bytes(), asset), 200)
    return case


@pytest.mark.parametrize("name", ["nxb-xiyun", "jsb-order", "bocom-qinghai", "sdrcb-operate", "shrcb-adas"])
async def test_an_example_passes_the_machine_checks(house: House, name: str) -> None:
    case = await drafted(house, name)
    await read(await case.submit(), 202)
    worker = await house.worker()
    for check in ("intake", "screening", "cross_checks"):
        step = CaseStep(case_id=UUID(case.case_id), workflow_id=str(uuid4()), step=check, as_of=TODAY)
        result = await worker.check(check, step)
        assert (result.outcome, [reason.code for reason in result.reasons]) == ("pass", []), result.reasons
    opening = await worker.opening(UUID(case.case_id), TODAY)
    assert opening.lead_investigator == "zhang.wei"
    assert opening.cohorts
    assert opening.conditions
    dossier = await worker.dossier(UUID(case.case_id), TODAY)
    assert dossier.lender.net_capital.amount > 0
    assert dossier.line.product == dossier.content.lines[0].product
    timeline = await read(await case.manager.get(f"{case.address}/timeline"), 200)
    assert [entry["kind"] for entry in timeline][-3:] == ["finding.intake", "finding.screening", "finding.cross_checks"]
    assert Stage.SUBMITTED in {entry["stage"] for entry in timeline}
