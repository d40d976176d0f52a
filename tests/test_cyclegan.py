"""CycleGAN's recipe end to end: every ablation trains and resumes, and a mistake ends in one sentence."""

import json
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import find_images, read_image
from gan_metrics import psnr
from gan_trainers import Run, read_scalars
from PIL import Image
from safetensors.torch import load_file

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
SMALL = {"size": 32, "load_size": 36, "width": 4, "blocks": 1, "layers": 2}
ABLATIONS = {  # section 5.1.4: the weights, and the terms that they leave
    "full": ({}, {"adversarial", "cycle_a", "cycle_b"}),
    "cycle alone": ({"adversarial_weight": 0.0}, {"cycle_a", "cycle_b"}),
    "GAN alone": ({"cycle_weights": (0.0, 0.0)}, {"adversarial"}),
    "GAN and forward": ({"cycle_weights": (10.0, 0.0)}, {"adversarial", "cycle_a"}),
    "GAN and backward": ({"cycle_weights": (0.0, 10.0)}, {"adversarial", "cycle_b"}),
}


@pytest.fixture(scope="module")
def cyclegan(example):
    return example("cyclegan")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few emoji in the paper's layout: more of A than of B, and four pairs to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for folder, count in (("trainA", 7), ("trainB", 5), ("testA", 4), ("testB", 4)):
        (root / folder).mkdir()
        for file in sorted((EMOJI / folder).glob("*.webp"))[:count]:
            shutil.copy(file, root / folder)
    return root


def tensors(folder):
    return {file.name: load_file(file) for file in sorted(folder.glob("*.safetensors"))}


def logged_terms(row):
    known = ("adversarial", "cycle_a", "cycle_b", "identity_a", "identity_b")
    return {name for name in known if any(key.startswith(name) for key in row)}


@pytest.mark.parametrize("order", ["joint", "alternating"])
@pytest.mark.parametrize("name", ABLATIONS)
def test_each_ablation_trains_in_both_orders_and_writes_its_results(
    cyclegan, train, data, tmp_path, name, order
):
    weights, terms = ABLATIONS[name]
    changes = {"order": order, "counterparts": True, "steps": 4, "evaluate_every": 2, **SMALL, **weights}
    train(cyclegan, "paper", tmp_path, data=(data,), **changes)
    row = read_scalars(tmp_path / "scalars.jsonl")[-1]
    assert row["step"] == 4
    assert logged_terms(row) == terms
    assert ("discriminator_a" in row) == ("discriminator_b" in row) == (name != "cycle alone")
    for direction in ("a_to_b", "b_to_a"):
        scores = ("psnr", "ssim", "reconstruction", "untranslated")
        assert {f"{score}_{direction}" for score in scores} <= row.keys()
        for step in (2, 4):
            with Image.open(tmp_path / "previews" / direction / f"{step:08d}.png") as grid:
                # titles; four images; input, translated, reconstructed, identity, true; enlarged to 96
                assert grid.size == (5 * 96 + 4 * 2, 16 + 4 * 96 + 3 * 2)
        with Image.open(tmp_path / f"{direction}.webp") as previews:
            assert previews.n_frames == 2
        for state in ("real", "translated", "reconstructed"):
            assert len(list((tmp_path / "pictures" / direction / state).glob("*.png"))) == 4
        net = gan_nets.load(tmp_path / direction)
        assert net(torch.zeros(1, 3, 40, 48)).shape == (1, 3, 40, 48)


def test_the_preset_emoji_trains_on_the_emoji_of_this_repository(cyclegan, train, tmp_path):
    train(cyclegan, "emoji", tmp_path, steps=1, width=4, blocks=1)
    assert gan_nets.load(tmp_path / "a_to_b").usage.trained_size == 64
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    translated = find_images(tmp_path / "pictures" / "a_to_b" / "translated")
    assert len(translated) == 57
    names = [path.stem.partition("-")[2] + ".webp" for path in translated]
    a, b = (torch.stack([read_image(EMOJI / kind / name) for name in names]) for kind in ("testA", "testB"))
    assert row["untranslated_a_to_b"] == pytest.approx(psnr(a, b).item(), rel=1e-4)
    assert {"identity_a", "identity_b"} <= row.keys()
    settings = json.loads((tmp_path / "settings.json").read_text())["settings"]
    chosen = {name: settings[name] for name in ("size", "load_size", "identity_weight", "counterparts")}
    assert chosen == {"size": 64, "load_size": 64, "identity_weight": 5.0, "counterparts": True}


