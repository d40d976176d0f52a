"""Checkpoints of NVIDIA/pix2pixHD: its generators and its encoder."""

import re
from functools import partial

from torch import Tensor

from gan_nets.interop._names import StateDict, biased_norm_of, fit, rename, unwrapped, weight_shape
from gan_nets.networks.instance_encoder import InstanceEncoder
from gan_nets.networks.pix2pixhd import GlobalGenerator, LocalEnhancer

GLOBAL = "the pix2pixHD global generator checkpoint"
LOCAL = "the pix2pixHD local enhancer checkpoint"
ENCODER = "the pix2pixHD encoder checkpoint"


def global_from_pix2pixhd(state_dict: StateDict) -> dict[str, Tensor]:
    """The original global generator's state dict (keys model.1, ...) under GlobalGenerator's keys.

    Examples:
        >>> layers = "model.1", "model.4", "model.7.conv_block.1", "model.7.conv_block.5", "model.8"
        >>> list(global_from_pix2pixhd({f"{name}.bias": torch.zeros(4) for name in layers}))[:2]
        ['trunk.input.conv.bias', 'trunk.downs.0.conv.bias']
    """
    state = unwrapped(state_dict)
    return rename(state, _Generator(state, source=GLOBAL).names("trunk"))


def load_pix2pixhd_global(state_dict: StateDict) -> GlobalGenerator:
    """The GlobalGenerator that fits the original's state dict, with its weights, in eval mode.

    Args:
        state_dict: as saved by the original code (`latest_net_G.pth` of `--netG global`).

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_pix2pixhd_global(read_checkpoint("latest_net_G.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    layout = _Generator(state, source=GLOBAL)
    width, in_channels = weight_shape(state, "model.1", source=GLOBAL)
    out_channels, _ = weight_shape(state, layout.output, source=GLOBAL)
    names = layout.names("trunk")
    make = partial(
        GlobalGenerator,
        in_channels,
        out_channels,
        width=width,
        downsamplings=layout.downs,
        blocks=layout.blocks,
        norm=biased_norm_of(state, "model.2"),
    )
    return fit(make, rename(state, names), names, source=GLOBAL)


def local_from_pix2pixhd(state_dict: StateDict) -> dict[str, Tensor]:
    """The original local enhancer's state dict (keys model.1, model1_1.1, ...) under LocalEnhancer's.

    Examples:
        >>> state = local_from_pix2pixhd(read_checkpoint("latest_net_G.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    return rename(state, _local_names(state))


def load_pix2pixhd_local(state_dict: StateDict) -> LocalEnhancer:
    """The LocalEnhancer that fits the original's state dict, with its weights, in eval mode.

    Args:
        state_dict: as saved by the original code (`latest_net_G.pth` of `--netG local`).

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_pix2pixhd_local(read_checkpoint("latest_net_G.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    names, layout = _local_names(state), _Generator(state, source=LOCAL)
    enhancers, blocks = _enhancers(state), _enhancer_blocks(state)
    width, in_channels = weight_shape(state, f"model{enhancers}_1.1", source=LOCAL)
    out_channels, _ = weight_shape(state, f"model{enhancers}_2.{blocks + 4}", source=LOCAL)
    make = partial(
        LocalEnhancer,
        in_channels,
        out_channels,
        width=width,
        downsamplings=layout.downs,
        blocks=layout.blocks,
        enhancers=enhancers,
        enhancer_blocks=blocks,
        norm=biased_norm_of(state, "model.2"),
    )
    return fit(make, rename(state, names), names, source=LOCAL)


def encoder_from_pix2pixhd(state_dict: StateDict) -> dict[str, Tensor]:
    """The original encoder's state dict (keys model.1, model.4, ...) under InstanceEncoder's keys.

    Examples:
        >>> sizes = {"model.1": 7, "model.4": 3, "model.7": 3, "model.11": 7}  # of the convolutions
        >>> original = {f"{name}.weight": torch.zeros(4, 4, size, size) for name, size in sizes.items()}
        >>> list(encoder_from_pix2pixhd(original))[:2]
        ['trunk.input.conv.weight', 'trunk.downs.0.conv.weight']
    """
    state = unwrapped(state_dict)
    return rename(state, _Generator(state, source=ENCODER, has_blocks=False).names("trunk"))


def load_pix2pixhd_encoder(state_dict: StateDict) -> InstanceEncoder:
    """The InstanceEncoder that fits the original's state dict, with its weights, in eval mode.

    Args:
        state_dict: as saved by the original code (`latest_net_E.pth`).

    Raises:
        ValueError: the state dict is another network's; missing and unexpected keys are listed.

    Examples:
        >>> net = load_pix2pixhd_encoder(read_checkpoint("latest_net_E.pth"))  # doctest: +SKIP
    """
    state = unwrapped(state_dict)
    layout = _Generator(state, source=ENCODER, has_blocks=False)
    width, in_channels = weight_shape(state, "model.1", source=ENCODER)
    features, _ = weight_shape(state, layout.output, source=ENCODER)
    names = layout.names("trunk")
    make = partial(
        InstanceEncoder,
        in_channels,
        features,
        width=width,
        downsamplings=layout.downs,
        norm=biased_norm_of(state, "model.2"),
    )
    return fit(make, rename(state, names), names, source=ENCODER)


class _Generator:
    """Indices of the layers in the original's list of modules, where padding, norm and ReLU count too."""

    def __init__(self, state: StateDict, *, source: str, has_blocks: bool = True) -> None:
        found = [match for key in state if (match := re.match(r"model\.(\d+)\.(conv_block\.)?", key))]
        in_blocks = {int(match[1]) for match in found if match[2]}
        if has_blocks and not in_blocks:
            raise ValueError(
                f"{source} does not fit: expected residual blocks such as 'model.16.conv_block.1.weight'; "
                f"got {', '.join(list(state)[:5]) or 'no keys'}"
            )
        self.blocks = len(in_blocks) if has_blocks else 0
        last = max((int(match[1]) for match in found), default=0)
        # The blocks come after a padding, the input and the downsamplings, with three modules each. Without
        # blocks as many upsamplings follow, and the output comes after one more padding.
        self.downs = max(1, (min(in_blocks) - 4) // 3 if in_blocks else (last - 5) // 6)
        self.output = f"model.{5 + 6 * self.downs + self.blocks}"

    def names(self, trunk: str) -> dict[str, str]:
        """Our layers by the original's, the output layer among them."""
        names = _conv_block("model", 1, f"{trunk}.input")
        for down in range(self.downs):
            names |= _conv_block("model", 4 + 3 * down, f"{trunk}.downs.{down}")
        first = 4 + 3 * self.downs
        names |= _residual_blocks("model", first, self.blocks, f"{trunk}.blocks")
        for up in range(self.downs):
            names |= _conv_block("model", first + self.blocks + 3 * up, f"{trunk}.ups.{up}")
        return names | {self.output: "output"}


def _conv_block(path: str, index: int, ours: str) -> dict[str, str]:
    return {f"{path}.{index}": f"{ours}.conv", f"{path}.{index + 1}": f"{ours}.norm"}


def _residual_blocks(path: str, first: int, count: int, ours: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for block in range(count):
        within = f"{path}.{first + block}.conv_block"
        names |= _conv_block(within, 1, f"{ours}.{block}.first") | _conv_block(within, 5, f"{ours}.{block}")
    return names


def _local_names(state: StateDict) -> dict[str, str]:
    """The global part under "model", each enhancer in two lists: up to the sum, and from there on."""
    layout, count, blocks = _Generator(state, source=LOCAL), _enhancers(state), _enhancer_blocks(state)
    names = layout.names("coarse")
    del names[layout.output]  # only the last enhancer has an output layer
    for index in range(count):
        down, up, ours = f"model{index + 1}_1", f"model{index + 1}_2", f"enhancers.{index}"
        names |= _conv_block(down, 1, f"{ours}.input") | _conv_block(down, 4, f"{ours}.down")
        names |= _residual_blocks(up, 0, blocks, f"{ours}.blocks") | _conv_block(up, blocks, f"{ours}.up")
    return names | {f"model{count}_2.{blocks + 4}": "output"}


def _enhancers(state: StateDict) -> int:
    numbers = [int(match[1]) for key in state if (match := re.match(r"model(\d+)_[12]\.", key))]
    if not numbers:
        raise ValueError(
            f"{LOCAL} does not fit: expected enhancers' keys such as 'model1_1.1.weight'; "
            f"got {', '.join(list(state)[:5]) or 'no keys'}; load_pix2pixhd_global takes a global one"
        )
    return max(numbers)


def _enhancer_blocks(state: StateDict) -> int:
    return max(1, len({key.split(".")[1] for key in state if re.match(r"model1_2\.\d+\.conv_block\.", key)}))
