"""The recipe of SRGAN: its two phases, what each idea leaves out, where it begins, and resuming."""

import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import Downscale, bicubic_upscale, read_image, write_image
from gan_metrics import psnr_y
from gan_trainers import plain_errors, read_scalars
from PIL import Image
from safetensors.torch import load_file

FLOWERS = Path(__file__).parents[1] / "examples" / "images" / "flowers" / "testB"
SMALL = {"blocks": 1, "width": 4, "batch_size": 2, "size": 32, "validation": 0.3, "scale": 2}


@pytest.fixture(scope="module")
def recipe(example):
    return example("srgan")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve real photographs."""
    folder = tmp_path_factory.mktemp("photos")
    for file in sorted(FLOWERS.glob("*.png"))[:12]:
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module")
def phase_one(recipe, photos, tmp_path_factory):
    """A run of phase 1 alone."""
    out = tmp_path_factory.mktemp("phase-one")
    recipe.main(photos, out, ideas="pixels", kernel="area", jpeg=50, pixel_steps=3, **SMALL)
    return out


def test_the_first_phase_leaves_a_network_that_knows_its_kernel(phase_one):
    for folder in ("pixels", "enlarger"):
        net = gan_nets.load(phase_one / folder)
        assert (net.scale, net.degradation) == (2, "area, JPEG 50")
        assert net(torch.zeros(1, 3, 5, 7)).shape == (1, 3, 10, 14)
    rows = read_scalars(phase_one / "scalars.jsonl")
    assert {"pixel", "psnr_y", "bicubic_psnr_y", "ssim_y", "lite0_distance"} <= rows[-1].keys()
    assert rows[-1]["step"] == 3
    assert "content" not in rows[-1]


def state(out, step):
    """What all processes share in a checkpoint."""
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


@pytest.mark.parametrize(("ideas", "critic_learns"), [("content", False), ("all", True)])
def test_the_second_phase_begins_with_the_firsts_weights(
    recipe, photos, phase_one, tmp_path, ideas, critic_learns
):
    options = {"ideas": ideas, "start": phase_one / "pixels", "pixel_steps": 0, "steps": 2}
    recipe.main(photos, tmp_path, lr=0.0, test=photos, **options, **SMALL)
    learned = gan_nets.load(phase_one / "pixels")
    began = gan_nets.load(tmp_path / "enlarger")
    for name, value in learned.named_parameters():
        assert torch.equal(value, began.get_parameter(name)), name
    rows = read_scalars(tmp_path / "scalars.jsonl")
    assert ("discriminator" in rows[-1]) is ("adversarial" in rows[-1]) is critic_learns
    assert rows[-1]["content"] > 0
    assert len(list((tmp_path / "test" / "enlarger").iterdir())) == 12


def test_the_generator_without_batch_norm_learns_what_to_add(recipe, photos, tmp_path):
    options = {"generator": "msrresnet", "pixel_steps": 1, "steps": 0, "lr": 0.0}
    recipe.main(photos, tmp_path / "first", ideas="pixels", **options, **SMALL)
    net = gan_nets.load(tmp_path / "first" / "pixels")
    assert isinstance(net, gan_nets.MSRResNet)
    x = torch.rand(1, 3, 8, 8) * 2 - 1
    enlarged = torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear")
    assert (net(x) - enlarged).abs().mean() < 0.05  # as it was before any step


def test_a_second_phase_from_nothing_is_refused_unless_told(recipe, photos, tmp_path):
    with pytest.raises(SystemExit, match="phase 2 expects phase 1's weights; give --start FOLDER"):
        recipe.main(photos, tmp_path, pixel_steps=0, steps=1, **SMALL)
    recipe.main(photos, tmp_path, pixel_steps=0, steps=1, from_nothing=True, **SMALL)
    assert (tmp_path / "enlarger" / "config.json").exists()
    assert not (tmp_path / "pixels").exists()


def test_a_first_phase_of_another_width_or_scale_ends_in_one_sentence(
    recipe, photos, phase_one, tmp_path, capsys
):
    for option, value in (("width", 8), ("scale", 4)):
        with pytest.raises(SystemExit), plain_errors():
            recipe.main(photos, tmp_path, start=phase_one / "pixels", **(SMALL | {option: value}))
        complaint = capsys.readouterr().err.strip().splitlines()[-1]
        assert complaint.startswith("error: ")
        assert "model.safetensors does not fit SRResNet" in complaint


TWO_PHASES = {"pixel_steps": 2, "steps": 2, "validate_every": 1, **SMALL}


@pytest.fixture(scope="module")
def whole(recipe, photos, tmp_path_factory):
    """A run of both phases without a break."""
    out = tmp_path_factory.mktemp("whole")
    recipe.main(photos, out, **TWO_PHASES)
    return out


@pytest.mark.parametrize("lost", [3, 4])  # the first step of phase 2, and one within it
def test_resuming_equals_an_uninterrupted_run(recipe, run_until, photos, whole, tmp_path, lost):
    run_until(recipe, lost, photos, tmp_path, **TWO_PHASES)
    recipe.main(photos, tmp_path, **TWO_PHASES)
    expected, got = state(whole, 4), state(tmp_path, 4)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_test_pictures_are_enlarged_and_scored_at_the_end(recipe, photos, tmp_path, capsys):
    for kind in ("one", "other"):  # of the same names
        shutil.copytree(photos, tmp_path / "test" / kind)
    recipe.main(photos, tmp_path / "out", test=tmp_path / "test", ideas="pixels", pixel_steps=1, **SMALL)
    for way in ("bicubic", "enlarger"):
        assert len(list((tmp_path / "out" / "test" / way).glob("*.png"))) == 24
    said = capsys.readouterr().out
    assert "bicubic {'" in said
    assert "enlarger {'" in said


def test_flat_photos_end_nothing(recipe, tmp_path):
    for number in range(12):
        Image.new("RGB", (40, 40), (20 * number, 90, 90)).save(tmp_path / f"{number}.png")
    recipe.main(tmp_path, tmp_path / "out", ideas="pixels", pixel_steps=1, **SMALL)
    (row,) = read_scalars(tmp_path / "out" / "scalars.jsonl")
    assert "bicubic_psnr_y" not in row  # bicubic enlargement of what is flat is exact
    assert "psnr_y" in row


@pytest.mark.parametrize(("size", "scale"), [(16, 4), (32, 3)])
def test_crops_that_do_not_suit_the_scale_are_refused(recipe, photos, tmp_path, size, scale):
    with pytest.raises(SystemExit, match=f"--size expects a multiple of --scale {scale} and at least"):
        recipe.main(photos, tmp_path, **(SMALL | {"size": size, "scale": scale}))


def test_weights_of_a_network_that_is_not_asked_for_are_refused(recipe, photos, tmp_path):
    with pytest.raises(SystemExit, match="error: --vgg19 expects --features vgg19; got lite0"):
        recipe.main(photos, tmp_path, vgg19=tmp_path / "vgg19.pth", **SMALL)


def test_the_losses_are_the_papers_and_basicsrs(recipe):
    fake, real = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.5)
    assert recipe.RECIPES["paper"].pixel(fake, real) == 0.25
    assert recipe.RECIPES["basicsr"].pixel(fake, real) == 0.25  # a quarter of [0, 1]
    weights = {name: chosen.weights for name, chosen in recipe.RECIPES.items()}
    assert weights["paper"].adversarial / weights["article"].adversarial == pytest.approx(100)


def test_the_arms_page_has_each_networks_own_figures(example, tmp_path):
    arms = example("srgan_arms")
    runs = {name: tmp_path / name for name in ("pixels", "content", "all", *arms.KERNELS)}
    for seed, run in enumerate(runs.values()):
        torch.manual_seed(seed)
        network = gan_nets.MSRResNet if seed else gan_nets.SRResNet
        network(scale=4, blocks=1, width=4).save_pretrained(run / "enlarger")
    animals = Path(__file__).parents[1] / "examples" / "images" / "animals"
    pictures = [x[..., :98, :97] for x in map(read_image, sorted(animals.glob("*.jpg"))[:2])]
    for number, picture in enumerate(pictures):
        (tmp_path / "test").mkdir(exist_ok=True)
        write_image(tmp_path / "test" / f"{number}.png", picture)
    test = arms.read(tmp_path / "test", 4)
    assert [tuple(picture.shape) for picture in test] == [(1, 3, 96, 96)] * 2
    gan_nets.UNetGenerator(depth=5, width=4).save_pretrained(tmp_path / "pix2pix" / "translator")
    shown = {name: tmp_path / name for name in arms.ARMS}
    kernels = {kernel: runs[kernel] for kernel in arms.KERNELS}
    arms.write_page(shown, kernels, test, test, tmp_path / "page", "no steps")
    page = (tmp_path / "page" / "README.md").read_text()
    assert (tmp_path / "page" / "pictures.png").exists()
    nearest = Downscale(4, "nearest")
    with torch.no_grad():
        enlarged = [gan_nets.load(runs["area"] / "enlarger")(nearest(picture)) for picture in test]
    found = torch.stack([psnr_y(fake, real) for fake, real in zip(enlarged, test, strict=True)]).mean()
    row = next(line for line in page.splitlines() if line.startswith("| area |"))
    assert row.split(" | ")[1 + arms.KERNELS.index("nearest")] == f"{found:.2f}"
    bicubic = [bicubic_upscale(Downscale(4)(picture), 4) for picture in test]
    found = torch.stack([psnr_y(fake, real) for fake, real in zip(bicubic, test, strict=True)]).mean()
    assert f"| bicubic | {found:.3f} |" in page
    assert all(f"| {name} | " in page for name in arms.ARMS.values())
