"""What a site states: only a true answer to our challenge counts, and what it says is held against the pledged list."""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.attestation import AttestationInputs, GpuPlace, PledgedServer
from domain.canonical import canonical
from domain.finding import Outcome
from services.collateral.calc.attestation.comparison import Conclusion, conclude
from services.collateral.site_signatures import is_signed, is_usable
from tests.collateral.conftest import Speaker
from tests.collateral.requests import registration, server
from tests.fixtures.postgres import DatabaseUrls

SITE, OTHER = "中卫一号机房", "西宁二号机房"
H100, H20, RTX4090 = ("10de:2330", 80), ("10de:2329", 96), ("10de:2684", 24)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def gpus(number: int, device: tuple[str, int] = H100, count: int = 8) -> list[dict[str, Any]]:
    return [
        {"uuid": f"GPU-{number:08x}-{slot:04x}", "device_id": device[0], "memory_gb": device[1]}
        for slot in range(count)
    ]


def shown(number: int, prefix: str = "AT", **changes: Any) -> dict[str, Any]:
    return {"serial": f"{prefix}-{number:04d}", "gpus": gpus(number), "power_kw": "6.5"} | changes


# --- pure -------------------------------------------------------------------------------------------------------------


def pledged(number: int, prefix: str = "AT", **changes: Any) -> PledgedServer:
    facts: dict[str, Any] = {
        "serial": f"{prefix}{number:04d}".upper(),
        "gpu_type": "H100-SXM",
        "gpu_count": 8,
        "gpus": tuple(f"{number:08X}{slot:04X}" for slot in range(8)),
        "site": SITE,
    }
    return PledgedServer.model_validate(facts | changes)


def concluded(
    servers: list[dict[str, Any]], list_: list[PledgedServer], *, meter_kw: str | None = None, others: Any = ()
) -> Conclusion:
    statement = {
        "challenge_id": str(uuid4()),
        "nonce": "n" * 43,
        "site": SITE,
        "taken_at": "2026-09-28T02:00:00Z",
        "meter_kw": meter_kw,
        "servers": servers,
    }
    places = [GpuPlace(gpu=gpu, serial=item.serial) for item in (*list_, *others) for gpu in item.gpus]
    return conclude(
        AttestationInputs(
            asset_id=UUID(int=1),
            signed=canonical(statement).decode(),
            signature="s" * 86,
            public_key="k" * 43,
            pledged=tuple(list_),
            elsewhere=tuple(places),
            as_of=date(2026, 9, 28),
        )
    )


def codes(found: Conclusion) -> list[tuple[str, str]]:
    return [(item.code, item.subject) for item in found.reasons]


def test_what_answers_as_it_was_pledged_passes() -> None:
    found = concluded([shown(1), shown(2)], [pledged(1), pledged(2)], meter_kw="13.9")
    assert (found.outcome, found.reasons) == (Outcome.PASS, ())
    assert (found.value.pledged, found.value.present) == (2, 2)
    assert found.value.headline() == f"{SITE} · 2/2"


def test_the_same_statement_gives_the_same_bytes() -> None:
    first, again = (concluded([shown(2), shown(1, gpus=[])], [pledged(1), pledged(2)]) for _ in range(2))
    assert canonical(first.value) == canonical(again.value)


@pytest.mark.parametrize(
    ("absent", "outcome"),
    [(0, Outcome.PASS), (1, Outcome.PASS), (2, Outcome.REFER), (4, Outcome.REFER), (5, Outcome.FAIL)],
)
def test_missing_servers_refer_above_half_a_percent_and_fail_above_two(absent: int, outcome: Outcome) -> None:
    """Domain paper §6.2: amber above 0.5 %, red above 2 %; of 200 servers."""
    found = concluded([shown(number) for number in range(absent, 200)], [pledged(number) for number in range(200)])
    assert (found.outcome, len(found.value.missing)) == (outcome, absent)
    assert {code for code, _ in codes(found)} == (
        set()
        if not absent
        else {"SERVER_MISSING"}
        | {Outcome.PASS: set(), Outcome.REFER: {"MISSING_SHARE_AMBER"}, Outcome.FAIL: {"MISSING_SHARE_RED"}}[outcome]
    )


