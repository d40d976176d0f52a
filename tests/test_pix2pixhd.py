"""pix2pixHD's recipe: its phases, what each computes and moves, resuming in any of them, looks, bad input."""

import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import LabelledPhotos, read_image, read_labels
from gan_trainers import plain_errors, read_scalars
from PIL import Image
from safetensors.torch import load_file

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
SMALL = {"width": 2, "downsamplings": 1, "blocks": 1, "batch_size": 2, "size": (32, 32), "scales": (1, 2)}
PHASES = {"steps": (2, 4), "fix_global": 2, "classes": 25, "features": 3, "validate_every": 1, **SMALL}


@pytest.fixture(scope="module")
def recipe(example):
    return example("pix2pixhd")


@pytest.fixture(scope="module")
def emoji(tmp_path_factory):
    """A few emoji as they come with the repository."""
    folder = tmp_path_factory.mktemp("emoji")
    shutil.copy(EMOJI / "names.csv", folder)
    for kind, count in (("trainA", 6), ("testA", 2)):
        (folder / kind).mkdir()
        for file in sorted((EMOJI / kind).glob("*.png"))[-count:]:
            shutil.copy(file, folder / kind)
    return folder


@pytest.fixture(scope="module")
def data(recipe, emoji):
    """The same in the layout of `--data`."""
    return recipe.write_emoji_maps(emoji, emoji / "maps")


@pytest.fixture(scope="module")
def whole(recipe, data, tmp_path_factory):
    """The folder of a run of two steps a phase."""
    out = tmp_path_factory.mktemp("whole")
    recipe.main(data, out, **PHASES)
    return out


def state(out, step, name="shared"):
    return load_file(out / "checkpoints" / f"{step:08d}" / f"{name}.safetensors")


def moved(out, step):
    """The networks, or parts of the enhancer, in which a weight differs from that of the step before."""
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
        run_until(recipe, step, data, folder, **PHASES)
    return folders


def test_each_phase_moves_its_own_networks_and_no_byte_of_the_others(killed, whole):
    assert moved(killed[3], 2) == {"global", "encoder", "d_global"}
    alone = {"enhancer.enhancers", "enhancer.output", "d_enhancer"}
    assert moved(killed[5], 4) == alone
    assert moved(whole, 6) == alone | {"enhancer.coarse", "encoder"}


def test_the_enhancer_begins_with_what_the_global_generator_has_learnt(killed):
    trained = state(killed[4], 3)
    prefix = "shared.kept.global.trunk."
    trunk = {name.removeprefix(prefix): weights for name, weights in trained.items() if prefix in name}
    assert trunk
    for name, weights in trunk.items():
        assert torch.equal(trained[f"shared.kept.enhancer.coarse.{name}"], weights)


