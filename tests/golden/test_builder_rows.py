"""Row E5 of the domain paper (§1D) and its correction: who builds the centre, apart from who takes its compute."""

from decimal import Decimal

from domain.application import ApplicationContent, BuilderType, ComputeContract
from domain.facts import Absent, Known
from domain.money import Rate
from services.origination.calc.completeness import missing
from tests.examples.test_cases import ON, book, content, filed

CASE = "nxb-xiyun"


def lacking(body: ApplicationContent) -> set[str]:
    return {item.pointer for item in missing(body, book(), filed(CASE), ON)}


def built_by(builder: BuilderType | None, **technology: object) -> ApplicationContent:
    body = content(CASE)
    assert body.borrower is not None
    assert body.technology is not None
    stated = None if builder is None else Known[BuilderType](value=builder)
    return body.model_copy(
        update={
            "borrower": body.borrower.model_copy(update={"builder_type": stated}),
            "technology": body.technology.model_copy(update=technology),
        }
    )


def test_row_e5_four_builder_types() -> None:
    assert [item.value for item in BuilderType] == ["model_developer", "cloud_provider", "traditional", "gov_led"]


def test_row_e5_a_missing_builder_type_is_a_fault() -> None:
    assert lacking(built_by(None)) == {"/borrower/builder_type"}


def test_row_e5_a_government_led_centre_shows_its_utilisation() -> None:
    """With compute installed, or nobody saying that there is none, "unknown" is no answer: the hall may stand idle."""
    idle = {"utilisation": Absent(state="unknown")}
    assert lacking(built_by(BuilderType.GOVERNMENT_LED, **idle)) == {"/technology/utilisation"}
    assert lacking(built_by(BuilderType.CLOUD_PROVIDER, **idle)) == set()
    assert (
        lacking(built_by(BuilderType.GOVERNMENT_LED, **idle, installed_pflops=Known[Rate](value=Decimal(0)))) == set()
    )


def test_row_e5_builder_and_off_taker_are_two_fields() -> None:
    assert "buyer_tier" in ComputeContract.model_fields
    assert "builder_type" not in ComputeContract.model_fields
