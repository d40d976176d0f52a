"""The steps of a training that a paper counts in epochs or in images, and terms that some of them have."""

from typing import Any, NamedTuple

from gan_trainers import Run


class Amount(NamedTuple):
    """How much a run trains."""

    steps: int
    batch_size: int  # of a process
    images_per_step: int  # of all processes


def steps_of_epochs(options: Any, run: Run, images: int) -> int:
    """The steps of a run, --steps or those of --epochs; recorded in its settings.

    Args:
        options: of the recipe.
        run: of the training.
        images: in a pass.
    """
    images_per_step = options.batch_size * run.processes * options.run.accumulate
    steps: int = options.steps or max(1, options.epochs * images // images_per_step)
    run.settings |= {"steps": steps, "evaluate_every": options.run.evaluation_interval(steps)}
    return steps


def steps_of_images(options: Any, run: Run, whole_batch: int) -> Amount:
    """The steps of a run, --steps or those of --images, and its batch size; recorded in its settings.

    Args:
        options: of the recipe.
        run: of the training.
        whole_batch: images per step of all processes, if --batch-size is not given.
    """
    batches_per_step = run.processes * options.run.accumulate
    batch_size = options.batch_size or max(1, whole_batch // batches_per_step)
    images_per_step = batch_size * batches_per_step
    steps = options.steps or max(1, options.images // images_per_step)
    run.settings |= {"steps": steps, "batch_size": batch_size}
    return Amount(steps, batch_size, images_per_step)


def lazy(weight: float, every: int, step: int) -> float:
    """The weight of a regularization in a step: k times as much in every k-th, from the first on.

    Lazy regularization (Karras et al. 2020, StyleGAN2, section 3.1). Here it is added to the main loss, so
    that Adam's settings need no correction for further steps (appendix B).
    """
    return every * weight if (step - 1) % every == 0 else 0.0
