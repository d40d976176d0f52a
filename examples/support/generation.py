"""Data, evaluation and results of generators from noise."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import gan_nets
import torch
from accelerate import PartialState
from gan_data import Images, find_images, folder_of, write_pictures
from gan_metrics import Source, Statistics, image_features, measure_statistics, nearest
from gan_trainers import OptionError, Run, seeded, write_animation, write_grid
from torch import Tensor
from torch.utils.data import Dataset

from support.common import data_fingerprint
from support.judge import Judge
from support.translation import Network

EVALUATED = 16  # images in a batch of an evaluation
KEPT = 50_000  # images of the data, at most, whose features are kept
WALK = (6, 12)  # samples on the walk through the latents, and images from one to the next


class LabeledImages(Dataset[tuple[Tensor, int]]):
    """Images, each with the number of its class; 0 if there are no classes.

    Args:
        images: the images.
        folders: the folder of each; empty without classes.
        class_names: those that occur.
    """

    def __init__(self, images: Images, folders: Sequence[str], class_names: Sequence[str]) -> None:
        self.images = images
        self.class_names = list(class_names)
        self.labels = [class_names.index(folder) for folder in folders]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.images[index], self.labels[index] if self.labels else 0


def find_images_and_labels(root: Path, size: int, *, labels: bool) -> tuple[LabeledImages, Images]:
    """The images to train on, with --labels classes by folder; and the same whole, for evaluation."""
    files = find_images(root)
    above = folder_of(root)
    folders = [path.parent.relative_to(above).as_posix() for path in files] if labels else []
    class_names = sorted(set(folders))
    if labels and (len(class_names) < 2 or "." in class_names):
        raise OptionError(
            "--labels expects each image in the folder of its class, and two folders or more below --data; "
            f"got {', '.join(class_names)}"
        )
    train = LabeledImages(Images(files, size=size, load_size=size), folders, class_names)
    return train, Images(files, size=size, load_size=size, crop="center", flip=False)


class Sampler(NamedTuple):
    """An averaged generator, how it draws, and the inputs that it takes."""

    generator: Network
    draw: Callable[..., Tensor]  # from latents, and labels if there are any
    latents: int
    labels: Tensor | None = None  # (N,) of the data, from which those of the samples are drawn

    def sample(self, count: int, seed: int, device: torch.device) -> Tensor:
        """(count, 3, H, W) in [-1, 1], the same for the same seed; an untrained generator is clamped."""
        with seeded(seed, device):
            z = torch.randn(count, self.latents).to(device)
            if self.labels is None:
                return self.draw(z).clamp(-1, 1)
            labels = self.labels[torch.randint(len(self.labels), (count,))]
            return self.draw(z, labels.to(device)).clamp(-1, 1)


def process_batches(count: int) -> Iterator[range]:
    """The batches of `count` images that are this process's share: every N-th of N processes."""
    process = PartialState()
    for start in range(EVALUATED * process.process_index, count, EVALUATED * process.num_processes):
        yield range(start, min(start + EVALUATED, count))


class Evaluation:
    """Distances of samples to the data in the features of a judge, precision and recall."""

    def __init__(
        self, run: Run, sampler: Sampler, data: Images, judge: Judge, *, samples: int, seed: int
    ) -> None:
        self.run, self.sampler, self.data = run, sampler, data
        self.seed, self.samples, self.judge = seed, samples, judge
        self.extractor = judge.extractor.to(run.device)
        height, width = data[0].shape[-2:]
        source = Source(
            network=judge.name,
            data=data_fingerprint(data.paths),
            images=len(data),
            size=(height, width),
        )
        shares = process_batches(len(data))
        batches = (torch.stack([data[index] for index in share]).to(run.device) for share in shares)
        cache = run.out / "data.safetensors"
        self.statistics: Statistics = measure_statistics(
            self.extractor, batches, source, at_most=KEPT, divided=True, cache=cache
        )

    @torch.no_grad()
    def measure(self) -> float:
        """Log the distances, precision and recall of new samples; return the first distance.

        A preview shows 64 samples.

        Each process samples its share of the batches, which have seeds of their own: the samples are the same
        for any number of processes.
        """
        from gan_metrics import PrecisionRecall
        from torchmetrics import MetricCollection

        device = self.run.device
        self.run.grid("samples", *self.sampler.sample(64, self.seed, device).split(8))
        real = self.extractor, self.statistics
        metrics = {name: distance(*real) for name, distance in self.judge.distances.items()}
        metrics |= {"manifold": PrecisionRecall(*real)}
        scores = MetricCollection(dict(metrics), compute_groups=[list(metrics)]).to(device)
        for share in process_batches(self.samples):
            seed = self.seed * self.samples + share.start
            scores.update(self.sampler.sample(len(share), seed, device))
        found = {name: value.item() for name, value in scores.compute().items()}
        self.run.log(found)
        return found[next(iter(self.judge.distances))]


@torch.no_grad()
def write_results(run: Run, evaluation: Evaluation) -> None:
    """Write the best generator, samples beside the images of the data nearest to them, and a latent walk."""
    if not run.is_main:
        return
    sampler, seed = _best(run, evaluation.sampler), evaluation.seed
    sampler.generator.save_pretrained(run.out / "generator")
    samples = sampler.sample(32, seed, run.device)
    features = evaluation.statistics.need_features("nearest").to(run.device)
    indices = nearest(image_features(evaluation.extractor, samples), features)[0][:, 0].cpu()
    positions = evaluation.statistics.positions
    places = indices if positions is None else positions[indices]
    neighbors = torch.stack([evaluation.data[place] for place in places.tolist()])
    columns = [side for pair in zip(samples.split(8), neighbors.split(8), strict=True) for side in pair]
    write_grid(run.out / "samples.png", *columns)
    names = [f"{index:02d}" for index in range(len(samples))]
    write_pictures(run.out, names, pictures=samples)
    _write_walk(run.out, sampler, seed, run.device)
    print(f"samples, beside the images of the data nearest to them: {run.out / 'samples.png'}")


def _best(run: Run, sampler: Sampler) -> Sampler:
    """The sampler with the generator of the checkpoint that had the least distance."""
    pointer = run.out / "checkpoints" / "best"
    if not pointer.is_file():
        return sampler
    generator = gan_nets.load(pointer, "g").to(run.device)  # the average, where there is one
    return sampler._replace(generator=generator, draw=generator)


def _write_walk(out: Path, sampler: Sampler, seed: int, device: torch.device) -> None:
    """An animation: the generator on the way from one latent to the next, and back to the first.

    Noise is constant; a conditional generator stays in the first image's class.
    """
    stops, between = WALK
    latents = torch.randn(stops, sampler.latents, generator=torch.Generator().manual_seed(seed))
    labels = () if sampler.labels is None else (sampler.labels[:1].to(device),)
    frames: list[Path] = []
    for number, (start, end) in enumerate(pairwise([*latents, latents[0]])):
        for step in range(between):
            angle = step / between * math.pi / 2
            z = start * math.cos(angle) + end * math.sin(angle)  # as long as noise; a mean would be shorter
            frames.append(out / "walk" / f"{number * between + step:04d}.png")
            with seeded(seed, device):
                write_grid(frames[-1], sampler.draw(z[None].to(device), *labels))
    write_animation(out / "walk.webp", frames, seconds=0.1)
