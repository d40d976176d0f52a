"""What a network is for, so that whoever opens its folder need not know."""

from dataclasses import dataclass
from typing import Literal, get_args

Task = Literal["translate", "colorize", "enlarge", "labels", "generate", "encode", "judge"]
ColorSpace = Literal["rgb", "ycrcb", "lab"]


@dataclass(frozen=True)
class Usage:
    """How to use a network; stored in its config.json.

    Attributes:
        task: "translate" a picture into one of the same size, "colorize" a grey one, "enlarge" one, paint a
            map of "labels", "generate" from noise, "encode" the objects of a picture, or "judge" one as
            discriminators do.
        color_space: of the channels that a network for "colorize" paints; the lightness of "ycrcb" and "lab"
            comes from the input, and the network gives the two others, or all three.
        value_range: lowest and highest value of what goes in and comes out.

    Raises:
        ValueError: for an unknown task or colour space, or a range that is not one.
    """

    task: Task = "translate"
    color_space: ColorSpace = "rgb"
    value_range: tuple[float, float] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        for name, known in (("task", get_args(Task)), ("color_space", get_args(ColorSpace))):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"expected {name} to be one of {', '.join(known)}; got {getattr(self, name)!r}"
                )
        if not _is_range(self.value_range):
            raise ValueError(
                f"expected value_range as (lowest, highest), such as (-1, 1); got {self.value_range}"
            )


def _is_range(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(bound, int | float) for bound in value)
        and value[0] < value[1]
    )
