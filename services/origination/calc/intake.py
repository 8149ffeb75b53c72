"""Intake (受理): is the file complete, are its people who they say, and may we ask about them."""

from datetime import date
from typing import Literal

from domain.application import ApplicationContent, PartyRole
from domain.books import CustomerFile
from domain.facts import known
from domain.finding import Outcome
from domain.identity import uscc_inner_digit_suspect
from domain.model import Value
from policy.engine import Bundle
from services.origination.calc.completeness import FiledDocument, missing
from services.origination.calc.conclusion import Check
from services.origination.calc.consents import permits, uncovered


class CustomerStanding(Value):
    """What due diligence on the customer has come to, without the persons it speaks of."""

    uscc: str
    identified_on: date | None
    review_due: date | None
    beneficial_owner_known: bool
    risk_class: Literal["low", "medium", "high"] | None

    @classmethod
    def of(cls, uscc: str, file: CustomerFile) -> "CustomerStanding":
        return cls(
            uscc=uscc,
            identified_on=file.identified_on,
            review_due=file.review_due,
            beneficial_owner_known=any(owner.beneficial for owner in file.owners or ()),
            risk_class=file.risk_class,
        )


class IntakeInputs(Value):
    """What intake is concluded from. The content is found under its hash."""

    content_sha256: str
    policy_sha256: str
    pinned_on: date
    as_of: date
    customer: CustomerStanding
    filed: tuple[FiledDocument, ...]


def intake(inputs: IntakeInputs, content: ApplicationContent, bundle: Bundle) -> Check:
    """Completeness, identity, consents, due diligence on the customer, and the kind of customer it is."""
    check = Check()
    _completeness(check, inputs, content, bundle)
    _identity(check, inputs, content)
    _consents(check, inputs, content)
    _customer(check, inputs)
    _customer_type(check, content)
    return check


def _completeness(check: Check, inputs: IntakeInputs, content: ApplicationContent, bundle: Bundle) -> None:
    found = missing(content, bundle, inputs.filed, inputs.pinned_on)
    for item in found:
        check.note(item.code, Outcome.REFER, zh=item.message_zh, en=item.message_en, subject=item.pointer)
    if not found:
        check.note("COMPLETE", Outcome.PASS, detail=f"{len(inputs.filed)} documents")


def _identity(check: Check, inputs: IntakeInputs, content: ApplicationContent) -> None:
    borrower = content.party(PartyRole.BORROWER)
    if borrower is not None and borrower.uscc != inputs.customer.uscc:
        check.note(
            "CUSTOMER_MISMATCH",
            Outcome.FAIL,
            zh="借款人与客户档案的统一社会信用代码不一致",
            en="the borrower's code is not that of the customer on file",
        )
    for index, party in enumerate(content.parties):
        if uscc_inner_digit_suspect(party.uscc):
            check.note(
                "USCC_INNER_DIGIT",
                Outcome.PASS,
                zh="统一社会信用代码第 17 位与 GB 11714 校验不符，请核对登记信息",
                en="position 17 of the code disagrees with GB 11714; compare it with the register",
                subject=f"/parties/{index}",
            )
    check.note("IDENTITY_CODES", Outcome.PASS, detail=f"{len(content.parties)} parties")


def _consents(check: Check, inputs: IntakeInputs, content: ApplicationContent) -> None:
    granted = permits(content, frozenset(item.sha256 for item in inputs.filed), inputs.as_of)
    lacking = list(uncovered(content, granted))
    for pointer, _ in lacking:
        check.note(
            "CONSENT_MISSING",
            Outcome.FAIL,
            zh="无已归档的征信授权，不得查询征信",
            en="there is no consent on file, so the bureau may not be queried",
            subject=pointer,
        )
    if not lacking:
        check.note("CONSENTS", Outcome.PASS, detail=f"{len(granted)} permits")


def _customer(check: Check, inputs: IntakeInputs) -> None:
    file = inputs.customer
    if file.identified_on is None:
        check.note(
            "CUSTOMER_NOT_IDENTIFIED",
            Outcome.REFER,
            zh="客户尽职调查尚未完成",
            en="customer due diligence has not been completed",
        )
    elif file.review_due is not None and file.review_due < inputs.as_of:
        check.note(
            "CUSTOMER_REVIEW_DUE",
            Outcome.REFER,
            zh=f"客户身份资料应于 {file.review_due.isoformat()} 前复核",
            en=f"customer identification was due for review on {file.review_due.isoformat()}",
        )
    else:
        check.note("CUSTOMER_IDENTIFIED", Outcome.PASS, detail=file.identified_on.isoformat())
    if not file.beneficial_owner_known:
        check.note(
            "BENEFICIAL_OWNER_UNKNOWN",
            Outcome.REFER,
            zh="受益所有人未识别",
            en="no beneficial owner has been established",
        )
    if file.risk_class in (None, "high"):
        check.note(
            "MONEY_LAUNDERING_RISK",
            Outcome.REFER,
            zh="洗钱风险等级为高或未评定",
            en="the money-laundering risk class is high or has not been set",
        )


def _customer_type(check: Check, content: ApplicationContent) -> None:
    """First loan, related party, platform: named here for the analyst; what follows from them is screening's to say."""
    borrower = content.borrower
    kinds = []
    if known(borrower.first_loan):
        kinds.append("first_loan")
    if known(borrower.related_to_lender) not in (None, "none"):
        kinds.append("related_party")
    if known(borrower.government_platform):
        kinds.append("government_platform")
    check.note("CUSTOMER_TYPE", Outcome.PASS, detail=", ".join(kinds) or "ordinary")
