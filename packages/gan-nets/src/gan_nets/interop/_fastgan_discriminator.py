"""Checkpoints of FastGAN's own code: its discriminator."""

from functools import partial

from torch import Tensor

from gan_nets.interop._names import Names, StateDict, unwrapped
from gan_nets.interop._spectral import fit_spectral, rename_spectral
from gan_nets.networks.fastgan_discriminator import DECODED, FastGANDiscriminator

DISCRIMINATOR = "the FastGAN discriminator checkpoint"


def discriminator_from_fastgan(state_dict: StateDict) -> dict[str, Tensor]:
    """The original discriminator's state dict under FastGANDiscriminator's keys.

    Examples:
        >>> list(discriminator_from_fastgan({"rf_small.weight_orig": torch.zeros(1, 8, 4, 4)}))
        ['small_output.parametrizations.weight.original']
    """
    return rename_spectral(unwrapped(state_dict), NAMES)


def load_fastgan_discriminator(state_dict: StateDict) -> FastGANDiscriminator:
    """The FastGANDiscriminator that fits the original's state dict, with its weights, in eval mode.

    Args:
        state_dict: of odegeasslbc/FastGAN-pytorch's `Discriminator`.

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_fastgan_discriminator(read_checkpoint("all_50000.pth", part="d"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    needed = ("down_from_big.0.weight_orig", "rf_big.0.weight_orig")
    if any(key not in state or state[key].ndim != 4 for key in needed):
        raise ValueError(
            f"{DISCRIMINATOR} does not fit: expected keys such as {', '.join(needed)}; "
            f"got {', '.join(list(state)[:5]) or 'no keys'}"
        )
    first = state[needed[0]]
    size = 1024 if "down_from_big.2.weight_orig" in state else {3: 256}.get(first.shape[-1], 512)
    make = partial(FastGANDiscriminator, size, first.shape[1], width=state[needed[1]].shape[1] // 8)
    return fit_spectral(make, rename_spectral(state, NAMES), NAMES, source=DISCRIMINATOR)


def _names() -> Names:
    """Our layers by the original's, which numbers the sizes of maps for images of 512."""
    names = {"down_from_big.0": "input.0.conv", "down_from_big.2": "input.1.conv"}
    names["down_from_big.3"] = "input.1.norm"
    for block, label in enumerate((4, 8, 16, 32, 64)):
        for theirs, ours in (("main.0", "first"), ("main.3", "second"), ("direct.1", "direct")):
            path, _, index = theirs.rpartition(".")
            names[f"down_{label}.{theirs}"] = f"blocks.{block}.{ours}.conv"
            names[f"down_{label}.{path}.{int(index) + 1}"] = f"blocks.{block}.{ours}.norm"
    for theirs, ours in (("se_2_16", 32), ("se_4_32", 16), ("se_8_64", 8)):
        names[f"{theirs}.main.1"] = f"excitations.{ours}.squeeze"
        names[f"{theirs}.main.3"] = f"excitations.{ours}.excite"
    names |= {"rf_big.0": "output.0.conv", "rf_big.1": "output.0.norm", "rf_big.3": "output.1"}
    names |= {"down_from_small.0": "small_input.conv", "rf_small": "small_output"}
    for block in range(3):
        names[f"down_from_small.{block + 2}.main.0"] = f"small_blocks.{block}.conv"
        names[f"down_from_small.{block + 2}.main.1"] = f"small_blocks.{block}.norm"
    for theirs, ours in (("big", "decoder"), ("part", "part_decoder"), ("small", "small_decoder")):
        for block in range(len(DECODED)):
            names[f"decoder_{theirs}.main.{block + 1}.1"] = f"{ours}.blocks.{block}.conv"
            names[f"decoder_{theirs}.main.{block + 1}.2"] = f"{ours}.blocks.{block}.norm"
        names[f"decoder_{theirs}.main.{len(DECODED) + 1}"] = f"{ours}.output"
    return names


NAMES = _names()
