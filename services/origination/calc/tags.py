"""Tags of an application against the lists of its policy. Nothing else is ever concluded from a tag."""

from collections.abc import Iterable, Iterator, Mapping

from domain.application import ApplicationContent, ApplicationTag
from domain.casefile import MissingItem
from domain.programmes import TagView
from policy.engine import ON_APPLICATIONS, Tag, TagList

Lists = Mapping[str, TagList]


def tag_faults(tags: Iterable[ApplicationTag], lists: Lists, at: str = "/tags") -> Iterator[MissingItem]:
    """Every tag that is on no list, has no document where its list asks for one, or is there twice."""
    seen: set[tuple[str, str]] = set()
    for index, tag in enumerate(tags):
        where, found = f"{at}/{index}", lists.get(tag.list)
        if found is None:
            yield _fault(
                f"{where}/list", "unknown_tag_list", "现行政策中没有该标签表", "no such list of tags is in force"
            )
            continue
        if found.family not in ON_APPLICATIONS:
            yield _fault(
                f"{where}/list", "tag_not_for_cases", "该表的标签不用于业务", "tags of this list are not for cases"
            )
        elif tag_of(found, tag.tag) is None:
            yield _fault(f"{where}/tag", "unknown_tag", "该表没有此标签", "the list has no such tag")
        if found.needs_document_number and tag.document_number is None:
            zh, en = "须填写文件文号", "needs the number of the document that grants it"
            yield _fault(f"{where}/document_number", "document_number_missing", zh, en)
        if (tag.list, tag.tag) in seen:
            yield _fault(where, "duplicate_tag", "标签重复", "the tag is there twice")
        seen.add((tag.list, tag.tag))


def tag_of(tags: TagList, name: str) -> Tag | None:
    return next((tag for tag in tags.tags if tag.id == name), None)


def tag_views(content: ApplicationContent, lists: Lists) -> tuple[TagView, ...]:
    """The tags of an application with their names; one that is on no list of this policy is left out."""
    found = []
    for given in content.tags or ():
        tags = lists.get(given.list)
        tag = tag_of(tags, given.tag) if tags is not None else None
        if tags is not None and tag is not None:
            found.append(
                TagView(
                    list=tags.id,
                    tag=tag.id,
                    family=tags.family,
                    title_zh=tag.title_zh,
                    title_en=tag.title_en,
                    document_number=given.document_number,
                    route_to=tag.route_to,
                )
            )
    return tuple(found)


def _fault(pointer: str, code: str, zh: str, en: str) -> MissingItem:
    return MissingItem(pointer=pointer, code=code, message_zh=zh, message_en=en)
