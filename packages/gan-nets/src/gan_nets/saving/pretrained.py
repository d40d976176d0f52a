"""Networks in folders: config.json holds the class and its arguments, model.safetensors the weights."""

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self, TypeVar, cast

import torch
from huggingface_hub import ModelCard, PyTorchModelHubMixin
from torch import nn

from gan_nets._version import __version__
from gan_nets.layers.checkpointing import checkpoint_activations_
from gan_nets.layers.cpu.kernels import use_cpu_kernels_
from gan_nets.saving._outline import outline
from gan_nets.saving.arguments import check_arguments
from gan_nets.saving.folder import README, find_network, write_network
from gan_nets.saving.hub import check_subfolder, find_folder
from gan_nets.saving.model_card import is_edited, make_card
from gan_nets.saving.placement import check_placement
from gan_nets.saving.state_dict import check_fits
from gan_nets.saving.stored import StoredNetwork
from gan_nets.saving.training_record import read_training_record
from gan_nets.saving.upload import Destination, full_name, read_card, upload
from gan_nets.saving.usage import Usage

Net = TypeVar("Net", bound="PretrainedModule")

# Arguments of other libraries' from_pretrained, and what to do here.
ELSEWHERE: Mapping[str, str] = {
    "map_location": "use device=",
    "torch_dtype": "use dtype=",
    "strict": "leave it out, since keys and shapes always have to fit",
}


