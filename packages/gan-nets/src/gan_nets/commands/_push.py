"""`gan-nets push`: a network in a folder to a repository on the Hugging Face Hub."""

from pathlib import Path
from typing import Annotated

from cyclopts import CycloptsError, Parameter


def push(
    folder: Path,
    repository: str,
    /,
    *,
    net: str | None = None,
    private: bool = False,
    revision: str | None = None,
    subfolder: str | None = None,
    license: str | None = None,  # noqa: A002  # as in the front matter
    dataset: tuple[str, ...] | None = None,
    message: Annotated[str, Parameter(alias="-m")] = "Upload a network with gan-nets",
) -> None:
    """Upload a network to the Hugging Face Hub.

    config.json, model.safetensors and README.md are uploaded in one commit, and
    nothing else. The repository is made if it is missing. README.md has the
    figures and the command of the run that FOLDER lies in; if you edited it,
    its text stays. The token is HF_TOKEN, or that of `hf auth login`.

    Args:
        folder: The folder of a network, a run or a checkpoint.
        repository: user/name on the Hub.
        net: Which network of a run's folder.
        private: Make a new repository private; an existing public one is an error.
        revision: Branch to upload to, made if it is missing (main).
        subfolder: Folder inside of the repository, for several networks in one.
        license: The Hub's name of the license of the weights (that of what the run started from).
        dataset: A training set on the Hub; may be repeated.
        message: Message of the commit.
    """
    from gan_nets.loading.load import find_stored, load, resolve
    from gan_nets.saving.hub import is_repository_name
    from gan_nets.saving.pretrained import PretrainedModule

    if not is_repository_name(repository):
        raise CycloptsError(f"expected REPOSITORY as user/name; got {repository}")
    source = resolve(folder)
    if source.is_file():
        raise CycloptsError(f"expected FOLDER as that of a network; {folder} is a file; use gan-nets convert")
    network = load(source, net)
    assert isinstance(network, PretrainedModule)  # as every folder gives
    address = network.push_to_hub(
        repository,
        commit_message=message,
        private=private or None,
        branch=revision,
        subfolder=subfolder,
        license=license,
        datasets=dataset or (),
        folder=find_stored(source, net).described_in.parent,
    )
    print(f"network: {type(network).__name__}\npushed:  {address}")
