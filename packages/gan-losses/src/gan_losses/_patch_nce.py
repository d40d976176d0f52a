"""The contrastive loss between patches of an image and of its translation (Park et al. 2020)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_losses._scales import Reduction, at_least_float32, check_same_shape, reduce

OWN_SIMILARITY = -10.0  # of a query with its own key among the negatives, where it must not count


def patch_nce_loss(
    query: Tensor,
    key: Tensor,
    *,
    temperature: float = 0.07,
    negatives: Literal["image", "batch"] = "image",
    reduction: Reduction = "mean",
) -> Tensor:
    """-log(exp(q k+ / T) / (exp(q k+ / T) + sum_n exp(q k_n- / T))): find the patch of the same place.

    Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation", equations 3 and 4, for
    one layer. The key at a query's own place is the positive k+, all other keys are its negatives. As in the
    authors' code, the positive also stands among the negatives, with the similarity -10 instead of its own:
    for vectors of unit length and small temperatures it vanishes.

    Args:
        query: (N, P, C), the features of P places in each of N translated images; of unit length in the
            paper. Rows (N P, C) in the order of the images, as in the authors' code, are
            `rows.unflatten(0, (N, P))`.
        key: the same shape, the features of the source images at the same places. They get no gradient.
        temperature: T, above 0.
        negatives: "image": the other places of the same image; "batch": those of all images, as in the
            authors' option for training on a single image.
        reduction: "mean" or "sum" over all places, or "none" for (N, P).

    Returns:
        A scalar, or (N, P). At least float32, under autocast too.

    Raises:
        ValueError: If the shapes differ or are not (N, P, C), or an option is out of range.

    Examples:
        >>> patches = torch.eye(4).unsqueeze(0)  # 4 places with different features
        >>> patch_nce_loss(patches, patches) < 1e-4
        tensor(True)
        >>> round(patch_nce_loss(patches, patches.flip(1)).item(), 4)  # the wrong places
        14.2857
    """
    check_same_shape("query and key", query, key)
    if query.ndim != 3:
        raise ValueError(
            f"expected query and key as (images, places, channels); got {tuple(query.shape)}; "
            "use rows.unflatten(0, (images, places))"
        )
    if negatives not in ("image", "batch"):
        raise ValueError(f'expected negatives "image" or "batch"; got {negatives!r}; use one of the two')
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0; got {temperature}; the paper has 0.07")
    with torch.autocast(query.device.type, enabled=False):
        queries, keys = at_least_float32(query), at_least_float32(key.detach())
        if negatives == "batch":
            queries, keys = queries.flatten(0, 1)[None], keys.flatten(0, 1)[None]  # (1, N * P, C)
        positive = (queries * keys).sum(2, keepdim=True)
        own = torch.eye(queries.shape[1], dtype=torch.bool, device=query.device)
        others = (queries @ keys.mT).masked_fill(own, OWN_SIMILARITY)
        logits = torch.cat((positive, others), dim=2).flatten(0, 1) / temperature  # (N * P, 1 + keys)
        target = torch.zeros(len(logits), dtype=torch.long, device=query.device)  # the positive comes first
        loss = F.cross_entropy(logits, target, reduction="none")
    return reduce(loss.unflatten(0, query.shape[:2]), reduction)
