"""Logins for registries, from the files that docker and podman keep.

Read in this order, the first file that has an entry wins: `--auth-file`, or else
`$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json` (`~/.docker/config.json`),
`$XDG_RUNTIME_DIR/containers/auth.json`, `~/.config/containers/auth.json`. In a file, a helper for
the registry comes before the helper for all, and that before a stored login.

Source: docker-login(1) ("Credential stores", "Credential helpers"); containers-auth.json(5).
"""

import base64
import binascii
import os
import re
import shutil
import subprocess  # scantling runs one fixed kind of program here, with an argument list
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import RegistryError
from scantling.core.limits import MIB
from scantling.core.secret import Secret
from scantling.core.text import neutral

_FILE_BYTES: Final = 4 * MIB
_HELPER_S: Final = 20
_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TOKEN_USER: Final = "<token>"  # noqa: S105 - the helpers' word for "this is a token"
_HUB_KEYS: Final = (
    "https://index.docker.io/v1/",
    "https://index.docker.io/v1",
    "index.docker.io",
    "docker.io",
    "registry-1.docker.io",
)


class Login(Struct, frozen=True, kw_only=True):
    """A user name and password, or an identity token (then `user` is empty)."""

    user: str
    secret: Secret


class _Auth(Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""


class _File(Struct):
    auths: dict[str, _Auth] = {}
    credsStore: str = ""  # noqa: N815 - docker's spelling
    credHelpers: dict[str, str] = {}  # noqa: N815


class _Answer(Struct):
    Username: str = ""
    Secret: str = ""


def find_login(registry: str, repository: str, auth_file: str = "") -> Login | None:
    """Return the login for a registry (`docker.io`, `host:port`), None if no file has one.

    Raises RegistryError for a file that cannot be read or a helper that fails; never with anything
    secret in the message.
    """
    for path in _files(auth_file):
        found = _login_in(path, registry, repository, required=bool(auth_file))
        if found is not None:
            return found
    return None


def _files(auth_file: str) -> list[Path]:
    if auth_file:
        return [Path(auth_file)]
    home = Path.home()
    docker = os.environ.get("DOCKER_CONFIG")
    run = os.environ.get("XDG_RUNTIME_DIR")
    named = os.environ.get("REGISTRY_AUTH_FILE")
    config = os.environ.get("XDG_CONFIG_HOME")
    return [
        *([Path(named)] if named else []),
        (Path(docker) if docker else home / ".docker") / "config.json",
        *([Path(run) / "containers/auth.json"] if run else []),
        (Path(config) if config else home / ".config") / "containers/auth.json",
    ]


def _login_in(path: Path, registry: str, repository: str, *, required: bool) -> Login | None:
    file = _read(path, required=required)
    if file is None:
        return None
    keys = _keys(registry, repository)
    for key in keys:
        if helper := file.credHelpers.get(key):
            return _ask(helper, keys[-1] if registry != "docker.io" else _HUB_KEYS[0])
    if file.credsStore:
        asked = _HUB_KEYS[0] if registry == "docker.io" else registry
        if found := _ask(file.credsStore, asked):
            return found
    plain = {_plain(key): auth for key, auth in file.auths.items()}
    for key in keys:
        if auth := file.auths.get(key) or plain.get(key):
            found = _stored(auth, path)
            if found is not None:
                return found
    return None


def _keys(registry: str, repository: str) -> list[str]:
    """Return the names under which a login may be kept, the most specific first."""
    parts = repository.split("/")
    narrow = [f"{registry}/{'/'.join(parts[:end])}" for end in range(len(parts), 0, -1)]
    return [*narrow, *(_HUB_KEYS if registry == "docker.io" else (registry,))]


def _plain(key: str) -> str:
    """Return `host[:port]` of a key written as a URL, as docker's own look-up does."""
    if "://" in key:
        return key.partition("://")[2].partition("/")[0]
    return key.removesuffix("/")


def _read(path: Path, *, required: bool) -> _File | None:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
    except FileNotFoundError as error:
        if required:
            raise RegistryError(
                f"there is no file {path} with logins; check --auth-file"
            ) from error
        return None
    except OSError as error:
        raise RegistryError(f"cannot read the logins in {path}: {error.strerror}") from error
    try:
        return msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # The decoder's message could quote the file.
        raise RegistryError(f"{path} is not a valid file of logins; log in again") from None


def _stored(auth: _Auth, path: Path) -> Login | None:
    if auth.identitytoken:
        return Login(user="", secret=Secret(auth.identitytoken))
    if auth.username and auth.password:
        return Login(user=auth.username, secret=Secret(auth.password))
    if not auth.auth:
        return None
    try:
        text = base64.b64decode(auth.auth, validate=True).decode()
    except (binascii.Error, ValueError):
        raise RegistryError(f"a login in {path} is not valid; log in again") from None
    user, colon, password = text.partition(":")
    if not colon or not user:
        raise RegistryError(f"a login in {path} is not valid; log in again")
    return Login(user=user, secret=Secret(password.rstrip("\0")))


def _ask(helper: str, server: str) -> Login | None:
    """Return what a credential helper knows, None if it knows nothing.

    Source: https://github.com/docker/docker-credential-helpers ("get": server on standard input).
    """
    shown = neutral(helper, limit=100)
    program = shutil.which(f"docker-credential-{helper}") if _HELPER.fullmatch(helper) else None
    if program is None:
        raise RegistryError(
            f"the login helper docker-credential-{shown} is not installed; install it or log in "
            "without it"
        )
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names it
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_HELPER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise RegistryError(f"the login helper docker-credential-{shown} does not answer") from None
    if done.returncode != 0:
        if b"not found" in done.stdout + done.stderr:
            return None
        raise RegistryError(f"the login helper docker-credential-{shown} failed; try it by hand")
    try:
        answer = msgspec.json.decode(done.stdout[:_FILE_BYTES], type=_Answer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise RegistryError(
            f"the login helper docker-credential-{shown} gave an invalid answer"
        ) from None
    if not answer.Secret:
        return None
    user = "" if answer.Username == _TOKEN_USER else answer.Username
    return Login(user=user, secret=Secret(answer.Secret))
