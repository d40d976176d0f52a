"""The recipe of FCN: its network, loss and data, resuming, and the scores of folders that it is for."""

import json
import math
import shutil
from pathlib import Path

import gan_projected
import pytest
import torch
import torch.nn.functional as F
from gan_data import LabeledFiles, LabeledPhotos, read_labels, write_image
from gan_metrics import confusion_matrix, segmentation_scores
from gan_trainers import read_scalars, run_recipe
from PIL import Image
from safetensors.torch import load_file

PORTRAITS = Path(__file__).parents[1] / "examples" / "images" / "portraits"
SMALL = {"size": 32, "load_size": 36, "weights": "random", "enlarge": 1, "batch_size": 2, "steps": 2}
TINY = SMALL | {"evaluate_every": 1}


@pytest.fixture(scope="module")
def recipe(example):
    return example("segmentation")


@pytest.fixture(scope="module")
def fcn(example):
    return example("support.fcn")


@pytest.fixture(scope="module")
def label_scores(example):
    return example("support.label_scores")


@pytest.fixture
def study(example, monkeypatch):
    """The command, imported as Python does when it runs."""
    monkeypatch.syspath_prepend(str(PORTRAITS.parents[1] / "studies"))
    return example("segmentation_score")


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Six faces to train on and three to test with, with their maps."""
    root = tmp_path_factory.mktemp("faces")
    for kind, count in (("train", 6), ("test", 3)):
        for side in "AB":
            (root / f"{kind}{side}").mkdir()
            for file in sorted((PORTRAITS / f"{kind}{side}").iterdir())[:count]:
                shutil.copy(file, root / f"{kind}{side}")
    return root


@pytest.fixture(scope="module")
def trained(recipe, train, faces, tmp_path_factory):
    """The folder of a run."""
    out = tmp_path_factory.mktemp("trained")
    train(recipe, "paper", out, data=faces, classes=9, **TINY)
    return out


def test_the_scores_are_summed_from_coarse_to_fine(fcn):
    """FCN-8s: stride 32, enlarged and added to stride 16, and so on, then enlarged to the picture."""
    net = fcn.FCN(5, backbone="tf_efficientnet_lite0", weights="random", depths=3, enlarge=2)
    for score in net.scores:
        torch.nn.init.normal_(score.weight, std=0.1)
    picture = torch.rand(1, 3, 32, 48) * 2 - 1
    backbone = gan_projected.Backbone(weights="random")
    twice = F.interpolate(picture, scale_factor=2, mode="bilinear")
    _, eight, sixteen, thirty_two = backbone(twice)
    assert thirty_two.shape[-2:] == (2, 3)
    weights = [score.weight for score in net.scores]
    expected = F.interpolate(F.conv2d(thirty_two, weights[0]), scale_factor=2.0, mode="bilinear")
    expected = F.interpolate(expected + F.conv2d(sixteen, weights[1]), scale_factor=2.0, mode="bilinear")
    expected = F.interpolate(expected + F.conv2d(eight, weights[2]), (32, 48), mode="bilinear")
    torch.testing.assert_close(net(picture), expected)


def test_all_layers_of_the_backbone_are_trained_and_the_scores_start_at_0(fcn):
    net = fcn.FCN(5, backbone="tf_efficientnet_lite0", weights="random", depths=4)
    assert not net(torch.rand(1, 3, 32, 32)).any()
    frozen = gan_projected.Backbone(weights="random").network.state_dict()
    learned = dict(net.backbone.network.named_parameters())
    assert learned.keys() == frozen.keys()
    assert all(map(torch.equal, learned.values(), frozen.values()))
    assert [name for name in net.state_dict() if "running" in name] == []  # batch norms are folded


def test_the_loss_of_a_pixel_is_that_of_its_class_and_void_has_none(recipe):
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])[None, :, None]  # (1, 2, 1, 2)
    labels = torch.tensor([[[1, 0]]])
    by_hand = (math.log(4 / 3) + math.log(2)) / 2
    assert float(recipe.pixel_loss(logits, labels, 255)) == pytest.approx(by_hand)
    void = torch.tensor([[[1, 255]]])  # still the mean over two pixels
    assert float(recipe.pixel_loss(logits, void, 255)) == pytest.approx(math.log(4 / 3) / 2)
    assert float(recipe.pixel_loss(logits, torch.full_like(void, 255), 255)) == 0


def test_a_run_writes_its_network_with_the_ceiling(fcn, trained, faces):
    net, settings = fcn.load_fcn(trained)
    assert not net.training
    assert (settings["size"], settings["ignore"], settings["names"]) == (32, 255, [*"012345678"])
    test = [*zip(sorted((faces / "testB").iterdir()), sorted((faces / "testA").iterdir()), strict=True)]
    photos = LabeledPhotos(
        [LabeledFiles(*pair, None) for pair in test], size=32, load_size=32, crop="center", flip=False
    )
    samples = [photos[index] for index in range(3)]
    predicted = torch.cat([net(sample.photo[None]).argmax(1) for sample in samples])
    matrix = confusion_matrix(predicted, torch.stack([sample.labels for sample in samples]), 9)
    ceiling = settings["ceiling"]
    assert (ceiling["confusion"], ceiling["pictures"]) == (matrix.tolist(), 3)
    for name in ("pixel_accuracy", "class_accuracy", "class_iou"):
        assert ceiling[name] == getattr(segmentation_scores(matrix), name)
        assert name in read_scalars(trained / "scalars.jsonl")[-1]
    states = {folder.name: len(list(folder.iterdir())) for folder in (trained / "pictures").iterdir()}
    assert states == {"real": 3, "predicted": 3, "true": 3}
    json.loads((trained / "segmenter" / "config.json").read_text(), parse_constant=pytest.fail)  # no NaN


def test_resuming_equals_an_uninterrupted_run(recipe, run_until, train, trained, faces, tmp_path):
    run_until(recipe, 2, "paper", tmp_path, data=faces, classes=9, **TINY)
    train(recipe, "paper", tmp_path, data=faces, classes=9, **TINY)
    for file in ("checkpoints/00000002/shared.safetensors", "segmenter/model.safetensors"):
        assert (tmp_path / file).read_bytes() == (trained / file).read_bytes()


def test_two_processes_equal_one(recipe, two_processes, words, trained, faces, tmp_path):
    """Also in the scores, which are of the test pictures of both."""
    changes = {**TINY, "data": faces, "classes": 9, "batch_size": 1, "out": tmp_path}
    printed = two_processes(recipe.__file__, "paper", *words(**changes))
    assert "2 processes on cpu" in printed[0]
    whole, halves = (read_scalars(out / "scalars.jsonl") for out in (trained, tmp_path))
    for one, two in zip(whole, halves, strict=True):
        assert one.keys() == two.keys()
        for name in one.keys() - {"seconds"}:
            assert two[name] == pytest.approx(one[name], abs=2e-3), name
    weights = [load_file(out / "segmenter" / "model.safetensors") for out in (trained, tmp_path)]
    assert all((weights[0][name] - weights[1][name]).abs().max() < 3e-3 for name in weights[0])


def test_both_layouts_and_a_set_without_test_pictures_are_found(example, options, recipe, faces, tmp_path):
    support = example("support.segmentation")
    for source, name in (("trainA", "train_label"), ("trainB", "train_img")):
        shutil.copytree(faces / source, tmp_path / name)
    found = support.find_files(options(recipe, "paper", tmp_path, data=tmp_path, validation=0.5))
    assert sum(map(len, found)) == 6
    assert all(found)
    assert {file.photo.parent.name for part in found for file in part} == {"train_img"}
    assert {file.labels.parent.name for part in found for file in part} == {"train_label"}
    embedded = support.find_files(options(recipe, "portraits", tmp_path))
    assert [len(part) for part in embedded] == [1800, 200]


def results(folder, files, size=32):
    """Pictures named as the recipes name results."""
    folder.mkdir()
    for index, file in enumerate(files):
        with Image.open(file) as image:
            image.convert("RGB").resize((size, size)).save(folder / f"{index:04d}-{file.stem}.png")
    return folder


def network(picture):
    """Logits of nine classes from the colors."""
    return torch.cat([picture, picture.roll(1, 1), -picture], 1)


def test_pictures_are_scored_by_the_maps_that_they_were_made_from(label_scores, faces, tmp_path):
    pictures = results(tmp_path / "pictures", sorted((faces / "testB").iterdir())[1:])  # with maps to spare
    scores = label_scores.fcn_scores(network, pictures, faces / "testA", 9, size=32)
    files = [LabeledFiles(path, None, None) for path in sorted(pictures.iterdir())]
    assert [file.photo for file in label_scores.matched(pictures, faces / "testA")] == [
        file.photo for file in files
    ]
    matrix = 0
    for file, true in zip(files, sorted((faces / "testA").iterdir())[1:], strict=True):
        picture = label_scores.read_image(file.photo)[None]
        with Image.open(true) as label_map:  # what Pillow's nearest pixel is
            reduced = label_map.resize((32, 32), Image.Resampling.NEAREST)
            labels = torch.frombuffer(bytearray(reduced.tobytes()), dtype=torch.uint8).view(1, 32, 32)
        matrix = matrix + confusion_matrix(network(picture).argmax(1), labels, 9)
    assert scores[:3] == segmentation_scores(matrix)[:3]


def test_painted_maps_are_scored_by_the_nearest_color(label_scores, study, faces, tmp_path, capsys, example):
    maps = sorted((faces / "testA").iterdir())
    palette = label_scores.palette_of(faces / "testA")
    assert palette == [list(color) for color in example("images").PORTRAIT_COLORS.values()]
    painted = results(tmp_path / "painted", maps, size=128)
    perfect = label_scores.painted_label_scores(painted, faces / "testA", palette)
    assert perfect[:3] == (1, 1, 1)
    # All in the color of the background: the share of its pixels, and 1 over the number of classes.
    for file in painted.iterdir():
        write_image(file, torch.ones(3, 128, 128))
    white = label_scores.painted_label_scores(painted, faces / "testA", palette)
    labels = torch.stack([read_labels(file) for file in maps])
    share = float((labels == 0).double().mean())
    assert white.pixel_accuracy == pytest.approx(share)
    assert white.class_iou == pytest.approx(share / len(labels.unique()))
    words = ["painted", "--pictures", str(painted), "--labels", str(faces / "testA")]
    run_recipe(study.main, study.PRESETS, words)
    *_, line = capsys.readouterr().out.splitlines()
    assert line.startswith(
        f"| painted label maps | {white.pixel_accuracy:.4f} | {white.class_accuracy:.4f} |"
    )


def test_the_score_is_printed_above_the_ceiling(study, trained, faces, tmp_path, capsys):
    pictures = results(tmp_path / "pictures", sorted((faces / "testB").iterdir()))
    words = ["--segmenter", str(trained), "--pictures", str(pictures), "--labels", str(faces / "testA")]
    run_recipe(study.main, study.PRESETS, words)
    header, _, score, ceiling = capsys.readouterr().out.splitlines()
    assert header.startswith("|  | pixel accuracy | class accuracy | class IoU | IoU of 0 | IoU of 1 |")
    assert score.startswith("| FCN score | 0.")
    assert ceiling.startswith("| ceiling, 3 real pictures | 0.")


def no_run(words, root):
    words["segmenter"] = root


def no_counterpart(words, root):
    shutil.copytree(words["pictures"], root / "more")
    shutil.copy(next((root / "more").iterdir()), root / "more" / "0009-alone.png")
    words["pictures"] = root / "more"


def other_size(words, root):
    words["pictures"] = results(root / "large", [next(words["pictures"].iterdir())], size=64)
    (root / "large" / next((root / "large").iterdir())).rename(root / "large" / "0004.png")


def other_proportions(words, root):
    (root / "wide").mkdir()
    Image.new("RGB", (40, 32)).save(root / "wide" / "0004.png")
    words["pictures"] = root / "wide"


def label_beyond(words, root):
    shutil.copytree(words["labels"], root / "maps")
    for file in (root / "maps").iterdir():
        Image.new("L", (32, 32), 12).save(file)
    words["labels"] = root / "maps"


def no_labels(words, _):
    words["labels"] = None


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_run, "expected the folder of a finished run of segmentation.py; got .*, where segmenter cannot"),
        (no_counterpart, "expected a label map in .* 1 have none: 0009-alone.png; name pictures as"),
        (other_size, "0004.png has 64x64 pixels, and the network was trained with 32x32; give pictures of"),
        (other_proportions, "0004.png has 40x32 pixels, and its label map .* 128x128; expected the same"),
        (label_beyond, "0004.png holds the label 12, but labels go from 0 to 8, and 255 is ignored; give"),
        (no_labels, "expected --pictures FOLDER --labels FOLDER; got only one of them, or none"),
    ],
)
def test_wrong_folders_end_in_one_sentence(study, mistake, trained, faces, tmp_path, spoil, sentence):
    pictures = results(tmp_path / "pictures", sorted((faces / "testB").iterdir()))
    words = {"segmenter": trained, "pictures": pictures, "labels": faces / "testA"}
    spoil(words, tmp_path)
    code, error = mistake(study, "fcn", **{name: word for name, word in words.items() if word})
    assert code == 2
    assert pytest.approx(error) == error
    assert __import__("re").search(sentence, error)


@pytest.mark.parametrize(
    ("preset", "changes", "sentence"),
    [
        ("paper", {}, "--data is missing; this preset expects a folder of images"),
        (
            "portraits",
            {"data": "a"},
            "--data expects another preset, such as: segmentation.py paper --data FOLDER",
        ),
        (
            "paper",
            {"size": 16},
            "--size times --enlarge must be at least 32, the backbone's stride; got 16 and 1",
        ),
        ("paper", {"ignore": 20}, "--ignore must be a label beyond --classes 21, or none; got 20"),
    ],
)
def test_wrong_use_ends_in_one_sentence(recipe, mistake, tmp_path, preset, changes, sentence):
    code, error = mistake(recipe, preset, out=tmp_path / "out", **changes)
    assert (code, error) == (2, f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_labels_beyond_the_classes_end_in_one_sentence(recipe, mistake, faces, tmp_path):
    code, error = mistake(recipe, "paper", data=faces, classes=3, out=tmp_path / "out", **TINY)
    assert code == 1
    assert "but labels go from 0 to 2 (or 255, which is ignored)" in error
