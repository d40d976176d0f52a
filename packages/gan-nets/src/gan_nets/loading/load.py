"""Find a network: in a folder, among those of a training run, on the Hub, or in a foreign checkpoint."""

from pathlib import Path

import torch

from gan_nets._version import __version__
from gan_nets.interop.opening import open_checkpoint
from gan_nets.loading._networks import NETWORKS
from gan_nets.networks.spandrel_net import SpandrelNet
from gan_nets.saving.arguments import short
from gan_nets.saving.folder import (
    CONFIG,
    WEIGHTS,
    check_description,
    find_network,
    read_json,
)
from gan_nets.saving.hub import find_folder, is_repository
from gan_nets.saving.placement import check_placement
from gan_nets.saving.pretrained import PretrainedModule, build
from gan_nets.saving.stored import StoredNetwork

# In a checkpoint of a run: the description of each network, and where its weights are.
DESCRIPTIONS = "networks.json"
AUXILIARY = ("encode", "discriminate")  # tasks of networks that are not what a run is for


def load(
    path: str | Path,
    net: str | None = None,
    *,
    revision: str | None = None,
    subfolder: str | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    device: str | int | torch.device | None = None,
    dtype: torch.dtype | None = None,
) -> PretrainedModule | SpandrelNet:
    """The network in a folder, a repository on the Hugging Face Hub, or a foreign checkpoint, in eval mode.

    Of a repository its config.json and model.safetensors are downloaded; no code in them is run. The network
    is not used for a folder. In a run's folder the saved networks are taken or, before there are any, those
    of its newest checkpoint, where averaged weights (EMA) replace those of the network that they average.

    A file of another project, such as RealESRGAN_x4plus.pth, is read as by `gan_nets.interop.convert`. With
    gan-nets[spandrel], one of no known family is opened as a `SpandrelNet` if spandrel has its architecture.

    Args:
        path: a folder that `save_pretrained` wrote; the folder of a run; one of its checkpoints, such as
            RUN/checkpoints/best; a file of safetensors or of `torch.save`; or "user/name", a repository,
            unless there is a path of that name.
        net: which network of a run, by the name of its folder or in the checkpoint; needed only if several
            are neither discriminators nor encoders. Of a file, the `part` of `gan_nets.interop.convert`.
        revision: branch, tag or commit of the repository.
        subfolder: folder of the network inside of the folder or repository, such as "a_to_b".
        token: access token of the repository; None stands for HF_TOKEN or the stored login, False for none.
        cache_dir: folder of downloads, instead of that of huggingface_hub.
        force_download: download again what is in the cache.
        local_files_only: use the cache alone.
        device: where the network is to be; the CPU by default.
        dtype: of its floating-point weights, such as torch.bfloat16; torch's default type by default.

    Raises:
        FileNotFoundError: there is no network, repository or revision, or it is not in the cache.
        PermissionError: the repository may not be read.
        ConnectionError: the Hub can't be reached.
        ValueError: there are several or none of that name; the class is no network of gan_nets; the files
            do not fit the class; a file can't be read safely, or is of no known network; the device is not
            available; or an argument is for repositories only, or for folders only.

    Examples:
        >>> UNetGenerator(1, 3, depth=3, width=4).save_pretrained("net")
        >>> type(load("net")).__name__
        'UNetGenerator'
    """
    check_placement(device, dtype)
    if net is not None and is_repository(path):
        raise ValueError(
            f"{path} is a repository on the Hub, not a run, so that {net!r} is not in it; name the folder of "
            "a network with subfolder= or --subfolder"
        )
    found = find_folder(
        path,
        revision=revision,
        subfolder=subfolder,
        token=token,
        cache_dir=cache_dir,
        force_download=force_download,
        local_files_only=local_files_only,
    )
    place = resolve(found)
    if place.is_file():
        return open_checkpoint(place, net).to(device=device, dtype=dtype)
    stored = find_stored(place, net)
    return build(_class_of(stored), stored).to(device=device, dtype=dtype)


def find_stored(folder: Path, net: str | None) -> StoredNetwork:
    """The network in a folder, or one of a run's, before it is built; see `load`.

    Raises:
        FileNotFoundError: there is no network.
        ValueError: there are several or none of that name, or a description is damaged.
    """
    if not (folder / CONFIG).is_file() and not (folder / WEIGHTS).is_file():
        return _choose(folder, net)
    if net is not None:
        raise ValueError(f"{folder} is a single network, so that {net!r} is not in it; leave net out")
    return find_network(folder)


def resolve(path: Path) -> Path:
    """The path itself, the checkpoint that a run's "latest" or "best" names, or the folder of our weights.

    Raises:
        ValueError: a file of that name names no checkpoint.
    """
    if path.name in ("latest", "best") and path.is_file():
        name = path.read_bytes()[:100].decode(errors="replace").strip()
        if not name.isdecimal():
            raise ValueError(f"{path} does not name a checkpoint; give the folder of one, beside it")
        return path.parent / name
    if path.name == WEIGHTS and (path.parent / CONFIG).is_file():
        return path.parent
    return path


def _choose(folder: Path, name: str | None) -> StoredNetwork:
    """One of the networks of a run or of a checkpoint."""
    saved = {path.parent.name: find_network(path.parent) for path in sorted(folder.glob(f"*/{CONFIG}"))}
    in_training = _in_checkpoint(folder)
    if name is not None:
        networks = in_training | saved
        if name not in networks:
            raise ValueError(f"{folder} has no network {name!r}; it has {', '.join(networks) or 'none'}")
        return networks[name]
    networks = saved or in_training
    if not networks:
        find_network(folder)  # raises: there is nothing
    names = [name for name in networks if _task(networks[name]) not in AUXILIARY] or list(networks)
    if len(names) > 1:
        raise ValueError(f"{folder} holds several networks; name one with net= or --net: {', '.join(names)}")
    return networks[names[0]]


def _in_checkpoint(folder: Path) -> dict[str, StoredNetwork]:
    """The networks of a checkpoint, or of the newest one of a run; none if there is no checkpoint."""
    newest = max(folder.glob(f"checkpoints/[0-9]*/{DESCRIPTIONS}"), default=folder / DESCRIPTIONS)
    if not newest.is_file():
        return {}
    networks: dict[str, StoredNetwork] = {}
    try:
        for name, entry in read_json(newest).items():
            weights, prefix = entry["weights"], entry["prefix"]
            check_description(entry["network"], newest)
            if Path(weights).name != weights or not isinstance(prefix, str):
                raise TypeError(
                    f"expected a file of the checkpoint and a prefix; got {short([weights, prefix])}"
                )
            networks[name] = StoredNetwork(entry["network"], newest, newest.parent / weights, prefix)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{newest} is not what a run writes into a checkpoint: {error!r}") from error
    return networks


def _task(stored: StoredNetwork) -> str:
    return (stored.usage or _class_of(stored).usage).task


def _class_of(stored: StoredNetwork) -> type[PretrainedModule]:
    if stored.class_name not in NETWORKS:
        raise ValueError(
            f"{stored.described_in} names the class {short(stored.class_name)}, which is no network of "
            f"gan_nets {__version__}; load it with the version that wrote it"
        )
    return NETWORKS[stored.class_name]
