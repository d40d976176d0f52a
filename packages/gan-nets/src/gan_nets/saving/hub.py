"""The folder of a network, or its repository on the Hugging Face Hub, whose two files are downloaded."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.utils import validate_repo_id

from gan_nets._version import __version__
from gan_nets.saving.folder import CONFIG, WEIGHTS, check_description, read_json
from gan_nets.saving.hub_errors import explain_reading

LIBRARY = "gan-nets"


def is_repository(path: str | Path) -> bool:
    """Whether `path` names a repository: a string such as "user/name", unless there is such a path or folder.

    With a folder "runs" here, "runs/nothing" is a mistake that must not be asked for on the Internet.
    """
    if not isinstance(path, str) or not is_repository_name(path):
        return False
    return not Path(path).exists() and not Path(path).parent.is_dir()


def is_repository_name(text: str) -> bool:
    """Whether a text has the form "user/name"."""
    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return text.count("/") == 1


def find_folder(
    path: str | Path,
    *,
    revision: str | None,
    subfolder: str | None,
    token: str | bool | None,
    cache_dir: str | Path | None,
    force_download: bool,
    local_files_only: bool,
) -> Path:
    """The folder, or the one in the cache that holds the network of a repository.

    The network is used for a repository only. Of its files config.json and model.safetensors are downloaded,
    the latter after the former is found to describe a network.

    Args:
        path: a folder; or "user/name", which is a repository unless there is such a path.
        revision: branch, tag or commit of the repository.
        subfolder: folder of the network inside of the folder or repository, with "/" between names.
        token: access token; None and True stand for the stored one, False for none.
        cache_dir: folder of downloads; None stands for that of huggingface_hub.
        force_download: download again what is in the cache.
        local_files_only: use the cache alone.

    Raises:
        FileNotFoundError: there is no such repository or revision, or no network in it or in the cache.
        PermissionError: the repository may not be read.
        ConnectionError: the Hub cannot be reached.
        ValueError: a folder has no revisions; `subfolder` leads elsewhere; or the repository's config.json
            is none of gan_nets.
    """
    inner = check_subfolder(subfolder)
    if not is_repository(path):
        if revision is not None:
            raise ValueError(
                f"expected no revision for {path}, which is a folder and no repository on the Hub; leave "
                f"revision {revision} out"
            )
        return Path(path) / inner
    get = partial(
        hf_hub_download,
        str(path),
        subfolder=None if inner == PurePosixPath() else str(inner),
        library_name=LIBRARY,
        library_version=__version__,
        token=token,
        cache_dir=cache_dir,
        force_download=force_download,
        local_files_only=local_files_only,
    )
    with _explained(str(path), revision, token, inner):
        config = Path(get(CONFIG, revision=revision))
        _check_ours(config, str(path))
        # The weights are of the same commit, even if another one was pushed since.
        commit = config.parents[len(inner.parts)].name
        get(WEIGHTS, revision=commit)
    return config.parent


def check_subfolder(subfolder: str | None) -> PurePosixPath:
    """The path of a folder inside of another one.

    Raises:
        ValueError: it is absolute, or leads out of the folder.
    """
    inner = PurePosixPath(subfolder or "")
    if inner.is_absolute() or ".." in inner.parts or "\\" in str(inner):
        raise ValueError(f"expected subfolder as a folder inside, such as a/b; got {subfolder}")
    return inner


def _check_ours(config: Path, repository: str) -> None:
    try:
        check_description(read_json(config), config)
    except ValueError as error:
        raise ValueError(
            f"{repository} is no network of gan-nets: its config.json names no class; expected a repository "
            "that `gan-nets push` wrote"
        ) from error


@contextmanager
def _explained(
    repository: str, revision: str | None, token: str | bool | None, inner: PurePosixPath
) -> Generator[None]:
    """Make an error of the download inside the block one sentence about the repository."""
    try:
        yield
    except ValueError as error:
        if not isinstance(error, LocalEntryNotFoundError):  # which is a ValueError in some versions
            raise
        raise explain_reading(error, repository, revision) from error
    except EntryNotFoundError as error:
        if isinstance(error, LocalEntryNotFoundError):
            raise explain_reading(error, repository, revision) from error
        raise FileNotFoundError(_nothing_there(repository, revision, token, inner)) from error
    except Exception as error:  # the HTTP library, which differs by version, has errors of its own
        raise explain_reading(error, repository, revision) from error


def _nothing_there(
    repository: str, revision: str | None, token: str | bool | None, inner: PurePosixPath
) -> str:
    """What is missing in a repository, and where its networks are."""
    files = {
        PurePosixPath(each) for each in HfApi(token=token).list_repo_files(repository, revision=revision)
    }
    missing = WEIGHTS if inner / CONFIG in files else CONFIG
    networks = sorted(
        str(each.parent) for each in files if each.name == CONFIG and each.parent / WEIGHTS in files
    )
    advice = "expected a repository that `gan-nets push` wrote"
    if networks and networks != ["."]:
        advice = f"name the folder of a network with subfolder= or --subfolder: {', '.join(networks)}"
    return f"{repository} has no {inner / missing}; {advice}"
