"""Rules and results of SARIF: what one finding or one decision looks like there."""

from typing import Final
from urllib.parse import quote

from scantling.core.model.advisory import Level
from scantling.core.model.decision import Action, Decision
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral, octets
from scantling.reports import gate, view
from scantling.reports.gate import Seen
from scantling.reports.markdown_syntax import code, inert

Json = dict[str, object]

ROOT: Final = "%SRCROOT%"
_MOST_CHARS: Final = 4096
_MOST_TAGS: Final = 10
_MOST_LINKS: Final = 10
_LEVELS: Final = {
    Level.CRITICAL: "error",
    Level.HIGH: "error",
    Level.MEDIUM: "warning",
    Level.LOW: "note",
    Level.NEGLIGIBLE: "note",
    Level.UNKNOWN: "warning",
}
# GitHub sorts by this number; a level without a score gets the middle of its range.
_SCORES: Final = {
    Level.CRITICAL: "9.5",
    Level.HIGH: "8.0",
    Level.MEDIUM: "5.5",
    Level.LOW: "2.0",
    Level.NEGLIGIBLE: "0.1",
    Level.UNKNOWN: "5.0",
}


class Rules:
    """The rules of a run, sorted by id: one per vulnerability, one per deciding policy rule."""

    def __init__(self, findings: list[Finding], decisions: list[Decision]) -> None:
        worst: dict[str, Finding] = {}
        for one in findings:
            before = worst.get(one.id)
            if before is None or _rank(one) > _rank(before):
                worst[one.id] = one
        made = {id_: _rule(one) for id_, one in worst.items()}
        made |= {_policy_id(one): _policy_rule(one) for one in decisions}
        ordered = sorted(made)
        self.values = [made[id_] for id_ in ordered]
        self._index = {id_: at for at, id_ in enumerate(ordered)}

    def reference(self, id_: str) -> Json:
        """Return the properties of a result that name its rule."""
        return {"ruleId": neutral(id_), "ruleIndex": self._index[id_]}


def of_finding(report: ScanReport, one: Seen, rules: Rules) -> Json:
    """Return the result for a finding; one of an earlier report is `absent`."""
    finding = one.finding
    result = rules.reference(finding.id) | {
        "level": "error" if one.blocks else _LEVELS[finding.severity],
        "message": {"text": neutral(_message(report, one), limit=_MOST_CHARS)},
        "locations": [_location(one)],
        # GitHub knows alerts by the second alone; without it, those of one line would be one.
        "partialFingerprints": {
            "scantlingIdentity/v1": neutral(finding.identity),
            "primaryLocationLineHash": f"{neutral(finding.identity)}:1",
        },
        "properties": _properties(one),
    }
    if one.package is None:
        result["baselineState"] = "absent"
    elif one.new is not None:
        result["baselineState"] = "new" if one.new else "unchanged"
    because = _suppression(one)
    if because:
        justification = neutral(because, limit=_MOST_CHARS)
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": justification}
        ]
    return result


def of_decision(decision: Decision, rules: Rules) -> Json:
    """Return the result for a decision about something that is no finding."""
    text = f"{decision.subject}: {gate.decided(decision)}: {decision.reason}"
    key = f"{decision.rule}:{decision.subject}"
    return rules.reference(_policy_id(decision)) | {
        "level": "error" if decision.action is Action.BLOCK else "warning",
        "message": {"text": neutral(text, limit=_MOST_CHARS)},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": neutral(decision.subject)}]}],
        "partialFingerprints": {"scantlingDecision/v1": neutral(key, limit=_MOST_CHARS)},
        "properties": {"decision": decision.action, "rule": neutral(decision.rule)},
    }


def _rank(finding: Finding) -> tuple[int, float]:
    return finding.severity.rank, finding.score or 0.0


def _rule(finding: Finding) -> Json:
    summary = neutral(finding.summary or f"{finding.id} in {view.display_name(finding.purl)}")
    pages = [page for page in map(view.link, finding.references) if page][:_MOST_LINKS]
    rule: Json = {
        "id": neutral(finding.id),
        "name": "VulnerablePackage",
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": _help(finding, summary, pages),
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": _tags(finding),
            "security-severity": _score(finding),
            "aliases": [neutral(one) for one in finding.aliases],
        },
    }
    if pages:
        rule["helpUri"] = pages[0]
    return rule


def _score(finding: Finding) -> str:
    """Return the number from 0.0 to 10.0 that code scanning makes its severity of."""
    if finding.score is not None:
        return f"{finding.score:.1f}"
    if finding.severity is Level.UNKNOWN and finding.risk is not None:
        return f"{max(finding.risk.score / 10, 0.1):.1f}"
    return _SCORES[finding.severity]


