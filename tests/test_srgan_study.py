"""The study of srgan.py: its measures by hand, what its verdicts say, and its page end to end."""

import sys
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import Downscale, bicubic_upscale, read_image
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import srgan_arms
import srgan_waifu2x
from spread import Spread
from srgan_arms import (
    ARMS,
    ARTICLE,
    CONTENT,
    ESRGAN,
    KERNELS,
    PAPER,
    PIX2PIX,
    PIXELS,
    SETS,
    SRGAN,
    Seeds,
    arms_of,
    run_folder,
)
from srgan_scores import PATCHES, UNSEEN, Measures, detail, grid_levels, patches, trivial
from srgan_verdicts import GRID, PSNR, verdicts

EXAMPLES = Path(__file__).parents[1] / "examples"


def features(images):
    """The mean, and the mean difference of neighbors: two maps."""
    return [images, (images[..., 1:] - images[..., :-1]).abs()]


@pytest.fixture(scope="module")
def photo():
    """A part of a photograph of 128x128 pixels, without the brightest and darkest values."""
    file = min((EXAMPLES / "images/photographs/test").glob("*.jpg"))
    return read_image(file)[None, :, 100:228, 100:228] * 0.8


def test_detail_is_the_power_that_shrinking_removes(photo):
    assert detail(photo, photo, 4) == pytest.approx(0, abs=1e-9)
    blurred = bicubic_upscale(Downscale(4)(photo), 4)
    assert detail(blurred, photo, 4) < -3
    # Twice as strong above the limit of 1/8 cycles per pixel, a pure tone there: 6 dB.
    tone = torch.sin(torch.arange(128) * torch.pi / 2).expand(1, 3, 128, 128)
    assert detail(0.4 * tone, 0.2 * tone, 4) == pytest.approx(
        20 * torch.log10(torch.tensor(2.0)).item(), 1e-3
    )
    slow = torch.sin(torch.arange(128) * torch.pi / 16).expand(1, 3, 128, 128)
    assert detail(0.2 * tone + 0.5 * slow, 0.2 * tone, 4) == pytest.approx(0, abs=0.01)


def test_the_levels_of_a_grid_are_those_of_what_repeats_everywhere():
    pattern = torch.tensor([[3.0, -3.0], [-3.0, 3.0]]).repeat(16, 16)[None, None] / 127.5  # 3 levels of 255
    slow = torch.linspace(-0.5, 0.5, 32)[:, None].expand(1, 3, 32, 32)
    assert grid_levels(pattern.expand(-1, 3, -1, -1), 4) == pytest.approx(3, rel=1e-4)
    noise = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert grid_levels(pattern + 0.1 * noise, 4) == pytest.approx(3, abs=0.4)
    assert grid_levels(slow, 4) == pytest.approx(0, abs=1e-4)


def test_patches_are_the_squares_of_each_image():
    image = torch.arange(3 * 130 * 64).float().reshape(1, 3, 130, 64)
    found = patches([image, image[:, :, :64]])
    assert found.shape == (3, 3, 64, 64)
    assert found[1].equal(image[0, :, 64:128])
    assert found[2].equal(found[0])


def test_true_images_are_perfect_and_blur_is_not(photo):
    images = [photo, photo.flip(3)]
    measures = Measures(4, images, features, features)
    perfect = measures(images)
    assert perfect[PSNR] == 100
    assert (perfect[UNSEEN], perfect[GRID]) == (0, 0)
    rows = {name: measures([method(Downscale(4)(x)) for x in images]) for name, method in trivial(4).items()}
    assert rows["bicubic"][PSNR] > rows["pixels repeated"][PSNR]
    assert rows["bicubic, sharpened"]["detail, dB"] > rows["bicubic"]["detail, dB"]
    assert all(row[PATCHES] > perfect[PATCHES] for row in rows.values())


