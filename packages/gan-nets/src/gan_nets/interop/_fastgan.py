"""Checkpoints of FastGAN's generator, from its own code or from Projected GAN's."""

from functools import partial
from typing import Literal

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, unwrapped
from gan_nets.interop._spectral import fit_spectral, rename_spectral
from gan_nets.networks.fastgan import CHANNELS, EXCITED, Blocks, FastGANGenerator

GENERATOR = "the FastGAN generator checkpoint"


def generator_from_fastgan(state_dict: StateDict) -> dict[str, Tensor]:
    """The original generator's state dict under FastGANGenerator's keys, without its unused layers.

    Examples:
        >>> state = generator_from_fastgan(read_checkpoint("all_50000.pth", part="g"))  # doctest: +SKIP
    """
    state = _of_synthesis(state_dict)
    size = _size(state)
    return rename_spectral(_used(state, size), _names(state, size))


def load_fastgan_generator(state_dict: StateDict) -> FastGANGenerator:
    """The FastGANGenerator that fits the original's state dict, with its weights, in eval mode.

    Which of the two repositories it is from, its size and its blocks are read off the keys.

    Args:
        state_dict: of odegeasslbc/FastGAN-pytorch's `Generator`, or of the unconditional generator of
            autonomousvision/projected-gan, with or without the prefix "synthesis.".

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_fastgan_generator(read_checkpoint("all_50000.pth", part="g"))  # doctest: +SKIP
    """
    state = _of_synthesis(state_dict)
    size = _size(state)
    official = "to_128.weight_orig" in state
    latents, channels = state["init.init.0.weight_orig"].shape[:2]
    make = partial(
        FastGANGenerator,
        size,
        state["to_big.weight_orig"].shape[0],
        latents=latents,
        width=channels // (2 * int(CHANNELS[4])),
        blocks=_blocks(state),
        normalize_latents=not official,
        output_bias="to_big.bias" in state,
        output_tanh=official and size == 1024,
        small_image=official,
    )
    names = _names(state, size)
    return fit_spectral(make, rename_spectral(_used(state, size), names), names, source=GENERATOR)


def _of_synthesis(state_dict: StateDict) -> dict[str, Tensor]:
    """The state without the prefixes of wrappers."""
    state = unwrapped(state_dict)
    if any(key.startswith("synthesis.") for key in state):
        return {key.removeprefix("synthesis."): value for key, value in state.items()}
    return state


def _size(state: StateDict) -> int:
    """The largest size whose maps fit the last convolution: Projected GAN's code always has those of 256."""
    needed = ("to_big.weight_orig", "init.init.0.weight_orig", "feat_8.1.weight_orig")
    if any(key not in state or state[key].ndim != 4 for key in needed):
        raise ValueError(
            f"{GENERATOR} does not fit: expected keys such as {', '.join(needed)}; "
            f"got {', '.join(list(state)[:5]) or 'no keys'}"
        )
    channels = state["to_big.weight_orig"].shape[1]
    fitting = [s for s in CHANNELS if s >= 64 and _out_channels(state, s) == channels]
    if not fitting:
        raise ValueError(f"{GENERATOR} does not fit: no feat_N has the {channels} channels of to_big")
    return fitting[-1]


def _out_channels(state: StateDict, size: int) -> int:
    """Half of the output channels of the last convolution at this size; 0 if there is none."""
    last = f"feat_{size}.{5 if f'feat_{size}.5.weight_orig' in state else 1}.weight_orig"
    return state[last].shape[0] // 2 if last in state else 0


def _blocks(state: StateDict) -> Blocks:
    kinds: dict[tuple[bool, bool], Literal["full", "alternating"]] = {
        (True, True): "full",
        (True, False): "alternating",
    }
    return kinds.get(("feat_8.5.weight_orig" in state, "feat_16.5.weight_orig" in state), "lite")


def _used(state: StateDict, size: int) -> dict[str, Tensor]:
    """Without the layers for sizes above the image's."""
    beyond = tuple(f"{kind}_{s}." for s in CHANNELS if s > size for kind in ("feat", "se"))
    return {key: value for key, value in state.items() if not key.startswith(beyond)}


def _names(state: StateDict, size: int) -> Names:
    """Our layers by the original's."""
    names = {"init.init.0": "input", "init.init.1": "norm", "to_big": "output", "to_128": "small_output"}
    for block, s in enumerate(s for s in CHANNELS if 8 <= s <= size):
        ours = f"blocks.{block}.convs"
        if f"feat_{s}.5.weight_orig" in state:  # convolution, noise, norm and GLU, twice
            for index, first in enumerate((1, 5)):
                names[f"feat_{s}.{first}"] = f"{ours}.{index}.conv"
                names[f"feat_{s}.{first + 1}"] = f"{ours}.{index}.noise"
                names[f"feat_{s}.{first + 2}"] = f"{ours}.{index}.norm"
        else:
            names[f"feat_{s}.1"], names[f"feat_{s}.2"] = f"{ours}.0.conv", f"{ours}.0.norm"
    for s in EXCITED:
        names[f"se_{s}.main.1"] = f"excitations.{s}.squeeze"
        names[f"se_{s}.main.3"] = f"excitations.{s}.excite"
    return names
