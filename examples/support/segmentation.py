"""The data of segmentation.py, its evaluation and its results."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from gan_data import (
    LabeledFiles,
    LabeledPhotos,
    find_labeled,
    holds_images,
    split_by_content,
    write_pictures,
)
from gan_metrics import ConfusionMatrix, predict_labels, segmentation_scores
from gan_trainers import Loader, Run
from images import PORTRAIT_COLORS, portraits
from torch import Tensor

from support.common import data_folder, numbered_name
from support.fcn import FCN, FOLDER, save_fcn
from support.label_scores import described, means, plain
from support.painting import class_colors, painted_labels

if TYPE_CHECKING:
    from segmentation import Options

Files = Sequence[LabeledFiles]


def find_files(options: "Options") -> tuple[Files, Files]:
    """Pictures and their label maps, to train on and to test with."""
    root = data_folder(options.data, portraits() if options.portraits else None)
    pictures, labels = ("_img", "_label") if holds_images(root / "train_img") else ("B", "A")

    def find(split: str) -> Files:
        return find_labeled(root / f"{split}{pictures}", labels=root / f"{split}{labels}")

    if holds_images(root / f"test{pictures}"):
        return find("train"), find("test")
    return split_by_content(find("train"), options.validation)


def read(files: Files, options: "Options", *, train: bool = False) -> LabeledPhotos:
    """Square pictures with their maps: to train on, cropped and mirrored at random."""
    return LabeledPhotos(
        files,
        classes=options.classes,
        ignore=options.ignore,
        size=options.size,
        load_size=options.load_size if train else options.size,
        crop="random" if train else "center",
        flip=train and options.flip,
    )


def evaluate_and_save(run: Run, net: FCN, test_batches: Loader, options: "Options") -> None:
    """Log the scores over all test pictures, and save a checkpoint, scored by class IoU.

    A preview shows the first batch: picture, predicted map, true map.
    """

    def preview(picture: Tensor, predicted: Tensor, labels: Tensor) -> None:
        maps = (painted(each, options) for each in (predicted, labels))
        run.grid("test", picture, *maps, titles=["picture", "predicted", "true"])

    scores = segmentation_scores(confusion(net, test_batches, options, preview))
    run.log(means(scores))
    run.save(score=scores.class_iou)


def confusion(
    net: FCN,
    test_batches: Loader,
    options: "Options",
    preview: Callable[[Tensor, Tensor, Tensor], None] | None = None,
) -> Tensor:
    """The confusion matrix over the test pictures of all processes.

    Args:
        net: which predicts the labels.
        test_batches: labels, instances and pictures.
        options: of the recipe.
        preview: called with the first batch: picture, predicted map, true map.
    """
    counts = ConfusionMatrix(options.classes, ignore=options.ignore)
    for index, (labels, _, picture) in enumerate(test_batches):
        predicted = predict_labels(net, picture)
        counts.add(predicted, labels)
        if index == 0 and preview is not None:
            preview(picture, predicted, labels)
    return counts.compute()


def painted(labels: Tensor, options: "Options") -> Tensor:
    """(N, H, W) to (N, 3, H, W): each class in its color."""
    if options.portraits:
        return painted_labels(labels, torch.tensor([*PORTRAIT_COLORS.values()]) / 127.5 - 1)
    return painted_labels(labels, class_colors(options.classes))


def write_results(run: Run, net: FCN, test: LabeledPhotos, test_batches: Loader, options: "Options") -> None:
    """Write the network with its scores on test pictures; each of these with its predicted and true map."""
    matrix = confusion(net, test_batches, options)
    if not run.is_main:
        return
    scores = segmentation_scores(matrix)
    names = [*PORTRAIT_COLORS] if options.portraits else [str(label) for label in range(options.classes)]
    ceiling = {**plain(scores), "pictures": len(test), "confusion": matrix.tolist()}
    save_fcn(
        net, run.out, {"size": options.size, "ignore": options.ignore, "names": names, "ceiling": ceiling}
    )
    for index, file in enumerate(test.files):
        labels, _, picture = (each[None].to(run.device) for each in test[index])
        write_pictures(
            run.out / "pictures",
            [numbered_name(index, file.photo)],
            real=picture,
            predicted=painted(predict_labels(net, picture), options),
            true=painted(labels, options),
        )
    print(f"on {len(test)} held-out pictures, the ceiling of the FCN score: {described(scores, names)}")
    print(f"their label maps: {run.out / 'pictures'}; the network and its scores: {run.out / FOLDER}")
