"""The generator of StyleGAN2 in plain PyTorch (Karras et al. 2020)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.layers.checks import check_positive
from gan_nets.layers.grown import sizes_and_channels
from gan_nets.layers.latents import Noise, check_classes, noise_maps
from gan_nets.networks._stylegan2_layers import StyledConv, ToImage
from gan_nets.networks._styles import MappingNetwork, layer_styles
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.usage import Usage


class StyleGAN2Generator(PretrainedModule):
    """Latents (N, latents) to images (N, out_channels, size, size), which training brings into about [-1, 1].

    Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", sections 2 to 4: a mapping
    network to styles, modulated convolutions from a learned 4x4 constant on, noise after each, and the sum of
    images of all sizes (output skips). Written from the paper's equations, in torch's own operators. The
    layers initialize themselves; call no `init_*_` on it.

    Args:
        size: height and width of the images, a power of 2 from 8 to 1024.
        out_channels: channels of the images.
        latents: dimensions of the latent vector z.
        styles: dimensions of a style w, and width of the mapping network.
        mapping_layers: layers of the mapping network.
        base_channels: the channels at a size are this number divided by the size, ...
        most_channels: ... but at most this many.
        classes: number of classes; 0 for an unconditional generator.

    Attributes:
        layers: number of layers that take a style, for `crossover`.
        noise_sizes: height and width of the noise maps that `forward` takes, in order.
        mean_style: running mean of the styles in training, for truncation.

    Raises:
        ValueError: an argument is out of its range; in `forward`, an input has the wrong shape.

    Examples:
        >>> g = StyleGAN2Generator(16, latents=8, styles=8, mapping_layers=2, base_channels=128)
        >>> g(torch.randn(2, 8)).shape, g.noise_sizes
        (torch.Size([2, 3, 16, 16]), [4, 8, 8, 16, 16])
    """

    mean_style: Tensor
    usage = Usage(task="generate")

    def __init__(
        self,
        size: int = 256,
        out_channels: int = 3,
        *,
        latents: int = 512,
        styles: int = 512,
        mapping_layers: int = 8,
        base_channels: int = 32768,
        most_channels: int = 512,
        classes: int = 0,
    ) -> None:
        super().__init__()
        check_positive(
            out_channels=out_channels, latents=latents, styles=styles, mapping_layers=mapping_layers
        )
        check_classes(classes)
        sizes, widths = sizes_and_channels(size, base_channels, most_channels, network="StyleGAN2Generator")
        channels = dict(zip(sizes, widths, strict=True))
        self.size, self.latents, self.classes = size, latents, classes
        self.mapping = MappingNetwork(latents, styles, mapping_layers, classes)
        self.register_buffer("mean_style", torch.zeros(styles))
        self.constant = nn.Parameter(torch.randn(1, channels[4], 4, 4))
        self.first = StyledConv(channels[4], channels[4], styles)
        self.enlarging = nn.ModuleList(
            StyledConv(channels[s // 2], channels[s], styles, upsample=True) for s in sizes[1:]
        )
        self.refining = nn.ModuleList(StyledConv(channels[s], channels[s], styles) for s in sizes[1:])
        self.to_picture = nn.ModuleList(ToImage(channels[s], out_channels, styles) for s in sizes)
        self.layers = 2 * len(sizes)  # two at each size; the last at one size is the first of the next
        self.noise_sizes = [4, *(s for s in sizes[1:] for _ in range(2))]

    def forward(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        *,
        mixed: Tensor | None = None,
        crossover: int | None = None,
        truncation: float = 1.0,
        noise: Noise = "random",
        with_styles: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Latents to images.

        Args:
            z: (N, latents), from N(0, 1).
            labels: (N,) integers, with `classes`.
            mixed: (N, latents), further latents for the layers from `crossover` on (style mixing, Karras et
                al. 2019, section 3.1).
            crossover: from 1 to `layers` - 1, with `mixed`.
            truncation: psi: 1 leaves the styles as they are, 0 takes the mean style; in between, less variety
                for better images.
            noise: "random" samples noise maps; "none" leaves them out; or the maps, (N or 1, 1, s, s) for s
                in `noise_sizes`.
            with_styles: return the styles, too, for path length regularization (section 3.2).

        Returns:
            (N, out_channels, size, size); with the styles of all layers a pair of that and
            (N, `layers`, styles).
        """
        styles = layer_styles(self, z, labels, mixed=mixed, crossover=crossover, truncation=truncation)
        maps = noise_maps(noise, self.noise_sizes, z)
        if not with_styles:
            return self._synthesize(styles, maps)
        stacked = torch.stack(styles, dim=1)  # (N, layers, styles), of which the images are made
        return self._synthesize(list(stacked.unbind(1)), maps), stacked

    def _synthesize(self, styles: list[Tensor], noise: list[Tensor | None]) -> Tensor:
        """From one style for each layer and one noise map for each convolution to images."""
        batch = styles[0].shape[0]  # not len(), which torch.export would treat as a constant
        x = self.first(self.constant.expand(batch, -1, -1, -1), styles[0], noise[0])  # (N, C, 4, 4)
        image = self.to_picture[0](x, styles[1])  # (N, out_channels, 4, 4)
        levels = zip(self.enlarging, self.refining, self.to_picture[1:], strict=True)
        for level, (upsampling, refining, to_image) in enumerate(levels):
            first = 2 * level + 1
            x = upsampling(x, styles[first], noise[first])  # (N, C, 8, 8), (N, C', 16, 16), ...
            x = refining(x, styles[first + 1], noise[first + 1])  # the same
            image = F.interpolate(image, scale_factor=2.0, mode="bilinear", align_corners=False)
            image = image + to_image(x, styles[first + 2])  # (N, out_channels, 8, 8), ...
        return image  # (N, out_channels, size, size)


def stylegan2_projected(size: int = 256, *, classes: int = 0) -> StyleGAN2Generator:
    """The StyleGAN2 generator of Projected GAN's code: 64 latents, styles of 128, two mapping layers.

    Examples:
        >>> g = stylegan2_projected(64)
        >>> g.latents, g.layers
        (64, 10)
    """
    return StyleGAN2Generator(size, latents=64, styles=128, mapping_layers=2, classes=classes)
