"""The credit memo (审查报告): everything a reviewer and an approver decide on, in one document, Chinese with English.

It holds figures and conclusions as recorded, with the hash of each finding, and never a sentence that no finding carries.
The four risk fields and the three difficulties are there for every compute loan; what the file does not say is shown so.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from domain.application import Accounts, ApplicationContent, PartyRole
from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.casefile import AssessmentItem
from domain.dossier import Dossier
from domain.facts import Absent, Known
from domain.integrity import KIND as INTEGRITY
from domain.money import Money
from domain.pricing import Quote
from domain.requests.costs import fee_kind, loan_fees
from domain.tasks import MemoNote
from policy.engine import MemoField, MemoTemplate
from services.origination.calc.repayment_words import repayment_rows

_STATES = {"unknown": "未知 unknown", "undisclosed": "未披露 undisclosed", "not_applicable": "不适用 n/a"}
_OUTCOMES = {"pass": "通过 pass", "refer": "待定 refer", "fail": "否决 fail", "not_run": "未执行 not run"}


def memo(
    dossier: Dossier,
    items: Iterable[AssessmentItem],
    as_of: date,
    template: MemoTemplate | None = None,
    notes: Sequence[MemoNote] = (),
) -> str:
    """The memo as Markdown. The same case on the same day gives the same bytes.

    ``notes`` is what the lead investigator wrote on the fields of ``template``; it stands beside the facts of its section.
    """
    said = {note.field: note.text for note in notes}
    fields = template.fields if template is not None else ()
    views = [(item, said[item.id]) for item in fields if item.section == "risk_view" and item.id in said]
    difficulties = [(item, said[item.id]) for item in fields if item.section == "difficulty" and item.id in said]
    items = tuple(items)
    parts: list[str] = []
    for section in (_head(dossier, as_of), _request(dossier), _borrower(dossier), _accounts(dossier.content),
                    _project(dossier.content), _assessment(dossier), _collateral(dossier),
                    [*_risks(dossier.content), *_said(views)],
                    [*_difficulties(dossier, items), *_said(difficulties)], _conclusions(items),
                    _integrity(items)):  # fmt: skip
        parts.append("\n".join(section))
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(dossier: Dossier, as_of: date) -> Iterator[str]:
    yield f"# 授信审查报告 Credit memo · {dossier.case_number}"
    yield ""
    yield f"- 贷款机构 Lender: {_cell(dossier.lender.name)}（{dossier.lender_id}）"
    yield f"- 机构 Branch: {dossier.branch}"
    yield f"- 业务日期 Business date: {as_of.isoformat()}"
    yield f"- 政策包 Policy bundle: `{dossier.policy_sha256}`"


def _request(dossier: Dossier) -> Iterator[str]:
    line = dossier.line
    yield "## 1 申请 Request"
    yield ""
    yield from _table(
        ("产品 product", line.product),
        ("种类 kind", line.kind.value),
        ("金额 amount", str(line.amount)),
        ("期限 tenor", f"{line.tenor_months} 个月 months"),
        ("用途 purpose", line.purpose),
        ("还款 repayment", f"{line.repayment.method.value}, {line.repayment.frequency}"),
        ("宽限期 grace", f"{line.repayment.grace_months} 个月 months"),
        *repayment_rows(line.repayment),
    )


def _borrower(dossier: Dossier) -> Iterator[str]:
    content = dossier.content
    borrower = content.party(PartyRole.BORROWER)
    profile = content.borrower
    yield "## 2 借款人 Borrower"
    yield ""
    yield from _table(
        ("名称 name", borrower.name if borrower else "—"),
        ("统一社会信用代码 code", borrower.uscc if borrower else "—"),
        ("成立 established", _fact(profile.established)),
        ("行业 industry", _fact(profile.industry)),
        ("产业链环节 segment", _fact(profile.chain_segment)),
        ("规模 size", _fact(profile.size)),
        ("首贷户 first loan", _fact(profile.first_loan)),
        ("建设方类型 builder", _fact(profile.builder_type)),
        ("政府平台 platform", _fact(profile.government_platform)),
        ("关联方 related to lender", _fact(profile.related_to_lender)),
        ("贷款余额 loans with us", str(dossier.exposures.customer_loans)),
        ("风险暴露 exposure", str(dossier.exposures.customer_exposure)),
        ("集团暴露 group exposure", str(dossier.exposures.group_exposure)),
    )


def _accounts(content: ApplicationContent) -> Iterator[str]:
    names = ("revenue", "profit", "operating_cash_flow", "cash", "total_assets", "equity")
    yield "## 3 财务 Accounts"
    yield ""
    yield "| 期末 period end | 口径 scope | 审计 audited | " + " | ".join(names) + " |"
    yield "|" + "---|" * (len(names) + 3)
    for period in sorted(content.accounts, key=lambda item: item.period_end):
        yield _accounts_row(period, names)


def _accounts_row(period: Accounts, names: tuple[str, ...]) -> str:
    cells = [period.period_end.isoformat(), period.scope, "是 yes" if period.audited else "否 no"]
    return "| " + " | ".join([*cells, *(_fact(getattr(period, name)) for name in names)]) + " |"


def _project(content: ApplicationContent) -> Iterator[str]:
    yield "## 4 项目与资金 Project and funds"
    yield ""
    project = content.project
    if project is not None:
        yield from _table(
            ("项目 project", project.name or "—"),
            ("总投资 headline investment", _fact(project.headline_investment)),
            ("备案 filing", _fact(project.filing_number)),
            ("节能审查 energy review", _fact(project.energy_review_number)),
            ("进度 progress", _fact(project.progress)),
            ("投运 operation", _fact(project.operation_date)),
        )
        yield ""
    for title, rows in (
        ("用途 use", [(use.use_class.value, str(use.amount)) for use in content.uses]),
        ("来源 source", [(source.kind.value, str(source.amount)) for source in content.sources]),
        ("合同 contract", [(c.number, f"{_cell(c.buyer_name)} · {_fact(c.amount)}") for c in content.contracts]),
    ):
        if rows:
            yield f"| {title} | |"
            yield "|---|---|"
            for name, text in rows:
                yield f"| {_cell(name)} | {text} |"
            yield ""


def _assessment(dossier: Dossier) -> Iterator[str]:
    yield "## 5 评级、额度与价格 Rating, limit and price"
    yield ""
    if dossier.rating is not None:
        rating = dossier.rating
        yield f"- 评级 Rating: **{rating.grade}** · {rating.card_class} · {rating.card_score:.1f} · PD {rating.pd:.8f}"
        yield "- 因子 Factors: " + ", ".join(
            f"{item.factor} {item.points:.1f}/{item.of:.1f}" for item in rating.factors
        )
    if dossier.rating_override is not None:
        override = dossier.rating_override
        yield (
            f"- 推翻评级 Override: **{override.model_grade} → {override.grade}**（{override.notches:+d}）· "
            f"PD {override.model_pd:.8f} → {override.pd:.8f} · 至 until {override.valid_until.isoformat()}"
        )
    if dossier.limit is not None:
        limit = dossier.limit
        yield f"- 额度 Limit: **{limit.limit}** / {limit.asked} · {limit.tenor_months} m"
        yield f"- 约束项 Binding: {limit.binding or '—'}"
        yield ""
        yield "| 上限 cap | 金额 amount | 代码 code | 缺失 missing |"
        yield "|---|---|---|---|"
        for cap in limit.caps:
            yield f"| {cap.name.value} | {_money(cap.amount)} | {cap.code} | {', '.join(cap.missing)} |"
        if limit.project_capital is not None:
            capital = limit.project_capital
            yield ""
            yield (
                f"- 资本金 Project capital: 应有 required {capital.required}, 合格 eligible {_money(capital.eligible)}, "
                f"缺口 short {_money(capital.short)}, 到位 paid in {_money(capital.paid_in)}"
            )
    if dossier.quote is not None:
        quote = dossier.quote
        yield ""
        yield f"- 价格 Price: **{quote.headline()}**；底价 floor {quote.floor_rate:.8f}"
        yield f"- RAROC {quote.raroc:.8f} / {quote.hurdle:.8f}{'，低于底价 below floor' if quote.below_floor else ''}"
        yield from _build_up(quote)
    if dossier.schedule is not None:
        yield f"- 还款计划 Schedule: {dossier.schedule.headline()}"
    if dossier.borrowing_cost is not None:
        yield from _cost(dossier.borrowing_cost, dossier.content)
    if dossier.buy_or_rent is not None:
        yield from _purchase(dossier.buy_or_rent)


_PAYERS = {"borrower": "借款人 borrower", "lender": "贷款人 lender", "third_party": "第三方 third party"}
_KINDS = {
    "guarantee": "担保 guarantee",
    "appraisal": "评估 appraisal",
    "registration": "登记 registration",
    "insurance": "保险 insurance",
    "legal": "法律 legal",
    "arrangement": "安排 arrangement",
    "commitment": "承诺 commitment",
    "other": "其他 other",
}
_STRATEGIES = {"rent": "租用 rent", "buy": "购置 buy", "mixed": "部分购置 own some"}


def _cost(cost: BorrowingCost, content: ApplicationContent) -> Iterator[str]:
    """What the loan costs the borrower, fee by fee with its payer; support is shown beside it and not taken off."""
    whole, bare = cost.cost, cost.interest_only
    yield (
        f"- 综合融资成本 Cost of borrowing: 名义 nominal **{whole.nominal:.8f}**, 实际 effective **{whole.effective:.8f}**；"
        f"仅利息 interest alone {bare.nominal:.8f} / {bare.effective:.8f}"
    )
    fees = loan_fees(content)
    if fees:
        adds = {(share.kind, share.payer): share.adds for share in cost.fees}
        yield ""
        yield "| 费用 fee | 类别 kind | 金额 amount | 承担方 payer | 该类费用推高 its kind adds |"
        yield "|---|---|---|---|---|"
        for fee in fees:
            kind = fee_kind(fee.name)
            share = adds.get((kind, fee.payer))
            yield (
                f"| {_cell(fee.name)} | {_KINDS[kind]} | {fee.amount} | {_PAYERS[fee.payer]} | "
                f"{'—' if share is None else f'{share:.8f}'} |"
            )
        yield ""
    for line in cost.support:
        amount = f"{line.amount}" if line.amount is not None else f"待定 open: {', '.join(line.missing)}"
        yield f"- 扶持（另列）Support, shown apart: {line.programme} {line.version} · {amount} {line.code}".rstrip()
    if cost.after_support is not None:
        after = cost.after_support
        yield f"- 扣除贴息后 After subsidy: 名义 nominal {after.nominal:.8f}, 实际 effective {after.effective:.8f}"


def _purchase(found: BuyOrRent) -> Iterator[str]:
    """Whether the servers are better owned or rented, by present values."""
    yield (
        f"- 租购比较 Buy or rent: **{_STRATEGIES[found.recommended]}**, 租用/自建 rent to build {found.rent_to_build:.4f}, "
        f"节约 saving {found.saving}, 平衡租金 break-even rent {found.break_even_rent}"
    )
    for strategy in found.strategies:
        yield (
            f"  - {_STRATEGIES[strategy.name]}: 现值 present value {strategy.present_value}, 购置 owned {strategy.owned}, "
            f"最多租用 most rented {strategy.most_rented}"
        )


def _build_up(quote: Quote) -> Iterator[str]:
    """How the rate comes about: the waterfall where the price model spells it out, else the components alone."""
    if not quote.waterfall:
        yield "- 构成 Build-up: " + ", ".join(f"{item.name} {item.rate:.8f}" for item in quote.components)
    else:
        yield ""
        yield "| 构成 build-up | 利率 rate | 累计 total | 依据 because |"
        yield "|---|---|---|---|"
        for step in quote.waterfall:
            yield f"| {step.title_zh} {step.title_en} | {step.rate:.8f} | {step.total:.8f} | {step.because} |"
        yield ""
    waiver = quote.floor_waiver
    if waiver is not None and quote.below_floor:
        ground = "有 yes" if waiver.grounded else "无 no"
        yield (
            f"- 底价豁免 Waiver of the floor: {waiver.title_zh} {waiver.title_en}, "
            f"低 short {waiver.shortfall * 10_000:.2f} bp, 理由 ground: {ground}"
        )


def _collateral(dossier: Dossier) -> Iterator[str]:
    yield "## 6 押品 Collateral"
    yield ""
    yield "| 资产 asset | 批次 cohort | 数量 units | 放贷价值 lending value | LTV | 合格 eligible | 发现 finding |"
    yield "|---|---|---|---|---|---|---|"
    for item in dossier.valuations:
        value = item.valuation
        eligible = "是 yes" if value.eligible else "否 no"
        yield (
            f"| {item.asset_key} | {item.cohort} | {value.units} | {value.lending_value} | {value.ltv:.2f} | {eligible} "
            f"| `{item.finding.sha256[:12]}` |"
        )


def _risks(content: ApplicationContent) -> Iterator[str]:
    """Energy, efficiency, application of innovation, technical breakthrough: the four views of compute risk."""
    project, technology = content.project, content.technology
    yield "## 7 四项风险 Four risk views"
    yield ""
    yield "| 视角 view | 事实 facts |"
    yield "|---|---|"
    energy = [f"PUE {_fact(project.pue)}", f"绿电 green power {_fact(project.green_power)}"] if project else []
    if project is not None:
        energy += [f"能耗 tce/y {_fact(project.energy_tce_per_year)}"]
    energy += [f"电力合同至 power until {_fact(item.power_contract_expires)}" for item in content.economics[:1]]
    yield f"| 能源 energy | {'; '.join(energy) or '—'} |"
    yield (
        f"| 效率 efficiency | 利用率 utilisation {_fact(technology.utilisation)}; "
        f"GFLOPS/W {_fact(technology.gflops_per_watt)}; 上架率 rack use {_fact(project.rack_use) if project else '—'} |"
    )
    buyers = "; ".join(f"{_cell(item.buyer_name)}（{_fact(item.buyer_tier)}）" for item in content.contracts[:20])
    yield f"| 创新应用 application | {buyers or '—'} |"
    yield (
        f"| 技术突破 breakthrough | PFLOPS {_fact(technology.installed_pflops)}; "
        f"专利 patents {_fact(technology.invention_patents)}; 研发 R&D staff {_fact(technology.research_staff)} |"
    )


def _said(written: Sequence[tuple[MemoField, str]]) -> Iterator[str]:
    """The lead investigator's own words, field by field."""
    if written:
        yield ""
        yield "主办调查意见 In the lead investigator's words:"
        yield ""
    for item, text in written:
        yield f"- **{item.title_zh} {item.title_en}**: {_cell(text)}"


