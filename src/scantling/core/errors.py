"""The error tree. Each class has one exit code; each message says what, where and what to do next.

    ScantlingError
    ├── UsageError            2   the command or a setting is wrong
    ├── TargetError           4   the image cannot be read at all
    │   └── RegistryError     4   … because of the registry or the way to it
    ├── NetworkError          4   a download failed; its caller says what that means
    ├── AdvisoryDataError     5   the advisory database is missing, stale or unverified
    │   └── GoneError         5   … because a publisher has nothing at an address
    └── InputError                bytes from outside break their format; becomes a gap in the report

`InputError` never ends a scan: the driver that called the parser turns it into a `Gap`.
An exception outside this tree is our bug (exit code 70).
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `scantling` process says when it ends. One meaning each, fixed for ever."""

    PASSED = 0
    BLOCKED = 1
    USAGE = 2
    INCOMPLETE = 3
    UNREADABLE = 4
    NO_ADVISORY_DATA = 5
    BUG = 70


class ScantlingError(Exception):
    """An expected failure; `str(error)` is a sentence for a person."""

    exit_code = ExitCode.BUG


class UsageError(ScantlingError):
    """The command line, a setting or a file of settings is wrong."""

    exit_code = ExitCode.USAGE


class TargetError(ScantlingError):
    """The target cannot be opened, so there is nothing to report on."""

    exit_code = ExitCode.UNREADABLE


class RegistryError(TargetError):
    """A registry refused, failed or could not be reached."""


class NetworkError(ScantlingError):
    """A download failed. The caller knows what for, and turns it into its own error.

    `status` is the HTTP status, 0 when there was no answer; `kind` one of `dns`, `unreachable`,
    `certificate` (not trusted), `tls` (not spoken), `timeout`, `forbidden` (an address or a
    redirect that is not followed), `protocol`, `limit`, `digest`, `status`. `challenges` are the
    values of WWW-Authenticate.
    """

    exit_code = ExitCode.UNREADABLE

    def __init__(
        self, detail: str, *, kind: str, status: int = 0, challenges: tuple[str, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status = status
        self.challenges = challenges


class AdvisoryDataError(ScantlingError):
    """No advisory database can be used: missing, damaged, unverified or too old."""

    exit_code = ExitCode.NO_ADVISORY_DATA


class GoneError(AdvisoryDataError):
    """A publisher answered that it has nothing at an address (404, 410)."""


class InputError(ScantlingError):
    """Bytes from outside break the format they claim.

    `code` is a gap code of `core.model.gap`; `offset` the byte position in the named stream,
    None when it has no meaning; `path` the file inside the image when it is known.
    """

    exit_code = ExitCode.INCOMPLETE

    def __init__(
        self, code: str, detail: str, *, offset: int | None = None, path: str = "", limit: str = ""
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.offset = offset
        self.path = path
        self.limit = limit
