"""Find a network in a folder: one that was saved there, or one of a training run's."""

from pathlib import Path

from gan_nets._version import __version__
from gan_nets.loading._networks import NETWORKS
from gan_nets.saving.arguments import short
from gan_nets.saving.folder import (
    CONFIG,
    WEIGHTS,
    check_description,
    find_network,
    read_json,
)
from gan_nets.saving.pretrained import PretrainedModule, build
from gan_nets.saving.stored import StoredNetwork

# In a checkpoint of a run: the description of each network, and where its weights are.
DESCRIPTIONS = "networks.json"
AUXILIARY = ("encode", "discriminate")  # tasks of networks that are not what a run is for


def load(path: str | Path, net: str | None = None) -> PretrainedModule:
    """The network in a folder, in eval mode, on the CPU.

    Only local files are read, and no code in them is run. In a run's folder the saved networks are taken or,
    before there are any, those of its newest checkpoint, where averaged weights (EMA) replace those of the
    network that they average.

    Args:
        path: a folder that `save_pretrained` wrote; the folder of a run; or one of its checkpoints, such as
            RUN/checkpoints/best.
        net: which network of a run, by the name of its folder or in the checkpoint; needed only if several
            are neither discriminators nor encoders.

    Raises:
        FileNotFoundError: there is no network.
        ValueError: there are several or none of that name; the class is no network of gan_nets; or the files
            do not fit the class.
    """
    folder = _resolve(Path(path))
    if (folder / CONFIG).is_file() or (folder / WEIGHTS).is_file():
        if net is not None:
            raise ValueError(f"{folder} is a single network, so that {net!r} is not in it; leave net out")
        stored = find_network(folder)
    else:
        stored = _choose(folder, net)
    return build(_class_of(stored), stored)


def _resolve(path: Path) -> Path:
    """The folder itself, or the checkpoint that a run's "latest" or "best" names."""
    if path.name in ("latest", "best") and path.is_file():
        name = path.read_bytes()[:100].decode(errors="replace").strip()
        if not name.isdecimal():
            raise ValueError(f"{path} does not name a checkpoint; give the folder of one, beside it")
        return path.parent / name
    if path.is_file():
        raise ValueError(
            f"{path} is a file; expected the folder of a network or a run; `gan-nets convert` makes one of "
            "another project's checkpoint"
        )
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
