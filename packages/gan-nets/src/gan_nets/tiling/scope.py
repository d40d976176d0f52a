"""Where normalization statistics come from; free of torch, for the command line."""

from typing import Literal

StatisticsScope = Literal["picture", "tile"]
