"""Every error that this package raises on purpose.

The kind of failure is in the type, so that a caller never reads a message to decide what to do::

    MedsafeError
    ├── ConfigError               a file under config/ is wrong; names file, line and what to write
    ├── StoreError                data/raw is damaged or cannot be written
    │   └── BusyError             another run works in the data folder
    ├── CuratedError              there is no curated snapshot yet, or it is damaged
    │   └── NothingFoundError     no paper is stored, so no snapshot was made
    ├── SelectionError            a choice of papers that cannot be understood; says where
    ├── NotFoundError             no record or paper of that id
    │   └── SplitError            the records of that paper are in several papers now
    ├── MailError                 a mail cannot be made, or the server did not take it
    ├── ExportError               what was selected cannot be written to the file
    ├── EngineError               an engine cannot start, lost a worker, or lacks room for the work
    ├── ListError                 a list of papers cannot be read
    ├── EvaluateError             a labelled set is not of the shape that it should have
    └── FetchError                one request did not give a usable page
        ├── RetryableError        the same request may work later
        │   ├── ThrottledError    429, 406 or a throttling 503; may carry the wait asked for
        │   ├── UnavailableError  5xx, time-out, reset connection
        │   ├── MalformedPageError  status 200, but not the page that was asked for
        │   └── EmptyPageError    a valid page without the entries that its total announces
        └── TerminalError         the same request will fail again
            ├── RefusedError      the service answered that the request itself is wrong
            ├── UnaskableError    this query cannot be put to this service; it was not sent
            ├── BudgetError       the run has asked this service as often as it may
            ├── ForbiddenError    401 or 403: key missing or wrong, or this client is blocked
            └── MovedError        a redirect: the base URL in the configuration is out of date
"""

from __future__ import annotations


class MedsafeError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(MedsafeError):
    """A configuration file is wrong."""

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        super().__init__(message, file, line)
        self.message = message
        self.file = file
        self.line = line

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class StoreError(MedsafeError):
    """The raw store is damaged or cannot be written."""


class BusyError(StoreError):
    """Another run works in the data folder, or writes the curated one."""


class CuratedError(MedsafeError):
    """There is no curated snapshot, or it is damaged."""


class NothingFoundError(CuratedError):
    """No paper is stored, so no snapshot was made and none was replaced."""


class SelectionError(MedsafeError):
    """A choice of papers names what is not there, or cannot be understood."""

    def __init__(
        self, message: str, *, text: str | None = None, at: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, text, at, hint)
        self.message = message
        #: The condition as it was given, where one was, and the character that is meant.
        self.text = text
        self.at = at
        #: What there is to choose from.
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.text is not None:
            lines.append("  " + "".join(one if one.isprintable() else " " for one in self.text))
            if self.at is not None:
                lines.append("  " + " " * self.at + "^")
        return "\n".join([*lines, *filter(None, [self.hint])])


class NotFoundError(MedsafeError):
    """No record or paper answers to the given id, or more than one paper does."""

    def __init__(self, message: str, *, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        #: Ids of the papers that answer, where there are several.
        self.candidates = candidates


class SplitError(NotFoundError):
    """The paper of that id was split, and none of its successors has the id.

    ``candidates`` are the papers that have its records now.
    """


class MailError(MedsafeError):
    """A mail cannot be made, or the mail server did not take it; says what to do."""


class ExportError(MedsafeError):
    """What was selected cannot be written to a file; one that was there is unchanged."""


class EngineError(MedsafeError):
    """An engine cannot start, lost a worker or lacks room, or its cluster or input is wrong."""


class ListError(MedsafeError):
    """A list of papers cannot be read: no such file, or no text."""


class EvaluateError(MedsafeError):
    """A labelled set is missing or not of the documented shape; names the file."""


class FetchError(MedsafeError):
    """One request did not give a usable page."""

    #: Stable name of the outcome in the ledger and in reports.
    outcome = "failed"


class RetryableError(FetchError):
    """The same request may work later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        #: Seconds that the service asked to wait, or None.
        self.retry_after = retry_after


class ThrottledError(RetryableError):
    """The service asks for a slower pace."""

    outcome = "throttled"


class UnavailableError(RetryableError):
    """The service or the way to it is down."""

    outcome = "unavailable"


class MalformedPageError(RetryableError):
    """Status 200, but the body is not the page that was asked for."""

    outcome = "malformed"


class EmptyPageError(RetryableError):
    """A well-formed page without the entries that its own total announces."""

    outcome = "unexpectedly_empty"


class TerminalError(FetchError):
    """The same request will fail again."""


class RefusedError(TerminalError):
    """The service says that the request itself is wrong."""

    outcome = "refused"


class UnaskableError(TerminalError):
    """The query cannot be put to the service, so nothing was sent."""

    outcome = "unaskable"


class BudgetError(TerminalError):
    """The run has asked this service as often as it may, so nothing was sent."""

    outcome = "budget"


class ForbiddenError(TerminalError):
    """The service does not let this client in."""

    outcome = "forbidden"


class MovedError(TerminalError):
    """The service answered with a redirect."""

    outcome = "moved"