def test_identity_and_load_size_are_the_papers_for_each_application(cyclegan, train, data, tmp_path):
    train(cyclegan, "paper", tmp_path, data=(data,), identity_weight=2.0, steps=1, **SMALL)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert {"identity_a", "identity_b"} <= logged_terms(row)
    assert "psnr_a_to_b" not in row  # without --counterparts, test images of equal names are not pairs
    chosen = {name: (each.identity_weight, each.load_size) for name, each in cyclegan.PRESETS.items()}
    assert chosen == {
        "portraits": (0.0, 64),  # the colors of labels are not to be kept
        "emoji": (5.0, 64),
        "paper": (0.0, "jitter"),  # style transfer, object transfiguration, season transfer
        "painting-to-photo": (5.0, None),
        "photo-enhancement": (5.0, "jitter"),
    }
    assert all(each.cycle_weights == (10.0, 10.0) for each in cyclegan.PRESETS.values())
    assert cyclegan.PRESETS["emoji"].size == 64


@pytest.mark.parametrize("ema", [True, False])
def test_without_averages_the_weights_themselves_are_saved(cyclegan, train, data, tmp_path, ema):
    train(cyclegan, "paper", tmp_path, data=(data,), ema=ema, steps=2, evaluate_every=2, **SMALL)
    stored = load_file(tmp_path / "checkpoints" / "00000002" / "shared.safetensors")
    saved = load_file(tmp_path / "a_to_b" / "model.safetensors")
    equal = [torch.equal(tensor, stored[f"shared.registered.g_ab.{name}"]) for name, tensor in saved.items()]
    assert len(equal) > 10
    assert all(equal) == (not ema)


