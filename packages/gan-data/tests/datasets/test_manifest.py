"""A manifest stands for its folder: the same files and samples, without a search and without opening any."""

import os
import pickle

import pytest
import torch
from gan_data import (
    DataError,
    Images,
    IndexedFiles,
    IndexedTuples,
    LabeledPhotos,
    PairedFolders,
    SideBySide,
    UnpairedFolders,
    find_domains,
    find_images,
    find_labeled,
    find_pairs,
    folder_of,
    holds_images,
    index_folder,
    split_by_content,
)
from torch.utils.data import DataLoader

pytest.importorskip("pyarrow")


@pytest.fixture
def photos(save, tmp_path):
    """Thirty pictures in folders whose order is not that of their whole names, and a manifest of them."""
    for index in range(30):
        save(f"photos/{('b', 'b-1', 'a/c', 'ü')[index % 4]}/{index}.{('png', 'bmp')[index % 2]}")
    (tmp_path / "photos/notes.txt").touch()
    index_folder(tmp_path / "photos")
    return tmp_path / "photos"


@pytest.fixture
def small_groups(monkeypatch):
    """Manifests in groups of four rows, so that small ones have many."""
    monkeypatch.setattr("gan_data.checking.index.GROUP", 4)


def manifest_of(folder):
    return folder.with_name(folder.name + ".parquet")


def samples(dataset):
    for index in range(len(dataset)):
        torch.manual_seed(index)
        yield dataset[index]


def assert_equal_samples(a, b):
    assert len(a) == len(b) > 0
    for one, other in zip(samples(a), samples(b), strict=True):
        for left, right in zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]:
            assert torch.equal(left, right)


def assert_same(indexed, listed):
    """A sequence of a manifest is that list, in every way to read it."""
    assert not isinstance(indexed, list)
    assert list(indexed) == list(listed)
    assert [indexed[index] for index in range(-len(listed), len(listed))] == [*listed, *listed]
    assert indexed[1:7:2] == listed[1:7:2]
    assert list(pickle.loads(pickle.dumps(indexed))) == list(listed)
    with pytest.raises(IndexError):
        indexed[len(listed)]


@pytest.mark.usefixtures("small_groups")
class TestFiles:
    def test_the_files_are_those_of_the_folder_in_its_order(self, photos):
        assert_same(find_images(manifest_of(photos)), find_images(photos))

    def test_a_subfolder_can_be_named(self, photos):
        for name in ("a", "a/c", "b", "b-1", "ü"):
            assert_same(find_images(manifest_of(photos) / name), find_images(photos / name))
            assert folder_of(manifest_of(photos) / name) == photos / name
            assert holds_images(manifest_of(photos) / name)
        assert not holds_images(manifest_of(photos) / "a/d")
        with pytest.raises(DataError, match=r"photos.parquet/c: expected images"):
            find_images(manifest_of(photos) / "c")

    @pytest.mark.parametrize("validation", [0.1, 0.3, 0.0001, 0.9999, 1, 7])
    def test_the_split_is_that_of_the_folder(self, photos, validation):
        split = split_by_content(find_images(manifest_of(photos)), validation)
        for indexed, listed in zip(split, split_by_content(find_images(photos), validation), strict=True):
            assert_same(indexed, listed)

    def test_the_split_does_not_read_files(self, photos):
        before = split_by_content(find_images(photos), 5)
        for path in find_images(photos):
            path.unlink()
        assert [list(part) for part in split_by_content(find_images(manifest_of(photos)), 5)] == [*before]

    def test_the_folder_and_its_manifest_can_be_moved_together(self, photos, tmp_path):
        (tmp_path / "other").mkdir()
        photos.rename(tmp_path / "other/photos")
        manifest_of(photos).rename(tmp_path / "other/photos.parquet")
        files = find_images(tmp_path / "other/photos.parquet")
        assert list(files) == find_images(tmp_path / "other/photos")
        files.require_unchanged(0)

    def test_what_was_passed_over_is_logged(self, photos, caplog):
        find_images(manifest_of(photos))
        assert "passed over 1 file of other kinds (1 .txt)" in caplog.text