def test_a_verdict_needs_more_than_the_spread_of_the_seeds():
    def row(*distances):
        return dict.fromkeys((PSNR, PATCHES, GRID), Spread((1.0, 1.0))) | {UNSEEN: Spread(distances)}

    trained = {PIXELS: row(0.5, 0.5), CONTENT: row(0.3, 0.32), SRGAN: row(0.31, 0.31), ESRGAN: row(0.2, 0.21)}
    found = verdicts({"bicubic": row(0.6)}, trained)
    assert (
        found["and features that no network was trained on"]
        == "**Yes**: 0.500 ±0.000 against 0.600 (bicubic)"
    )
    assert found["SRGAN's discriminator adds to content"].startswith("**Open, within the spread**: 0.310")
    assert found["ESRGAN's discriminator adds to content"].startswith("**Yes**: 0.205 ±0.005 against 0.310")
    assert not any("pix2pix" in statement for statement in found)  # an arm that is not there
    found = verdicts({"bicubic": row(0.3)}, trained | {PAPER: row(0.4), ARTICLE: row(0.5)})
    assert found["The paper's recipe is better than the article's"] == (
        "**Not answered**: 0.400 and 0.500 (the article's recipe) are no better than 0.300 (bicubic)"
    )


def test_arms_from_scratch_have_fewer_seeds(tmp_path):
    shared = {"pixel_steps": 7, "steps": 5, "size": 32, "evaluate_every": 2}
    jobs = list(srgan_arms.jobs(tmp_path, None, shared, Seeds([3, 4], 1), starts=False))
    seeds = {
        name: [job.options["seed"] for job in jobs if job.out.parent.name == name]
        for name in ("the-paper-s", "pix2pix", "pixels-alone")
    }
    assert seeds == {"the-paper-s": [3], "pix2pix": [3], "pixels-alone": [3, 3, 4, 4]}


def test_arms_with_a_plus_start_from_pixels_alone(tmp_path):
    shared = {"pixel_steps": 7, "steps": 5, "size": 32, "evaluate_every": 2}
    first, later = (
        list(srgan_arms.jobs(tmp_path, None, shared, Seeds([3], 1), starts=starts))
        for starts in (False, True)
    )
    assert {job.out for job in first} >= {run_folder(tmp_path, kind, PIXELS, 3) for kind in SETS}
    assert len(first) + len(later) == len(ARMS) + len(arms_of("drawings"))
    folders = {(str(each.out / "pixels"),) for each in first}
    assert all(job.options["start"] in folders for job in later)
    (pix2pix,) = (job for job in first if job.recipe == "pix2pix.py")
    assert pix2pix.options["steps"] == 12


def test_the_page_has_all_arms_beside_the_trivial_rows(example, train_or_copy, photos, tmp_path, page_setup):
    page = example("srgan_page")
    shared = {"pixel_steps": 1, "steps": 1, "size": 32, "batch_size": 2, "evaluate_every": 1}
    jobs = [
        job
        for starts in (False, True)
        for job in srgan_arms.jobs(tmp_path, photos, shared, Seeds([0], 1), starts=starts)
    ]
    jobs += [*srgan_arms.kernel_jobs(tmp_path, photos, shared, 0), *srgan_waifu2x.jobs(tmp_path, shared, 0)]
    for job in jobs:
        recipe = example(job.recipe.removesuffix(".py"))
        small = {"size": 32, "width": 4} | ({} if job.recipe == "pix2pix.py" else {"blocks": 1})
        changes = {name: value for name, value in job.options.items() if value is not None} | small
        kind = job.recipe, job.preset, job.options.get("colors"), "start" in job.options
        train_or_copy(kind, recipe, job.preset, job.out, **changes)
    files = sorted((EXAMPLES / "images/photographs/test").glob("*.jpg"))[:2]
    images = [read_image(file)[None, :, 100:228, 100:228] for file in files]
    tests = [page.TestSet("photographs", "photographs", images, True)]
    tests.append(page.TestSet("drawings", "drawings", images, True))
    page.write_page(tmp_path, tmp_path / "page", tests, Seeds([0], 1), 4, page_setup, None)
    text = (tmp_path / "page" / "README.md").read_text()
    for name in ("**true images**", *trivial(4), *(f"**{arm}**" for arm in ARMS)):
        lines = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        on_both = name.strip("*") not in ARMS or ARMS[name.strip("*")].of_drawings
        assert [line.count("|") for line in lines if "dB" not in line][:2] == [10] * (2 if on_both else 1), (
            name
        )
    assert f"| {KERNELS[1]} |" in text
    assert [text.count(f"| {name} |") for name in srgan_waifu2x.methods(tmp_path, "noise-0")] == [4, 1, 1, 1]
    assert Image.open(tmp_path / "page" / "drawings.png").format == "PNG"
    assert isinstance(
        gan_nets.load(srgan_arms.network_folder(tmp_path, "photographs", PIX2PIX, 0)), gan_nets.UNetGenerator
    )