def _tags(finding: Finding) -> list[str]:
    weaknesses = [one.value.split(" ") for one in finding.signals if one.kind == "cwe"]
    named = sorted({neutral(f"external/cwe/{id_.lower()}") for some in weaknesses for id_ in some})
    exploited = ["exploited"] if any(one.kind == "kev" for one in finding.signals) else []
    tags = ["security", "vulnerability", finding.severity, *exploited, *named]
    return tags[:_MOST_TAGS]


def _help(finding: Finding, summary: str, pages: list[str]) -> Json:
    """Return what code scanning shows about a rule, as text and as Markdown."""
    source = f" (says {finding.severity_source})" if finding.severity_source else ""
    facts = [
        ("Severity", f"{finding.severity}{source}"),
        ("CVSS", f"{finding.score:.1f}, {finding.vector}" if finding.score is not None else ""),
        ("Aliases", ", ".join(finding.aliases)),
        ("Fix", view.fix_words(finding)),
    ]
    facts = [(name, value) for name, value in facts if value]
    text = [summary, *(f"{name}: {neutral(value)}" for name, value in facts), *pages]
    markdown = [f"**{inert(summary)}**", ""]
    markdown += [f"- {name}: {inert(value)}" for name, value in facts]
    markdown += [f"- <{page}>" for page in pages]
    markdown += ["", f"Why it was found: {code(f'scantling explain IMAGE {finding.id}')}"]
    return {"text": "\n".join(text), "markdown": "\n".join(markdown)}


def _policy_id(decision: Decision) -> str:
    return f"policy/{decision.rule}"


def _policy_rule(decision: Decision) -> Json:
    text = neutral(f"Rule {decision.rule} of the policy")
    return {
        "id": neutral(_policy_id(decision)),
        "name": "PolicyRule",
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": neutral(decision.reason, limit=_MOST_CHARS)},
        "properties": {"tags": ["policy"]},
    }


def _message(report: ScanReport, one: Seen) -> str:
    finding = one.finding
    about = f"{one.name} {one.version}".strip()
    about = f"{about} ({one.type}) has {finding.id} ({finding.severity})"
    if finding.state is not FindingState.OPEN:
        about += f", {finding.state}: {finding.reason}"
    text = f"{about}. Fix: {view.fix_words(finding)}."
    decision = gate.why(one, report.fail_on)
    if decision:
        reason = f": {one.decision.reason}" if one.decision else ""
        text += f" Decision: {decision}{reason}."
    if one.package is None:
        return f"{text} It is gone since {report.baseline.name if report.baseline else ''}."
    instruction = view.instruction(report, one.package.origin)
    origin = f" It came with layer {one.package.origin}"
    return text + origin + (f" ({instruction})." if instruction else ".")


def _location(one: Seen) -> Json:
    logical = [{"fullyQualifiedName": one.finding.purl, "kind": "module"}]
    if one.place is not None:
        region: Json = {"startLine": one.place.line}
        region |= {"startColumn": one.place.column} if one.place.column else {}
        region |= {"endLine": one.place.end_line} if one.place.end_line else {}
        region |= {"snippet": {"text": neutral(one.place.text)}} if one.place.text else {}
        artifact = {"uri": quote(octets(one.place.path), safe="/"), "uriBaseId": ROOT}
    else:
        region = {"startLine": 1}
        found = one.package.locations if one.package else ()
        artifact = {"uri": quote(octets(found[0].path), safe="/") if found else ""}
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": region},
        "logicalLocations": logical,
    }


def _properties(one: Seen) -> Json:
    finding = one.finding
    properties: Json = {
        "purl": finding.purl,
        "fixedIn": [neutral(version) for version in finding.fixed_in],
        "state": finding.state,
        "part": one.part,
    }
    if one.package is not None:
        properties["layer"] = one.package.origin
        properties["paths"] = [neutral(at.path) for at in one.package.locations[:_MOST_LINKS]]
    if finding.risk is not None:
        risk = finding.risk
        properties["risk"] = {"score": risk.score, "low": risk.low, "high": risk.high}
    if one.decision is not None:
        properties["decision"] = one.decision.action
        properties["rule"] = neutral(one.decision.rule)
    if one.blocks:
        properties["blocks"] = True
    if one.place is not None:
        properties["placeCertain"] = one.place.certain
    return properties


def _suppression(one: Seen) -> str:
    """Return why a result is suppressed, empty if it is not."""
    if one.finding.state is FindingState.SUPPRESSED and not one.blocks:
        return one.finding.reason or "suppressed without a reason"
    used = one.exception
    if used is None:
        return ""
    until = f", until {used.expires}" if used.expires else ""
    approver = f", approved by {used.approver}" if used.approver else ""
    return f"{used.id} ({used.owner}{approver}{until}): {used.reason}"