class PretrainedModule(nn.Module, PyTorchModelHubMixin, library_name="gan-nets"):
    """A module with `save_pretrained` and `from_pretrained`; config.json names its class.

    Attributes:
        usage: what it is for; set it before `save_pretrained` where it differs from the class's.
        prefers_channels_last: whether `net.to(memory_format=torch.channels_last)` measured faster in float32
            on CPUs than the plain memory layout. Results are the same up to rounding.
    """

    usage: Usage = Usage()
    prefers_channels_last: ClassVar[bool] = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Record the constructor's arguments exactly as given."""
        net = super().__new__(cls, *args, **kwargs)
        # The mixin records the default instead of an argument that JSON cannot hold; replace its record.
        # Partial, since copy.deepcopy calls __new__ without arguments.
        bound = inspect.signature(cls.__init__).bind_partial(net, *args, **kwargs)
        bound.apply_defaults()
        _, *arguments = bound.arguments.items()  # without self
        net._hub_mixin_config = {"class": cls.__name__} | dict(arguments)
        return net

    def use_cpu_kernels_(self) -> None:
        """Let the layers that have a faster CPU kernel use it, in place; see `gan_nets.use_cpu_kernels_`."""
        use_cpu_kernels_(self)

    def checkpoint_activations_(self) -> int:
        """Recompute activations in the backward pass, in place; see `gan_nets.checkpoint_activations_`."""
        return checkpoint_activations_(self)

    def rebuild(self) -> Self:
        """A new network with the same arguments, weights and usage: in eval mode, without CPU kernels."""
        _, *arguments = cast("dict[str, Any]", self._hub_mixin_config).items()  # without the class
        with torch.random.fork_rng(devices=[]):  # the initialization does not change the random state
            net = type(self)(**dict(arguments))
        net.load_state_dict(self.state_dict())
        net.usage = self.usage
        return net.eval()

    def describe(self) -> dict[str, Any]:
        """What config.json holds: class, constructor's arguments, usage, and the version of gan_nets.

        Raises:
            ValueError: it was built with an argument that JSON cannot hold, such as a NumPy number.
        """
        arguments = cast("dict[str, Any]", self._hub_mixin_config)
        try:
            json.dumps(arguments)
        except TypeError as error:
            raise ValueError(
                f"expected plain numbers, strings and lists of them as arguments of {type(self).__name__}, "
                f"to be saved; got: {error}; build it with int(...), float(...) or list(...)"
            ) from error
        return arguments | {"usage": asdict(self.usage), "gan_nets": __version__}

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        config: Any = None,  # noqa: ARG002
        repo_id: str | None = None,
        push_to_hub: bool = False,
        model_card_kwargs: dict[str, Any] | None = None,
        **push_to_hub_kwargs: Any,
    ) -> str | None:
        """Write the network into a folder, atomically: an interrupted call leaves the former files.

        Args:
            save_directory: the folder; it is made if missing, and a README.md that somebody edited stays.
            config: ignored, as config.json is what `describe` gives; the mixin has this argument.
            repo_id: repository on the Hugging Face Hub; by default the folder's name.
            push_to_hub: whether to upload the network as well.
            model_card_kwargs: values that replace fields of the README.md.
            push_to_hub_kwargs: further arguments of `push_to_hub`.

        Returns:
            The address of the upload, if there was one.

        Raises:
            OSError: it cannot be written; the folder then holds the former network.
            ValueError: JSON cannot hold an argument that it was built with; see `describe`.
        """
        # Not the mixin's, which deletes config.json before it writes anything.
        folder = Path(save_directory)
        write_network(folder, self, self.describe())
        card = folder / README
        if not card.exists() or not is_edited(card.read_text("utf-8", errors="replace")):
            self.generate_model_card(folder, model_card_kwargs).save(card)
        if not push_to_hub:
            return None
        return self.push_to_hub(
            repo_id or folder.name,
            folder=folder,
            model_card_kwargs=model_card_kwargs,
            **push_to_hub_kwargs,
        )

    def generate_model_card(  # type: ignore[override]  # with its own arguments
        self, folder: str | Path | None = None, fields: Mapping[str, Any] | None = None
    ) -> ModelCard:
        """The README.md that `save_pretrained` writes.

        Args:
            folder: if it lies in that of a run, the card has the run's figures and its command.
            fields: values that replace fields of the template.
        """
        record = None if folder is None else read_training_record(Path(folder))
        return make_card(self.describe(), record, fields=fields)

    def push_to_hub(  # type: ignore[override]  # without the mixin's patterns of files
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload a network with gan-nets",
        private: bool | None = None,
        token: str | bool | None = None,
        branch: str | None = None,
        create_pr: bool = False,
        subfolder: str | None = None,
        license: str | None = None,  # noqa: A002  # as in the front matter
        datasets: Sequence[str] = (),
        folder: str | Path | None = None,
        model_card_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Upload config.json, model.safetensors and README.md to the Hugging Face Hub, in one commit.

        The repository is made if it is missing; its other files stay. A README.md that somebody edited, in
        `folder` or on the Hub, keeps its text and gets the front matter.

        Args:
            repo_id: the repository, "user/name"; a name alone is one of the token's user.
            commit_message: of the commit.
            private: whether a new repository is private; an existing public one is then an error.
            token: access token that may write; None stands for HF_TOKEN or the stored login.
            branch: of the repository, made if it is missing; None for the main one.
            create_pr: offer the commit as a pull request.
            subfolder: folder inside of the repository, for several networks in one.
            license: the Hub's name of the license of the weights, such as "apache-2.0"; by default that of
                the weights that the training started from, if the run that `folder` lies in knows it.
            datasets: names of the training sets on the Hub.
            folder: of the network; its README.md is used if it was edited, and if it lies in that of a run,
                the card has the run's figures and its command.
            model_card_kwargs: values that replace fields of the README.md.

        Returns:
            The address of the commit or of the pull request.

        Raises:
            ValueError: the Hub refuses the card's license or datasets; the repository is public, and is to be
                private; or `subfolder` leads elsewhere.
            PermissionError: the token is missing, not valid, or may not write.
            ConnectionError: the Hub can't be reached.
        """
        source = None if folder is None else Path(folder)
        inner = check_subfolder(subfolder)
        former = None
        if source is not None and (source / README).is_file():
            former = read_card(source / README, str(source / README))
        repository = full_name(repo_id, token)
        card = make_card(
            self.describe(),
            None if source is None else read_training_record(source),
            repository=repository,
            revision=branch,
            subfolder=subfolder,
            metadata={"license": license, "datasets": list(datasets) or None},
            fields=model_card_kwargs,
        )
        to = Destination(repository, inner, branch, private, commit_message, create_pr, token)
        with TemporaryDirectory() as temporary:
            write_network(Path(temporary), self, self.describe())
            return upload(Path(temporary), card, former, to)

    @classmethod
    def from_pretrained(  # type: ignore[override]  # without the mixin's options for pickles
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        revision: str | None = None,
        subfolder: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        device: str | int | torch.device | None = None,
        dtype: torch.dtype | None = None,
        **overrides: Any,
    ) -> Self:
        """The network in a folder, or in a repository on the Hugging Face Hub, in eval mode.

        Args:
            pretrained_model_name_or_path: a folder, for which there is no network access; or "user/name", a
                repository, unless there is a path of that name.
            revision: branch, tag or commit of the repository.
            subfolder: folder of the network inside of the folder or repository.
            token: access token of the repository; None stands for HF_TOKEN or the stored login, False for
                none.
            cache_dir: folder of downloads, instead of that of huggingface_hub.
            force_download: download again what is in the cache.
            local_files_only: use the cache alone.
            device: where the network is to be; the CPU by default.
            dtype: of its floating-point weights; torch's default type by default.
            overrides: constructor arguments that replace the stored ones.

        Raises:
            FileNotFoundError: a file of the folder is missing; there is no such repository or revision; or it
                is not in the cache.
            PermissionError: the repository may not be read.
            ConnectionError: the Hub can't be reached.
            ValueError: the folder holds another class, or its files do not fit the class; the device is not
                available; or a folder has no revisions.
            TypeError: the constructor has no such argument.
        """
        _check_names(cls, overrides)
        check_placement(device, dtype)
        folder = find_folder(
            pretrained_model_name_or_path,
            revision=revision,
            subfolder=subfolder,
            token=token,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
        )
        stored = find_network(folder)
        if stored.class_name != cls.__name__:
            raise ValueError(
                f"{stored.described_in} describes a {stored.class_name}, not a {cls.__name__}; "
                "use gan_nets.load"
            )
        return build(cls, stored, **overrides).to(device=device, dtype=dtype)


def _check_names(cls: type[PretrainedModule], overrides: Mapping[str, Any]) -> None:
    """Raise TypeError for what is no argument of the constructor."""
    known = [name for name in inspect.signature(cls.__init__).parameters if name != "self"]
    for name in overrides:
        if name not in known:
            advice = ELSEWHERE.get(name, f"it has {', '.join(known)}")
            raise TypeError(f"{cls.__name__}.from_pretrained has no argument {name}; {advice}")


def build(cls: type[Net], stored: StoredNetwork, **overrides: Any) -> Net:
    """The stored network, in eval mode; `overrides` replace arguments of its constructor.

    Nothing is allocated before the shapes in the file of weights are found to be the network's.

    Raises:
        FileNotFoundError: its weights are missing.
        ValueError: description and weights do not fit the class.
    """
    shapes, usage = stored.shapes(), stored.usage or cls.usage
    make = partial(cls, **stored.arguments | overrides)
    try:
        sizes = (size for value in shapes.values() for size in value.shape)
        given = {name: value for name, value in stored.arguments.items() if name not in overrides}
        check_arguments(cls.__init__, given, max(len(shapes), *sizes, 0))
        planned = outline(make, len(shapes))
    except Exception as error:  # a stranger's arguments may make a constructor raise anything
        raise ValueError(
            f"{stored.described_in} does not describe a {cls.__name__}: "
            f"{_reason(error)}{_other_version(stored)}"
        ) from error
    check_fits(planned, shapes, source=str(stored.weights))
    net, state = make(), stored.state_dict()
    check_fits(net, state, source=str(stored.weights))
    net.load_state_dict(state)
    net.usage = usage
    return net.eval()


def _other_version(stored: StoredNetwork) -> str:
    """A hint if another version, whose arguments may have been others, wrote the description."""
    wrote = stored.description.get("gan_nets", __version__)
    return f"; it was written by gan_nets {wrote}, and this is {__version__}" if wrote != __version__ else ""


def _reason(error: Exception) -> str:
    """The first line of its message; torch's have more."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
