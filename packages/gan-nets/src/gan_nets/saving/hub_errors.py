"""Errors of huggingface_hub as one sentence each, which names the repository and what to do."""

from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


def explain_reading(error: Exception, repository: str, revision: str | None) -> OSError:
    """The error to raise instead of one of a download."""
    if isinstance(error, GatedRepoError):
        return PermissionError(f"{repository} is gated; ask for access on its page on the Hub, and {LOG_IN}")
    if isinstance(error, RepositoryNotFoundError):
        return FileNotFoundError(
            f"{repository} is neither a folder here nor a repository on the Hub that can be read; check the "
            f"name or, if the repository is private, {LOG_IN}"
        )
    if isinstance(error, RevisionNotFoundError):
        return FileNotFoundError(
            f"{repository} has no revision {revision}; give one of its branches, tags or commits"
        )
    if isinstance(error, LocalEntryNotFoundError):
        return _not_in_cache(error, repository)
    if _status(error) == 401:
        return PermissionError(f"{repository} can't be read, since the token is not valid; {LOG_IN}")
    return _failed(error, repository, "downloaded")


def explain_writing(error: Exception, repository: str) -> OSError:
    """The error to raise instead of one of an upload."""
    status = _status(error)
    if isinstance(error, LocalTokenNotFoundError | RepositoryNotFoundError) or status == 401:
        return PermissionError(f"{repository} needs a token that may write to it; {LOG_IN}")
    if status == 403:
        return PermissionError(
            f"{repository} can't be written with this token; give it write access, or choose another name"
        )
    if isinstance(error, OfflineModeIsEnabled):
        return ConnectionError(f"{repository} can't be written while HF_HUB_OFFLINE is set; unset it")
    return _failed(error, repository, "uploaded")


def _not_in_cache(error: LocalEntryNotFoundError, repository: str) -> OSError:
    """The error for what is not in the cache and was not downloaded."""
    absent = f"{repository} is neither a folder here nor in the cache"
    cause = error.__cause__
    if cause is None:
        return FileNotFoundError(f"{absent}; load it once without local_files_only=True")
    if isinstance(cause, OfflineModeIsEnabled):
        return FileNotFoundError(f"{absent}; load it once while HF_HUB_OFFLINE is not set")
    return ConnectionError(
        f"{absent}, and the Hub can't be reached ({_reason(cause)}); check the connection, and try again"
    )


def _failed(error: Exception, repository: str, what: str) -> OSError:
    sentence = f"{repository} can't be {what} ({_reason(error)}); check the connection, and try again"
    is_of_the_system = isinstance(error, OSError) and error.errno is not None  # such as a full disk
    return OSError(sentence) if is_of_the_system else ConnectionError(sentence)


def _status(error: BaseException) -> int | None:
    """The HTTP status of the answer, if there was one; an upload's error has it as its cause."""
    answers = [each for each in (error, error.__cause__) if isinstance(each, HfHubHTTPError)]
    return answers[0].response.status_code if answers else None


def _reason(error: BaseException) -> str:
    """The first line of its message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
