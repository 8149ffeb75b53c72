"""Companies as others know them: look-alike names (R6), and what registry, courts and bureau say of them."""

from decimal import Decimal

from domain.application import ApplicationContent, Party, PartyRole
from domain.money import ZERO
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.examination import Examination, IntegrityInputs
from services.origination.calc.integrity.names import ReadName, read_name, similarity

_STATES = {
    "revoked": ("已吊销", "revoked"),
    "cancelled": ("已注销", "deregistered"),
    "abnormal": ("经营异常", "listed as abnormal"),
}


def named(content: ApplicationContent) -> list[tuple[str, str, str]]:
    """Pointer, code and name of every company the file names, each name and code once."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for index, party in enumerate(content.parties):
        found.setdefault((party.uscc, party.name), (f"/parties/{index}", party.uscc, party.name))
    for index, contract in enumerate(content.contracts):
        known_as = (contract.buyer_uscc, contract.buyer_name)
        found.setdefault(known_as, (f"/contracts/{index}/buyer_name", *known_as))
    for index, payee in enumerate(content.payees):
        found.setdefault((payee.uscc, payee.name), (f"/payees/{index}", payee.uscc, payee.name))
    return list(found.values())


def look_alike(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R6: a company that is named nearly as one the lender knows, under another code."""
    if inputs.known_entities is None:
        seen.silent("未维护知名主体名录", "the lender keeps no list of known entities")
        return
    rules = policy.names
    known = [(entity.uscc, name, read_name(name, rules)) for entity in inputs.known_entities for name in entity.names]
    genuine = {(uscc, name) for uscc, name, _ in known}
    for pointer, uscc, name in named(content):
        nearest = _nearest(uscc, read_name(name, rules), known) if (uscc, name) not in genuine else None
        seen.look(
            f"similarity ≤ {rules.similarity} to every known entity of another code",
            "none near" if nearest is None else f"{nearest[0]:.2f}",
            name=name,
        )
        if nearest is not None and nearest[0] > rules.similarity:
            alike, other, true_name = nearest
            seen.hit(
                "LOOK_ALIKE",
                zh=f"“{name}”（{uscc}）与“{true_name}”（{other}）名称近似（{alike:.2f}）而信用代码不同，须向后者核实",
                en=f"{name} ({uscc}) is named nearly as {true_name} ({other}), {alike:.2f}, under another code: ask the latter",
                evidence=f"{uscc} · {other} · {alike:.2f}",
                subject=pointer,
            )


def _nearest(uscc: str, name: ReadName, known: list[tuple[str, str, ReadName]]) -> tuple[Decimal, str, str] | None:
    if any(code == uscc for code, *_ in known):
        # It is one of them: a bank knows the daughters of a group by their own codes.
        return None
    alike = ((similarity(name, read), code, text) for code, text, read in known)
    return max(alike, key=lambda item: (item[0], item[1]), default=None)


def registry_record(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """工商: every company of the file is registered, active, and named as the file names it."""
    if inputs.registry is None:
        seen.silent("工商登记查询未接通", "the business registry is not connected")
        return
    extracts = {extract.uscc: extract for extract in inputs.registry}
    for pointer, uscc, name in named(content):
        extract = extracts.get(uscc)
        if uscc in inputs.unregistered:
            seen.look("registered, active, same name", "not registered", party=uscc)
            seen.hit(
                "NOT_REGISTERED",
                zh=f"登记机关查无 {uscc}",
                en=f"the registry has no company under {uscc}",
                evidence=f"{uscc} · unknown",
                subject=pointer,
            )
            continue
        if extract is None:
            seen.silent(f"工商登记查询未返回 {uscc}", f"the business registry gave no answer for {uscc}")
            continue
        same = read_name(extract.name, policy.names) == read_name(name, policy.names)
        seen.look(
            "registered, active, same name", f"{extract.status}, {'same' if same else 'another'} name", party=uscc
        )
        if extract.status != "active":
            zh, en = _STATES[extract.status]
            seen.hit(
                "NOT_ACTIVE",
                zh=f"{name} 登记状态：{zh}",
                en=f"{name} is {en}",
                evidence=f"{uscc} · {extract.status}",
                subject=pointer,
            )
        if not same:
            seen.hit(
                "REGISTERED_NAME_DIFFERS",
                zh=f"{uscc} 登记名称为“{extract.name}”，与申请所填“{name}”不符",
                en=f"{uscc} is registered as {extract.name}, not as {name}",
                evidence=f"{uscc} · {extract.name}",
                subject=pointer,
            )


def _debtors(content: ApplicationContent) -> list[tuple[str, Party]]:
    return [
        (f"/parties/{index}", party)
        for index, party in enumerate(content.parties)
        if party.role in (PartyRole.BORROWER, PartyRole.GUARANTOR)
    ]


def court_record(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """司法: neither borrower nor guarantor is a dishonest judgment debtor or stands under enforcement."""
    if inputs.courts is None:
        seen.silent("司法信息查询未接通", "the courts' records are not connected")
        return
    records = {record.uscc: record for record in inputs.courts}
    for pointer, party in _debtors(content):
        record = records.get(party.uscc)
        if record is None:
            seen.silent(f"司法信息查询未返回 {party.uscc}", f"the courts' records gave no answer for {party.uscc}")
            continue
        seen.look(
            "no dishonest judgment debtor, no open enforcement",
            "dishonest" if record.dishonest_debtor else f"{record.open_enforcements} open",
            party=party.uscc,
        )
        if record.dishonest_debtor or record.open_enforcements:
            seen.hit(
                "DISHONEST_DEBTOR" if record.dishonest_debtor else "OPEN_ENFORCEMENT",
                zh=f"{party.name} {'为失信被执行人' if record.dishonest_debtor else f'有 {record.open_enforcements} 起未结执行'}",
                en=f"{party.name} "
                + (
                    "is a dishonest judgment debtor"
                    if record.dishonest_debtor
                    else f"has {record.open_enforcements} open enforcements"
                ),
                evidence=f"{party.uscc} · {record.open_enforcements}",
                subject=pointer,
            )


def bureau_record(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """征信: nothing overdue, written off or classed worse than normal, of those who consented to be asked about."""
    if inputs.bureau is None:
        seen.silent("征信查询未接通或无授权", "the credit bureau is not connected, or there is no consent to ask it")
        return
    reports = {report.uscc: report for report in inputs.bureau}
    for pointer, party in _debtors(content):
        report = reports.get(party.uscc)
        if report is None:
            seen.silent(f"无 {party.uscc} 的征信报告", f"there is no bureau report on {party.uscc}")
            continue
        bad = report.overdue > ZERO or report.written_off or report.attention_classes > 0
        seen.look(
            "nothing overdue, written off or below normal",
            f"overdue {report.overdue}, below normal {report.attention_classes}",
            consent=report.consent_sha256[:12],
            party=party.uscc,
        )
        if bad:
            seen.hit(
                "BUREAU_ADVERSE",
                zh=f"{party.name} 征信：逾期 {report.overdue}，关注及以下 {report.attention_classes} 笔"
                + ("，有核销" if report.written_off else ""),
                en=f"{party.name} at the bureau: {report.overdue} overdue, {report.attention_classes} loans below normal"
                + (", a write-off" if report.written_off else ""),
                evidence=f"{party.uscc} · {report.overdue} · {report.attention_classes}",
                subject=pointer,
            )
