"""All advisory feeds, one line each. The order is that of the manual and of `db build`."""

from typing import Final

from scantling.advisories.api import Feed
from scantling.advisories.feeds import (
    almalinux,
    alpine,
    alpine_aports,
    azurelinux,
    bitnami,
    chainguard,
    cran,
    debian,
    debian_advisories,
    debian_changelogs,
    drupal,
    endoflife,
    epss,
    friendsofphp,
    ghsa,
    golang,
    haskell,
    kev,
    nodejs,
    ocaml,
    osv,
    psf,
    pypa,
    retirejs,
    rubysec,
    rustsec,
    vulnrichment,
    wolfi,
)

FEEDS: Final[tuple[Feed, ...]] = (
    # distributions
    almalinux.PLUGIN,
    alpine.PLUGIN,
    alpine_aports.PLUGIN,
    azurelinux.PLUGIN,
    chainguard.PLUGIN,
    debian.PLUGIN,
    debian_advisories.PLUGIN,
    debian_changelogs.PLUGIN,
    wolfi.PLUGIN,
    # packages of languages, and applications
    bitnami.PLUGIN,
    cran.PLUGIN,
    drupal.PLUGIN,
    friendsofphp.PLUGIN,
    ghsa.PLUGIN,
    golang.PLUGIN,
    haskell.PLUGIN,
    nodejs.PLUGIN,
    ocaml.PLUGIN,
    osv.PLUGIN,
    psf.PLUGIN,
    pypa.PLUGIN,
    retirejs.PLUGIN,
    rubysec.PLUGIN,
    rustsec.PLUGIN,
    # signals and releases
    endoflife.PLUGIN,
    epss.PLUGIN,
    kev.PLUGIN,
    vulnrichment.PLUGIN,
)
