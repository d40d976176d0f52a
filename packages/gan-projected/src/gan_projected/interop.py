"""Checkpoints of autonomousvision/projected-gan: its discriminator and the features that it stands on."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from gan_projected._backbone import Backbone
from gan_projected._discriminator import ProjectedDiscriminator
from gan_projected._projector import Mixing, Projector, mixture
from gan_projected._resize import Resize

__all__ = ["load_discriminator", "load_projector"]

BACKBONE = "tf_efficientnet_lite0"  # the only one that the official code builds
PARTS = {  # of it: timm's names by the official ones
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
AFTER_THE_FEATURES = ("conv_head.", "bn2.", "classifier.")


def load_projector(state_dict: Mapping[str, Tensor], *, mixing: Mixing | None = None) -> Projector:
    """The Projector with the weights of the official feature network.

    The official code moves the batch norms' statistics by one step when it is built, so that those in a
    checkpoint differ from the pretrained ones; they are taken as they are.

    Args:
        state_dict: keys `pretrained.*` and `scratch.*`.
        mixing: which of the mixtures to use; all that are there by default.

    Raises:
        ValueError: the state dict is another network's.
    """
    state = dict(state_dict)
    found: Mixing = "scales" if "scratch.layer0_csm.out_conv.weight" in state else "channels"
    found = found if "scratch.layer0_ccm.weight" in state else "none"
    mixing = mixing or found
    backbone = Backbone(BACKBONE, weights=_timm_names(_part(state, "pretrained.")))
    if mixing == "none":
        return Projector(backbone, mixing="none")
    across_channels = [_mix(state, f"scratch.layer{level}_ccm") for level in range(4)]
    first, second, third, fourth = (conv.out_channels for conv in across_channels)
    projector = Projector(backbone, mixing=mixing, channels=(first, second, third, fourth))
    across_scales = across_channels
    if mixing == "scales":
        across_scales = [_mix(state, f"scratch.layer{level}_csm.out_conv") for level in range(4)]
    projector._set_mixtures(across_channels, across_scales)
    return projector


def load_discriminator(
    state_dict: Mapping[str, Tensor], *, resize: Resize = "official"
) -> ProjectedDiscriminator:
    """The ProjectedDiscriminator that fits the official one's state dict, with its weights, in eval mode.

    Args:
        state_dict: keys `feature_network.*` and `discriminator.*`.
        resize: as for ProjectedDiscriminator.

    Raises:
        ValueError: the state dict is another network's, or that of a class-conditional discriminator.
    """
    heads = _part(dict(state_dict), "discriminator.mini_discs.")
    if any(".embed" in key for key in heads):
        raise ValueError(
            "expected a discriminator without classes; got a class-conditional one; train it anew"
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
        widths=[widths[0]] * (4 - len(widths)) + widths,  # without the mixing of scales, no head has stride 2
        separable=any("depthwise" in key for key in heads),
        levels=levels,
        resize=resize,
    )
    _load_exactly(net.heads, {_head_name(key): value for key, value in heads.items()})
    return net.eval()


def _part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _timm_names(pretrained: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The backbone's weights as timm's complete network has them, whose last layers nobody looks at."""
    import timm  # not before it is needed, as it takes seconds

    complete = timm.create_model(BACKBONE).state_dict()
    rest = {key: value for key, value in complete.items() if key.startswith(AFTER_THE_FEATURES)}
    return rest | {_timm_name(key): value for key, value in pretrained.items()}


def _timm_name(key: str) -> str:
    for official, ours in PARTS.items():
        if key.startswith(f"{official}."):
            return ours + key.removeprefix(official)
    return key


def _mix(state: Mapping[str, Tensor], name: str) -> nn.Conv2d:
    """A random 1x1 convolution of the official code."""
    weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
    if weight is None or bias is None:
        raise ValueError(f"expected the weight and bias of {name!r}; got {', '.join(list(state)[:5])}, ...")
    return mixture(weight, bias)


def _head_name(key: str) -> str:
    """From the official key after 'discriminator.mini_discs.' to ours within MultiScaleHeads."""
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
        raise ValueError(f"the official discriminator's checkpoint does not fit: {error}") from error
