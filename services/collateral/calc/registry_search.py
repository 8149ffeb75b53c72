"""What a search of the registry means for an asset: who else has registered over the same goods (row R1)."""

import re
from dataclasses import dataclass
from typing import Final

from domain.application.serials import serial_identity
from domain.collateral import SecurityKind
from domain.finding import ModelRef, Outcome, Reason, TraceStep
from domain.security_interest import FoundEntry, RegistrySearch, SearchedEntry, SearchInputs

MODEL: Final = ModelRef(id="registry_search", version="1")
KIND: Final = "registry_search"

_BETWEEN: Final = re.compile(r"[\s,;:，；：、。()（）\[\]【】\"'“”]+")
_WORDS: Final = {
    "SERIAL_ON_ANOTHER_REGISTRATION": (
        "他人登记 {entry} 载有本资产 {count} 台服务器的序列号",
        "another creditor's registration {entry} names {count} of this asset's servers",
    ),
    "FLOATING_CHARGE_BY_ANOTHER": (
        "他人浮动抵押登记 {entry} 覆盖现有及将有设备",
        "another creditor's floating charge {entry} covers equipment present and future",
    ),
    "OWN_REGISTRATION_NOT_FOUND": (
        "登记系统中查无我行登记 {entry}",
        "our registration {entry} is not in the registry",
    ),
    "OWN_REGISTRATION_ENDED": (
        "我行登记 {entry} 已到期或注销",
        "our registration {entry} has ended or was cancelled",
    ),
}


@dataclass(frozen=True)
class Conclusion:
    """Outcome, value, reasons and trace of a search."""

    outcome: Outcome
    value: RegistrySearch
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def conclude(inputs: SearchInputs) -> Conclusion:
    """Judge the entries under a debtor.

    ``fail`` where another's entry in force names one of our servers; ``refer`` for another's floating charge, and where our
    own registration is not there as our books have it; an entry over other goods is only reported.
    """
    serials = frozenset(inputs.serials)
    own = {entry.number: entry for entry in inputs.entries if entry.number in inputs.own_numbers}
    others = [
        _found(entry, serials)
        for entry in inputs.entries
        if entry.number not in own and _stands(entry, inputs) and entry.registered_on <= inputs.as_of
    ]
    others.sort(key=lambda entry: (entry.registered_on, entry.number))
    reasons = [_reason("SERIAL_ON_ANOTHER_REGISTRATION", item.number, item.serials) for item in others if item.serials]
    failed = bool(reasons)
    reasons += [_reason("FLOATING_CHARGE_BY_ANOTHER", item.number) for item in others if item.floating]
    reasons += [_reason("OWN_REGISTRATION_NOT_FOUND", number) for number in inputs.own_numbers if number not in own]
    reasons += [
        _reason("OWN_REGISTRATION_ENDED", number) for number, entry in own.items() if not _stands(entry, inputs)
    ]
    return Conclusion(
        outcome=Outcome.FAIL if failed else Outcome.REFER if reasons else Outcome.PASS,
        value=RegistrySearch(
            asset_id=inputs.asset_id,
            debtor_uscc=inputs.debtor_uscc,
            servers=len(inputs.serials),
            entries=tuple(others),
            own=tuple(sorted(own)),
        ),
        reasons=tuple(reasons),
        trace=tuple(
            TraceStep(
                step=f"registry_search/{item.number}",
                rule="identities of the words of the description ∩ identities of the asset's serials",
                inputs={"registered_on": item.registered_on.isoformat(), "expires": item.expires.isoformat()},
                result=str(item.serials),
            )
            for item in others
        ),
    )


def serials_named(description: str, serials: frozenset[str]) -> frozenset[str]:
    """The servers that a description names, however it writes their serials: also in two or three words."""
    words = [word for word in map(serial_identity, _BETWEEN.split(description)) if word]
    named = serials.intersection(words)
    for count in (2, 3):
        runs = zip(*(words[start:] for start in range(count)), strict=False)
        named |= serials.intersection("".join(run) for run in runs)
    return named


def _found(entry: SearchedEntry, serials: frozenset[str]) -> FoundEntry:
    return FoundEntry(
        number=entry.number,
        holder=entry.creditor,
        kind=entry.kind,
        registered_on=entry.registered_on,
        expires=entry.expires,
        floating=entry.kind == SecurityKind.FLOATING_MORTGAGE,
        serials=len(serials_named(entry.description, serials)),
    )


def _stands(entry: SearchedEntry, inputs: SearchInputs) -> bool:
    return not entry.cancelled and entry.expires >= inputs.as_of


def _reason(code: str, entry: str, count: int = 0) -> Reason:
    chinese, english = _WORDS[code]
    return Reason(
        code=code,
        message_zh=chinese.format(entry=entry, count=count),
        message_en=english.format(entry=entry, count=count),
        subject=entry,
    )
