"""``/v1/products`` and ``/v1/product-families``: what a relationship manager reads before anybody applies."""

from tests.origination.house import House, read


async def test_a_product_is_shown_with_everything_that_stands_for_it(house: House) -> None:
    manager = await house.manager()
    shown = await read(await manager.get("/v1/products/sdrcb_upgrade?as_of=2026-11-22"), 200)
    assert (shown["status"], shown["bookable"], shown["not_booked"]) == ("LIVE", True, None)
    assert shown["guarantee_methods"] == ["credit", "guarantee", "mortgage", "pledge"]
    (small,) = [item for item in shown["offered_to"] if item["code"] == "NOT_SME"]
    assert (small["fact"], small["title_zh"], small["values"]) == ("borrower.size", "企业规模", ["micro", "small"])
    assert shown["family_terms"]["borrower_cap"] == {"amount": "20000000.00", "currency": "CNY"}
    assert shown["family_terms"]["members"] == ["sdrcb_operate", "sdrcb_upgrade"]
    assert {"feasibility_study", "business_licence"} <= {item["kind"] for item in shown["documents"]}
    assert {item["id"]: item["due_days"] for item in shown["conditions"]}["CS_REGISTRATION"] == 10
    assert any("南方财经 2025-04" in text for text in shown["source"])


async def test_a_purpose_is_shown_with_its_own_terms(house: House) -> None:
    manager = await house.manager()
    shown = await read(await manager.get("/v1/products/shrcb_adas"), 200)
    terms = {item["purpose"]: item for item in shown["purpose_terms"]}
    assert terms["capacity_prepay"]["title_zh"] == "产能预付款"
    assert [rule["code"] for rule in terms["capacity_prepay"]["admission"]] == ["SUPPLIER_NOT_VERIFIED"]
    assert terms["eda_and_ip"]["admission"] == []


async def test_what_is_not_booked_here_says_why_and_has_no_conditions(house: House) -> None:
    manager = await house.manager()
    guarantee = await read(await manager.get("/v1/products/bob_apg"), 200)
    assert (guarantee["bookable"], guarantee["not_booked"]) == (False, "BOOKED_ELSEWHERE")
    assert guarantee["off_balance"]["conversion_factor"] == "0.50000000"
    assert guarantee["conditions"] == []
    proposed = await read(await manager.get("/v1/products/sensetime_prop"), 200)
    assert (proposed["not_booked"], proposed["minimum_tenor_months"]) == ("PRODUCT_NOT_LIVE", 60)


async def test_a_product_is_that_of_the_day_and_of_the_lender(house: House) -> None:
    manager = await house.manager()
    before = await read(await manager.get("/v1/products?lender_id=sdrcb&as_of=2026-11-19"), 200)
    after = await read(await manager.get("/v1/products?lender_id=sdrcb&as_of=2026-11-20"), 200)
    assert [(item["product_id"], item["version"]) for item in before] == [("sdrcb_operate", "2")]
    assert [(item["product_id"], item["version"]) for item in after] == [("sdrcb_operate", "3"), ("sdrcb_upgrade", "1")]
    await read(await manager.get("/v1/products/sdrcb_upgrade?as_of=2026-11-19"), 404)


async def test_an_unknown_product_is_not_found_and_a_strange_name_is_refused(house: House) -> None:
    manager = await house.manager()
    await read(await manager.get("/v1/products/nobodys_loan"), 404)
    await read(await manager.get("/v1/products/NOBODY'S"), 422)


async def test_families_are_shown_with_boards_and_members(house: House) -> None:
    manager = await house.manager()
    families = await read(await manager.get("/v1/product-families?lender_id=shrcb"), 200)
    (family,) = families
    assert [board["id"] for board in family["boards"]] == ["compute_chip", "compute_support", "compute_application"]
    assert [track["id"] for track in family["tracks"]] == ["gpu", "compute_centre", "embodied_robotics"]
    assert family["members"] == ["shrcb_compute_build", "shrcb_compute_operations"]
    everybody = await read(await manager.get("/v1/product-families"), 200)
    assert {"jsb_compute", "sdrcb_compute", "zh_trio"} <= {item["family_id"] for item in everybody}
    assert {item["count_claimed"] for item in everybody} == {None, "20余种"}
