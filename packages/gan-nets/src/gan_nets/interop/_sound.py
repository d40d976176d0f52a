"""What a state dict of a stranger must be before its keys are counted and its tensors are copied."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

LONGEST = 300  # characters of a key
MOST = 9999  # number of a layer; those of the published networks have two or three digits


def check_sound(state: Mapping[str, Tensor], *, source: str) -> None:
    """Raise ValueError for a key or a tensor that no network has, which could take any time or memory."""
    try:
        _check(state)
    except ValueError as error:
        raise ValueError(f"{source} is not a network's: {error}") from None


def _check(state: Mapping[str, Tensor]) -> None:
    for key, value in state.items():
        if len(key) > LONGEST:
            raise ValueError(f"expected keys of at most {LONGEST} characters; got {key[:40]}...")
        if any(len(digits) > len(str(MOST)) for digits in re.findall(r"\d+", key)):
            raise ValueError(f"expected layers numbered up to {MOST}; got the key {key}")
        if value.layout != torch.strided or value.is_quantized:
            raise ValueError(f"expected plain tensors; {key} is sparse or quantized; convert it first")
        if value.nbytes > value.untyped_storage().nbytes():
            raise ValueError(
                f"{key} has the shape {tuple(value.shape)}, and its file holds fewer numbers than that"
            )


def check_finite(state: Mapping[str, Tensor]) -> None:
    """Raise ValueError for NaN or infinity in a tensor."""
    known = {key: x for key, x in state.items() if x.is_floating_point() and not x.is_meta}
    broken = [key for key, x in known.items() if not x.isfinite().all()]
    if broken:
        raise ValueError(
            f"NaN or infinity in {len(broken)} of {len(state)} tensors, such as {broken[0]}; the training "
            "diverged or the file is damaged: use an earlier checkpoint, or download it again"
        )
