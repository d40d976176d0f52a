"""Whether weights fit a network of a recipe, and which options make it so."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import torch
from gan_trainers import OptionError
from torch import Tensor, nn

Shapes = dict[str, tuple[int, ...]]

# What decides a class, or an argument of a constructor that no option is named after: an option with this
# choice, or an option without choices.
CLASSES: Mapping[str, str] = {
    "DCGANDiscriminator": "discriminator=dcgan",
    "DCGANGenerator": "generator=dcgan",
    "FastGANDiscriminator": "discriminator=fastgan",
    "FastGANGenerator": "generator=fastgan",
    "FeatureUNet": "network=features",
    "MSRResNet": "generator=msrresnet",
    "ProGANGenerator": "generator=progan",
    "RRDBNet": "generator=rrdbnet",
    "ResnetGenerator": "generator=resnet",
    "SRGANDiscriminator": "discriminator=srgan",
    "SRResNet": "generator=srresnet",
    "SRVGGNetCompact": "generator=compact",
    "StyleGAN2Generator": "generator=stylegan2",
    "StyleGANGenerator": "generator=stylegan",
    "UNetDiscriminator": "discriminator=unet",
    "VGGStyleDiscriminator": "discriminator=vgg",
}
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "base_channels": ("width",),
    "blocks": ("generator=fastgan",),
    "classes": ("labels",),
    "convs": ("blocks",),
    "depth": ("size",),
    "downsample": ("antialias", "generator=modern"),
    "hidden": ("width",),
    "in_channels": (
        "classes", "features", "boundaries", "colors=y", "colors=rgb-rgb", "discriminator=unconditional",
    ),
    "inputs": ("model=unet",),
    "out_channels": ("colors=y", "colors=rgb-rgb"),
    "resolutions": ("size", "stages"),
    "skips": ("model=autoencoder", "generator=encoder-decoder"),
    "upsample": ("antialias", "generator=modern"),
}  # fmt: skip


class StartingWeights(NamedTuple):
    """What a network starts from.

    Attributes:
        source: where it is from, as typed.
        kind: the network's class.
        arguments: of its constructor; none if it does not describe how it is built.
        state: its tensors.
    """

    source: str
    kind: str
    arguments: dict[str, Any]
    state: Mapping[str, Tensor]


def weights_of(source: str, network: nn.Module) -> StartingWeights:
    """The weights of a network that was loaded."""
    return StartingWeights(source, type(network).__name__, _arguments(network), network.state_dict())


def check_fits(
    name: str, network: nn.Module, weights: StartingWeights, options: Any, others: Sequence[str]
) -> None:
    """Make sure that weights fit a network, its buffers included.

    Arguments of a constructor that change no tensor, such as the probability of dropout, may differ.

    Args:
        name: of the network.
        network: of the recipe.
        weights: for it.
        options: of the recipe.
        others: names of the other networks that the same source is for.

    Raises:
        OptionError: they do not fit. It names the arguments that differ, and the options that decide them.
    """
    kind, ours, theirs = type(network).__name__, _shapes(network.state_dict()), _shapes(weights.state)
    if weights.kind == kind and ours == theirs:
        return
    if weights.kind != kind:
        reason = f"it is a {weights.kind}, not a {kind}"
        decided = CLASSES.get(weights.kind, "")
        advice = [f"--{decided.replace('=', ' to ')}"] if _has(options, decided) else []
    elif changes := {key: each for key, each in weights.arguments.items() if _matters(network, key, each)}:
        here = _arguments(network)
        reason = ", ".join(f"{key} is {each} there and {here[key]} here" for key, each in changes.items())
        advice = _options_to_change(changes, here, options)
    else:
        reason, advice = _different_tensor(theirs, ours), []
    remedies = [f"change {', '.join(advice)}" if advice else "give other weights"]
    remedies += [f"start {each}={weights.source} alone" for each in others[:1]]
    raise OptionError(f"--start: {weights.source} does not fit {name}: {reason}; {', or '.join(remedies)}")


def _arguments(network: nn.Module) -> dict[str, Any]:
    """The arguments of a network's constructor, as JSON holds them; none if it does not describe itself."""
    describe = getattr(network, "describe", None)
    if describe is None:
        return {}
    described = json.loads(json.dumps(describe()))
    return {key: value for key, value in described.items() if key not in ("class", "usage", "gan_nets")}


def _shapes(state: Mapping[str, Tensor]) -> Shapes:
    return {key: tuple(value.shape) for key, value in state.items()}


def _matters(network: nn.Module, argument: str, value: object) -> bool:
    """Whether the network has other tensors, or cannot be built, with another value of an argument."""
    arguments = _arguments(network)
    if arguments[argument] == value:
        return False
    try:
        with torch.device("meta"):
            other = type(network)(**arguments | {argument: value})
    except (ValueError, TypeError, RuntimeError):
        return True
    return _shapes(other.state_dict()) != _shapes(network.state_dict())


def _different_tensor(theirs: Shapes, ours: Shapes) -> str:
    """The first tensor in which they differ, in words."""
    key = next(key for key in (*ours, *theirs) if ours.get(key) != theirs.get(key))
    there, here = (f"{list(each[key])}" if key in each else "missing" for each in (theirs, ours))
    return f"its tensor {key} is {there} there and {here} here"


def _options_to_change(changes: Mapping[str, Any], here: Mapping[str, Any], options: Any) -> list[str]:
    """The options that decide these arguments, each with its new value where it is the argument itself."""
    words: dict[str, str] = {}
    for argument, value in changes.items():
        if hasattr(options, argument):
            itself = getattr(options, argument) in (None, here[argument])
            words[argument] = f" to {value}" if itself else ""
        else:
            deciding = (each for each in ARGUMENTS.get(argument, ()) if _has(options, each))
            words |= {each.partition("=")[0]: "" for each in deciding} | words
    return [f"--{option.replace('_', '-')}{value}" for option, value in words.items()]


def _has(options: Any, deciding: str) -> bool:
    """Whether a recipe has an option, with a choice where one is named, else without choices."""
    name, _, choice = deciding.partition("=")
    choices = _choices(get_type_hints(type(options)).get(name))
    return hasattr(options, name) and (choice in choices if choice else not choices)


def _choices(kind: Any) -> list[str]:
    """The literals among the types of an option."""
    if get_origin(kind) is Literal:
        return [*map(str, get_args(kind))]
    return [each for member in get_args(kind) for each in _choices(member)]
