"""What a network is for, stored with it."""

from dataclasses import dataclass
from typing import Literal, get_args

from gan_nets.saving.arguments import short

Task = Literal["translate", "colorize", "enlarge", "labels", "generate", "encode", "discriminate"]
ColorSpace = Literal["rgb", "ycrcb", "lab"]

LARGEST = 1e6  # of a range of values; float32 has seven digits


@dataclass(frozen=True)
class Usage:
    """How to use a network; stored in its config.json.

    Attributes:
        task: "translate" an image into one of the same size, "colorize" a gray one, "enlarge" one, make an
            image from a label map ("labels") or from latents ("generate"), "encode" the objects of an image,
            or "discriminate" real from fake images.
        color_space: of the output channels of a network for "colorize"; the lightness of "ycrcb" and "lab" is
            the input's, and the network outputs the two other channels, or all three.
        value_range: lowest and highest value of input and output.
        trained_size: shorter side in pixels of the images that training crops were cut from, if known. A
            colorizer works at that size, and a translator warns of pictures that are far from it.
        ensemble: whether `translate` gives the mean of several views, which suits this network better.
        saturation: factor of a colorizer's chroma in `translate`.

    Raises:
        ValueError: the task or the color space is unknown, the range is not (lowest, highest), the size is
            not a whole number of at least 1, `ensemble` is neither true nor false, or `saturation`
            is not a number of at least 0.

    Examples:
        >>> net = UNetGenerator(1, 2, depth=3, width=4)
        >>> net.usage = Usage(task="colorize", color_space="ycrcb", trained_size=256)
        >>> net.save_pretrained("colorizer")
        >>> load("colorizer").usage.task
        'colorize'
    """

    task: Task = "translate"
    color_space: ColorSpace = "rgb"
    value_range: tuple[float, float] = (-1.0, 1.0)
    trained_size: int | None = None
    ensemble: bool = False
    saturation: float = 1.0

    def __post_init__(self) -> None:
        for name, known in (("task", get_args(Task)), ("color_space", get_args(ColorSpace))):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"expected {name} to be one of {', '.join(known)}; got {short(getattr(self, name))}"
                )
        if not _is_range(self.value_range):
            raise ValueError(
                f"expected value_range as (lowest, highest), such as (-1, 1); got {short(self.value_range)}"
            )
        size = self.trained_size
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
            raise ValueError(f"expected trained_size as a whole number of at least 1; got {short(size)}")
        if not isinstance(self.ensemble, bool):
            raise ValueError(f"expected ensemble as true or false; got {short(self.ensemble)}")
        if not _is_factor(self.saturation):
            raise ValueError(f"expected saturation as a number of at least 0; got {short(self.saturation)}")


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_range(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(bound, int | float) and not isinstance(bound, bool) for bound in value)
        and -LARGEST <= value[0] < value[1] <= LARGEST
    )
