"""The parts of an indicative verdict that stand on the draft and the book alone."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.limit import Cap, CapName, Limit
from domain.money import Money, yuan
from services.origination.calc.completeness import FiledDocument
from services.origination.calc.indicative import documents_of, guarantee_lacking, lacking_of, security_of
from tests.examples.test_cases import book, content

ON = date(2026, 11, 22)


def limit(binding: str | None, collateral: Any, *, need: Any = 264_000_000, missing: tuple[str, ...] = ()) -> Limit:
    """A limit asked at 280 million, of which need and collateral leave less."""
    return Limit(
        asked=yuan(280_000_000),
        limit=yuan(1),
        tenor_months=120,
        caps=(
            Cap(name=CapName.PRODUCT, amount=None, code="NO_CEILING"),
            Cap(name=CapName.NEED, amount=yuan(need), code="CAP_LTC_80"),
            Cap(name=CapName.COLLATERAL, amount=None if missing else yuan(collateral), missing=missing),
        ),
        binding=binding,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("card_class", "lacking"),
    [
        # Nothing unsecured: 264.0 − 136.5.
        ("C", "127500000.00"),
        # A tenth of the whole unsecured: the cap of 136.5 stands on 122.85 of security, 264 on 237.6.
        ("B", "114750000.00"),
        ("A", "89250000.00"),
    ],
)
def test_the_guarantee_that_lifts_the_collateral_to_the_next_cap(card_class: str, lacking: str) -> None:
    product = book().product("nxb_project_loan", ON)
    found = guarantee_lacking(limit("collateral", 136_500_000), product, book(), card_class, ON)
    assert found == Money(amount=Decimal(lacking))


@pytest.mark.parametrize("binding", ["need", "asked", None])
def test_where_the_collateral_does_not_bind_no_guarantee_is_lacking(binding: str | None) -> None:
    product = book().product("nxb_project_loan", ON)
    assert guarantee_lacking(limit(binding, 300_000_000), product, book(), "C", ON) is None


def test_what_caps_lack_is_named_once() -> None:
    assert lacking_of(limit(None, 0, missing=("card_class", "card_class"))) == ("card_class",)
    assert lacking_of(None) == ()


def test_papers_are_those_of_every_stage_and_say_whether_they_are_there() -> None:
    product = book().product("nxb_project_loan", ON)
    papers = {
        item.kind: item
        for item in documents_of(product, book(), (FiledDocument(kind="project_filing", sha256="0" * 64),), ON)
    }
    assert papers["project_filing"].filed
    assert not papers["feasibility_study"].filed
    assert {item.stage.value for item in papers.values()} >= {"intake", "due_diligence"}


def test_security_speaks_of_the_assets_that_are_there() -> None:
    product = book().product("nxb_project_loan", ON)
    whole = content("nxb-xiyun")
    bare = whole.model_copy(update={"assets": tuple(item for item in whole.assets if item.kind.value == "software")})
    assert "CS_REGISTRATION" in {item.code for item in security_of(product, book(), whole, ON)}
    assert "CS_REGISTRATION" not in {item.code for item in security_of(product, book(), bare, ON)}