def test_equal_images_hide_no_others(cyclegan, train, data, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    (same, *_) = sorted((root / "testA").iterdir())
    shutil.copy(same, root / "testB" / same.name)
    train(cyclegan, "paper", tmp_path / "out", data=(root,), steps=1, counterparts=True, **SMALL)
    (row,) = read_scalars(tmp_path / "out" / "scalars.jsonl")
    assert row["untranslated_a_to_b"] < 100  # dB, the PSNR of two equal images
    assert {"psnr_a_to_b", "psnr_b_to_a"} <= row.keys()


def test_a_step_computes_what_the_equations_need_and_no_more(cyclegan, train, data, tmp_path, monkeypatch):
    """Forwards, backwards and images of each network in a step of the full objective with identity."""
    calls = []

    def counted(build):
        def make(*arguments, **options):
            net = build(*arguments, **options)
            index = len(calls)
            calls.append({"forwards": 0, "backwards": 0, "images": 0})

            def forward(_net, inputs):
                if torch.is_grad_enabled():  # else the averaged network translates test images
                    calls[index]["forwards"] += 1
                    calls[index]["images"] += len(inputs[0])

            def backward(*_):
                calls[index]["backwards"] += 1

            net.register_forward_pre_hook(forward)
            net.register_full_backward_pre_hook(backward)
            return net

        return make

    monkeypatch.setattr(cyclegan, "cyclegan_resnet_paper", counted(cyclegan.cyclegan_resnet_paper))
    monkeypatch.setattr(cyclegan, "PatchDiscriminator", counted(cyclegan.PatchDiscriminator))
    train(cyclegan, "paper", tmp_path, data=(data,), steps=1, identity_weight=5.0, **SMALL)
    # G_AB: a and b (identity) in one batch, then G_BA(b). G_BA: b, a and G_AB(a) in one batch.
    # D: the fakes in the generators' update; real images and fakes in one batch in its own.
    generators = [
        {"forwards": 2, "backwards": 2, "images": 3},
        {"forwards": 1, "backwards": 1, "images": 3},
    ]
    discriminator = {"forwards": 2, "backwards": 2, "images": 3}
    assert calls == [*generators, discriminator, discriminator]


@pytest.mark.parametrize(
    ("changes", "updates"),
    [
        ({"order": "joint"}, [{"g_ab", "g_ba"}, {"d_a", "d_b"}]),
        ({"order": "alternating"}, [{"g_ab"}, {"d_b"}, {"g_ba"}, {"d_a"}]),
        ({"order": "joint", "adversarial_weight": 0.0}, [{"g_ab", "g_ba"}]),
        ({"order": "alternating", "adversarial_weight": 0.0}, [{"g_ab"}, {"g_ba"}]),
    ],
)
def test_each_update_moves_its_own_networks_alone(
    cyclegan, train, data, tmp_path, monkeypatch, changes, updates
):
    """A generator's update is followed by that of the discriminator of its fakes, if there is one."""
    nets, moved = {}, []
    build, update = cyclegan.build, Run.update

    def build_and_note(options):
        training = build(options)
        nets.update({name: getattr(training, name) for name in ("g_ab", "g_ba", "d_a", "d_b")})
        return training

    def update_and_note(run, optimizer, loss):
        before = {name: [p.detach().clone() for p in net.parameters()] for name, net in nets.items()}
        update(run, optimizer, loss)
        moved.append(
            {name for name, net in nets.items() if not all(map(torch.equal, before[name], net.parameters()))}
        )

    monkeypatch.setattr(cyclegan, "build", build_and_note)
    monkeypatch.setattr(Run, "update", update_and_note)
    train(cyclegan, "paper", tmp_path, data=(data,), steps=2, identity_weight=5.0, **SMALL, **changes)
    assert moved == 2 * updates


def test_discriminators_are_shown_fakes_of_their_pools(cyclegan, train, data, tmp_path, monkeypatch):
    """With pools of one image each, some steps show the fake of an earlier step."""
    fakes, shown = [], []
    terms, loss = cyclegan.generator_terms, cyclegan.discriminator_loss

    def terms_and_note(*arguments):
        found, both = terms(*arguments)
        fakes.append(both)
        return found, both

    def loss_and_note(d, real, fake):
        shown.append(fake)
        return loss(d, real, fake)

    monkeypatch.setattr(cyclegan, "generator_terms", terms_and_note)
    monkeypatch.setattr(cyclegan, "discriminator_loss", loss_and_note)
    train(cyclegan, "paper", tmp_path, data=(data,), steps=10, pool_size=1, evaluate_every=10, **SMALL)
    for domain, images in (("a", shown[0::2]), ("b", shown[1::2])):
        made = [
            next(step for step, both in enumerate(fakes) if torch.equal(both[domain], image))
            for image in images
        ]
        delays = [step - origin for step, origin in enumerate(made)]
        assert delays[0] == 0
        assert all(delay >= 0 for delay in delays)
        assert 1 < sum(delay > 0 for delay in delays) < 9


@pytest.mark.parametrize("pool_size", [6, 2])  # half full in the third step, and full
@pytest.mark.parametrize("order", ["joint", "alternating"])
def test_resuming_equals_an_uninterrupted_run(cyclegan, train, data, tmp_path, order, pool_size):
    changes = {
        "data": (data,),
        "steps": 6,
        "evaluate_every": 3,
        "pool_size": pool_size,
        "order": order,
        **SMALL,
    }
    train(cyclegan, "paper", tmp_path / "whole", **changes)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "00000006")
    stored = load_file(tmp_path / "killed" / "checkpoints" / "00000003" / "shared.safetensors")
    assert sum("pool_a" in name for name in stored) == min(3, pool_size)
    train(cyclegan, "paper", tmp_path / "killed", **changes)
    for name in ("shared", "process-0"):
        file = Path("checkpoints", "00000006", f"{name}.safetensors")
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    generator = Path("a_to_b", "model.safetensors")
    assert (tmp_path / "killed" / generator).read_bytes() == (tmp_path / "whole" / generator).read_bytes()


def pool_of(folder):
    """The images of pool A, in their order."""
    state = load_file(folder / "checkpoints" / "00000003" / "shared.safetensors")
    return [state[name] for name in sorted(name for name in state if "pool_a" in name)]


def test_two_processes_equal_one_also_in_what_a_full_pool_gives(
    cyclegan, train, two_processes, words, data, tmp_path
):
    shared = {"data": (data,), "steps": 3, "evaluate_every": 3, "counterparts": True, "pool_size": 3, **SMALL}
    one, two = tmp_path / "one", tmp_path / "two"
    train(cyclegan, "paper", one, batch_size=2, **shared)
    printed = two_processes(cyclegan.__file__, "paper", *words(out=two, batch_size=1, **shared))
    assert "2 processes on cpu" in printed[0]
    (whole,), (halves,) = (read_scalars(out / "scalars.jsonl") for out in (one, two))
    assert whole.keys() == halves.keys()
    for name in whole.keys() - {"seconds"}:
        assert halves[name] == pytest.approx(whole[name], rel=2e-3), name
    assert len(pool_of(one)) == 3
    for got, expected in zip(pool_of(two), pool_of(one), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=5e-3)


