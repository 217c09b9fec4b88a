"""Sign what a scan came to, as an attestation beside the image.

The attestation is an in-toto statement in a DSSE envelope, signed with a key of yours (one of
cosign's, or any in PEM). `--push` puts it into the registry or OCI layout of the image, in the form
of OCI 1.1 (referrers) and in that of cosign (the tag sha256-….att).

examples:
  scantling attest --generate-key cosign
  scantling attest registry.example.com/app:1.2 --report app.json --key cosign.key --push
  scantling attest app/ --report app.json --key env://COSIGN_PRIVATE_KEY --type vuln --output a.json
"""

import argparse
import sys
from pathlib import Path

from scantling.cli.attached import Target, add_target_options, place_of, target_of
from scantling.cli.options import image_options
from scantling.cli.stored import StoredReport, password, read_private_key, read_report
from scantling.core import clock
from scantling.core.errors import ExitCode, UsageError
from scantling.core.text import neutral
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.supply.dsse import bundle_of, sign
from scantling.supply.keys import create_key_pair
from scantling.supply.oci import Attachment, attach
from scantling.supply.places import digest_of
from scantling.supply.statement import TYPES, Subject, statement_of, verdict_of, vuln_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_target_options(parser, required=False)
    parser.add_argument(
        "--report", metavar="FILE", help="what scan --format json wrote about the image; - is stdin"
    )
    parser.add_argument("--key", metavar="FILE", help="private key, or env://NAME")
    parser.add_argument(
        "--type", choices=[*TYPES], default="verdict", help="what is said (default: verdict)"
    )
    parser.add_argument(
        "--index",
        action="store_true",
        help="speak of the whole multi-platform image as well; only if the report holds for it",
    )
    parser.add_argument("--push", action="store_true", help="attach it to the image")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="with --push: drop earlier attestations of this type from the tags",
    )
    parser.add_argument("--output", metavar="FILE", help="write the signed envelope to a file")
    parser.add_argument(
        "--generate-key",
        metavar="PREFIX",
        help="make PREFIX.key and PREFIX.pub, as cosign does, and stop",
    )


def run(args: argparse.Namespace) -> int:
    """Attest and return 0; nothing is written unless everything fits together."""
    if args.generate_key:
        return _generate(args.generate_key)
    if not (args.target and args.report and args.key):
        raise UsageError("attest needs TARGET, --report and --key (or --generate-key)")
    stored = read_report(args.report)
    target = target_of(args)
    _check(stored, target, args)
    key = read_private_key(args.key)
    predicate_type = TYPES[args.type][0]
    subjects = _subjects(target, whole=args.index)
    envelope = sign(statement_of(subjects, predicate_type, _predicate(stored, args.type)), key)
    if args.output:
        _write(Path(args.output), envelope + b"\n")
    if args.push:
        attachment = Attachment(
            envelope=envelope,
            bundle=bundle_of(envelope, key.public),
            predicate_type=predicate_type,
            created=clock.rfc3339(clock.now()),
            replaces=args.replace,
        )
        with place_of(args.target, image_options(args), write=True) as place:
            for subject in subjects:
                for where in attach(place, subject.digest, attachment):
                    sys.stdout.write(f"attached to {subject.digest}: {neutral(where)}\n")
    if not args.output and not args.push:
        sys.stdout.write(envelope.decode() + "\n")
    return ExitCode.PASSED


def _generate(prefix: str) -> int:
    made = create_key_pair(Path(prefix), password(f"{prefix}.key", twice=True))
    sys.stdout.write(
        f"{prefix}.key is the private key: keep it secret, with its password\n"
        f"{prefix}.pub is the public key {made.public.fingerprint}: give it to whoever verifies\n"
    )
    return ExitCode.PASSED


def _check(stored: StoredReport, target: Target, args: argparse.Namespace) -> None:
    """Raise UsageError unless the report is about this image."""
    said, is_ = stored.report.image.manifest_digest, target.image.manifest_digest
    if said != is_:
        raise UsageError(
            f"{stored.name} is about {said or 'an image without a digest'} and {args.target} is "
            f"{is_}; scan it again, or name the image by its digest"
        )


def _subjects(target: Target, *, whole: bool) -> tuple[Subject, ...]:
    """Return the image; its index too if that has this platform only, or the user says so.

    A verdict on one platform, signed for the index, would vouch for all the others.
    """
    subject = Subject(name=target.name, digest=target.image.manifest_digest)
    if target.index_digest and (whole or len(target.platforms) == 1):
        return (subject, Subject(name=target.name, digest=target.index_digest))
    return (subject,)


def _predicate(stored: StoredReport, type_: str) -> bytes:
    if type_ == "verdict":
        return verdict_of(stored.report, digest_of(stored.data))
    name = TYPES[type_][1]
    if name not in FORMATS:
        raise UsageError(f"this version writes no {name}, so it cannot attest {type_}")
    if type_ == "openvex" and stored.report.database is None:
        raise UsageError(f"{stored.name} is an inventory; VEX needs a report of scan")
    document = render(stored.report, FORMATS[name], Look()).encode()
    return vuln_of(stored.report, document) if type_ == "vuln" else document


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from error
