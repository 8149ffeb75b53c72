"""Public support that an application counts on, against itself and the register of claims: one contract is paid for once (R13)."""

from domain.application import ApplicationContent
from domain.application.text import Code
from domain.finding import Outcome, TraceStep
from domain.model import Value
from services.origination.calc.conclusion import Check
from services.origination.calc.support_claims import contract_key


class RegisteredClaim(Value):
    """A claim of the borrower in the register that takes money."""

    programme: Code
    contract_key: str


class SupportOfCase(Value):
    """What is known beside the application of the support it claims."""

    vouchers: tuple[Code, ...]
    """Programmes that pay for a contract; an interest subsidy is paid on the loan."""
    registered: tuple[RegisteredClaim, ...]


def support_notes(check: Check, content: ApplicationContent, known: SupportOfCase) -> None:
    """Refers a claim that is stated twice, and one on a contract that another programme pays for."""
    stated = [(claim.programme, contract_key(claim.contract_number)) for claim in content.price.subsidies or ()]
    paid = {(claim.programme, claim.contract_key) for claim in known.registered}
    twice = elsewhere = 0
    for index, (programme, key) in enumerate(stated):
        where = f"/price/subsidies/{index}"
        if (programme, key) in stated[:index]:
            twice += 1
            check.note(
                "SUPPORT_CLAIM_REPEATED",
                Outcome.REFER,
                zh="同一政策下重复列示同一合同",
                en="the same contract is claimed twice under one programme",
                subject=where,
            )
        others = {name for name, other in (*stated, *paid) if other == key and name != programme}
        if programme in known.vouchers and others & set(known.vouchers):
            elsewhere += 1
            check.note(
                "SUPPORT_CLAIMED_ELSEWHERE",
                Outcome.REFER,
                zh="该合同已按另一政策申领",
                en="another programme pays for the contract",
                subject=where,
            )
    check.trace.append(
        TraceStep(
            step="cross_checks/support",
            rule="a contract is claimed once a programme, and under one programme",
            inputs={"stated": str(len(stated)), "registered": str(len(paid))},
            result=f"repeated {twice}, elsewhere {elsewhere}",
        )
    )
    if not twice and not elsewhere:
        check.note("SUPPORT", Outcome.PASS, detail=str(len(stated)))
