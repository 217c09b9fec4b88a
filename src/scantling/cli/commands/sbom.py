"""List what is in an image, without judging it: a software bill of materials.

examples:
  scantling sbom app.tar > app.cdx.json
  scantling sbom app.tar --format json=app.json
"""

import argparse

from scantling.cli.options import add_image_options, cache_of, scan_options
from scantling.cli.output import add_output_options, outputs, write
from scantling.cli.watch import watching
from scantling.scan import look, report_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_image_options(parser)
    add_output_options(parser, default="cyclonedx-json")


def run(args: argparse.Namespace) -> int:
    """Read the image and write its packages; the exit code says whether all of it was read."""
    options = scan_options(args)
    chosen = outputs(args, default="cyclonedx-json", inventory=True)
    with watching(quiet=args.quiet) as progress:
        looked = look(args.target, options, cache=cache_of(args), progress=progress)
    report = report_of(looked, options)
    write(report, chosen, args)
    return report.verdict.exit_code
