"""Training and test files of two domains."""

from pathlib import Path

import pytest
from gan_data import DataError, find_domains, find_images, require_equal_names, split_by_content


@pytest.fixture
def root(tmp_path):
    """Ten files of different bytes in each of trainA and trainB, two in each of testA and testB."""
    for folder, count in {"trainA": 10, "trainB": 10, "testA": 2, "testB": 2}.items():
        (tmp_path / folder).mkdir()
        for i in range(count):
            (tmp_path / folder / f"{i}.png").write_text(f"{folder} {i}")
    return tmp_path


def remove(folder):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


class TestFindDomains:
    def test_one_folder_with_test_folders(self, root):
        (train_a, train_b), (test_a, test_b) = find_domains([root])
        assert train_a == find_images(root / "trainA")
        assert train_b == find_images(root / "trainB")
        assert test_a == find_images(root / "testA")
        assert test_b == find_images(root / "testB")

    def test_without_test_folders_a_fraction_is_held_out_by_content(self, root):
        remove(root / "testA")
        remove(root / "testB")
        (train_a, train_b), (test_a, test_b) = find_domains([str(root)], validation=0.3)
        assert (train_a, test_a) == split_by_content(find_images(root / "trainA"), 0.3)
        assert (train_b, test_b) == split_by_content(find_images(root / "trainB"), 0.3)
        assert len(find_domains([root], validation=4)[1][0]) == 4

    def test_two_folders(self, root):
        (train_a, train_b), (test_a, test_b) = find_domains((root / "trainA", root / "trainB"))
        assert (train_a, test_a) == split_by_content(find_images(root / "trainA"), 0.1)
        assert (train_b, test_b) == split_by_content(find_images(root / "trainB"), 0.1)

    @pytest.mark.parametrize("count", [0, 3])
    def test_other_numbers_of_folders(self, root, count):
        with pytest.raises(
            DataError, match=r"one folder that holds trainA and trainB, or of two folders, .*got"
        ):
            find_domains([root] * count)

    def test_a_folder_that_is_not_in_a_list(self, root):
        with pytest.raises(DataError, match="expected a list of one folder"):
            find_domains(str(root))

    @pytest.mark.parametrize("missing", ["testA", "testB", "trainA", "trainB"])
    def test_one_of_two_folders_is_missing(self, root, missing):
        remove(root / missing)
        kind = missing[:-1]
        with pytest.raises(DataError, match=rf"expected folders {kind}A and {kind}B in it; .*give both"):
            find_domains([root])

    def test_a_test_folder_without_images(self, root):
        for path in (root / "testB").iterdir():
            path.unlink()
        with pytest.raises(DataError, match="testB: expected images"):
            find_domains([root])

    def test_too_few_images_to_split(self, root):
        with pytest.raises(DataError, match="expected different images to train on and to hold out"):
            find_domains([root / "testA", root / "testB"], validation=2)
        with pytest.raises(ValueError, match="expected a fraction between 0 and 1"):
            find_domains([root / "testA", root / "testB"], validation=1.5)


class TestRequireEqualNames:
    def test_suffixes_may_differ(self):
        require_equal_names([Path("a/1.png"), Path("a/2.png")], [Path("b/1.jpg"), Path("b/2.png")])

    def test_the_first_few_of_unequal_names_are_named(self):
        a, b = (
            [Path(side, f"{i}.png") for i in numbers] for side, numbers in (("a", "12"), ("b", "2345678"))
        )
        with pytest.raises(DataError, match=r"only one of them has 1, 3, 4, 5, 6 and 2 more; add what is"):
            require_equal_names(a, b)

    @pytest.mark.parametrize("b", ["21", "122"])
    def test_another_order_and_copies(self, b):
        with pytest.raises(DataError, match="their order or number differs"):
            require_equal_names([Path("1.png"), Path("2.png")], [Path(f"{name}.png") for name in b])