def test_each_size_keeps_its_discriminator(recipe):
    nets = [
        recipe.GlobalGenerator(width=4, downsamplings=1, blocks=1),
        recipe.LocalEnhancer(width=2, downsamplings=1, blocks=1),
        *(recipe.MultiscaleDiscriminator(3, scales=scales, layers=1, width=2) for scales in (2, 3)),
    ]
    recipe.hand_over(*nets)
    x = torch.randn(1, 3, 16, 16)
    for ours, theirs in zip(nets[3](x)[1:], nets[2](nets[3].downsample(x)), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("step", [3, 4, 5])  # the first with a frozen net, the second, the first of the joint
def test_resuming_in_any_phase_equals_an_uninterrupted_run(recipe, data, killed, whole, tmp_path, step):
    out = shutil.copytree(killed[step], tmp_path / "resumed")
    recipe.main(data, out, **PHASES)
    for name in ("shared", "process-0"):
        expected, got = state(whole, 6, name), state(out, 6, name)
        assert got.keys() == expected.keys()
        assert [key for key, tensor in expected.items() if not torch.equal(got[key], tensor)] == []
    for file in ("looks.safetensors", "held_out.png"):
        assert (out / file).read_bytes() == (whole / file).read_bytes()


def test_a_step_computes_what_the_equations_need_and_no_more(recipe, data, tmp_path, monkeypatch):
    """Forwards and backwards of one step of each phase; what is frozen has no backward."""
    calls = {}

    def count(name, net):
        calls[name] = counts = [0, 0]

        def forward(*_):
            counts[0] += torch.is_grad_enabled()  # else it is the held-out maps' turn

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
    recipe.main(data, tmp_path, **(PHASES | {"steps": (1, 2), "fix_global": 1, "validate_every": 3}))
    assert calls == {
        "GlobalGenerator ": [1, 1],
        "GlobalGenerator trunk": [1, 1],
        "LocalEnhancer ": [2, 2],
        "LocalEnhancer coarse": [2, 1],  # of the joint phase
        "InstanceEncoder ": [3, 2],  # of the global and the joint phase
    }


# ------------------------------------------------------------------- what a run leaves


def test_a_run_leaves_what_it_promises(whole):
    rows = read_scalars(whole / "scalars.jsonl")
    assert [row["step"] for row in rows] == [2, 4, 6]  # a line ends with each phase
    terms = {"adversarial", "feature_matching", "discriminator", "psnr", "ssim"}
    assert all(terms <= row.keys() for row in rows)
    assert [len(list((whole / "previews" / name).glob("*.png"))) for name in ("global", "enhancer")] == [2, 4]
    for name in ("global", "enhancer"):
        assert (whole / f"{name}.webp").exists()
        assert gan_nets.load(whole / name)(torch.zeros(1, 29, 16, 24)).shape == (1, 3, 16, 24)
    assert gan_nets.load(whole / "encoder").output.out_channels == 3
    states = {folder.name: sorted(folder.glob("*.png")) for folder in (whole / "pictures").iterdir()}
    assert set(states) == {"map", "painted", "chance1", "chance2", "chance3", "true"}
    assert all(len(files) == 2 for files in states.values())


def test_looks_by_chance_differ(whole):
    drawn = [
        torch.stack([read_image(file) for file in sorted((whole / "pictures" / name).glob("*.png"))])
        for name in ("chance1", "chance2")
    ]
    assert not torch.equal(*drawn)


def test_without_an_encoder_looks_are_guessed_and_vgg_may_judge(recipe, data, tmp_path):
    options = PHASES | {"features": 0, "steps": (1, 0), "fix_global": 0}
    recipe.main(data, tmp_path, perceptual="random", **options)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    assert row["perceptual"] > 0
    assert {folder.name for folder in (tmp_path / "pictures").iterdir()} == {"map", "painted", "true"}
    assert read_image(next((tmp_path / "pictures" / "painted").iterdir())).shape == (3, 16, 16)
    assert not any((tmp_path / name).exists() for name in ("encoder", "enhancer", "looks.safetensors"))


def test_without_data_it_learns_the_emoji_of_this_repository(recipe, emoji, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "emoji", lambda: emoji)  # a few of them
    small = {name: value for name, value in SMALL.items() if name not in ("size", "batch_size")}
    recipe.main(out=tmp_path, steps=(1, 1), **small)
    assert gan_nets.load(tmp_path / "enhancer").in_channels == 25 + 1 + 3
    assert read_image(next((tmp_path / "pictures" / "painted").iterdir())).shape == (3, 64, 64)


def test_a_tenth_is_held_out_where_no_test_pictures_are(recipe, data, tmp_path):
    for kind in ("img", "label", "inst"):
        shutil.copytree(data / f"train_{kind}", tmp_path / f"train_{kind}")
    train, held_out = recipe.find_photos(tmp_path, 0.1, needs_instances=True)
    assert len(train) + len(held_out) == 6
    assert held_out
    assert not set(train) & set(held_out)


# ------------------------------------------------------------------- looks


class MeanColor(torch.nn.Module):
    """An encoder whose features are known."""

    def forward(self, photo, instances):
        return gan_nets.instance_mean(photo, instances)


@pytest.fixture(scope="module")
def looks(example):
    return example("pix2pixhd_looks")


@pytest.fixture
def street(tmp_path):
    """A photo of a road (class 7), two cars (26) and a speck (24), numbered as Cityscapes does."""
    instances = torch.full((16, 16), 7, dtype=torch.int32)
    instances[:8, :8], instances[:8, 8:], instances[8, 0] = 26_000, 26_001, 24_000
    labels = torch.where(instances < 1000, instances, instances // 1000)
    color = torch.tensor([[200, 0, 0], [0, 0, 200], [90, 90, 90], [255, 255, 255]], dtype=torch.uint8)
    numbers = torch.tensor([26_000, 26_001, 7, 24_000])
    photo = color[(instances[..., None] == numbers).long().argmax(-1)]
    for kind, pixels in (
        ("img", photo),
        ("label", labels.to(torch.uint8)),
        ("inst", instances.to(torch.uint16)),
    ):
        (tmp_path / f"train_{kind}").mkdir()
        Image.fromarray(pixels.numpy()).save(tmp_path / f"train_{kind}" / "street.png")
    folders = (tmp_path / f"train_{kind}" for kind in ("img", "label", "inst"))
    return LabelledPhotos(next(folders), labels=next(folders), instances=next(folders), flip=False)


def test_looks_are_those_of_the_objects_of_a_class_that_are_large_enough(looks, street):
    found = looks.find_looks(MeanColor(), street, torch.device("cpu"), torch.Generator().manual_seed(0))
    assert set(found) == {7, 26}  # the speck has 1 pixel of 256, half of a 32nd part are 4
    photo = street[0].photo
    torch.testing.assert_close(found[7], photo[:, 12, 12][None])
    cars = torch.stack([photo[:, 0, 0], photo[:, 0, 15]])
    torch.testing.assert_close(found[26].sort(0).values, cars.sort(0).values)


def test_each_object_gets_one_look_of_its_class_by_chance(looks, street):
    labels, instances, _ = (each[None] for each in street[0])
    known = {7: torch.tensor([[0.5, -0.5]]), 26: torch.tensor([[1.0, 0.0], [0.0, 1.0]])}
    chance = torch.Generator().manual_seed(0)
    drawn = [looks.draw_looks(labels, instances, known, chance) for _ in range(20)]
    seen = set()
    for features in drawn:
        assert features.shape == (1, 2, 16, 16)
        assert torch.equal(gan_nets.instance_mean(features, instances[:, None]), features)
        assert features[0, :, 12, 12].tolist() == [0.5, -0.5]
        assert features[0, :, 8, 0].tolist() == [0.0, 0.0]  # nobody knows how specks look
        seen.add((*features[0, :, 0, 0].tolist(), *features[0, :, 0, 15].tolist()))
    assert len(seen) == 4  # two looks for each of two cars


# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": (32, 30)}, "--size expects multiples of 4, at least 8; got 32 30"),
        ({"size": (4, 32)}, "--size expects multiples of 4, at least 8; got 4 32"),
        ({"fix_global": 5}, "--fix-global expects 0 to 4, the enhancer's; got 5"),
        ({"steps": (0, 0)}, "--steps expects at least one; got 0 0"),
        ({"without": "train_inst"}, "--features expects instance maps; there is no"),
        ({"without": "train_label"}, "train_label: expected a folder of images; this does not exist"),
        ({"classes": 3}, "though labels go from 0 to 2 (or 255, which is ignored); correct the map"),
        ({"larger": "train_inst"}, "resize the map by the nearest pixel"),
        ({"perceptual": Path("vgg.pth")}, "expected a .pth or .safetensors file of weights; vgg.pth is none"),
        ({"scales": (0, 1)}, "scales"),
    ],
)
def test_bad_input_ends_in_one_sentence(recipe, data, tmp_path, capsys, options, words):
    root = shutil.copytree(data, tmp_path / "data")
    if "without" in options:
        shutil.rmtree(root / options["without"])
    if "larger" in options:
        file = next((root / options["larger"]).iterdir())
        with Image.open(file) as image:
            image.resize((65, 64), Image.Resampling.NEAREST).save(file)
    others = {name: value for name, value in options.items() if name not in ("without", "larger")}
    with pytest.raises(SystemExit) as exit_, plain_errors():
        recipe.main(root, tmp_path / "out", **(PHASES | others))
    message = exit_.value.code  # Python prints a message itself; `plain_errors` has printed it for 1
    complaint = capsys.readouterr().err.strip().splitlines()[-1] if message == 1 else message
    assert complaint.startswith("error: ")
    assert words in complaint


