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
    wolfi,
)

FEEDS: Final[tuple[Feed, ...]] = (
    # distributions
    almalinux.FEED,
    alpine.FEED,
    alpine_aports.FEED,
    azurelinux.FEED,
    chainguard.FEED,
    debian.FEED,
    debian_advisories.FEED,
    debian_changelogs.FEED,
    wolfi.FEED,
    # packages of languages, and applications
    bitnami.FEED,
    cran.FEED,
    drupal.FEED,
    friendsofphp.FEED,
    ghsa.FEED,
    golang.FEED,
    haskell.FEED,
    nodejs.FEED,
    ocaml.FEED,
    osv.FEED,
    psf.FEED,
    pypa.FEED,
    retirejs.FEED,
    rubysec.FEED,
    rustsec.FEED,
    # signals and releases
    endoflife.FEED,
    epss.FEED,
    kev.FEED,
)