def test_a_file_that_changed_or_is_missing_is_named_with_the_command(photos):
    images = Images(manifest_of(photos), cache_bytes=0)
    path = images.paths[3]
    expected = images[3]
    os.utime(path, ns=(0, 0))  # a copy of the same content has not changed
    assert torch.equal(images[3].sort().values, expected.sort().values)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    sentence = (
        rf"{path}: has changed since {manifest_of(photos)} was written; update it: gan-data index {photos}"
    )
    with pytest.raises(DataError, match=f"^{sentence}$"):
        images[3]
    path.unlink()
    with pytest.raises(DataError, match=f"{path.name}: is missing since"):
        images[3]
    index_folder(photos)
    assert len(Images(manifest_of(photos))) == 29


def test_broken_files_are_errors_as_in_a_folder(photos, tmp_path):
    (tmp_path / "photos/zero.png").touch()
    index_folder(photos)
    for number in (1, 2):
        messages = []
        for source in (photos, manifest_of(photos)):
            with pytest.raises(DataError) as error:
                Images(source)
            messages.append(str(error.value))
        assert messages[0] == messages[1]
        assert ("2 of 32 files" in messages[0]) == (number == 2)
        (tmp_path / "photos/page.png").write_text("<html>")
        index_folder(photos)


def test_a_truncated_file_is_an_error_when_it_is_read(save, tmp_path):
    path = save("photos/a.jpg", size=(64, 64))
    path.write_bytes(path.read_bytes()[:-300])
    assert index_folder(tmp_path / "photos").broken == 1
    images = Images(tmp_path / "photos.parquet", size=64)
    with pytest.raises(DataError, match=r"a\.jpg: is truncated"):
        images[0]


def test_images_that_are_too_small_are_named(save, tmp_path):
    for index in range(5):
        save(f"photos/{index}.png", size=(8, 9) if index == 3 else (16, 20))
    index_folder(tmp_path / "photos")
    with pytest.raises(DataError, match=r"1 of 5 are smaller: .*3\.png \(8x9\)"):
        Images(tmp_path / "photos.parquet", size=10)


def test_a_filter_by_color_needs_no_file(save, tmp_path):
    from PIL import Image

    save("photos/gray.png", picture=Image.linear_gradient("L"))
    color = save("photos/color.png", size=(256, 256))
    index_folder(tmp_path / "photos")

    def is_color(_):
        raise AssertionError

    is_color.kept_as = "gan_colorspace.is_color"
    images = Images(tmp_path / "photos.parquet", keep=is_color)
    assert (list(images.paths), list(images.dropped)) == ([color], [tmp_path / "photos/gray.png"])


