"""The investigators' own words in the credit memo, held against the template of policy (rows E6, E7)."""

from collections.abc import Iterator, Sequence

from domain.casefile import MissingItem
from domain.tasks import MemoNote
from policy.engine import MemoTemplate


def memo_faults(template: MemoTemplate | None, notes: Sequence[MemoNote]) -> list[MissingItem]:
    """Everything that keeps an investigation from being completed: each field that is missing, too short, given twice or not
    asked for. Nothing where no template is in force and nothing was written."""
    return list(_faults(template, notes))


def _faults(template: MemoTemplate | None, notes: Sequence[MemoNote]) -> Iterator[MissingItem]:
    asked = {item.id: item for item in template.fields} if template is not None else {}
    written: dict[str, str] = {}
    for index, note in enumerate(notes):
        place = f"/memo/{index}/field"
        if note.field not in asked:
            yield _wrong(place, "memo_field_unknown", "审查报告无此栏目", "the memo has no such field")
        elif note.field in written:
            yield _wrong(place, "memo_field_twice", "同一栏目重复填写", "the field is given twice")
        else:
            written[note.field] = note.text
            if template is not None and len(note.text) < template.least_characters:
                least = template.least_characters
                yield _wrong(
                    f"/memo/{index}/text",
                    "memo_field_short",
                    f"至少 {least} 个字",
                    f"at least {least} characters",
                )
    for name, item in asked.items():
        if name not in written:
            yield _wrong(
                f"/memo/{name}",
                "memo_field_required",
                f"须写明{item.title_zh}：{item.asks_zh}",
                f"{item.title_en} must be spoken of: {item.asks_en}",
            )


def _wrong(pointer: str, code: str, zh: str, en: str) -> MissingItem:
    return MissingItem(pointer=pointer, code=code, message_zh=zh, message_en=en)
