"""pix2pixHD's recipe: what its phases compute and move, resuming, mistakes, label maps."""

import shutil

import gan_nets
import pytest
import torch
from gan_data import DataError, LabeledFiles, read_image
from gan_trainers import read_scalars
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

SMALL = {"width": 2, "downsamplings": 1, "blocks": 1, "batch_size": 2, "size": (32, 32), "scales": (1, 2)}
MAPS = {"classes": 9, "ignore": None, "features": 3}
PHASES = {"steps": (2, 4), "fix_global": 2, "evaluate_every": 1, **MAPS, **SMALL}


@pytest.fixture(scope="module")
def recipe(example):
    return example("pix2pixhd")


@pytest.fixture(scope="module")
def support(example):
    return example("support.pix2pixhd")


@pytest.fixture(scope="module")
def report_labels(example):
    return example("support.labels").report_labels


@pytest.fixture(scope="module")
def data(labeled_portraits):
    return labeled_portraits


@pytest.fixture(scope="module")
def whole(recipe, train, data, tmp_path_factory):
    """The folder of a run of two steps per phase."""
    out = tmp_path_factory.mktemp("whole")
    train(recipe, "paper", out, data=data, **PHASES)
    return out


def state(out, step, name="shared"):
    return load_file(out / "checkpoints" / f"{step:08d}" / f"{name}.safetensors")


def moved(out, step):
    """The networks, or parts of the enhancer, of which a weight differs from that of the step before."""
    before, after = state(out, step - 1), state(out, step)
    found = set()
    for name, weights in before.items():
        _, _, net, part, *_ = name.split(".")
        if not net.startswith("opt_") and not torch.equal(weights, after[name]):
            found.add(f"{net}.{part}" if net == "enhancer" else net)
    return found


# ------------------------------------------------------------------- the three phases


@pytest.fixture(scope="module")
def killed(recipe, data, run_until, tmp_path_factory):
    """The folders of runs that were killed at a step, with the checkpoints of the two steps before."""
    folders = {step: tmp_path_factory.mktemp(f"killed-{step}") for step in (3, 4, 5)}
    for step, folder in folders.items():
        run_until(recipe, step, "paper", folder, data=data, **PHASES)
    return folders


def test_each_phase_moves_its_own_networks_and_no_byte_of_the_others(killed, whole):
    assert moved(killed[3], 2) == {"global", "encoder", "d_global"}
    alone = {"enhancer.enhancers", "enhancer.output", "d_enhancer"}
    assert moved(killed[5], 4) == alone
    assert moved(whole, 6) == alone | {"enhancer.coarse", "encoder"}


def test_the_enhancer_starts_from_the_weights_of_the_global_generator(killed):
    trained = state(killed[4], 3)
    prefix = "shared.registered.global.trunk."
    trunk = {name.removeprefix(prefix): weights for name, weights in trained.items() if prefix in name}
    assert trunk
    for name, weights in trunk.items():
        assert torch.equal(trained[f"shared.registered.enhancer.coarse.{name}"], weights)


