"""The network of segmentation.py: an FCN on a backbone of timm, and its folder."""

import json
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from gan_projected import Backbone
from gan_trainers import OptionError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from support.common import Weights

FOLDER = "segmenter"  # of the network, in that of the run


class FCN(nn.Module):
    """Scores of 1x1 convolutions on several depths of a backbone, summed from coarse to fine.

    Long et al. 2015, section 4.2. With 3 depths, strides 32 to 8, it is FCN-8s. As in the paper all layers of
    the backbone are trained, and the score layers start at 0. Upsampling is bilinear, where the paper's is
    learned from that on; fc6 and fc7 are VGG16's and have no counterpart. The backbone's batch norms are
    folded into its convolutions: they keep the mean and variance of ImageNet, and their scale and shift are
    trained as a part of the convolutions. So the logits of a picture do not depend on the others of its
    batch, nor on `train()` and `eval()`.

    Args:
        classes: the number of classes.
        backbone: the name of a timm network; see `gan_projected.Backbone`.
        weights: of the backbone; see `gan_projected.Backbone`.
        depths: the number of depths that have scores, 1 to 4: strides 32, 16, 8, 4.
        enlarge: how many times pictures are enlarged before the backbone.
    """

    def __init__(
        self, classes: int, *, backbone: str, weights: Weights, depths: int = 3, enlarge: int = 1
    ) -> None:
        super().__init__()
        self.arguments = {"classes": classes, "backbone": backbone, "depths": depths, "enlarge": enlarge}
        self.enlarge = enlarge
        self.backbone = Backbone(backbone, weights=weights)
        unfreeze_(self.backbone.network)
        coarse_to_fine = self.backbone.channels[::-1][:depths]
        self.scores = nn.ModuleList(nn.Conv2d(channels, classes, 1) for channels in coarse_to_fine)
        for parameter in self.scores.parameters():
            nn.init.zeros_(parameter)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] to logits (N, classes, H, W)."""
        enlarged = F.interpolate(picture, scale_factor=self.enlarge, mode="bilinear")
        coarsest, *finer = self.backbone(enlarged)[::-1]  # (N, C, H / 32, W / 32), then strides 16, 8, 4
        logits = self.scores[0](coarsest)
        for score, features in zip(self.scores[1:], finer, strict=False):
            logits = F.interpolate(logits, features.shape[-2:], mode="bilinear") + score(features)
        return F.interpolate(logits, picture.shape[-2:], mode="bilinear")


def unfreeze_(network: nn.Module) -> None:
    """Turn the buffers of a frozen network into parameters, in place and under the same names."""
    for module in network.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            delattr(module, name)
            module.register_parameter(name, nn.Parameter(buffer))


def save_fcn(net: FCN, run: Path, settings: dict[str, Any]) -> None:
    """Write the network, and what a caller has to know about it, into the folder of a run."""
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in net.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    description = json.dumps({"network": net.arguments, **settings}, indent=2)
    (folder / "config.json").write_text(description + "\n", encoding="utf-8")


def load_fcn(run: Path) -> tuple[FCN, dict[str, Any]]:
    """The network of a run in evaluation mode, and its settings.

    Raises:
        OptionError: there is none.
    """
    folder = run.expanduser() / FOLDER
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        net = FCN(**settings.pop("network"), weights="random")  # the weights themselves follow
        net.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise OptionError(
            f"expected the folder of a finished run of segmentation.py; got {run}, where {FOLDER} cannot be "
            f"read ({reason}); train one first"
        ) from None
    return net.eval(), settings
