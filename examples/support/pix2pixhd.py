"""pix2pixHD's data, its generator with all inputs, evaluation and results."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from gan_data import (
    LabeledFiles,
    LabeledPhotos,
    boundary_map,
    find_labeled,
    holds_images,
    one_hot,
    split_by_content,
    write_pictures,
)
from gan_metrics import ImageMeans, psnr, ssim
from gan_nets import GlobalGenerator, InstanceEncoder, LocalEnhancer
from gan_trainers import OptionError, Run, write_animation, write_grid
from images import portraits
from images.portrait_instances import write_instances
from safetensors.torch import save_file
from torch import Tensor

from support.common import data_folder, numbered_name
from support.instance_features import cluster_features, sample_features
from support.painting import class_colors, painted_labels

if TYPE_CHECKING:
    from pix2pixhd import Options, Stage

Files = Sequence[LabeledFiles]

SAMPLES = 3  # images of each held-out map with sampled instance features


class LabelToImage(NamedTuple):
    """A generator with its inputs: label map, boundary map (section 3.3) and instance features (3.4)."""

    generator: GlobalGenerator | LocalEnhancer
    encoder: InstanceEncoder | None  # of the instance features; None: the generator has no such input
    classes: int
    ignore: int | None = 255  # label of pixels without a class
    boundaries: bool = True

    def condition(self, labels: Tensor, instances: Tensor) -> Tensor:
        """Two (N, H, W) to (N, classes + 1, H, W): a plane for each class, and the boundaries if wanted."""
        planes = one_hot(labels, self.classes, ignore=self.ignore)
        return torch.cat([planes, boundary_map(instances)], dim=1) if self.boundaries else planes

    def instance_features(self, instances: Tensor, photo: Tensor) -> Tensor | None:
        """(N, H, W) and (N, 3, H, W) to (N, F, H, W), constant within each instance."""
        return None if self.encoder is None else self.encoder(photo, instances[:, None])

    def image(self, condition: Tensor, features: Tensor | None) -> Tensor:
        """(N, classes + 1, H, W) and (N, F, H, W) to (N, 3, H, W) in [-1, 1]."""
        return self.generator(condition if features is None else torch.cat([condition, features], dim=1))


def find_files(options: "Options", out: Path) -> tuple[Files, Files]:
    """Photos and their maps, to train on and to test with; those of the portraits are completed in `out`."""
    if options.portraits:
        return _portraits("train", out), _portraits("test", out)
    root = data_folder(options.data, None)

    def find(split: str) -> Files:
        photos, labels, instances = (root / f"{split}_{kind}" for kind in ("img", "label", "inst"))
        if options.features and not holds_images(instances):
            raise OptionError(f"--features expects instance maps; {instances} is missing; use --features 0")
        return find_labeled(photos, labels=labels, instances=instances if holds_images(instances) else None)

    if holds_images(root / "test_img"):
        return find("train"), find("test")
    return split_by_content(find("train"), options.validation)


def _portraits(split: str, out: Path) -> Files:
    pictures, labels = portraits() / f"{split}B", portraits() / f"{split}A"
    instances = write_instances(labels, out / "instances" / split)
    return find_labeled(pictures, labels=labels, instances=instances)


def read(files: Files, size: tuple[int, int], options: "Options", *, flip: bool = False) -> LabeledPhotos:
    """Whole photos with their maps, resized to (height, width)."""
    classes, ignore = options.classes, options.ignore
    return LabeledPhotos(files, classes=classes, ignore=ignore, size=size, load_size=size, flip=flip)


@torch.no_grad()
def evaluate_and_save(run: Run, stage: "Stage", *, last: bool) -> None:
    """Log PSNR (dB) and SSIM over all test photos, and save a checkpoint; the last stage's has a score.

    Instance features are those of the true photo, so the scores show how well they are followed. A preview
    shows the first batch: maps, generated, true.
    """
    model = stage.model
    means = ImageMeans()
    for index, (labels, instances, photo) in enumerate(stage.test_batches):
        fake = model.image(model.condition(labels, instances), model.instance_features(instances, photo))
        means.add(psnr=psnr(fake, photo, reduction="none"), ssim=ssim(fake, photo, reduction="none"))
        if index == 0:
            columns = colored_map(labels, instances, model.classes), fake, photo
            run.grid(stage.name, *columns, titles=["labels", "generated", "true"])
    scores = means.compute()
    run.log(scores)
    run.save(score=scores["psnr"] if last else None)


def colored_map(labels: Tensor, instances: Tensor, classes: int) -> Tensor:
    """Two (N, H, W) to (N, 3, H, W): a color for each class, white for the first, and dark boundaries."""
    image = painted_labels(labels, class_colors(classes))
    return torch.where(boundary_map(instances) > 0, image / 2 - 0.5, image)


@torch.no_grad()
def write_results(
    run: Run,
    models: Mapping[str, LabelToImage],
    train: Files,
    test: Files,
    options: "Options",
) -> None:
    """Write the trained networks, held-out maps with the images generated from them, and animations."""
    if not run.is_main:
        return
    for name, model in models.items():
        model.generator.save_pretrained(run.out / name)
        if model.encoder:
            model.encoder.save_pretrained(run.out / "encoder")
    height, width = options.size
    size = options.size if "enhancer" in models else (height // 2, width // 2)
    data = read(train, size, options), read(test, size, options)
    _write_images(run, list(models.values())[-1], *data, options.run.seed)
    for name in models:  # last: previews of two sizes, from two different calls, are an error here
        write_animation(run.out / f"{name}.webp", sorted((run.out / "previews" / name).glob("*.png")))
    print(f"images from held-out maps: {run.out / 'held_out.png'} and {run.out / 'pictures'}")


def _write_images(
    run: Run, model: LabelToImage, train: LabeledPhotos, test: LabeledPhotos, seed: int
) -> None:
    """Write the image of each held-out map, with the true instance features and with sampled ones."""
    random = torch.Generator().manual_seed(seed)
    clusters = cluster_features(model.encoder, train, run.device, random) if model.encoder else {}
    if clusters:
        centers = {str(label): center for label, center in clusters.items()}
        save_file(centers, run.out / "instance_features.safetensors")
    columns: defaultdict[str, list[Tensor]] = defaultdict(list)
    shown = range(0, len(test), -(-len(test) // 8))
    for index, file in enumerate(test.files):
        labels, instances, photo = (each[None].to(run.device) for each in test[index])
        condition = model.condition(labels, instances)
        states = {
            "map": colored_map(labels, instances, model.classes),
            "generated": model.image(condition, model.instance_features(instances, photo)),
        }
        for number in range(SAMPLES if clusters else 0):
            sampled = sample_features(labels.cpu(), instances.cpu(), clusters, random).to(run.device)
            states[f"sampled{number + 1}"] = model.image(condition, sampled)
        states["true"] = photo
        write_pictures(run.out / "pictures", [numbered_name(index, file.photo)], **states)
        for state, image in states.items():
            columns[state] += [image.cpu()] * (index in shown)
    write_grid(run.out / "held_out.png", *(torch.cat(images) for images in columns.values()))