# ------------------------------------------------------------------- the maps of the emoji


@pytest.fixture(scope="module")
def maps(example):
    return example("images/emoji_maps")


def test_areas_are_what_touches_by_its_sides(maps):
    values = torch.tensor([[1, 1, 2], [2, 1, 2], [2, 2, 1]])
    assert maps.connected(values).tolist() == [[0, 0, 2], [3, 0, 2], [3, 3, 8]]


def test_maps_tell_paper_paint_and_ink_apart(maps):
    labels, instances = maps.maps_of(EMOJI / "trainA" / "1f600.png", "Smileys & Emotion")
    row = "..cccccccddddccccccddddccccccc.."  # of a grinning face, with its eyes
    assert "".join(".cpd"[label] for label in labels[24, ::2].tolist()) == row
    assert len(instances[24, 20:50].unique()) == 3  # two eyes and the face
    teeth = labels[39, 32]
    assert maps.TONES[teeth - 1] == "pale"
    animal, _ = maps.maps_of(EMOJI / "trainA" / "1f600.png", "Animals & Nature")
    assert torch.equal(animal, torch.where(labels > 0, labels + 6, 0))


def test_the_maps_of_the_emoji_fit_them(maps, emoji, data):
    for split in ("train", "test"):
        names = [
            sorted(file.name for file in (data / f"{split}_{kind}").iterdir())
            for kind in ("img", "label", "inst")
        ]
        assert (
            names[0] == names[1] == names[2] == sorted(file.name for file in (emoji / f"{split}A").iterdir())
        )
        for name in names[0]:
            labels, instances = (read_labels(data / f"{split}_{kind}" / name) for kind in ("label", "inst"))
            assert labels.max() < maps.CLASSES
            assert torch.equal(instances // 1000, labels)
            assert len({(label - 1) // 3 for label in labels.unique().tolist() if label}) == 1  # one category
            for number in instances.unique()[instances.unique() > 0]:
                area = maps.connected(instances == number)[instances == number]
                assert len(area.unique()) == 1
