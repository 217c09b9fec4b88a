"""Build the benchmark images from real packages, as root on Debian or Ubuntu.

    python bench/build_images.py [--folder bench/images] [--mirror MIRROR] [NAME ...]

`make bench` calls it for images that are not there; the four take about 15 minutes and 8 GB. Each
comes as an OCI layout with gzip layers (NAME), as one with zstd layers (NAME-zstd) and as a
docker-save archive (NAME.docker.tar). Packages come from where apt, pip and npm are set up to get
them; MIRROR (an address or a sources.list file) is handed to mmdebstrap.

Versions are pinned where programs are old on purpose; what they depend on and Debian's packages are
of the day, so two builds are alike, not the same.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

SUITE: Final = "bookworm"
FILES: Final = {"oci": "{name}", "zstd": "{name}-zstd", "docker": "{name}.docker.tar"}
"""Names of the forms of an image in the folder."""

_TOOLS: Final = {
    "mmdebstrap": "mmdebstrap",
    "umoci": "umoci",
    "skopeo": "skopeo",
    "unshare": "util-linux",
    "chroot": "coreutils (in sbin)",
    "zstd": "zstd",
}
_MORE_TOOLS: Final = {"python3.11": "python3.11 with pip", "npm": "nodejs npm"}
_SITE: Final = "lib/python3.11/site-packages"

_OLD_NODE: Final = """
express 4.16.0, lodash 4.17.4, request 2.81.0, socket.io 2.0.3, mongoose 4.11.0, jsonwebtoken
7.4.1, handlebars 4.0.10, moment 2.18.1, pug 2.0.0-rc.2, body-parser 1.17.2, passport 0.3.2,
webpack 3.0.0, gulp 3.9.1, mocha 3.4.2, eslint 4.1.0, babel-cli 6.24.1, babel-preset-env 1.5.2,
node-sass-middleware 0.11.0, minimist 0.0.8, axios 0.16.2, serialize-javascript 1.3.0, aws-sdk
2.80.0
"""
_FRONTEND: Final = """
react-scripts 3.0.0, react 16.8.6, react-dom 16.8.6, @angular/cli 7.3.0, rxjs 6.5.0,
@material-ui/core 3.9.0, date-fns 1.30.1
"""
_FEW_PYTHON: Final = """
django==2.2 requests==2.19.0 jinja2==2.10 flask==0.12.2 werkzeug==0.15.0 markupsafe==2.0.1
celery==4.4.0 paramiko==2.4.0 cryptography==3.4.8 pyyaml==6.0 boto3==1.9.0
"""
_OLD_PYTHON: Final = f"""{_FEW_PYTHON}
pillow==9.3.0 numpy==1.23.5 pandas==1.5.1 sqlalchemy==1.3.0 tornado==5.1 gunicorn==19.9.0
certifi==2018.8.24 idna==2.7 aiohttp==3.8.3 lxml==4.9.2 djangorestframework==3.9.0
psycopg2-binary==2.9.5 redis==3.5.0 ansible==2.9.0
"""
_SCIENCE: Final = "scipy pandas scikit-learn matplotlib ipython networkx sympy"
_JAVA_TOOLS: Final = "tabula-py==2.9.0 JPype1==1.5.0"
_COMPILED: Final = "numpy,pandas,pillow,cryptography,lxml,aiohttp,psycopg2-binary"

_Step = Callable[[Path], None]
"""Something done to a root file system; `_build` makes a layer of what changed."""


class _Image(Struct, frozen=True):
    layers: tuple[tuple[_Step, ...], ...]
    """After the first one, which is Debian's minimal system."""