def test_two_folders_of_any_name_and_a_set_without_test_images(cyclegan, train, tmp_path):
    first, second = tmp_path / "noto", tmp_path / "twemoji"
    for folder, source in ((first, "trainA"), (second, "trainB")):
        folder.mkdir()
        for file in sorted((EMOJI / source).glob("*.webp"))[:40]:
            shutil.copy(file, folder)
    train(cyclegan, "paper", tmp_path / "two", data=(first, second), steps=1, **SMALL)
    held_out = len(list((tmp_path / "two" / "pictures" / "a_to_b" / "real").glob("*.png")))
    assert 0 < held_out < 20
    first.rename(tmp_path / "trainA")
    second.rename(tmp_path / "trainB")
    train(cyclegan, "paper", tmp_path / "one", data=(tmp_path,), steps=1, **SMALL)
    assert len(list((tmp_path / "one" / "pictures" / "a_to_b" / "real").glob("*.png"))) == held_out


def spoil_missing(root):
    shutil.rmtree(root / "trainB")


def spoil_alone(root):
    shutil.copy(next((root / "testB").iterdir()), root / "testB" / "extra.png")


def spoil_shuffled(root):
    first, second, *_ = sorted((root / "testB").iterdir())
    (root / "testB" / "a").mkdir()
    second.rename(root / "testB" / "a" / second.name)
    first.rename(root / "testB" / first.name)


def spoil_truncated(root):
    with Image.open(next((root / "trainA").iterdir())) as image:
        image.resize((256, 256)).save(root / "trainA" / "broken.jpg")
    content = (root / "trainA" / "broken.jpg").read_bytes()
    (root / "trainA" / "broken.jpg").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("spoil", "changes", "sentence"),
    [
        (spoil_missing, {}, "expected folders trainA and trainB in it"),
        (spoil_alone, {"counterparts": True}, "only one of them has extra; add what is missing"),
        (spoil_shuffled, {"counterparts": True}, "their order or number differs"),
        (spoil_truncated, {}, "broken.jpg"),
    ],
)
def test_bad_images_end_in_one_sentence(cyclegan, mistake, data, tmp_path, spoil, changes, sentence):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    spoil(root)
    code, error = mistake(cyclegan, "paper", data=root, out=tmp_path / "out", steps=20, **changes, **SMALL)
    assert code == 1
    assert sentence in error


@pytest.mark.parametrize(
    ("preset", "changes", "sentence"),
    [
        ("paper", {}, "--data expects one folder, or one for A and one for B; got 0"),
        (
            "paper",
            {"size": 30},
            "--size must be a multiple of 4, 8 or more, which is halved twice; got 30",
        ),
        ("paper", {"data": ("a", "b", "c")}, "--data expects one folder, or one for A and one for B; got 3"),
        (
            "emoji",
            {"data": "a"},
            "--data expects another preset, such as: cyclegan.py paper --data FOLDER",
        ),
        (
            "emoji",
            {"order": "alternating", "accumulate": 2},
            "--accumulate expects --order joint; the alternating order updates twice a step",
        ),
        (
            "emoji",
            {"cycle_weights": (0, 0), "adversarial_weight": 0},
            "--adversarial-weight or --cycle-weights must be above 0; got 0 for all",
        ),
        (
            "emoji",
            {"cycle_weights": (1, -2)},
            "--cycle-weights must be 2 values: a number of at least 0, a number of at least 0; got 1.0 -2.0",
        ),
        ("emoji", {"identity_weight": "nan"}, "--identity-weight must be a number of at least 0; got nan"),
        ("emoji", {"layers": 5}, "--layers 5 expects a --size of at least 96; got 64; use fewer"),
        ("emoji", {"pool_size": -1}, "--pool-size must be a whole number of at least 0; got -1"),
    ],
)
def test_wrong_use_ends_in_one_sentence(cyclegan, mistake, tmp_path, preset, changes, sentence):
    code, error = mistake(cyclegan, preset, out=tmp_path / "out", **changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_an_unknown_order_is_refused_with_the_known_ones(cyclegan, mistake):
    code, error = mistake(cyclegan, "emoji", order="AB")
    assert code == 2
    assert all(word in error for word in ("--order", "AB", "joint", "alternating"))
    with pytest.raises(ValueError, match='--order must be "joint" or "alternating"; got AB'):
        cyclegan.Options(order="AB")


def test_results_are_named_after_their_images_in_names_that_fit(example):
    name = example("support.common").numbered_name
    assert name(3, Path("data/grün.jpg")) == "0003-grün"
    long = name(3, Path("ü" * 125 + ".png"))  # of 254 bytes
    assert long == "0003-" + "ü" * 100
    assert len(f"{long}.png".encode()) <= 255
