"""CUT and FastCUT: their equations written out, each option's effect, resuming, two processes, mistakes."""

import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_trainers import Run, read_scalars
from PIL import Image
from torch.nn import functional as F

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
SMALL = {"size": 32, "load_size": 36, "width": 4, "blocks": 2, "layers": 2, "nce_layers": (0, 4, 8, 12)}


@pytest.fixture(scope="module")
def cut(example):
    return example("cut")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few emoji in the paper's layout, and two pairs to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for folder, count in (("trainA", 5), ("trainB", 4), ("testA", 2), ("testB", 2)):
        (root / folder).mkdir()
        for file in sorted((EMOJI / folder).glob("*.webp"))[:count]:
            shutil.copy(file, root / folder)
    return root


def images(count=2, size=16):
    torch.manual_seed(1)
    return torch.rand(2, count, 3, size, size).mul(2).sub(1).unbind()


def unit(x):
    """Of unit length, as the authors divide: right after the initialization 1e-7 shows."""
    return x / (x.square().sum(2, keepdim=True).sqrt() + 1e-7)


def contrast(t, source, translated, positions, *, temperature=0.07, whole_batch=False, mirrored=False):
    """Equations 3 and 4, one query at a time."""
    layers = (0, 4, 8, 12)
    terms = []
    every_map = zip(
        t.g.encoder_features(source, layers), t.g.encoder_features(translated, layers), strict=True
    )
    for index, (places, (of_source, of_translated)) in enumerate(zip(positions, every_map, strict=True)):
        of_translated = of_translated.flip(3) if mirrored else of_translated
        mlp = t.sampler.get_submodule(f"mlp_{index}")
        keys, queries = (
            unit(mlp(each.permute(0, 2, 3, 1).flatten(1, 2)[:, places]))
            for each in (of_source, of_translated)
        )
        for image, place in torch.cartesian_prod(torch.arange(len(keys)), torch.arange(len(places))):
            others = keys.flatten(0, 1) if whole_batch else keys[image]
            own = image * len(places) + place if whole_batch else place
            similarity = others @ queries[image, place] / temperature
            terms.append(F.cross_entropy(similarity[None], own[None]))
    return torch.stack(terms).mean()


@pytest.fixture
def positions(cut, monkeypatch):
    """Every sampling of places draws these."""
    drawn = [
        torch.tensor([3, 40, 7]),
        torch.tensor([0, 1, 17]),
        torch.tensor([9, 2, 5]),
        torch.tensor([1, 6, 0]),
    ]
    monkeypatch.setattr(cut, "random_positions", lambda _maps, _count: drawn)
    return drawn


@pytest.mark.parametrize(
    ("changes", "mirrored"),
    [
        ({}, False),
        ({"nce_weight": 10.0, "nce_identity": False, "flip_equivariance": True}, True),
        ({"adversarial_weight": 0.5, "temperature": 0.2, "negatives": "batch"}, False),
        ({"nce_weight": 0.0}, False),
        ({"adversarial_weight": 0.0}, True),
    ],
)
def test_the_generators_terms_are_equation_5(cut, positions, changes, mirrored):
    options = cut.Options(**{**SMALL, **changes})
    torch.manual_seed(0)
    t = cut.build(options)
    source, target = images()
    flip = (lambda x: x.flip(3)) if mirrored else (lambda x: x)
    fake = t.g(flip(source))
    identity = t.g(flip(target)) if options.nce_identity else None
    got = cut.generator_terms(source, target, fake, identity, t, options, mirrored=mirrored)
    expected = {}
    if options.adversarial_weight:
        expected["adversarial"] = options.adversarial_weight * (t.d(fake) - 1).square().mean()
    if options.nce_weight:
        weight = options.nce_weight * (0.5 if options.nce_identity else 1)
        settings = {
            "temperature": options.temperature,
            "whole_batch": options.negatives == "batch",
            "mirrored": mirrored,
        }
        expected["nce"] = weight * contrast(t, source, fake, positions, **settings)
        if options.nce_identity:
            expected["nce_identity"] = weight * contrast(t, target, identity, positions, **settings)
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, rtol=1e-4, atol=1e-5)


def test_the_sources_patches_are_constants(cut):
    """The generator learns through the translation's patches alone."""
    options = cut.Options(**SMALL)
    t = cut.build(options)
    source, fake = (each.requires_grad_() for each in images())
    cut.contrastive_loss(source, fake, t, options, mirrored=False).backward()
    assert source.grad is None
    assert fake.grad.abs().sum() > 0
    assert all(p.grad is not None for p in t.sampler.parameters())


def test_the_discriminators_loss_is_halved_least_squares(cut):
    t = cut.build(cut.Options(**SMALL))
    real, fake = images()
    expected = 0.5 * ((t.d(real) - 1).square().mean() + t.d(fake).square().mean())
    torch.testing.assert_close(cut.discriminator_loss(t.d, real, fake), expected)


def test_the_presets_are_the_papers(cut):
    plain, fast, emoji = (cut.PRESETS[name] for name in ("cut", "fastcut", "emoji"))
    assert (plain.adversarial_weight, plain.nce_weight, plain.nce_identity) == (1, 1, True)
    assert (fast.adversarial_weight, fast.nce_weight, fast.nce_identity) == (1, 10, False)
    assert (plain.flip_equivariance, fast.flip_equivariance) == (False, True)
    assert [(p.epochs, p.epochs * p.decay_start) for p in (plain, fast)] == [(400, 200), (200, 150)]
    assert plain.nce_layers == fast.nce_layers == (0, 4, 8, 12, 16)
    assert (plain.blocks, plain.patches, plain.temperature, plain.lr) == (9, 256, 0.07, 2e-4)
    assert (emoji.size, emoji.width, emoji.blocks, emoji.steps) == (64, 32, 3, 4_000)  # as in cyclegan.py
    t = cut.build(cut.Options(**SMALL))
    assert (t.g.blurred, t.g.resized, t.d.blocks[0].blurred) == (True, True, True)
    assert not cut.build(cut.Options(**SMALL | {"antialias": False, "nce_layers": (0,)})).g.blurred
    deviation = t.d.blocks[1].conv.weight.std().item()  # Xavier with gain 0.02
    assert deviation == pytest.approx(0.02 * (2 / (16 * 4 + 16 * 8)) ** 0.5, rel=0.15)


