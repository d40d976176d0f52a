"""The arms of the super-resolution study, as runs of this repository's recipes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from comparison import Job, folder, seed_folder
from gan_data import Kernel
from images import photographs

KERNELS: tuple[Kernel, ...] = get_args(Kernel)
OWN: Kernel = "matlab-bicubic"  # of all arms, if nothing else is said

PIXELS, CONTENT, SRGAN, ESRGAN = "pixels alone", "+ content", "+ SRGAN's discriminator", "+ ESRGAN's"
AS_CONTENT, SQUASHED, ALIASED = "pixels as content", "squashed logits", "no antialiasing"
ARTICLE, PAPER, PIX2PIX = "the article's recipe", "the paper's", "pix2pix"
SETS = ("photographs", "drawings")


class Arm(NamedTuple):
    """A recipe and its options."""

    recipe: str
    preset: str = "photos"
    options: dict[str, object] = {}  # noqa: RUF012 - never changed
    starts: bool = False  # from the network of `PIXELS`
    of_drawings: bool = False  # trained on the drawings, too
    network: str = "enlarger"  # folder of the trained network


def _second_phase(recipe: str = "srgan.py", *, of_drawings: bool = False, **options: object) -> Arm:
    return Arm(recipe, options={"pixel_steps": 0, **options}, starts=True, of_drawings=of_drawings)


ARMS = {
    PIXELS: Arm("srgan.py", options={"steps": 0}, of_drawings=True),
    CONTENT: _second_phase(of_drawings=True, adversarial_weight=0.0),
    SRGAN: _second_phase(of_drawings=True),
    ESRGAN: _second_phase("esrgan.py", of_drawings=True),
    # What the article's code did: its README gives no VGG19, so that "content" are pixels, 10 to 1 with the
    # discriminator; its discriminator has a sigmoid before the softmax; OpenCV shrinks without antialiasing.
    AS_CONTENT: _second_phase(content_weight=0.0, pixel_weight=1.0, adversarial_weight=0.1),
    SQUASHED: _second_phase(squash=True),
    ALIASED: Arm("srgan.py", options={"kernel": "plain-bicubic"}),
    ARTICLE: Arm("srgan.py", "article"),
    PAPER: Arm("srgan.py", "paper"),
    PIX2PIX: Arm("pix2pix.py", "super-resolution", network="a_to_b"),
}
# Arms that begin by pixels alone with a kernel, whose network is then at hand.
BEGIN_WITH: dict[Kernel, str] = {OWN: PIXELS, "plain-bicubic": ALIASED}

FROM_SCRATCH = (ALIASED, ARTICLE, PAPER, PIX2PIX)  # they take most of the time: no phase is shared


class Seeds(NamedTuple):
    """The seeds of the runs."""

    every: Sequence[int]
    from_scratch: int  # how many of them the arms of `FROM_SCRATCH` have

    def of(self, name: str) -> Sequence[int]:
        """Those of an arm."""
        return self.every[: self.from_scratch] if name in FROM_SCRATCH else self.every


def arms_of(kind: str) -> list[str]:
    """The arms that are trained on a set of `SETS`."""
    return [name for name, arm in ARMS.items() if arm.of_drawings or kind == "photographs"]


def run_folder(out: Path, kind: str, name: str, seed: int) -> Path:
    """The folder of an arm's run."""
    return seed_folder(out / kind, name, seed)


def network_folder(out: Path, kind: str, name: str, seed: int) -> Path:
    """The folder of the network that an arm's run trained."""
    return run_folder(out, kind, name, seed) / ARMS[name].network


def jobs(
    out: Path, data: Path | None, shared: dict[str, object], seeds: Seeds, *, starts: bool
) -> Iterator[Job]:
    """The runs of all arms that start from others, or of those that do not; a seed after the other.

    Args:
        out: folder of the runs.
        data: of photographs; if not given, this repository's.
        shared: the options of srgan.py that all arms have.
        seeds: of the runs.
        starts: which of the two.
    """
    for seed in seeds.every:
        for kind in SETS:
            own: dict[str, object] = {"portraits": True} if kind == "drawings" else {"data": data}
            for name in arms_of(kind):
                arm = ARMS[name]
                if arm.starts == starts and seed in seeds.of(name):
                    start = (
                        {"start": (str(run_folder(out, kind, PIXELS, seed) / "pixels"),)} if starts else {}
                    )
                    options = shared | own | start | arm.options | {"seed": seed}
                    if name == PIX2PIX:
                        options = pix2pix_options(options)
                    yield Job(arm.recipe, arm.preset, options, run_folder(out, kind, name, seed))


def kernel_network(out: Path, kernel: Kernel, seed: int) -> Path:
    """The folder of the network by pixels alone for a kernel of shrinking."""
    arm = BEGIN_WITH.get(kernel)
    run = folder(out, f"kernel {kernel}") if arm is None else run_folder(out, "photographs", arm, seed)
    return run / "pixels"


def kernel_jobs(out: Path, data: Path | None, shared: dict[str, object], seed: int) -> Iterator[Job]:
    """The runs by pixels alone for the kernels with which no arm begins."""
    for kernel in KERNELS:
        if kernel in BEGIN_WITH:
            continue
        options = shared | {"data": data, "kernel": kernel, "steps": 0, "seed": seed}
        yield Job("srgan.py", "photos", options, folder(out, f"kernel {kernel}"))


def pix2pix_options(options: dict[str, object]) -> dict[str, object]:
    """Options of srgan.py as those of pix2pix.py, which has the steps of both phases."""
    steps = sum(int(str(options[phase])) for phase in ("pixel_steps", "steps"))
    names = options.keys() - {"pixel_steps", "evaluate_every"}
    data = options["data"] or photographs()[0][0].parent
    return {name: options[name] for name in names} | {"data": (data,), "kernel": OWN, "steps": steps}
