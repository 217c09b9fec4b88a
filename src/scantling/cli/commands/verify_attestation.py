"""Check what somebody signed about an image: by whom, what it says, how old it is.

The newest valid attestation counts. By default a verdict must have passed: exit code 0 then, else
that of the scan it speaks of (1, 3 or 5); 1 as well if none is valid, too old, or not as demanded.

examples:
  scantling verify-attestation registry.example.com/app:1.2 --key cosign.pub --max-age 7d
  scantling verify-attestation app/ --key cosign.pub --verdict clean --policy-digest sha256:…
  scantling verify-attestation app.tar --attestation app.att.json --key cosign.pub
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta

import msgspec

from scantling.cli.attached import (
    Target,
    add_target_options,
    place_of,
    predicate_type,
    span,
    target_of,
)
from scantling.cli.options import image_options
from scantling.cli.stored import read_file, read_public_key
from scantling.core import clock
from scantling.core.errors import UsageError
from scantling.core.model.finding import VerdictStatus
from scantling.core.text import neutral
from scantling.reports.formats.json import inert
from scantling.supply.oci import ENVELOPE_BYTES, Found, attachments
from scantling.supply.statement import VERDICT, Verdict
from scantling.supply.verify import Demands, Judgment, Valid, age_words, judge

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_target_options(parser)
    parser.add_argument(
        "--key",
        metavar="FILE",
        action="append",
        required=True,
        help="public key, or env://NAME; repeatable, one of them must have signed",
    )
    parser.add_argument(
        "--type",
        default="verdict",
        metavar="TYPE",
        help="verdict (default), vuln, cyclonedx, spdx, openvex, or a predicate type's URI",
    )
    parser.add_argument(
        "--attestation",
        metavar="FILE",
        action="append",
        default=[],
        help="look at this envelope or bundle instead of what is attached (repeatable)",
    )
    group = parser.add_argument_group("demands")
    group.add_argument(
        "--verdict",
        metavar="STATUS,…",
        default="",
        help="the verdict must also be one of these: clean, findings, unknown",
    )
    group.add_argument(
        "--policy-digest", metavar="DIGEST", default="", help="decided by these policies"
    )
    group.add_argument("--max-age", metavar="AGE", default="", help="at most so old: 7d, 12h")
    group.add_argument(
        "--database-max-age",
        metavar="AGE",
        default="",
        help="its advisory database was built at most so long ago; exit 5 if not",
    )
    parser.add_argument("--json", action="store_true", help="write the answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Verify, say what was verified by whom, and return the exit code."""
    keys = tuple(read_public_key(name) for name in args.key)
    type_ = predicate_type(args.type)
    _check(args, type_)
    statuses = _statuses(args.verdict)
    target = target_of(args)
    demands = Demands(
        predicate_type=type_,
        subject=target.image.manifest_digest,
        keys=keys,
        now=clock.now(),
        statuses=statuses,
        policy_digest=args.policy_digest,
        max_age=span(args.max_age, "--max-age"),
        database_max_age=span(args.database_max_age, "--database-max-age"),
    )
    judgment = judge(_found(args, demands), demands)
    if args.json:
        sys.stdout.write(_json(judgment, demands))
    else:
        sys.stdout.writelines(f"{row}\n" for row in _text(judgment, demands, target))
    return judgment.exit_code


def _check(args: argparse.Namespace, type_: str) -> None:
    about_verdicts = args.verdict or args.policy_digest or args.database_max_age
    if about_verdicts and type_ != VERDICT:
        raise UsageError("--verdict, --policy-digest and --database-max-age are about verdicts")


def _statuses(text: str) -> frozenset[str]:
    words = frozenset(text.split(",")) if text else frozenset()
    known = [*map(str, VerdictStatus)]
    if not words <= {*known}:
        raise UsageError(f"--verdict takes some of {', '.join(known)}; not {text!r}")
    return words


def _found(args: argparse.Namespace, demands: Demands) -> Iterator[Found]:
    if args.attestation:
        for name in args.attestation:
            yield Found(where=name, data=read_file(name, ENVELOPE_BYTES))
        return
    with place_of(args.target, image_options(args), write=False) as place:
        yield from attachments(place, demands.subject, demands.predicate_type)


def _text(judgment: Judgment, demands: Demands, target: Target) -> Iterator[str]:
    yield f"{neutral(target.name)} {demands.subject}"
    if judgment.counts is not None:
        yield from _counted(judgment.counts, demands)
    if judgment.older:
        yield f"  {judgment.older} older valid ones do not count"
    for one in judgment.rejected[:_SHOWN]:
        yield f"  not counted: {neutral(', '.join(one.where))}: {neutral(one.because)}"
    if len(judgment.rejected) > _SHOWN:
        yield f"  … and {len(judgment.rejected) - _SHOWN} more"
    for sentence in judgment.unmet:
        yield f"refused: {neutral(sentence)}"
    if not judgment.unmet:
        yield "verified"


def _counted(counts: Valid, demands: Demands) -> Iterator[str]:
    yield f"  signed by {neutral(counts.key.name)} ({counts.key.fingerprint})"
    yield f"  type {neutral(counts.statement.predicate_type)}"
    yield f"  at {neutral(', '.join(counts.where))}"
    if counts.moment is not None:
        age = age_words(max(demands.now - counts.moment, timedelta()))
        yield f"  made {clock.rfc3339(counts.moment)}, {age} ago"
    if counts.verdict is not None:
        yield from _said(counts.verdict)


def _said(verdict: Verdict) -> Iterator[str]:
    scanner = f"{verdict.scanner.name} {verdict.scanner.version}"
    yield (
        f"  verdict {neutral(verdict.verdict.status)}, exit code {verdict.verdict.exit_code},"
        f" by {neutral(scanner)}"
    )
    found = verdict.findings
    levels = ", ".join(f"{number} {neutral(level)}" for level, number in found.open.items())
    yield (
        f"  findings: {levels or 'none open'}; {found.undetermined} undetermined,"
        f" {found.suppressed} suppressed"
    )
    if verdict.gaps.blocking:
        codes = ", ".join(f"{neutral(code)} {n}" for code, n in verdict.gaps.blocking.items())
        yield f"  not looked at: {codes}"
    if verdict.policy is not None:
        yield f"  policy {neutral(verdict.policy.digest)}: {neutral(verdict.policy.action)}"
    if verdict.database is not None:
        database = verdict.database
        checked = "" if database.verified else ", not verified"
        yield f"  database {neutral(database.digest)} of {neutral(database.built)}{checked}"


def _json(judgment: Judgment, demands: Demands) -> str:
    counts = judgment.counts
    document = {
        "subject": demands.subject,
        "verified": not judgment.unmet,
        "exit_code": int(judgment.exit_code),
        "unmet": inert(judgment.unmet),
        "rejected": inert(judgment.rejected),
        "older": judgment.older,
        "counts": None
        if counts is None
        else {
            "where": counts.where,
            "key": counts.key.fingerprint,
            "key_file": counts.key.name,
            "predicate_type": counts.statement.predicate_type,
            "made": clock.rfc3339(counts.moment) if counts.moment else "",
            "predicate": inert(msgspec.json.decode(counts.statement.predicate)),
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