def test_a_serial_in_which_no_gpu_answers_is_a_phantom() -> None:
    found = concluded([shown(1, gpus=[], power_kw="0"), shown(2)], [pledged(1), pledged(2)])
    assert (found.value.phantom, found.outcome) == (("AT0001",), Outcome.FAIL)


def test_one_machine_that_answers_for_two_is_a_phantom_once() -> None:
    """Row R2: the GPUs of the first are shown a second time under another serial."""
    found = concluded([shown(1), shown(2, gpus=gpus(1))], [pledged(1), pledged(2, gpus=())])
    assert (found.value.phantom, found.value.relabelled) == (("AT0002",), ())
    both = concluded([shown(1), shown(2, gpus=gpus(1))], [pledged(1, gpus=()), pledged(2, gpus=())])
    assert both.value.phantom == ("AT0001", "AT0002"), "nobody knows whose they are"


def test_gpus_that_answer_in_two_servers_count_in_neither() -> None:
    """Nobody has bound them yet: one GPU of the second server is its own, and seven answer in the first as well."""
    borrowed = [*gpus(1)[:7], gpus(2)[0]]
    found = concluded([shown(1), shown(2, gpus=borrowed)], [pledged(1, gpus=()), pledged(2, gpus=())])
    assert codes(found) == [("GPUS_MISSING", "AT0001"), ("GPUS_MISSING", "AT0002")]
    assert found.outcome is Outcome.REFER


def test_gpus_under_another_serial_are_a_relabelled_server() -> None:
    """Row R11; the GPUs were pledged with AT-0002, which answers no more, or with another case's server."""
    found = concluded([shown(1, gpus=gpus(2))], [pledged(1), pledged(2)])
    assert (found.value.relabelled, found.value.missing, found.outcome) == (("AT0001",), ("AT0002",), Outcome.FAIL)
    foreign = concluded([shown(1, gpus=gpus(77))], [pledged(1)], others=[pledged(77, prefix="XX")])
    assert (foreign.value.relabelled, foreign.outcome) == (("AT0001",), Outcome.FAIL)
    unknown = concluded([shown(1, gpus=gpus(999))], [pledged(1)])
    assert unknown.value.relabelled == ("AT0001",)
    under_a_new_name = concluded([shown(5, prefix="NEW", gpus=gpus(1))], [pledged(1)])
    assert (under_a_new_name.value.relabelled, under_a_new_name.value.not_pledged) == (("NEW0005",), ("NEW0005",))


def test_a_server_that_stands_or_answered_elsewhere_has_moved() -> None:
    """Row R3."""
    here = concluded([shown(1), shown(2)], [pledged(1), pledged(2, site=OTHER)])
    assert (here.value.moved, here.value.pledged, here.outcome) == (("AT0002",), 1, Outcome.REFER)
    away = pledged(2, last_site=OTHER, last_seen=datetime(2026, 9, 27, tzinfo=UTC))
    gone = concluded([shown(1)], [pledged(1), away])
    assert (gone.value.moved, gone.value.missing, gone.outcome) == (("AT0002",), (), Outcome.REFER)