def _difficulties(dossier: Dossier, items: tuple[AssessmentItem, ...]) -> Iterator[str]:
    """No fixed assets to pledge, technology hard to value, risk hard to control (三难), and what answers each."""
    content = dossier.content
    yield "## 8 三难 Three difficulties"
    yield ""
    legs = ", ".join(f"{leg.method} {leg.amount}" for leg in content.security)
    yield f"- 缺抵押 little to pledge: {legs or '—'}；押品批次 cohorts {len(dossier.valuations)}"
    people = content.technology.key_people
    team = f"研发 R&D {_fact(content.technology.research_staff)} / {_fact(content.technology.staff)}"
    rated = f"{dossier.rating.card_class}（{dossier.rating.grade}）" if dossier.rating is not None else "—"
    yield f"- 技术难估 hard to value: 评分 card {rated}；团队 team {team}；核心人员 key people {len(people or ())}"
    doubtful = sum(item.finding.outcome != "pass" for item in items)
    yield f"- 风险难控 hard to control: 非通过结论 conclusions short of a pass {doubtful} / {len(items)}"
    stage = _fact(content.borrower.life_stage)
    yield f"- 阶段与用途 stage and purpose: {stage} → {dossier.line.purpose}"


def _conclusions(items: tuple[AssessmentItem, ...]) -> Iterator[str]:
    yield "## 9 结论与依据 Conclusions and evidence"
    for item in items:
        if item.finding.kind.startswith(f"{INTEGRITY}."):
            continue
        name = " · ".join(part for part in (item.finding.kind, item.asset_key, item.cohort) if part)
        yield ""
        yield f"### {name} — {_OUTCOMES[item.finding.outcome.value]}"
        yield ""
        yield f"{_cell(item.finding.value) or '—'}（{item.service}, {item.as_of.isoformat()}, `{item.finding.sha256}`）"
        if item.reasons:
            yield ""
        for reason in item.reasons:
            where = f" `{_cell(reason.subject)}`" if reason.subject else ""
            yield f"- **{_cell(reason.code)}**{where}: {_cell(reason.message_zh)} / {_cell(reason.message_en)}"


