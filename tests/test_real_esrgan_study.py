"""The study of real_esrgan.py: its chains, what its verdicts say, and its page end to end."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

sys.path.append(
    str(Path(__file__).parents[1] / "examples" / "studies")
)  # last: a study is named as its recipe

import comparison
import real_esrgan_page
from camera_chains import CHAINS
from gan_metrics import psnr
from real_esrgan_page import PATCHES, PIXELS, PSNR, REAL, RECIPES, SRGAN, UNSEEN, Photos, verdicts
from spread import Spread


def smooth(count, side=96):
    """Images without fine detail, which shrinking alone hardly changes."""
    coarse = torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8
    large = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    return list(large.clamp(-1, 1).split(1))


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_shrinks_by_four_does_harm_and_is_the_same_for_a_seed(name):
    (image,) = smooth(1)
    small = CHAINS[name](image, 3)
    assert small.shape == (1, 3, 24, 24)
    assert torch.equal(small, CHAINS[name](image, 3))
    fidelity = psnr(small, torch.nn.functional.avg_pool2d(image, 4)).item()
    assert (fidelity > 38) if name == "clean" else (18 < fidelity < 37)


def test_noise_differs_between_seeds():
    (image,) = smooth(1)
    assert not torch.equal(CHAINS["phone"](image, 0), CHAINS["phone"](image, 1))


def scores(unseen, patches, psnr_y):
    return {UNSEEN: Spread((unseen,) * 2), PATCHES: Spread((patches,) * 2), PSNR: Spread((psnr_y,) * 2)}


def test_verdicts_follow_the_tables():
    trained = {SRGAN: scores(1.2, 5.0, 22.0), PIXELS: scores(1.0, 4.0, 23.0), REAL: scores(0.9, 6.0, 22.5)}
    chains = {"clean": trained, "phone": trained}
    found = verdicts({name: {"bicubic": scores(0.8, 9.0, 24.0)} for name in chains}, chains)
    assert found["On cleanly shrunken photographs SRGAN is nearer to the true ones"].startswith("**No**: 1.2")
    assert found["phone: Real-ESRGAN is nearer to the true ones than SRGAN"].startswith("**Yes**: 0.900")
    assert found["phone: Real-ESRGAN is nearer than what takes no training"] == (
        "**No**: 0.900 ±0.000 against 0.800 ±0.000 (bicubic)"
    )
    assert found["phone: its patches look more like true ones than SRGAN's"].startswith("**No**")
    assert found["phone: it has the higher PSNR"].startswith("**Yes**")
    assert found["phone: content and discriminator add to phase 1"].startswith("**Yes**")


def test_the_page_has_each_chain_beside_the_trivial_rows(example, train, photos, tmp_path, page_setup):
    small = {"blocks": 1, "width": 4, "batch_size": 1, "size": 32, "pixel_steps": 1, "steps": 1}
    small |= {"data": photos, "validation": 0.3, "evaluate_every": 2}
    for name, recipe in RECIPES.items():
        run = comparison.seed_folder(tmp_path, name, 0)
        train(example(recipe.removesuffix(".py")), "photos", run, **small)
    tests = [Photos("photographs", smooth(2), True), Photos("others", smooth(1, 128), False)]
    real_esrgan_page.write_page(tmp_path, tmp_path / "page", tests, [0], page_setup)
    text = (tmp_path / "page" / "README.md").read_text()
    for name in ("bicubic, smoothed", *(f"**{each}**" for each in (SRGAN, PIXELS, REAL))):
        lines = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert [line.count("|") for line in lines] == [2 + len(CHAINS)] * 6  # of three scores and two sets
    for chain in CHAINS:
        picture = tmp_path / "page" / f"photographs-{chain.replace(' ', '-')}.png"
        assert f"({picture.name})" in text
        assert Image.open(picture).format == "PNG"
    assert not list((tmp_path / "page").glob("others*"))
    real_esrgan_page.write_page(tmp_path, tmp_path / "hidden", tests[1:], [0], page_setup)
    assert "![" not in (tmp_path / "hidden" / "README.md").read_text()