def test_a_replaced_or_lost_gpu_refers() -> None:
    replaced = [*gpus(1)[:7], gpus(900)[0]]
    found = concluded([shown(1, gpus=replaced)], [pledged(1)])
    assert (codes(found), found.outcome, found.value.present) == ([("GPU_REPLACED", "AT0001")], Outcome.REFER, 1)
    lost = concluded([shown(1, gpus=gpus(1)[:6])], [pledged(1)])
    assert codes(lost) == [("GPU_REPLACED", "AT0001"), ("GPUS_MISSING", "AT0001")]


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"gpus": gpus(1, H20), "power_kw": "3"}, "DEVICE_MISMATCH", Outcome.FAIL),
        ({"gpus": gpus(1, RTX4090), "power_kw": "3"}, "DEVICE_MISMATCH", Outcome.FAIL),
        ({"gpus": gpus(1, ("10de:2330", 40))}, "MEMORY_MISMATCH", Outcome.FAIL),
        ({"gpus": gpus(1, ("19e5:d802", 64))}, "DEVICE_UNKNOWN", Outcome.REFER),
        ({"power_kw": "2.79"}, "POWER_TOO_LOW", Outcome.REFER),
        ({"power_kw": "14.3"}, "POWER_TOO_HIGH", Outcome.REFER),
    ],
)
def test_what_cannot_be_what_it_says_is_found(changes: dict[str, Any], code: str, outcome: Outcome) -> None:
    """Eight H100 SXM of 700 W: 2.8 to 14.2 kW (rows R2, R11)."""
    found = concluded([shown(1, **changes)], [pledged(1)])
    assert ([item for item, _ in codes(found)], found.outcome) == ([code], outcome)


@pytest.mark.parametrize("power", ["2.8", "14.2"])
def test_the_bounds_of_power_are_within(power: str) -> None:
    assert concluded([shown(1, power_kw=power)], [pledged(1)]).outcome is Outcome.PASS


@pytest.mark.parametrize(("meter", "code"), [("7.64", []), ("7.65", ["METER_DISAGREES"]), ("5.6", ["METER_DISAGREES"])])
def test_the_meter_agrees_within_fifteen_percent(meter: str, code: list[str]) -> None:
    """Row R2: 6.5 kW drawn; 6.5 / 0.85 = 7.647."""
    assert [item for item, _ in codes(concluded([shown(1)], [pledged(1)], meter_kw=meter))] == code


def test_where_nothing_is_pledged_nothing_is_concluded() -> None:
    found = concluded([shown(1)], [])
    assert (found.outcome, codes(found)) == (Outcome.NOT_RUN, [("NOTHING_PLEDGED_HERE", SITE)])


