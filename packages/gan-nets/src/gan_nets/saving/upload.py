"""The folder of a network to a repository on the Hugging Face Hub, in one commit after all checks."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from huggingface_hub import CommitOperationAdd, HfApi, ModelCard, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import get_session, hf_raise_for_status

from gan_nets._version import __version__
from gan_nets.saving.folder import CONFIG, README, WEIGHTS
from gan_nets.saving.hub import LIBRARY
from gan_nets.saving.hub_errors import explain_writing
from gan_nets.saving.model_card import PLACE, is_edited


class Destination(NamedTuple):
    """Where a network is uploaded to, and how.

    Attributes:
        repository: its name, "user/name".
        subfolder: inside of the repository; empty for its top.
        branch: of the repository; None for the main one.
        private: whether a new repository is private; None leaves that to the Hub. An existing repository has
            to be private if it is True.
        message: of the commit.
        create_pr: whether the commit is offered as a pull request.
        token: access token; None and True stand for the stored one.
    """

    repository: str
    subfolder: PurePosixPath
    branch: str | None
    private: bool | None
    message: str
    create_pr: bool
    token: str | bool | None


def full_name(name: str, token: str | bool | None) -> str:
    """`name` with the user whom the token belongs to, if it has none.

    Raises:
        OSError: the token is missing or not valid, or the Hub can't be reached.
    """
    if "/" in name:
        return name
    try:
        return f"{HfApi(token=token).whoami()['name']}/{name}"
    except Exception as error:  # see `upload`
        raise explain_writing(error, name) from error


def upload(folder: Path, card: ModelCard, former: ModelCard | None, to: Destination) -> str:
    """Upload config.json, model.safetensors and the card in one commit.

    The repository and the branch are made if they are missing. Other files of the repository stay. A card
    that somebody edited, in the folder or on the Hub, keeps its text.

    Args:
        folder: of the two files.
        card: of the network.
        former: the card in its folder, which may be edited.
        to: where to.

    Returns:
        The address of the commit or of the pull request.

    Raises:
        ValueError: the Hub refuses the card's front matter; or a public repository is to be private.
        PermissionError: the token is missing, not valid, or may not write.
        ConnectionError: the Hub can't be reached.
    """
    try:
        return _upload(folder, card, former, to)
    except ValueError:
        raise
    except Exception as error:  # the HTTP library, which differs by version, has errors of its own
        raise explain_writing(error, to.repository) from error


def _upload(folder: Path, card: ModelCard, former: ModelCard | None, to: Destination) -> str:
    api = HfApi(token=to.token, library_name=LIBRARY, library_version=__version__)
    existing = [each for each in (_card_on_hub(to), former) if each is not None]
    card = _merged(card, existing, to.repository)
    _validate(card, api)
    api.create_repo(to.repository, private=to.private, exist_ok=True)
    if to.private and not api.model_info(to.repository).private:
        raise ValueError(
            f"{to.repository} exists and is public; make it private on the Hub, or push without private"
        )
    if to.branch is not None:
        api.create_branch(to.repository, branch=to.branch, exist_ok=True)
    files: dict[str, Path | bytes] = {
        CONFIG: folder / CONFIG,
        WEIGHTS: folder / WEIGHTS,
        README: str(card).encode(),
    }
    commit = api.create_commit(
        to.repository,
        [CommitOperationAdd(str(to.subfolder / name), content) for name, content in files.items()],
        commit_message=to.message,
        revision=to.branch,
        create_pr=to.create_pr,
    )
    return commit.pr_url or commit.commit_url


def _card_on_hub(to: Destination) -> ModelCard | None:
    """The card of the repository, if there is one."""
    try:
        file = hf_hub_download(to.repository, str(to.subfolder / README), revision=to.branch, token=to.token)
    except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError):
        return None
    return read_card(Path(file), f"the {README} of {to.repository}")


def read_card(file: Path, name: str) -> ModelCard:
    """A card in a file.

    Args:
        file: its path.
        name: of the file in an error.

    Raises:
        ValueError: its front matter is damaged.
    """
    try:
        return ModelCard(file.read_text("utf-8-sig"), ignore_metadata_errors=True)
    except Exception as error:  # of the YAML reader
        reason = " ".join(str(error).split())
        raise ValueError(f"{name} has a front matter that can't be read ({reason}); mend it") from error


def _merged(card: ModelCard, existing: Sequence[ModelCard], repository: str) -> ModelCard:
    """The last text that somebody edited, or the card's, with the front matter of all."""
    edited = [each.text.replace(PLACE, repository) for each in existing if is_edited(each.text)]
    data: dict[str, Any] = {}
    for each in (*existing, card):  # the later ones win
        now = each.data.to_dict()
        data |= now | {"tags": sorted({*data.get("tags", ()), *now.get("tags", ())})}
    merged = ModelCard(f"---\n{{}}\n---\n{edited[-1] if edited else card.text}")
    for key, value in data.items():
        merged.data[key] = value
    return merged


def _validate(card: ModelCard, api: HfApi) -> None:
    """Let the Hub check the front matter, before a repository is made."""
    # Not `card.validate()`, which asks huggingface.co in some versions, whatever HF_ENDPOINT is.
    content = {"repoType": "model", "content": str(card)}
    answer = get_session().post(f"{api.endpoint}/api/validate-yaml", json=content)
    if answer.status_code == 400:
        reason = "; ".join(str(each.get("message")) for each in answer.json().get("errors", []))
        raise ValueError(
            f"the Hub refuses the front matter of {README} ({reason}); check license and datasets"
        )
    hf_raise_for_status(answer)
