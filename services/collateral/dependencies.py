"""What routes of the collateral service ask of the application they belong to."""

from typing import Annotated

from fastapi import Depends, Request

from domain.roles import Role
from services.collateral.imports import ImportDesk
from services.collateral.registry.adapter import MovablesRegistry
from services.collateral.revaluations import RevaluationDesk
from services.collateral.settings import CollateralSettings
from services.collateral.sources import PolicyShelf, PublishedBooks
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.problems import Problem, ProblemType, register

MACHINES = (Role.SERVICE_WORKER, Role.SERVICE_ORIGINATION)
READERS = (
    *MACHINES,
    Role.RELATIONSHIP_MANAGER,
    Role.CO_INVESTIGATOR,
    Role.REVIEWER,
    Role.COMPLIANCE_OFFICER,
    Role.APPROVER,
    Role.COMMITTEE_SECRETARY,
    Role.COMMITTEE_MEMBER,
    Role.COMMITTEE_CHAIR,
    Role.COLLATERAL_OFFICER,
    Role.CONTRACT_OFFICER,
    Role.DISBURSEMENT_OFFICER,
    Role.MONITOR,
    Role.WORKOUT_OFFICER,
    Role.AUDITOR,
)
INDEX_KEEPERS = (Role.POLICY_ADMIN, Role.OPERATOR)
"""Who enters what was observed of markets; the same people keep the bank's other reference data."""
CUSTODIANS = (*MACHINES, Role.COLLATERAL_OFFICER)
"""Who keeps the register: imports inventories, files security interests, lets shares of assets secure facilities."""
VALUERS = (
    *MACHINES,
    Role.RELATIONSHIP_MANAGER,
    Role.CO_INVESTIGATOR,
    Role.REVIEWER,
    Role.APPROVER,
    Role.COLLATERAL_OFFICER,
)
"""Who may ask for a value. People only try one out (``dry_run``); what enters a case is asked for by its process."""

register(
    ProblemType(
        "asset_over_allocated",
        409,
        "资产份额已用尽",
        "The asset is allocated in full",
        "该资产可分配份额为 {left}。",
        "The share of the asset that is left is {left}.",
    ),
    ProblemType(
        "not_servers",
        409,
        "该资产不是服务器",
        "The asset is not servers",
        "只有 GPU 服务器资产可以导入清单。",
        "Only an asset of GPU servers takes an inventory.",
    ),
    ProblemType(
        "import_in_progress",
        409,
        "该资产正在导入清单",
        "An inventory of this asset is being imported",
        "请等待导入 {import_id} 结束。",
        "Wait for the import {import_id} to end.",
    ),
    ProblemType(
        "asset_pledged",
        409,
        "该资产已为其他业务设定担保",
        "The asset secures another case already",
        "业务 {first} 以第 {rank} 顺位在先；后顺位须明示，且低于 {rank}。",
        "The case {first} is first at rank {rank}; a further pledge states a rank behind it.",
    ),
    ProblemType(
        "registry_not_connected",
        503,
        "未连接登记系统",
        "No registry is connected",
        "本系统未接入动产融资统一登记公示系统。",
        "This installation has no connection to the registry of movables.",
    ),
    ProblemType(
        "registry_unavailable",
        503,
        "登记系统暂不可用",
        "The registry does not answer",
        "请稍后以同一 Idempotency-Key 重试。",
        "Try again later with the same Idempotency-Key.",
        retryable=True,
    ),
    ProblemType(
        "registry_refused",
        409,
        "登记系统不予办理",
        "The registry refused",
        "原因：{reason}。",
        "Its reason: {reason}.",
    ),
    ProblemType(
        "registration_cancelled",
        409,
        "该登记已注销",
        "The registration was cancelled",
        "已注销的登记不能展期或再次注销。",
        "A registration that was cancelled is neither extended nor cancelled again.",
    ),
    ProblemType(
        "asset_released",
        409,
        "资产已解除担保",
        "The asset was released",
        "该资产已不再担保任何业务。",
        "The asset secures nothing any more.",
    ),
    ProblemType(
        "index_vintage_exists",
        409,
        "该版本已存在且内容不同",
        "The vintage exists with another content",
        "价格指数只能追加新版本，不能覆盖。",
        "A price index is only added to; give the corrected series a new vintage.",
    ),
    ProblemType(
        "index_out_of_order",
        409,
        "发布日早于最新版本",
        "The vintage is older than the last one",
        "最新版本发布于 {last}；更早的版本会改变已作估值的依据。",
        "The last vintage was published on {last}; an older one would change what valuations stood on.",
    ),
    ProblemType(
        "series_differs",
        409,
        "同一指数的口径不得改变",
        "A series keeps its measure",
        "该指数此前的型号、口径或币种不同；请另设指数。",
        "The series had another GPU, basis or currency before; another measure is another series.",
    ),
    ProblemType(
        "bases_differ",
        409,
        "口径不同，不得比较",
        "Different bases are never compared",
        "两个指数的下列口径不同：{fields}。",
        "The two indices differ in: {fields}.",
    ),
    ProblemType(
        "no_observation",
        409,
        "该日无观测值",
        "There is no observation by that day",
        "指数在该日之前没有租金观测值。",
        "The index has no observed rent up to that day.",
    ),
    ProblemType(
        "no_value_path",
        409,
        "该估值没有价值路径",
        "The valuation has no value path",
        "仅 GPU 服务器自第二版模型起有价值路径。",
        "Only GPU servers have one, from the second model on, and only where a value could be formed.",
    ),
    ProblemType(
        "dry_run_only",
        403,
        "仅可试算",
        "Only a dry run is open to you",
        "业务中的估值由流程发起；请使用 dry_run=true。",
        "A valuation of a case is asked for by its process; use dry_run=true.",
    ),
)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _policies(request: Request) -> PolicyShelf:
    policies: PolicyShelf = request.app.state.policies
    return policies


def _books(request: Request) -> PublishedBooks:
    books: PublishedBooks = request.app.state.books
    return books


def _documents(request: Request) -> DocumentStore:
    documents: DocumentStore = request.app.state.documents
    return documents


def _imports(request: Request) -> ImportDesk:
    desk: ImportDesk = request.app.state.imports
    return desk


def _revaluations(request: Request) -> RevaluationDesk:
    desk: RevaluationDesk = request.app.state.revaluations
    return desk


def _registry(request: Request) -> MovablesRegistry:
    registry: MovablesRegistry | None = request.app.state.registry
    if registry is None:
        raise Problem("registry_not_connected")
    return registry


def _settings(request: Request) -> CollateralSettings:
    settings: CollateralSettings = request.app.state.settings
    return settings


DatabaseDep = Annotated[Database, Depends(_database)]
PoliciesDep = Annotated[PolicyShelf, Depends(_policies)]
BooksDep = Annotated[PublishedBooks, Depends(_books)]
DocumentsDep = Annotated[DocumentStore, Depends(_documents)]
RevaluationsDep = Annotated[RevaluationDesk, Depends(_revaluations)]
ImportsDep = Annotated[ImportDesk, Depends(_imports)]
RegistryDep = Annotated[MovablesRegistry, Depends(_registry)]
SettingsDep = Annotated[CollateralSettings, Depends(_settings)]
