"""The size at which a colorizer works; free of torch, for the command line."""

from typing import Literal

WorkingSize = int | Literal["trained", "picture"]
