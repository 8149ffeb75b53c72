"""Personal fields under seal, wherever in a model they are."""

from pathlib import Path
from typing import Annotated, Any

import pytest

from domain.facts import Fact
from domain.model import Value
from domain.personal import PersonName
from services.kit.keyring import Keyring, Undecipherable, UnknownKey
from services.kit.sealing import seal, unseal


class Person(Value):
    name: PersonName
    role: str
    manager: "Person | None" = None


class Company(Value):
    legal_name: str
    contact: Fact[PersonName] | None = None
    people: tuple[Person, ...] = ()
    by_office: dict[str, list[PersonName]] = {}
    remark: str = ""
    head: Annotated[PersonName | None, "who signs"] = None


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys")


def company() -> dict[str, Any]:
    chief = Person(name="赵敏", role="chief")
    value = Company(
        legal_name="宁夏西云算力科技有限公司",
        contact={"value": "钱立"},
        people=(chief, Person(name="孙强", role="engineer", manager=chief)),
        by_office={"银川": ["李娜"]},
        head="周平",
    )
    return value.model_dump(mode="json")


def test_every_personal_field_is_sealed_and_nothing_else(ring: Keyring) -> None:
    plain = company()
    sealed = seal(Company, plain, ring)
    text = str(sealed)
    for name in ("赵敏", "钱立", "孙强", "李娜", "周平"):
        assert name not in text
    assert (sealed["legal_name"], sealed["people"][1]["role"]) == ("宁夏西云算力科技有限公司", "engineer")
    assert list(sealed["by_office"]) == ["银川"]
    assert unseal(sealed, ring) == plain


def test_equal_names_do_not_look_equal(ring: Keyring) -> None:
    plain = company()
    first, second = seal(Company, plain, ring), seal(Company, plain, ring)
    assert first["people"][0]["name"] != second["people"][0]["name"]
    assert first["people"][0]["name"] != first["people"][1]["manager"]["name"]


def test_text_that_looks_like_a_seal_comes_back_as_it_was(ring: Keyring) -> None:
    stolen = seal(Company, company(), ring)["head"]
    for text in ("sealed:", "sealed::", "sealed:x:y", "sealed::sealed:", stolen):
        plain = Company(legal_name="a", remark=text, head=text).model_dump(mode="json")
        sealed = seal(Company, plain, ring)
        assert unseal(sealed, ring) == plain
        assert unseal({"remark": sealed["remark"]}, ring) == {"remark": text}


def test_absent_facts_and_nothing_stay_as_they_are(ring: Keyring) -> None:
    plain = Company(legal_name="a", contact={"state": "unknown"}).model_dump(mode="json")
    sealed = seal(Company, plain, ring)
    assert sealed == plain


def test_a_destroyed_key_ends_the_reading_and_a_changed_seal_is_noticed(ring: Keyring, tmp_path: Path) -> None:
    sealed = seal(Company, company(), ring)
    with pytest.raises(UnknownKey):
        unseal(sealed, Keyring.create(tmp_path / "other"))
    head = sealed["head"]
    for changed in (head[:-8] + "AAAAAAA=", head[: head.rindex(":") + 1] + "&&&"):
        with pytest.raises(Undecipherable):
            unseal(changed, ring)
