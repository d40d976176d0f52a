"""The activations that SRVGGNetCompact chooses from by name; free of torch, for the command line."""

from typing import Literal

Activation = Literal["prelu", "relu", "leakyrelu"]