@pytest.mark.parametrize("direction", ["a-to-b", "b-to-a"])
def test_a_direction_trains_and_writes_its_results(cut, train, data, tmp_path, direction):
    changes = {"direction": direction, "counterparts": True, "steps": 2, "evaluate_every": 1, **SMALL}
    train(cut, "cut", tmp_path, data=(data,), **changes)
    name = direction.replace("-", "_")
    row = read_scalars(tmp_path / "scalars.jsonl")[-1]
    terms = {"discriminator", "adversarial", "nce", "nce_identity"}
    assert terms | {f"{score}_{name}" for score in ("psnr", "ssim", "untranslated")} <= row.keys()
    folders = {folder.name for folder in (tmp_path / "pictures" / name).iterdir()}
    assert folders == {"real", "translated"}
    with Image.open(tmp_path / "previews" / name / "00000002.png") as grid:
        assert grid.size == (3 * 96 + 2 * 2, 16 + 2 * 96 + 2)  # input, translated, true; enlarged to 96
    assert (tmp_path / f"{name}.webp").exists()
    first = sorted((tmp_path / "pictures" / name / "real").iterdir())[0]
    source = "testA" if direction == "a-to-b" else "testB"
    assert first.name == f"0000-{sorted((data / source).iterdir())[0].stem}.png"
    assert gan_nets.load(tmp_path / name)(torch.zeros(1, 3, 40, 48)).shape == (1, 3, 40, 48)


def test_the_images_of_this_repository(cut, example, train, tmp_path):
    small = {"steps": 1, "width": 2, "blocks": 1, "nce_layers": (0, 12), "size": 16, "load_size": 16}
    train(cut, "emoji", tmp_path, layers=1, **small)
    assert len(list((tmp_path / "pictures" / "a_to_b" / "translated").iterdir())) == 57
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["psnr_a_to_b"] > 0
    portraits = cut.PRESETS["portraits"]
    files, test = example("support.translation").find_files((), portraits=portraits.portraits)
    assert [len(each) for each in (*files, *test)] == [1800, 1800, 200, 200]
    assert [each.stem for each in test[0]] == [each.stem for each in test[1]]
    assert (portraits.size, portraits.counterparts) == (64, True)


def test_each_update_moves_its_own_networks_alone(cut, train, data, tmp_path, monkeypatch):
    nets, moved = {}, []
    build, update = cut.build, Run.update

    def build_and_note(options):
        t = build(options)
        nets.update(g=t.g, d=t.d, sampler=t.sampler)
        return t

    def update_and_note(run, optimizer, loss):
        before = {name: [p.detach().clone() for p in net.parameters()] for name, net in nets.items()}
        update(run, optimizer, loss)
        moved.append(
            {name for name, net in nets.items() if not all(map(torch.equal, before[name], net.parameters()))}
        )

    monkeypatch.setattr(cut, "build", build_and_note)
    monkeypatch.setattr(Run, "update", update_and_note)
    train(cut, "fastcut", tmp_path, data=(data,), steps=2, evaluate_every=2, **SMALL)
    assert moved == 2 * [{"d"}, {"g", "sampler"}]


def test_resuming_equals_an_uninterrupted_run(cut, train, data, tmp_path):
    changes = {"data": (data,), "steps": 4, "evaluate_every": 2, **SMALL}
    train(cut, "fastcut", tmp_path / "whole", **changes)  # with mirrored steps, at random
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "00000004")
    train(cut, "fastcut", tmp_path / "killed", **changes)
    files = [Path("checkpoints", "00000004", f"{name}.safetensors") for name in ("shared", "process-0")]
    for file in (*files, Path("a_to_b", "model.safetensors")):
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


@pytest.mark.parametrize(
    ("preset", "changes", "sentence"),
    [
        ("cut", {}, "--data expects one folder, or one for A and one for B; got 0"),
        (
            "emoji",
            {"data": "a"},
            "--data expects another preset, such as: cut.py cut --data FOLDER",
        ),
        ("emoji", {"portraits": True}, "--emoji and --portraits exclude each other; use one of them"),
        ("cut", {"size": 30}, "--size must be a multiple of 4, 8 or more, which is halved twice; got 30"),
        (
            "cut",
            {"nce_weight": 0, "adversarial_weight": 0},
            "--adversarial-weight or --nce-weight must be above 0; got 0 for both",
        ),
        (
            "cut",
            {"blocks": 2},
            "--nce-layers must be from 0 4 8 12 13 for --blocks 2; got 0 4 8 12 16",
        ),
        ("cut", {"temperature": 0}, "--temperature must be a number above 0; got 0.0"),
        ("cut", {"negatives": "all"}, None),
    ],
)
def test_wrong_use_ends_in_one_sentence(cut, mistake, tmp_path, preset, changes, sentence):
    code, error = mistake(cut, preset, out=tmp_path / "out", **changes)
    assert code == 2
    assert sentence is None or error == f"error: {sentence}"
    assert not (tmp_path / "out").exists()