@pytest.mark.parametrize("raw", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_key_that_fits_any_statement_is_no_key(raw: bytes) -> None:
    assert not is_usable(text(raw))


def test_a_signature_binds_every_byte() -> None:
    private = Ed25519PrivateKey.generate()
    public, signature = text(private.public_key().public_bytes_raw()), text(private.sign(b"content"))
    assert is_usable(public)
    assert is_signed(public, signature, b"content")
    assert not is_signed(public, signature, b"Content")
    assert not is_signed(public, text(bytes(64)), b"content")


# --- over HTTP --------------------------------------------------------------------------------------------------------


class Room:
    """A site with a key, and a pledged asset that stands there."""

    def __init__(self, client: httpx.AsyncClient, asset_id: str, key_id: str, private: Ed25519PrivateKey) -> None:
        self.client, self.asset_id, self.key_id, self.private = client, asset_id, key_id, private

    async def challenge(self, site: str = SITE) -> dict[str, Any]:
        body = {"asset_id": self.asset_id, "site": site}
        answer = await self.client.post("/v1/attestation-challenges", json=body, headers=key())
        assert answer.status_code == 201, answer.text
        asked: dict[str, Any] = answer.json()
        return asked

    def signed(self, asked: dict[str, Any], servers: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        statement = {
            "challenge_id": asked["challenge_id"],
            "nonce": asked["nonce"],
            "site": asked["site"],
            "taken_at": datetime.now(UTC).isoformat(),
            "servers": servers,
        } | changes
        signature = text(self.private.sign(canonical(statement)))
        return {"key_id": self.key_id, "statement": statement, "signature": signature, "as_of": "2026-09-28"}

    async def send(self, body: dict[str, Any]) -> httpx.Response:
        return await self.client.post("/v1/attestations", json=body, headers=key())


MakeRoom = Callable[..., Any]


@pytest.fixture
def room(worker: httpx.AsyncClient, person: Speaker) -> MakeRoom:
    """``await room(count)``: so many servers pledged at the site, with their GPUs; the officer who keeps them."""

    async def make(count: int = 3, prefix: str = "AT", confirmed: bool = True) -> Room:
        rows = [
            server(f"{prefix}-{number:04d}", site=SITE, gpu_uuids=[gpu["uuid"] for gpu in gpus(number)])
            for number in range(count)
        ]
        entered = await worker.post("/v1/assets", json=registration(uuid4(), servers=rows), headers=key())
        assert entered.status_code == 200, entered.text
        officer = await person("li.na", "collateral_officer", "640100")
        private = Ed25519PrivateKey.generate()
        public = text(private.public_key().public_bytes_raw())
        entry = {"site": SITE, "branch": "640100", "public_key": public}
        registered = await officer.post("/v1/site-keys", json=entry, headers=key())
        assert registered.status_code == 201, registered.text
        key_id = registered.json()["key_id"]
        if confirmed:
            second = await person("wang.fang", "monitor", "640100")
            assert (await second.post(f"/v1/site-keys/{key_id}/confirmation", headers=key())).status_code == 200
        return Room(officer, entered.json()["asset_id"], key_id, private)

    return make


def refusals(answer: httpx.Response) -> set[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "attestation_refused"), answer.text
    return {(item["pointer"], item["code"]) for item in answer.json()["errors"]}


async def test_a_true_answer_becomes_a_finding(room: MakeRoom) -> None:
    site: Room = await room()
    answer = await site.send(site.signed(await site.challenge(), [shown(number) for number in range(3)]))
    assert answer.status_code == 201, answer.text
    finding = answer.json()
    assert (finding["outcome"], finding["value"]["present"]) == ("pass", 3)
    assert (await site.client.get(f"/v1/attestations/{finding['id']}")).json() == finding
    listed = (await site.client.get("/v1/attestations", params={"asset_id": site.asset_id})).json()["items"]
    assert [(item["attestation_id"], item["pledged"], item["missing"]) for item in listed] == [(finding["id"], 3, 0)]


async def test_servers_shown_in_two_rooms_have_moved(room: MakeRoom, worker: httpx.AsyncClient) -> None:
    """Row R3: what answered at one site cannot be missing at random at the next."""
    site: Room = await room()
    await site.send(site.signed(await site.challenge(), [shown(number) for number in range(3)]))
    elsewhere: Room = await room(0, prefix="XX")
    elsewhere.asset_id = site.asset_id
    answer = await elsewhere.send(elsewhere.signed(await elsewhere.challenge(), [shown(0), shown(1)]))
    assert (answer.json()["outcome"], answer.json()["value"]["missing"]) == ("fail", ["AT0002"])


async def test_a_nonce_is_good_once(room: MakeRoom) -> None:
    site: Room = await room()
    body = site.signed(await site.challenge(), [shown(number) for number in range(3)])
    headers = key()
    first = await site.client.post("/v1/attestations", json=body, headers=headers)
    repeated = await site.client.post("/v1/attestations", json=body, headers=headers)
    assert (first.status_code, repeated.json()) == (201, first.json())
    assert refusals(await site.send(body)) == {("/statement/challenge_id", "challenge_used")}


async def test_every_fault_of_a_statement_is_told_and_its_challenge_stays_open(room: MakeRoom) -> None:
    site: Room = await room()
    asked = await site.challenge()
    body = site.signed(asked, [shown(0), shown(0)], nonce="x" * 43, site=OTHER, taken_at="2020-01-01T00:00:00Z")
    body["statement"]["servers"][0]["power_kw"] = "6.6"
    assert refusals(await site.send(body)) == {
        ("/key_id", "key_of_another_site"),
        ("/signature", "signature_wrong"),
        ("/statement/nonce", "nonce_wrong"),
        ("/statement/site", "site_not_asked"),
        ("/statement/taken_at", "not_in_the_challenge"),
        ("/statement/servers/1/serial", "duplicate_serial"),
    }
    assert (await site.send(site.signed(asked, [shown(number) for number in range(3)]))).status_code == 201


async def test_an_expired_challenge_is_refused(room: MakeRoom, database_urls: DatabaseUrls) -> None:
    site: Room = await room()
    asked = await site.challenge()
    address = database_urls.superuser.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as books:
        books.execute("UPDATE collateral.attestation_challenge SET expires_at = now() - interval '10 seconds'")
    assert refusals(await site.send(site.signed(asked, []))) == {("/statement/challenge_id", "challenge_expired")}


async def test_a_key_needs_two_people_and_ends_with_its_revocation(room: MakeRoom, person: Speaker) -> None:
    site: Room = await room(confirmed=False)
    body = site.signed(await site.challenge(), [])
    assert refusals(await site.send(body)) == {("/key_id", "key_registered")}
    address = f"/v1/site-keys/{site.key_id}"
    own = await site.client.post(f"{address}/confirmation", headers=key())
    assert (own.status_code, own.json()["code"]) == (403, "second_person_required")
    second = await person("wang.fang", "monitor", "640100")
    assert (await second.post(f"{address}/confirmation", headers=key())).json()["state"] == "confirmed"
    again = await second.post(f"{address}/confirmation", headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "key_not_waiting")
    assert (await site.send(body)).status_code == 201
    assert (await second.post(f"{address}/revocation", headers=key())).json()["state"] == "revoked"
    assert refusals(await site.send(site.signed(await site.challenge(), []))) == {("/key_id", "key_revoked")}
    listed = (await second.get("/v1/site-keys", params={"site": SITE})).json()["items"]
    assert [(item["state"], item["revoked_by"]) for item in listed] == [("revoked", "wang.fang")]


async def test_keys_that_bind_nobody_or_come_twice_are_refused(room: MakeRoom) -> None:
    site: Room = await room(1)
    entry = {"site": SITE, "branch": "640100", "public_key": text(bytes(32))}
    answer = await site.client.post("/v1/site-keys", json=entry, headers=key())
    assert [item["code"] for item in answer.json()["errors"]] == ["unusable_key"]
    same = entry | {"public_key": text(site.private.public_key().public_bytes_raw())}
    assert (await site.client.post("/v1/site-keys", json=same, headers=key())).status_code == 409


async def test_numbers_without_one_spelling_cannot_be_signed(room: MakeRoom) -> None:
    site: Room = await room(1)
    body = site.signed(await site.challenge(), [shown(0)])
    body["statement"]["servers"][0]["gpus"][0]["memory_gb"] = 80.0
    answer = await site.send(body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_canonical")


async def test_another_branch_sees_and_does_nothing(room: MakeRoom, person: Speaker) -> None:
    site: Room = await room()
    asked = await site.challenge()
    finding = (await site.send(site.signed(asked, [shown(0)]))).json()
    open_ = await site.challenge()
    stranger = await person("wu.jie", "collateral_officer", "320100")
    fresh = text(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    posts = {
        "/v1/attestation-challenges": {"asset_id": site.asset_id, "site": SITE},
        "/v1/attestations": site.signed(open_, [shown(0)]),
        f"/v1/site-keys/{site.key_id}/confirmation": None,
        f"/v1/site-keys/{site.key_id}/revocation": None,
        "/v1/site-keys": {"site": SITE, "branch": "640100", "public_key": fresh},
    }
    for address, body in posts.items():
        answer = (
            await stranger.post(address, json=body, headers=key())
            if body
            else await stranger.post(address, headers=key())
        )
        assert answer.status_code == 404, address
    assert (await stranger.get(f"/v1/attestations/{finding['id']}")).status_code == 404
    for listing in ("/v1/attestations", "/v1/site-keys"):
        assert (await stranger.get(listing)).json()["items"] == []