def _integrity(items: tuple[AssessmentItem, ...]) -> Iterator[str]:
    """Every fraud and consistency check that was run, and by name those that were not: no conclusion is no clean one."""
    checks = [item for item in items if item.finding.kind.startswith(f"{INTEGRITY}.")]
    if not checks:
        return
    yield "## 10 真实性与一致性核查 Fraud and consistency checks"
    yield ""
    yield "| 核查 check | 结论 outcome | 所见 seen | 依据 finding |"
    yield "|---|---|---|---|"
    for item in checks:
        seen = "；".join(f"{_cell(reason.message_zh)} / {_cell(reason.message_en)}" for reason in item.reasons)
        outcome = _OUTCOMES[item.finding.outcome.value]
        yield f"| {item.value['check']} | {outcome} | {seen or '—'} | `{item.finding.sha256[:12]}` |"


def _table(*rows: tuple[str, str]) -> Iterator[str]:
    yield "| 项目 item | 内容 |"
    yield "|---|---|"
    for name, text in rows:
        yield f"| {name} | {_cell(text)} |"


def _fact(fact: Known[Any] | Absent | None) -> str:
    """A fact as the file has it: its value, or the honest statement that there is none."""
    if fact is None:
        return "未填 not given"
    if isinstance(fact, Absent):
        return _STATES[fact.state]
    value = fact.value
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return _cell(str(getattr(value, "value", value)))


def _money(amount: Money | None) -> str:
    return "—" if amount is None else str(amount)


def _cell(text: str) -> str:
    """Text from outside inside Markdown: no pipes, line breaks or markup of its own."""
    plain = " ".join(text.split())
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]<>#|" else mark for mark in plain)
