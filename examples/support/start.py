"""Fine-tuning: the networks of a recipe start from existing weights, those of --start."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gan_nets
from gan_trainers import EMA, OptionError, Run
from safetensors import SafetensorError, safe_open
from torch import nn

from support.common import recorded_settings
from support.fit import StartingWeights, check_fits, weights_of
from support.licenses import licenses_of

POINTERS = ("latest", "best")  # files that name a checkpoint
STARTED_FROM = "started_from"  # in settings.json
STATES, PREFIX = "shared.safetensors", "shared.registered."  # the tensors of a checkpoint, and their prefix


def started_names(run: Run) -> set[str]:
    """The names of the networks that were started, also of a run that resumes."""
    return set(run.settings.get(STARTED_FROM, ()))


def start_networks(sources: Sequence[str], objects: Mapping[str, Any], options: Any, run: Run) -> set[str]:
    """Load the weights of --start into the networks of a new run, and into their averages.

    Call it before the objects are registered. A run that resumes has weights of its own: nothing is loaded.

    Args:
        sources: each SOURCE or NAME=SOURCE: the folder of a network; a run or one of its checkpoints, where
            averaged weights come first; a file of another project; or what else `gan_nets.load` takes.
            Without a name, a run gives each network that has the same name there, and a single network is for
            the only one of its class.
        objects: what the recipe registers, by name.
        options: of the recipe, for the errors.
        run: of the training.

    Returns:
        The names of the networks that were started.

    Raises:
        OptionError: a source does not fit, or does not say for which network it is; or the run that resumes
            was started from others.
        OSError, ValueError: a source cannot be read.
    """
    if not sources:
        return set()
    if run.has_checkpoint():
        _check_same_start(run.out, sources)
        if recorded := recorded_settings(run.out).get(STARTED_FROM):
            run.settings[STARTED_FROM] = recorded
        return set()
    networks = {name: each for name, each in objects.items() if _is_trained(each)}
    averages = [each for each in objects.values() if isinstance(each, EMA)]
    found = _read(sources, networks, options)
    for name, weights in found.items():
        for network in (networks[name], *(e.average for e in averages if e.network is networks[name])):
            network.load_state_dict(weights.state)
    started = {name: _origin(weights.source) for name, weights in found.items()}
    run.settings[STARTED_FROM] = started  # gan_nets passes the licenses on in the cards of the networks
    if run.is_main:
        for name, weights in found.items():
            licenses = " and ".join(each or "license unknown" for each in started[name]["licenses"])
            print(f"{name}: from {weights.source} ({weights.kind}, {licenses})")
    return set(found)


def _origin(source: str) -> dict[str, Any]:
    """Where weights are from and by whose license, for settings.json."""
    on_hub = not Path(source).expanduser().exists()
    return {"source": source, "licenses": licenses_of(source), "on_hub": on_hub}


def _is_trained(registered: object) -> bool:
    """Whether it is a network with parameters to train: no average, no frozen features."""
    if not isinstance(registered, nn.Module) or isinstance(registered, EMA):
        return False
    return any(parameter.requires_grad for parameter in registered.parameters())


def _check_same_start(out: Path, sources: Sequence[str]) -> None:
    """Refuse to continue a run that did not start from these sources, as if it had."""
    before = recorded_settings(out).get("start") or []
    if before != [*sources]:
        earlier = " ".join(["--start", *before]) if before else "no --start"
        raise OptionError(
            f"{out} holds a run with {earlier}, which would continue; give another --out for --start "
            f"{' '.join(sources)}"
        )


def _read(
    sources: Sequence[str], networks: Mapping[str, nn.Module], options: Any
) -> dict[str, StartingWeights]:
    """The weights of all sources by the names of the networks that start from them, and that they fit."""
    found: dict[str, StartingWeights] = {}
    for source in sources:
        given = _find(source, networks)
        for name, weights in given.items():
            if name in found:
                raise OptionError(
                    f"--start gives {name} twice, from {found[name].source} and {weights.source}; leave one "
                    "out, or name what each is for"
                )
            check_fits(name, networks[name], weights, options, [each for each in given if each != name])
            found[name] = weights
    return found


def _find(source: str, networks: Mapping[str, nn.Module]) -> dict[str, StartingWeights]:
    """The weights of a source by the names of the networks that start from them."""
    name, equals, place = source.partition("=")
    if equals and name in networks:
        if not place:
            raise OptionError(f"--start {source} expects a folder, a file or a name after {name}=")
        checkpoint = _checkpoint(place)
        if checkpoint and name in _registered(checkpoint):
            return {name: _of_checkpoint(place, checkpoint, name, networks[name])}
        return {name: _single(place)}
    if equals and name.isidentifier() and not Path(source).expanduser().exists():
        raise OptionError(f"--start {source}: there is no network {name}; there are {', '.join(networks)}")
    if checkpoint := _checkpoint(source):
        return _same_names(source, checkpoint, networks)
    return _same_class(source, networks)


def _same_names(
    source: str, checkpoint: Path, networks: Mapping[str, nn.Module]
) -> dict[str, StartingWeights]:
    """Each network of a checkpoint that has the name of one here, the first one at least."""
    main, there = next(iter(networks)), _registered(checkpoint)
    if main not in there:
        raise OptionError(
            f"--start {source} has no network {main}, and this recipe trains {', '.join(networks)}; give the "
            f"folder of a network by name, such as {main}=FOLDER"
        )
    return {
        name: _of_checkpoint(source, checkpoint, name, network)
        for name, network in networks.items()
        if name in there
    }


def _same_class(source: str, networks: Mapping[str, nn.Module]) -> dict[str, StartingWeights]:
    """A single network, for the only one of its class."""
    weights = _single(source)
    names = [name for name, network in networks.items() if type(network).__name__ == weights.kind]
    if len(names) > 1:
        raise OptionError(
            f"--start {source} is a {weights.kind}, as {' and '.join(names)} are; say which starts from it, "
            f"such as {names[0]}={source}"
        )
    if not names:
        classes = ", ".join(f"{name} ({type(network).__name__})" for name, network in networks.items())
        raise OptionError(f"--start {source} is a {weights.kind}, and this recipe trains {classes}")
    return {names[0]: weights}


def _single(place: str) -> StartingWeights:
    """The weights of a network in a folder or file, or of a repository."""
    path = Path(place).expanduser()
    return weights_of(place, gan_nets.load(path if path.exists() else place))


def _checkpoint(place: str) -> Path | None:
    """The folder of the checkpoint that a place is or names, or of a run's newest one; None for others."""
    path = Path(place).expanduser()
    if path.name in POINTERS and path.is_file():
        path = path.parent / path.read_bytes()[:100].decode(errors="replace").strip()
    newest = max(path.glob(f"checkpoints/[0-9]*/{STATES}"), default=path / STATES)
    return newest.parent if newest.is_file() else None


def _registered(checkpoint: Path) -> set[str]:
    """The names of the networks, averages and optimizers in a checkpoint."""
    with _opened(checkpoint) as file:
        keys = [key for key in file.keys() if key.startswith(PREFIX)]  # noqa: SIM118 - no dict
    return {key.removeprefix(PREFIX).partition(".")[0] for key in keys}


def _of_checkpoint(source: str, checkpoint: Path, name: str, network: nn.Module) -> StartingWeights:
    """The weights of a network in a checkpoint: averaged where they are, if it describes how it is built."""
    if hasattr(network, "describe"):
        return weights_of(source, gan_nets.load(Path(source).expanduser(), name))
    prefix = f"{PREFIX}{name}."
    with _opened(checkpoint) as file:
        keys = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118 - no dict
        state = {key.removeprefix(prefix): file.get_tensor(key) for key in keys}
    return StartingWeights(source, type(network).__name__, {}, state)


@contextmanager
def _opened(checkpoint: Path) -> Generator[Any]:
    file = checkpoint / STATES
    try:
        with safe_open(file, "pt") as opened:
            yield opened
    except SafetensorError as error:
        raise OptionError(f"--start cannot read {file} ({error}); give another checkpoint") from None
