"""Who may see a login, and how it is turned into an Authorization header.

1. A registry answers 401 with challenges. `Bearer` is preferred to `Basic`.
2. Basic: user and password go to the registry itself, over TLS or on this machine.
3. Bearer: they go to the realm, which must be https (or as near as the registry itself) and must
   belong to the registry: its own host, its own domain, a known pair, or one the user allowed.
4. The scope asked for is ours (`repository:NAME:pull`, or `pull,push` to write), never the one in
   the challenge.

Source: distribution, "Token Authentication Specification" and "OAuth2"; RFC 7235, section 2.1;
CVE-2026-33540 (realms that collect logins).
"""

import base64
import re
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from scantling.core.addresses import Reach
from scantling.core.errors import NetworkError, RegistryError
from scantling.core.http import Http
from scantling.core.limits import KIB, MIB
from scantling.core.secret import Secret
from scantling.core.text import neutral
from scantling.image.credentials import Login

_SCHEME: Final = re.compile(r"[ ,]*+(?P<scheme>[A-Za-z][A-Za-z0-9._-]*+)(?:[ ]++|(?=,)|$)")
_PARAM: Final = re.compile(
    r'[ ,]*+(?P<key>[A-Za-z][A-Za-z0-9_-]*+)[ ]?=[ ]?(?:"(?P<quoted>[^"\\]*+)"|(?P<bare>[^ ",]++))'
)
_REPLY_BYTES: Final = 1 * MIB
_TOKEN_CHARS: Final = 48 * KIB
_CHALLENGES: Final = 8
_OK: Final = 200
_KNOWN: Final = frozenset({("docker.io", "auth.docker.io")})
# Suffixes under which strangers get names. A full public-suffix list changes weekly; here it is
# enough to be strict: two hosts share an owner only if they share more than such a suffix.
_SHARED: Final = frozenset(
    {
        "amazonaws.com", "appspot.com", "azurecr.io", "azureedge.net", "azurewebsites.net",
        "cloudapp.net", "cloudfront.net", "cloudflare.net", "fly.dev", "github.io", "gitlab.io",
        "herokuapp.com", "netlify.app", "ngrok.io", "onrender.com", "pages.dev", "pkg.dev",
        "run.app", "vercel.app", "windows.net", "workers.dev", "web.app", "firebaseapp.com",
    }
)  # fmt: skip
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gouv", "gov", "mil", "net",
                                  "ne", "nom", "or", "org"})  # fmt: skip


class Challenge(Struct, frozen=True, kw_only=True):
    """One way to log in: `scheme` in lower case and its parameters."""

    scheme: str
    realm: str = ""
    service: str = ""


class _Token(Struct):
    token: str | None = None
    access_token: str | None = None


class Visitor(Struct, frozen=True, kw_only=True):
    """Who asks for what: the registry as written, its address, and the login if there is one.

    `actions` is what the visitor wants to do: `pull`, or `pull,push`.
    """

    registry: str
    base: str
    repository: str
    login: Login | None = None
    token_hosts: tuple[tuple[str, str], ...] = ()
    actions: str = "pull"


def challenges_in(values: tuple[str, ...]) -> tuple[Challenge, ...]:
    """Return the challenges of WWW-Authenticate headers, unknown parameters left out."""
    return tuple(found for value in values[:_CHALLENGES] for found in _parse(value))


def authorize(http: Http, visitor: Visitor, values: tuple[str, ...]) -> Secret | None:
    """Return the Authorization header that answers the challenges, None if there is no way.

    Raises RegistryError when the way is not safe, NetworkError when the realm fails.
    """
    found = {each.scheme: each for each in reversed(challenges_in(values))}
    if "bearer" in found:
        return _bearer(http, visitor, found["bearer"])
    if "basic" in found and visitor.login is not None and visitor.login.user:
        return Secret(f"Basic {_pair(visitor.login)}")
    return None


