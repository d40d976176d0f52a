"""Checkpoints of autonomousvision/projected-gan: its discriminator and its feature network."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from gan_projected._backbone import Backbone
from gan_projected._discriminator import ProjectedDiscriminator
from gan_projected._projector import Mixing, Projector, mixture
from gan_projected._resize import Resize

__all__ = ["load_discriminator", "load_projector"]

BACKBONE = "tf_efficientnet_lite0"  # the only one of the official code
PARTS = {  # its layers: timm's names by the official ones
    "layer0.0": "conv_stem",
    "layer0.1": "bn1",
    "layer0.3": "blocks.0",
    "layer0.4": "blocks.1",
    "layer1.0": "blocks.2",
    "layer2.0": "blocks.3",
    "layer2.1": "blocks.4",
    "layer3.0": "blocks.5",
    "layer3.1": "blocks.6",
}
UNUSED = ("conv_head.", "bn2.", "classifier.")


def load_projector(state_dict: Mapping[str, Tensor], *, mixing: Mixing | None = None) -> Projector:
    """A Projector with the weights of the official feature network.

    Building the official network updates the batch norms' statistics by one step, so those in a checkpoint
    differ from the pretrained ones. They are loaded unchanged.

    Args:
        state_dict: keys `pretrained.*` and `scratch.*`.
        mixing: the mixtures to use; by default all that the state dict has.

    Returns:
        The projector.

    Raises:
        ValueError: the state dict is of another network.
    """
    state = dict(state_dict)
    found: Mixing = "scales" if "scratch.layer0_csm.out_conv.weight" in state else "channels"
    found = found if "scratch.layer0_ccm.weight" in state else "none"
    mixing = mixing or found
    backbone = Backbone(BACKBONE, weights=_timm_names(_part(state, "pretrained.")))
    if mixing == "none":
        return Projector(backbone, mixing="none")
    across_channels = [_mixture(state, f"scratch.layer{level}_ccm") for level in range(4)]
    first, second, third, fourth = (conv.out_channels for conv in across_channels)
    projector = Projector(backbone, mixing=mixing, channels=(first, second, third, fourth))
    across_scales = across_channels
    if mixing == "scales":
        across_scales = [_mixture(state, f"scratch.layer{level}_csm.out_conv") for level in range(4)]
    projector.set_mixtures(across_channels, across_scales)
    return projector


def load_discriminator(
    state_dict: Mapping[str, Tensor], *, resize: Resize = "official"
) -> ProjectedDiscriminator:
    """A ProjectedDiscriminator with the weights of the official one, in evaluation mode.

    Args:
        state_dict: keys `feature_network.*` and `discriminator.*`.
        resize: see `ProjectedDiscriminator`.

    Returns:
        The discriminator.

    Raises:
        ValueError: the state dict is of another network, or of a class-conditional discriminator.
    """
    heads = _part(dict(state_dict), "discriminator.mini_discs.")
    if any(".embed" in key for key in heads):
        raise ValueError(
            "expected a discriminator without classes; got a class-conditional one, which is not supported; "
            "train a new one"
        )
    levels = 1 + max((int(key.split(".")[0]) for key in heads), default=-1)
    widths = [heads[key].shape[0] for key in heads if re.fullmatch(r"0\.main\.\d+\.main\.1\.weight", key)]
    if not widths or len(widths) > 4:
        raise ValueError(
            "expected keys of the official discriminator, such as "
            f"'discriminator.mini_discs.0.main.0.main.1.weight'; got {', '.join(list(state_dict)[:5])}, ..."
        )
    net = ProjectedDiscriminator(
        load_projector(_part(dict(state_dict), "feature_network.")),
        widths=[widths[0]] * (4 - len(widths)) + widths,  # without the mixing of scales no map has stride 2
        separable=any("depthwise" in key for key in heads),
        levels=levels,
        resize=resize,
    )
    _load_exactly(net.heads, {_head_name(key): value for key, value in heads.items()})
    return net.eval()


def _part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _timm_names(pretrained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The backbone's weights under timm's names, with the unused last layers of the complete network."""
    import timm  # imported here, because it takes seconds

    complete = timm.create_model(BACKBONE).state_dict()
    unused = {key: value for key, value in complete.items() if key.startswith(UNUSED)}
    return unused | {_timm_name(key): value for key, value in pretrained.items()}


def _timm_name(key: str) -> str:
    for official, ours in PARTS.items():
        if key.startswith(f"{official}."):
            return ours + key.removeprefix(official)
    return key


def _mixture(state: Mapping[str, Tensor], name: str) -> nn.Conv2d:
    """A random 1x1 convolution of the official code."""
    weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
    if weight is None or bias is None:
        raise ValueError(f"expected the weight and bias of {name!r}; got {', '.join(list(state)[:5])}, ...")
    return mixture(weight, bias)


def _head_name(key: str) -> str:
    """The official key after 'discriminator.mini_discs.' to the key in MultiScaleHeads."""
    key = re.sub(r"\.weight_orig$", ".parametrizations.weight.original", key)
    key = re.sub(r"\.weight_([uv])$", r".parametrizations.weight.0._\1", key)
    key = re.sub(r"^(\d+)\.main\.(\d+)\.main\.1\.", r"heads.\1.blocks.\2.norm.", key)
    key = re.sub(r"^(\d+)\.main\.(\d+)\.main\.0\.((depth|point)wise)\.", r"heads.\1.blocks.\2.\3.", key)
    key = re.sub(r"^(\d+)\.main\.(\d+)\.main\.0\.", r"heads.\1.blocks.\2.conv.", key)
    return re.sub(r"^(\d+)\.main\.\d+\.", r"heads.\1.output.", key)


def _load_exactly(net: nn.Module, state: dict[str, Tensor]) -> None:
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"expected a checkpoint of the official discriminator; got: {error}") from error