def main() -> int:
    """Build what was asked for; return 1 if it cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_IMAGES))
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--mirror", help="where mmdebstrap gets Debian from")
    args = parser.parse_args()
    unknown = set(args.names) - set(_IMAGES)
    if unknown:
        parser.error(f"there is no image {', '.join(sorted(unknown))}")
    built = build(args.folder, args.names or [*_IMAGES], mirror=args.mirror)
    return 0 if built else 1


def build(folder: Path, names: Iterable[str], *, mirror: str | None = None) -> bool:
    """Build images into the folder; say what is missing and return False if that cannot be."""
    names = list(names)
    if not names:
        return True
    obstacle = _obstacle(names)
    if obstacle:
        print(f"cannot build {', '.join(names)}: {obstacle}", file=sys.stderr)
        return False
    work = folder / ".build"
    try:
        work.mkdir(parents=True, exist_ok=True)
        base = work / "base.tar"
        places = [mirror] if mirror else []
        _run("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", SUITE, base, *places)
        for name in names:
            print(f"building {name} …", file=sys.stderr, flush=True)
            _write(folder, name, _build(work / name, base, _IMAGES[name]))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return True


def _obstacle(names: list[str]) -> str:
    """Return what is missing to build these, empty if nothing is."""
    if os.geteuid():
        return "root is needed, since packages are installed in a root file system of their own"
    tools = _TOOLS if names == ["debian-min"] else {**_TOOLS, **_MORE_TOOLS}
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not missing:
        return ""
    packages = " ".join(tools[tool] for tool in missing)
    return f"{', '.join(missing)} not found; Debian's packages are: {packages}"


def _build(work: Path, base: Path, image: _Image) -> str:
    """Return the place of the finished image, as skopeo names it."""
    layout, bundle = work / "layout", work / "bundle"
    work.mkdir()
    tag = f"{layout}:latest"
    _run("umoci", "init", "--layout", layout)
    _run("umoci", "new", "--image", tag)
    _run("umoci", "unpack", "--image", tag, bundle)
    root = bundle / "rootfs"
    for steps in ((_unpack(base),), *image.layers):
        for step in steps:
            step(root)
        _run("umoci", "repack", "--refresh-bundle", "--image", tag, bundle)
    shutil.rmtree(bundle)
    return f"oci:{tag}"


def _write(folder: Path, name: str, source: str) -> None:
    """Write all forms of an image, in place of what is there."""
    paths = {form: folder / pattern.format(name=name) for form, pattern in FILES.items()}
    for path in paths.values():
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    copy = ("skopeo", "copy", "--quiet", "--insecure-policy")
    archive = f"docker-archive:{paths['docker']}"
    _run(*copy, source, f"{archive}:{name}:latest")
    # From plain layers, since layers that are compressed already are copied as they are.
    packed = ("--dest-compress", "--dest-compress-format", "zstd")
    _run(*copy, *packed, archive, f"oci:{paths['zstd']}:latest")
    _run(*copy, source, f"oci:{paths['oci']}:latest")  # the last one: it says that all are there


def _unpack(base: Path) -> _Step:
    return lambda root: _run("tar", "-C", root, "-xf", base)


def _apt(packages: str) -> _Step:
    """Install Debian packages, with the name servers of this machine and no services started."""
    script = (
        "apt-get update -qq && "
        f"apt-get install -y -qq --no-install-recommends {packages} && "
        "apt-get clean && rm -rf /var/lib/apt/lists/*"
    )

    def step(root: Path) -> None:
        lent = [root / "etc/resolv.conf", root / "etc/hosts"]
        kept = {path: path.read_bytes() for path in lent if path.is_file()}
        policy = root / "usr/sbin/policy-rc.d"
        for path in lent:
            path.unlink(missing_ok=True)
            path.write_bytes(Path("/", *path.relative_to(root).parts).read_bytes())
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        _in_root(root, script)
        policy.unlink()
        for path in lent:
            path.unlink()
            if path in kept:
                path.write_bytes(kept[path])

    return step


def _pip(arguments: str, target: str = "") -> _Step:
    """Install Python packages into usr/local, or into a folder."""

    def step(root: Path) -> None:
        into = ("--target", root / target) if target else ("--root", root, "--prefix", "/usr/local")
        options = ("--quiet", "--no-warn-script-location", "--ignore-installed")
        _run("python3.11", "-m", "pip", "install", *options, *into, *arguments.split())

    return step


def _npm(folder: str, name: str, wanted: str) -> _Step:
    """Install the tree of an application from its package.json; no script is run."""
    pairs = (one.split() for one in wanted.replace("\n", " ").split(","))
    manifest = {"name": name, "version": "1.0.0", "dependencies": dict(pairs)}

    def step(root: Path) -> None:
        (root / folder).mkdir(parents=True)
        (root / folder / "package.json").write_text(json.dumps(manifest))
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps")
        _run("npm", "install", "--loglevel=error", *options, cwd=root / folder)

    return step


def _file(path: str, text: str) -> _Step:
    def step(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    return step


def _remove(path: str) -> _Step:
    return lambda root: shutil.rmtree(root / path)


def _in_root(root: Path, script: str) -> None:
    """Run a script inside; what it needs mounted is mounted for it alone and goes with it."""
    mounted = (
        'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
        'exec env DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$0" sh -c "$1"'
    )
    _run("unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, root, script)


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace")[-2000:]
        sys.exit(f"{command[0]} {command[1]} failed with {done.returncode}:\n{said}")


_IMAGES: Final = {
    "debian-min": _Image(()),
    "py-app": _Image(
        (
            (_apt("python3 python3-venv ca-certificates"),),
            (_pip(f"--only-binary {_COMPILED} {_OLD_PYTHON}"),),
            (_file("app/requirements.txt", "Django==2.2\n"),),
        )
    ),
    "node-app": _Image(
        ((_apt("nodejs ca-certificates"),), (_npm("app", "old-express-app", _OLD_NODE),))
    ),
    "large": _Image(
        (
            (_apt("default-jre-headless ca-certificates curl"),),
            (_apt("build-essential git python3 python3-dev python3-venv nodejs"),),
            (_apt("docker.io skopeo caddy"),),
            (_apt("maven"),),
            (_pip(_FEW_PYTHON),),
            (_pip(_SCIENCE, f"opt/venv/{_SITE}"),),
            (_npm("app", "old-express-app", _OLD_NODE),),
            (_npm("frontend", "big-frontend", _FRONTEND),),
            (
                _file("srv/app/README", "hello\n"),
                _pip(f"--no-deps {_JAVA_TOOLS}", f"opt/tools/{_SITE}"),
                _remove("app/node_modules/aws-sdk"),
            ),
        )
    ),
}


if __name__ == "__main__":
    sys.exit(main())
