"""A policy as a page that a credit officer reads: the file in force on a day, its rules and rows, and what hangs on it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from domain.policy_changes import CellChange, PolicyChange, PolicyChanges
from policy.engine import Bundle, PolicyFile, PolicyNotInForce, Product
from policy.engine.changes import cell_text, plain_file

_HEAD = frozenset({"kind", "id", "version", "effective_from", "effective_to", "title_zh", "title_en", "source"})


def found(bundle: Bundle, name: str, on: date, kind: str = "") -> list[PolicyFile]:
    """Every policy of that id in force on a day, of one kind where it is given."""
    return [file for file in bundle.files_on(on) if file.id == name and kind in ("", file.kind)]


def page(bundle: Bundle, file: PolicyFile, on: date) -> list[str]:
    """The lines of a policy's page; of a product with the documents, the conditions and the card of a day."""
    raw = plain_file(bundle, file)
    until = f" until {file.effective_to}" if file.effective_to else _next(bundle, file)
    lines = [
        f"{file.kind} {file.id}  version {file.version}  in force from {file.effective_from}{until}",
        f"  {file.title_zh}",
        f"  {file.title_en}",
        "source",
        *(f"  - {line}" for line in file.source),
    ]
    for key, value in raw.items():
        if key not in _HEAD:
            lines += _entry(key, value, "")
    if isinstance(file, Product):
        lines += _around(bundle, file, on)
    return lines


def changes_page(changes: PolicyChanges) -> list[str]:
    """The lines of a comparison: each policy with what changes in it and from when."""
    lines: list[str] = []
    for change in changes.changes:
        lines += [_headline(change), *(f"    {line}" for line in cell_lines(change.cells))]
    return lines or ["nothing differs"]


def _headline(change: PolicyChange) -> str:
    name = f"{change.kind} {change.id}"
    begins = f"in force from {change.effective_from}" + (f" until {change.effective_to}" if change.effective_to else "")
    match change.what:
        case "new":
            return f"+ {name}  new, version {change.version}, {begins}  {change.title_zh} {change.title_en}"
        case "version":
            return f"~ {name}  version {change.version_before} -> {change.version}, {begins}"
        case "rewritten":
            return f"! {name}  version {change.version} says something else: a published version never changes"
        case _:
            return f"! {name}  version {change.version} is missing: a published version never disappears"


def cell_lines(cells: Iterable[CellChange]) -> Iterator[str]:
    """Each cell that differs in one line."""
    for cell in cells:
        if cell.before is None:
            yield f"{cell.where}: + {cell.after}"
        elif cell.after is None:
            yield f"{cell.where}: - {cell.before}"
        else:
            yield f"{cell.where}: {cell.before} -> {cell.after}"


def _next(bundle: Bundle, file: PolicyFile) -> str:
    later = [
        item
        for item in bundle.files()
        if (item.kind, item.id) == (file.kind, file.id) and item.effective_from > file.effective_from
    ]
    return f" until version {later[0].version} on {later[0].effective_from}" if later else ""


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, list) and value and all(_is_rule(item) for item in value):
        yield f"{indent}{key}"
        for rule in value:
            yield from _rule(rule, f"{indent}  ")
    elif isinstance(value, Mapping) and {"inputs", "outputs", "rows"} <= value.keys():
        yield f"{indent}{key}  ({value.get('hit')}; asks {', '.join(value['inputs'])})"
        for row in value["rows"]:
            yield f"{indent}  {row['id']}: {_when(row.get('when') or {})} -> {_pairs(row['then'])}"
            if row.get("note"):
                yield f"{indent}      {row['note']}"
    elif isinstance(value, Mapping) and len(cell_text(value)) > 100:
        yield f"{indent}{key}"
        for name, item in value.items():
            yield from _entry(str(name), item, f"{indent}  ")
    elif isinstance(value, list) and len(cell_text(value)) > 100:
        yield f"{indent}{key}"
        for item in value:
            if isinstance(item, Mapping):
                yield f"{indent}  -"
                for name, inner in item.items():
                    yield from _entry(str(name), inner, f"{indent}    ")
            else:
                yield f"{indent}  - {cell_text(item)}"
    else:
        yield f"{indent}{key}: {_plain(value)}"


def _is_rule(item: Any) -> bool:
    return isinstance(item, Mapping) and {"id", "severity", "breached_when"} <= item.keys()


def _rule(rule: Mapping[str, Any], indent: str) -> Iterator[str]:
    dates = " ".join(
        f"{word} {rule[name]}" for name, word in (("effective_from", "from"), ("effective_to", "until")) if name in rule
    )
    lenders = f"  lenders: {', '.join(rule['licences'])}" if rule.get("licences") else ""
    yield f"{indent}{rule['id']}  {rule['severity']} at {', '.join(rule['applies'])}{lenders}{'  ' + dates if dates else ''}"
    if rule.get("scope"):
        yield f"{indent}  of cases with {_when(rule['scope'])}"
    yield f"{indent}  breached when {' or '.join(_when(item) for item in rule['breached_when'])}"
    if rule.get("silent_when_not_applicable"):
        yield f"{indent}  says nothing where {', '.join(rule['silent_when_not_applicable'])} does not apply"
    yield f"{indent}  {rule['message_zh']}"
    yield f"{indent}  {rule['message_en']}"
    if rule.get("article"):
        yield f"{indent}  article: {rule['article']}"


def _when(condition: Mapping[str, Any]) -> str:
    return " and ".join(f"{fact} {cell}" for fact, cell in condition.items()) or "otherwise"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {cell_text(value)}" for name, value in values.items())


def _plain(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, list):
        return ", ".join(map(cell_text, value))
    return cell_text(value)


def _around(bundle: Bundle, product: Product, on: date) -> Iterator[str]:
    """What else an officer asks of a product: its documents, its conditions and the classes of its card."""
    documents = bundle.checklist(product.id, None, on)
    yield "documents"
    for item in sorted(documents, key=lambda item: (item.stage.value, item.kind)):
        age = f", at most {item.shelf_life_days} days old" if item.shelf_life_days else ""
        must = "required" if item.required else "where there is one"
        yield f"  {item.stage.value}: {item.kind}  {item.title_zh} {item.title_en}  ({must}{age})"
    yield "conditions"
    for condition in _conditions(bundle, product, on):
        waived = f"waived by {condition.waiver_body}" if condition.waiver_body else "nobody may waive it"
        due = f", {condition.due_days} days from {condition.counts_from}" if condition.due_days else ""
        yield f"  {condition.id}  {condition.kind.value}{due}  {condition.title_zh} {condition.title_en}  ({waived})"
    card = bundle.scorecard(product.scorecard, on)
    yield f"card: {card.id} version {card.version}  {card.title_zh} {card.title_en}"
    for grade in card.classes:
        yield f"  class {grade.id}: limit x {_figure(grade.multiplier)}, unsecured at most {_figure(grade.unsecured_share)}"


def _conditions(bundle: Bundle, product: Product, on: date) -> Iterable[Any]:
    try:
        return bundle.conditions(product.id, on).conditions
    except PolicyNotInForce:
        return ()


def _figure(value: Decimal) -> str:
    return f"{value.normalize():f}"
