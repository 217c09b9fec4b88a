"""What a registry's refusal means, and what to do about it."""

from scantling.core.errors import NetworkError, RegistryError
from scantling.core.text import neutral
from scantling.image.credentials import Login
from scantling.image.refs import RegistryRef


def explained(
    error: NetworkError, place: str, ref: RegistryRef, what: str, login: Login | None
) -> RegistryError:
    """Return the failure in words that say what to do about it."""
    where = neutral(place)
    match error.status:
        case 0:
            return RegistryError(f"cannot read {what} from {where}: {error}")
        case 401:
            return RegistryError(
                f"{where} refuses {what}: {_login_trouble(login)}, or the repository does not "
                f"exist; log in to {where} with docker login or podman login"
            )
        case 403:
            return RegistryError(
                f"{where} forbids {what} to this login; ask for the right to pull {ref.repository}"
            )
        case 404:
            missing = what.removeprefix("the ")
            if ref.tag and not ref.digest and what.startswith("the image"):
                missing = f"tag {ref.tag}"
            return RegistryError(
                f"{where} has no {missing} in the repository {ref.repository}; check the spelling"
            )
        case 429:
            return RegistryError(f"{where} limits requests: {error}; log in, or wait and try again")
        case _:
            return RegistryError(f"cannot read {what} from {where}: {error}")


def _login_trouble(login: Login | None) -> str:
    if login is None:
        return "there is no login for it"
    user = f" of {neutral(login.user, limit=100)!r}" if login.user else ""
    return f"the password or token{user} is wrong"