def test_an_enhancer_that_start_gave_is_not_replaced(recipe, train, data, whole, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("the enhancer was replaced")

    monkeypatch.setattr(recipe, "initialize_enhancer", never)
    train(recipe, "paper", tmp_path, data=data, start=(str(whole),), **PHASES)
    assert state(tmp_path, 6)


def test_the_discriminators_of_the_same_sizes_are_copied(recipe):
    nets = [
        recipe.GlobalGenerator(width=4, downsamplings=1, blocks=1),
        recipe.LocalEnhancer(width=2, downsamplings=1, blocks=1),
    ]
    ds = [recipe.MultiscaleDiscriminator(3, scales=scales, layers=1, width=2) for scales in (2, 3)]
    first, second = (
        recipe.Stage(name, recipe.LabelToImage(net, None, 1), d, *[None] * 6)
        for name, net, d in zip(("global", "enhancer"), nets, ds, strict=True)
    )
    recipe.initialize_enhancer(first, second)
    x = torch.randn(1, 3, 16, 16)
    half = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
    for logits, expected in zip(ds[1](x)[1:], ds[0](half), strict=True):
        assert torch.equal(logits, expected)


def test_the_phases_and_what_is_frozen_and_reset_in_each(recipe):
    """Without --fix-global, a tenth of the enhancer's steps are of the second phase."""
    nets = [
        recipe.GlobalGenerator(width=4, downsamplings=1, blocks=1),
        recipe.LocalEnhancer(width=2, downsamplings=1, blocks=1),
    ]
    encoder = torch.nn.Identity()
    first, second = stages = [
        recipe.Stage(name, recipe.LabelToImage(net, encoder, 1), None, *names, None, None, start, end)
        for name, net, names, (start, end) in zip(
            ("global", "enhancer"), nets, (("g1", "d1"), ("g2", "d2")), ((0, 30), (30, 50)), strict=True
        )
    ]
    phases = recipe.schedule(tuple(stages), (30, 20), None)
    assert phases == [
        recipe.Phase("global", first, 0, 30, (), ()),
        recipe.Phase("enhancer, global frozen", second, 30, 2, (nets[1].coarse, encoder), ("g1", "d1")),
        recipe.Phase("joint", second, 32, 18, (), ("g2",)),
    ]
    assert [phase.steps for phase in recipe.schedule(tuple(stages), (30, 20), 0)] == [30, 0, 20]


@pytest.mark.parametrize("step", [3, 4, 5])  # the first with a frozen net, the second, the first of the joint
def test_resuming_in_any_phase_equals_an_uninterrupted_run(
    recipe, train, data, killed, whole, tmp_path, step
):
    out = shutil.copytree(killed[step], tmp_path / "resumed")
    train(recipe, "paper", out, data=data, **PHASES)
    for name in ("shared", "process-0"):
        expected, got = state(whole, 6, name), state(out, 6, name)
        assert got.keys() == expected.keys()
        assert [key for key, tensor in expected.items() if not torch.equal(got[key], tensor)] == []
    for file in ("instance_features.safetensors", "held_out.png"):
        assert (out / file).read_bytes() == (whole / file).read_bytes()


def test_a_step_computes_what_the_equations_need_and_no_more(recipe, train, data, tmp_path, monkeypatch):
    """Forwards and backwards of one step of each phase; what is frozen has no backward."""
    calls = {}

    def count(name, net):
        calls[name] = counts = [0, 0]

        def forward(*_):
            counts[0] += torch.is_grad_enabled()  # else held-out images are generated

        def backward(*_):
            counts[1] += 1

        net.register_forward_pre_hook(forward)
        net.register_full_backward_pre_hook(backward)

    def counted(build, *parts):
        def make(*arguments, **options):
            net = build(*arguments, **options)
            for part in parts:
                count(f"{build.__name__} {part}", net.get_submodule(part))
            return net

        return make

    for name, parts in (
        ("GlobalGenerator", ["", "trunk"]),
        ("LocalEnhancer", ["", "coarse"]),
        ("InstanceEncoder", [""]),
    ):
        monkeypatch.setattr(recipe, name, counted(getattr(recipe, name), *parts))
    discriminator = recipe.MultiscaleDiscriminator

    def counted_discriminator(*arguments, scales, **options):
        net = discriminator(*arguments, scales=scales, **options)
        name = f"MultiscaleDiscriminator of {scales}"
        calls[name] = 0

        def forward(*_):
            calls[name] += torch.is_grad_enabled()

        net.register_forward_pre_hook(forward)
        return net

    monkeypatch.setattr(recipe, "MultiscaleDiscriminator", counted_discriminator)
    changes = PHASES | {"steps": (1, 2), "fix_global": 1, "evaluate_every": 3}
    train(recipe, "paper", tmp_path, data=data, **changes)
    assert calls == {
        "GlobalGenerator ": [1, 1],
        "GlobalGenerator trunk": [1, 1],
        "LocalEnhancer ": [2, 2],
        "LocalEnhancer coarse": [2, 1],  # of the joint phase
        "InstanceEncoder ": [3, 2],  # of the global and the joint phase
        "MultiscaleDiscriminator of 1": 3,  # in each step the photo, and the fake for either update
        "MultiscaleDiscriminator of 2": 6,
    }


# ------------------------------------------------------------------- results


def test_a_run_writes_its_results(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]  # the last line of each phase
    terms = {"adversarial", "feature_matching", "discriminator", "psnr", "ssim"}
    assert all(terms <= row.keys() for row in rows)
    assert [len(list((whole / "previews" / name).glob("*.png"))) for name in ("global", "enhancer")] == [2, 4]
    for name in ("global", "enhancer"):
        assert (whole / f"{name}.webp").exists()
        assert gan_nets.load(whole / name)(torch.zeros(1, 13, 16, 24)).shape == (1, 3, 16, 24)
    assert gan_nets.load(whole / "encoder").output.out_channels == 3
    states = {folder.name: sorted(folder.glob("*.png")) for folder in (whole / "pictures").iterdir()}
    assert set(states) == {"map", "generated", "sampled1", "sampled2", "sampled3", "true"}
    assert all(len(files) == 2 for files in states.values())


def test_images_with_sampled_instance_features_differ(whole):
    images = [
        torch.stack([read_image(file) for file in sorted((whole / "pictures" / name).glob("*.png"))])
        for name in ("sampled1", "sampled2")
    ]
    assert not torch.equal(*images)


def test_without_an_encoder_nothing_is_sampled_and_a_perceptual_loss_may_be_added(
    recipe, train, data, tmp_path, monkeypatch
):
    perceptual_loss = recipe.pix2pixhd_perceptual_loss  # of random weights, as nothing is downloaded here
    monkeypatch.setattr(
        recipe,
        "pix2pixhd_perceptual_loss",
        lambda weights: perceptual_loss(weights={"torchvision": "random"}[weights]),
    )
    changes = PHASES | {"features": 0, "steps": (1, 0), "fix_global": 0, "perceptual": "torchvision"}
    train(recipe, "paper", tmp_path, data=data, **changes)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["perceptual"] > 0
    assert {folder.name for folder in (tmp_path / "pictures").iterdir()} == {"map", "generated", "true"}
    assert read_image(next((tmp_path / "pictures" / "generated").iterdir())).shape == (3, 16, 16)
    absent = ("encoder", "enhancer", "instance_features.safetensors")
    assert not any((tmp_path / name).exists() for name in absent)


def test_the_preset_portraits_trains_on_the_portraits_of_this_repository(
    recipe, support, train, few_portraits, tmp_path, monkeypatch
):
    monkeypatch.setattr(support, "portraits", lambda: few_portraits)  # a few of them
    small = {name: value for name, value in SMALL.items() if name not in ("size", "batch_size")}
    train(recipe, "portraits", tmp_path, steps=(1, 1), **small)
    assert gan_nets.load(tmp_path / "enhancer").in_channels == 9 + 1 + 3
    assert read_image(next((tmp_path / "pictures" / "generated").iterdir())).shape == (3, 64, 64)


def test_a_tenth_is_held_out_where_there_are_no_test_images(recipe, support, options, data, tmp_path):
    for kind in ("img", "label", "inst"):
        shutil.copytree(data / f"train_{kind}", tmp_path / f"train_{kind}")
    chosen = options(recipe, "paper", tmp_path / "out", data=tmp_path, features=3, validation=0.1)
    files, held_out = support.find_files(chosen, tmp_path / "out")
    assert len(files) + len(held_out) == 6
    assert held_out
    assert not set(files) & set(held_out)


# ------------------------------------------------------------------- mistakes


def spoil_larger(root):
    file = next((root / "train_inst").iterdir())
    with Image.open(file) as image:
        image.resize((65, 64), Image.Resampling.NEAREST).save(file)


@pytest.mark.parametrize(
    ("spoil", "changes", "sentences"),
    [
        (
            lambda root: shutil.rmtree(root / "train_label"),
            {},
            ["train_label: expected a folder of images; this does not exist"],
        ),
        (
            lambda _: None,
            {"classes": 3},
            ["but labels go from 0 to 2; correct the map"],
        ),
        (spoil_larger, {}, ["resize the map by the nearest pixel"]),
        (lambda _: None, {"perceptual": "vgg.pth"}, [".safetensors file of weights", "vgg.pth"]),
    ],
)
def test_bad_files_end_in_one_sentence(recipe, mistake, data, tmp_path, spoil, changes, sentences):
    root = shutil.copytree(data, tmp_path / "data")
    spoil(root)
    code, error = mistake(recipe, "paper", data=root, out=tmp_path / "out", **PHASES | changes)
    assert code == 1
    assert all(sentence in error for sentence in sentences)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"size": (32, 30)},
            "--size must be multiples of 4, 8 or more; got 32 30; or use fewer --downsamplings",
        ),
        (
            {"size": (4, 32)},
            "--size must be multiples of 4, 8 or more; got 4 32; or use fewer --downsamplings",
        ),
        ({"ignore": 3}, "--ignore must be a label beyond --classes 9, or none; got 3"),
        ({"fix_global": 5}, "--fix-global must be at most the enhancer's 4 steps; got 5"),
        (
            {"fix_global": -1},
            "--fix-global must be a whole number of at least 0, or left out; got -1",
        ),
        (
            {"steps": (0, 0)},
            "--steps must be above 0 for one generator; got 0 0, as few photos and --epochs make",
        ),
        (
            {"scales": (0, 1)},
            "--scales must be 2 values: a whole number of at least 1, a whole number of at least 1; got 0 1",
        ),
        (
            {"perceptual_weight": -1},
            "--perceptual-weight must be a number of at least 0; got -1.0",
        ),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, changes, sentence):
    code, error = mistake(recipe, "paper", data="data", out=tmp_path / "out", **PHASES | changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_instance_features_without_instance_maps_are_refused(recipe, mistake, data, tmp_path):
    root = shutil.copytree(data, tmp_path / "data")
    shutil.rmtree(root / "train_inst")
    code, error = mistake(recipe, "paper", data=root, out=tmp_path / "out", **PHASES)
    assert code == 2
    assert error.startswith("error: --features expects instance maps; ")
    assert error.endswith("train_inst is missing; use --features 0")


def test_data_goes_with_the_preset_paper(recipe, mistake, tmp_path):
    code, error = mistake(recipe, "portraits", data="data", out=tmp_path / "out")
    assert (code, error) == (
        2,
        "error: --data expects another preset, such as: pix2pixhd.py paper --data FOLDER",
    )
    code, error = mistake(recipe, "paper", out=tmp_path / "out")
    assert (code, error) == (2, "error: --data is missing; this preset expects a folder of images")


def test_few_photos_and_epochs_make_no_step(recipe, mistake, data, tmp_path):
    changes = {name: value for name, value in PHASES.items() if name not in ("steps", "fix_global")}
    changes |= {"data": data, "epochs": (1, 1), "batch_size": 50}
    code, error = mistake(recipe, "paper", out=tmp_path / "out", **changes)
    assert code == 2
    assert "--steps must be above 0 for one generator; got 0 0" in error


# ------------------------------------------------------------------- label maps


@pytest.fixture
def of_labels(options, recipe, tmp_path):
    """Maps of one label each, and the options of a run on them."""

    def make(*labels, classes, ignore=255):
        for index, label in enumerate(labels):
            Image.new("L", (8, 8), label).save(tmp_path / f"{index}.png")
        files = [LabeledFiles(path, path, None) for path in sorted(tmp_path.glob("*.png"))]
        changes = PHASES | {"classes": classes, "ignore": ignore}
        return files, options(recipe, "paper", tmp_path / "out", **changes)

    return make


@pytest.mark.parametrize(
    ("labels", "classes", "sentence"),
    [
        ((255, 255), 4, "holds no pixel of any class: all are 255, which is ignored; correct the maps, or"),
        ((0, 255), 2, "holds masks of 0 and 255, but 255 is ignored and class 1 never occurs; save them"),
        ((0, 9), 2, "holds the labels 9, but labels go from 0 to 1"),
    ],
)
def test_maps_of_no_class_are_refused_at_the_start(report_labels, of_labels, labels, classes, sentence):
    files, chosen = of_labels(*labels, classes=classes)
    with pytest.raises(DataError, match=sentence):
        report_labels(files, chosen.classes, chosen.ignore, shown=False)


def test_classes_that_never_occur_are_printed_at_the_start(report_labels, of_labels, capsys):
    files, chosen = of_labels(0, 2, classes=3)
    report_labels(files, chosen.classes, chosen.ignore, shown=True)
    assert "holds no pixel of class 1; labels go from 0 to 2" in capsys.readouterr().out


def test_another_label_can_be_ignored(recipe, support, report_labels, of_labels):
    files, chosen = of_labels(0, 1, 7, classes=2, ignore=7)
    report_labels(files, chosen.classes, chosen.ignore, shown=False)
    labels, instances, _ = support.read(files, (8, 8), chosen)[2]
    condition = recipe.LabelToImage(None, None, 2, 7).condition(labels[None], instances[None])
    assert not condition.any()