class TestDatasets:
    """Samples of a manifest are those of its folder."""

    def test_images(self, photos):
        arguments = {"size": 6, "load_size": 8}
        assert_equal_samples(Images(manifest_of(photos), **arguments), Images(photos, **arguments))

    @pytest.mark.parametrize("context", ["fork", "spawn"])
    def test_worker_processes(self, photos, context):
        images = Images(manifest_of(photos), flip=False)
        images[0]  # the file is open when processes start
        batches = DataLoader(images, batch_size=None, num_workers=2, multiprocessing_context=context)
        for one, other in zip(batches, Images(photos, flip=False), strict=True):
            assert torch.equal(one, other)

    def test_unpaired(self, save, tmp_path):
        for index in range(9):
            for side in ("trainA", "trainB", "testA", "testB"):
                save(f"zebra/{side}/{index}.png")
        root, manifest = tmp_path / "zebra", tmp_path / "zebra.parquet"
        index_folder(root)
        arguments = {"size": 8}
        assert_equal_samples(UnpairedFolders(manifest, **arguments), UnpairedFolders(root, **arguments))
        for indexed, listed in zip(find_domains([manifest]), find_domains([root]), strict=True):
            assert [list(side) for side in indexed] == [*listed]
        both = [root / "trainA", root / "trainB"]
        for folder in both:
            index_folder(folder)
        indexed = find_domains([*map(manifest_of, both)], 0.3)
        for one, other in zip(indexed, find_domains(both, 0.3), strict=True):
            assert [list(side) for side in one] == [*other]

    def test_pairs(self, ab):
        index_folder(ab, ab / "ab.parquet")
        assert isinstance(find_pairs(ab / "ab.parquet/A", ab / "ab.parquet/B"), IndexedTuples)
        arguments = {"size": 10, "load_size": 12}
        assert_equal_samples(PairedFolders(ab / "ab.parquet", **arguments), PairedFolders(ab, **arguments))

    def test_pairs_that_differ_in_size(self, save, tmp_path):
        for side, size in (("A", (8, 8)), ("B", (8, 9))):
            save(f"{side}/x.png", size=(8, 8))
            save(f"{side}/y.png", size=size)
        index_folder(tmp_path, tmp_path / "ab.parquet")
        with pytest.raises(DataError, match=r"1 of 2 pairs differ: .*y\.png \(8x8\)"):
            PairedFolders(tmp_path / "ab.parquet")

    def test_pairs_of_several_suffixes(self, save, tmp_path):
        for side in "AB":
            for index in range(20):
                save(f"{side}/{index}.{'png' if index % 3 or side == 'A' else 'bmp'}")
        index_folder(tmp_path, tmp_path / "ab.parquet")
        listed = find_pairs(tmp_path / "A", tmp_path / "B")
        assert list(find_pairs(tmp_path / "ab.parquet/A", tmp_path / "ab.parquet/B")) == listed

    @pytest.mark.parametrize("names", [["x.png", "x.bmp"], ["x_leftImg8bit.png", "x.png"]])
    def test_stems_that_occur_twice_are_refused(self, save, tmp_path, names):
        for side in "AB":
            for name in names:
                save(f"{side}/{name}")
        index_folder(tmp_path, tmp_path / "ab.parquet")
        with pytest.raises(DataError, match="share their stem"):
            find_pairs(tmp_path / "ab.parquet/A", tmp_path / "ab.parquet/B")

    def test_halves(self, save, tmp_path):
        for index in range(4):
            save(f"facades/{index}.jpg", size=(16, 32))
        index_folder(tmp_path / "facades")
        assert_equal_samples(SideBySide(tmp_path / "facades.parquet"), SideBySide(tmp_path / "facades"))
        save("facades/odd.jpg", size=(16, 33))
        index_folder(tmp_path / "facades")
        with pytest.raises(DataError, match=r"odd width: .*odd\.jpg \(33 wide\)"):
            SideBySide(tmp_path / "facades.parquet")

    @pytest.mark.parametrize("kinds", [("labels",), ("instances",), ("labels", "instances")])
    def test_labels(self, city, save, tmp_path, kinds):
        save("train_img/aachen_1_leftImg8bit.png", size=(20, 30))  # for a split, photos must differ
        index_folder(tmp_path, tmp_path / "city.parquet")
        indexed = {kind: tmp_path / "city.parquet" / folder.name for kind, folder in city.items()}
        (photos, maps), (listed, listed_maps) = (
            (folders["photos"], {kind: folders[kind] for kind in kinds}) for folders in (indexed, city)
        )
        files = find_labeled(photos, **maps)
        assert isinstance(files, IndexedTuples)
        assert list(files) == find_labeled(listed, **listed_maps)
        assert_equal_samples(LabeledPhotos(photos, **maps), LabeledPhotos(listed, **listed_maps))
        train, held_out = split_by_content(files, 1)
        assert [list(train), list(held_out)] == [*split_by_content(find_labeled(listed, **listed_maps), 1)]
        assert len(LabeledPhotos(train)) == 1


def test_what_is_no_manifest_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"x\.parquet: expected a manifest; this does not exist; write it"):
        find_images(tmp_path / "x.parquet")
    (tmp_path / "x.parquet").write_text("PAR1")
    with pytest.raises(DataError, match=r"x\.parquet: cannot be read as a manifest \(.*\); write it with"):
        find_images(tmp_path / "x.parquet")
    from pyarrow import parquet, table

    parquet.write_table(table({"path": ["a.png"]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"x\.parquet: expected a manifest of this version"):
        find_images(tmp_path / "x.parquet")


def test_the_fingerprint_is_of_the_contents_in_their_order(photos):
    from hashlib import sha256

    files = find_images(manifest_of(photos))
    assert isinstance(files, IndexedFiles)
    digests = [sha256(path.read_bytes()).digest() for path in find_images(photos)]
    assert files.fingerprint() == sha256(b"".join(digests)).hexdigest()