def belongs(realm_host: str, registry: str, extra: tuple[tuple[str, str], ...] = ()) -> bool:
    """Return whether a token host may see logins for a registry (`host` or `host:port`)."""
    host = realm_host.rstrip(".").lower()
    own = urlsplit(f"//{registry}").hostname or ""
    if host == own or (registry, host) in {*_KNOWN, *extra}:
        return True
    return _domain(host) == _domain(own) != ""


def _domain(host: str) -> str:
    """Return the part of a name that one owner has, empty for addresses and shared suffixes."""
    labels = host.split(".")
    if ":" in host or (labels[-1].isascii() and labels[-1][:1] in "0123456789"):
        return ""
    count = 2
    if len(labels[-1]) == 2 and len(labels) > 1 and labels[-2] in _SECOND_LEVEL:  # noqa: PLR2004
        count = 3
    if ".".join(labels[-2:]) in _SHARED or len(labels) < count:
        return ""
    return ".".join(labels[-count:])


def _bearer(http: Http, visitor: Visitor, challenge: Challenge) -> Secret:
    realm = challenge.realm
    parts = urlsplit(realm) if realm.isascii() and realm.isprintable() else urlsplit("")
    host = parts.hostname or ""
    shown = neutral(realm, limit=200)
    if not host or parts.scheme not in {"https", "http"}:
        raise RegistryError(f"{visitor.registry} names no usable place to log in ({shown})")
    if not belongs(host, visitor.registry, visitor.token_hosts):
        raise RegistryError(
            f"{visitor.registry} sends logins to {neutral(host, limit=200)}, which is not known to "
            "belong to it, so nothing was sent; allow that host for this registry if you trust it"
        )
    if parts.scheme == "http" and not visitor.base.startswith("http:"):
        raise RegistryError(f"{visitor.registry} wants logins without encryption ({shown})")
    near = http.reach(visitor.base)
    reply = _ask(http, visitor, challenge, within=near)
    try:
        token = msgspec.json.decode(reply, type=_Token)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise RegistryError(f"the login service {shown} gave an invalid answer") from None
    text = token.token or token.access_token or ""
    if not text or len(text) > _TOKEN_CHARS:
        raise RegistryError(f"the login service {shown} gave no usable token")
    return Secret(f"Bearer {text}")


def _ask(http: Http, visitor: Visitor, challenge: Challenge, *, within: Reach) -> bytes:
    """Return the token service's answer. An identity token is exchanged, a password is shown."""
    scope = f"repository:{visitor.repository}:{visitor.actions}"
    login = visitor.login
    fields = {"service": challenge.service} if challenge.service else {}
    if login is not None and not login.user:
        form = {
            **fields,
            "grant_type": "refresh_token",
            "client_id": "scantling",
            "scope": scope,
            "refresh_token": login.secret.reveal(),
        }
        reply = http.request(
            "POST",
            challenge.realm,
            limit_bytes=_REPLY_BYTES,
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=urlencode(form).encode(),
            within=within,
        )
    else:
        joint = "&" if "?" in challenge.realm else "?"
        reply = http.request(
            "GET",
            f"{challenge.realm}{joint}{urlencode({**fields, 'scope': scope})}",
            limit_bytes=_REPLY_BYTES,
            authorization=Secret(f"Basic {_pair(login)}") if login is not None else None,
            within=within,
        )
    if reply.status != _OK:
        who = "the login" if login is not None else "an anonymous visitor"
        raise NetworkError(
            f"the login service of {visitor.registry} refuses {who} (status {reply.status})",
            kind="status",
            status=reply.status,
        )
    return reply.body


def _pair(login: Login) -> str:
    return base64.b64encode(f"{login.user}:{login.secret.reveal()}".encode()).decode("ascii")


def _parse(value: str) -> list[Challenge]:
    found: list[Challenge] = []
    at = 0
    while match := _SCHEME.match(value, at):
        at = match.end()
        known: dict[str, str] = {}
        while param := _PARAM.match(value, at):
            quoted = param["quoted"]
            known.setdefault(param["key"].lower(), param["bare"] if quoted is None else quoted)
            at = param.end()
        found.append(
            Challenge(
                scheme=match["scheme"].lower(),
                realm=known.get("realm", ""),
                service=known.get("service", ""),
            )
        )
    return found
