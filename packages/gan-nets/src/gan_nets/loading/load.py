"""Find a network in a folder: one that was saved there, or one of a run's."""

from pathlib import Path

from gan_nets.saving.folder import CONFIG, WEIGHTS, Stored, check_description, read_json, stored_in
from gan_nets.saving.pretrained import PretrainedModule, build

# In a checkpoint of a run: the description of each network, and where its weights are.
NETWORKS = "networks.json"
HELPERS = ("encode", "judge")  # tasks of networks that stand beside the one that a run is about


def load(path: str | Path, net: str | None = None) -> PretrainedModule:
    """The network in a folder, in eval mode, on the CPU; local files only, of which nothing is executed.

    A run's folder is searched for the networks that it left, and as long as there are none, its newest
    checkpoint, where averaged weights (EMA) stand for the network that they average.

    Args:
        path: a folder that `save_pretrained` wrote; the folder of a run; or one of its checkpoints, such as
            RUN/checkpoints/best.
        net: which network of a run, by the name of its folder or in the checkpoint; needed only where several
            are no discriminators or encoders.

    Raises:
        FileNotFoundError: there is no network.
        ValueError: there are several or none of that name; one names no network of gan_nets, or its files do
            not fit it.
    """
    folder = _pointed_to(Path(path))
    if (folder / CONFIG).is_file() or (folder / WEIGHTS).is_file():
        if net is not None:
            raise ValueError(f"{folder} is a single network, so that {net!r} is not in it; leave net out")
        found = stored_in(folder)
    else:
        found = _chosen(folder, net)
    return build(_class_of(found), found)


def _pointed_to(path: Path) -> Path:
    """The folder itself, or that to which a run's "latest" or "best" points."""
    if path.name in ("latest", "best") and path.is_file():
        return path.parent / path.read_text(encoding="utf-8").strip()
    if path.is_file():
        raise ValueError(
            f"{path} is a file; expected the folder of a network or a run; `gan-nets convert` makes one of "
            "another project's checkpoint"
        )
    return path


def _chosen(folder: Path, name: str | None) -> Stored:
    """One of the networks of a run or of a checkpoint."""
    finished = {path.parent.name: stored_in(path.parent) for path in sorted(folder.glob(f"*/{CONFIG}"))}
    learning = _in_checkpoint(folder)
    if name is not None:
        networks = learning | finished
        if name not in networks:
            raise ValueError(f"{folder} has no network {name!r}; it has {', '.join(networks) or 'none'}")
        return networks[name]
    networks = finished or learning
    if not networks:
        stored_in(folder)  # raises: there is nothing
    names = [name for name in networks if _task(networks[name]) not in HELPERS] or list(networks)
    if len(names) > 1:
        raise ValueError(f"{folder} holds several networks; name one with net= or --net: {', '.join(names)}")
    return networks[names[0]]


def _in_checkpoint(folder: Path) -> dict[str, Stored]:
    """The networks of a checkpoint, or of the newest of a run; none where there is no checkpoint."""
    newest = max(folder.glob(f"checkpoints/[0-9]*/{NETWORKS}"), default=folder / NETWORKS)
    if not newest.is_file():
        return {}
    networks = {}
    try:
        for name, entry in read_json(newest).items():
            check_description(entry["network"], newest)
            networks[name] = Stored(
                entry["network"], newest, newest.parent / entry["weights"], entry["prefix"]
            )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{newest} is not what a run writes into a checkpoint: {error!r}") from error
    return networks


def _task(stored: Stored) -> str:
    return (stored.usage or _class_of(stored).usage).task


def _class_of(stored: Stored) -> type[PretrainedModule]:
    import gan_nets  # here, as the package itself imports this module

    name = stored.class_name
    cls = getattr(gan_nets, name) if name in gan_nets.__all__ else None
    if not (isinstance(cls, type) and issubclass(cls, PretrainedModule)):
        raise ValueError(
            f"{stored.described_in} names the class {name!r}, which is no network of gan_nets "
            f"{gan_nets.__version__}; load it with the version that wrote it"
        )
    return cls
