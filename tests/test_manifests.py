"""Recipes take the manifest of a folder (`gan-data index`) where they take the folder."""

import shutil
from types import SimpleNamespace

import pytest
import torch
from gan_colorspace import is_color
from gan_data import Images, check, find_images, index_folder
from gan_trainers import read_scalars
from safetensors.torch import load_file

pytest.importorskip("pyarrow")


@pytest.fixture
def manifest(tmp_path):
    """Indexes a folder, and returns its manifest."""

    def index(folder):
        path = tmp_path / f"{folder.name}.parquet"
        index_folder(folder, path)
        return path

    return index


def weights(out, step):
    folder = out / "checkpoints" / f"{step:08d}"
    return {
        f"{file.name} {name}": value
        for file in folder.glob("*.safetensors")
        for name, value in load_file(file).items()
    }


def test_a_run_that_began_with_a_folder_resumes_with_its_manifest(example, train, photos, manifest, tmp_path):
    colorize, indexed = example("colorize"), manifest(photos)
    small = {"size": 32, "width": 4, "batch_size": 2, "validation": 0.3}
    for out, sources in (
        ("one", (photos, photos)),
        ("two", (photos, indexed)),
        ("three", (indexed, indexed)),
    ):
        for steps, data in zip((2, 4), sources, strict=True):
            train(colorize, "paper", tmp_path / out, data=data, steps=steps, evaluate_every=2, **small)
    expected = weights(tmp_path / "one", 4)
    assert expected
    scalars = [
        [row["pixel"] for row in read_scalars(tmp_path / out / "scalars.jsonl")] for out in ("one", "two")
    ]
    assert scalars[0] == scalars[1]
    for out in ("two", "three"):
        resumed = weights(tmp_path / out, 4)
        assert expected.keys() == resumed.keys()
        assert all(torch.equal(value, resumed[name]) for name, value in expected.items())


def test_files_of_unpaired_and_paired_domains(example, few_portraits, manifest):
    indexed = manifest(few_portraits)
    find_files = example("support.translation").find_files
    for one, other in zip(find_files([indexed]), find_files([few_portraits]), strict=True):
        assert [list(side) for side in one] == [*other]
    find_pairs = example("support.pix2pix")._folders
    of_folder, of_manifest = (
        find_pairs(SimpleNamespace(emoji=False, portraits=False, data=(data,), validation=0.3))
        for data in (few_portraits, indexed)
    )
    assert [list(part) for part in of_manifest] == [*of_folder]


@pytest.mark.parametrize("name", ["pix2pixhd", "segmentation"])
def test_files_of_labeled_photos(example, labeled_portraits, manifest, tmp_path, name):
    support = example(f"support.{name}")
    found = []
    for data in (labeled_portraits, manifest(labeled_portraits)):
        options = SimpleNamespace(
            portraits=False, data=data, features=3, validation=0.3, classes=9, ignore=255
        )
        words = (options, tmp_path) if name == "pix2pixhd" else (options,)
        files = support.find_files(*words)
        found.append([list(part) for part in files])
        example("support.labels").report_labels(files[0], options.classes, options.ignore, shown=False)
        assert len(support.read(files[0], *([(64, 64)] * (name == "pix2pixhd")), sized(options))) == 6
    assert found[0] == found[1]


def sized(options):
    return SimpleNamespace(**vars(options), size=64, load_size="jitter", flip=True)


def test_classes_and_fingerprint_of_generators_from_noise(example, few_portraits, manifest):
    generation = example("support.generation")
    fingerprint = example("support.common").data_fingerprint
    folder, indexed = (
        generation.find_images_and_labels(data, 64, labels=True)
        for data in (few_portraits, manifest(few_portraits))
    )
    assert (folder[0].labels, folder[0].class_names) == (indexed[0].labels, indexed[0].class_names)
    assert fingerprint(folder[1].paths) == fingerprint(indexed[1].paths)
    unlabeled, _ = generation.find_images_and_labels(manifest(few_portraits), 64, labels=False)
    assert unlabeled[3][1] == 0


def test_the_column_gray_answers_the_filter_by_color(photos, manifest):
    kept = Images(photos, keep=is_color).paths
    assert list(Images(manifest(photos), keep=is_color).paths) == kept


def test_a_changed_photo_is_one_sentence(example, photos, manifest, tmp_path):
    folder = shutil.copytree(photos, tmp_path / "photos")
    indexed = manifest(folder)
    train, _ = example("support.common").photo_files(indexed, 0.3)
    images = Images(train)
    train[0].unlink()
    with pytest.raises(
        ValueError, match=f"is missing since {indexed} was written; update it: gan-data index"
    ):
        images[0]
    assert [finding.path for finding in check(indexed)] == [train[0]]
    assert len(find_images(indexed)) == len(find_images(folder)) + 1
