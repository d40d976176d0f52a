"""Statistics of a data set: computed once, stored in a file, and refused for other data."""

import dataclasses
import os

import pytest
import torch
import torch.nn.functional as F
from gan_metrics import Gaussian, Source, Statistics, fingerprint, image_features, measure_statistics
from safetensors.torch import save_file

SOURCE = Source(network="pooled colors", data="noise", images=7, size=(8, 6))


def network(images):
    return F.avg_pool2d(images, 4, ceil_mode=True).flatten(1)


@pytest.fixture
def images():
    return torch.rand(7, 3, 8, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1


def unread():
    raise AssertionError("the images were used")
    yield


class TestImageFeatures:
    def test_vectors_maps_and_lists(self, images):
        assert torch.equal(image_features(network, images), network(images))
        assert torch.equal(image_features(lambda x: x, images), images.mean((2, 3)))
        assert torch.equal(image_features(lambda x: [x, network(x)], images), network(images))

    def test_values_out_of_range_are_clamped(self, images):
        assert torch.equal(image_features(network, 5 * images), network((5 * images).clamp(-1, 1)))

    def test_full_precision_under_autocast(self, images):
        conv = torch.nn.Conv2d(3, 4, 3)
        with torch.autocast("cpu", torch.bfloat16):
            found = image_features(conv, images)
            half = image_features(conv, images.bfloat16())
        assert torch.equal(found, conv(images).mean((2, 3)))
        assert half.dtype == torch.float32

    def test_bad_input_is_named(self, images):
        with pytest.raises(ValueError, match=r"here with N = 7; got \(7, 3, 48\)"):
            image_features(lambda x: x.flatten(2), images)
        with pytest.raises(ValueError, match=r"here with N = 7; got \(14, 3, 8, 6\)"):
            image_features(lambda x: torch.cat([x, x]), images)
        with pytest.raises(ValueError, match="got a dict"):
            image_features(lambda x: {"x": x}, images)
        with pytest.raises(ValueError, match=r"image_features expects a batch .* got \(3, 8, 6\)"):
            image_features(network, images[0])


DIVIDED = ((7, None), (41, 10), (2, None), (3, None), (3, 2))  # images, and features that are kept
BADLY_DIVIDED = (([5], [2, 1]), ([2], [2, 2]), ([2, 2], [1]))  # sizes of the batches of both processes


def shares(rank):
    """What one of two processes gets from every second batch of two, for each of DIVIDED."""
    found = []
    for count, at_most in DIVIDED:
        source = dataclasses.replace(SOURCE, images=count)
        batches = noise(count).split(2)[rank::2]
        statistics = measure_statistics(network, batches, source, divided=True, at_most=at_most)
        found.append((statistics.gaussian, statistics.features, statistics.positions))
    return found


def mistakes(rank):
    """The errors of one of two processes: for each of BADLY_DIVIDED, and for an image of another size."""
    found = []
    for sizes in (*BADLY_DIVIDED, ([2], [2])):
        batches = [noise(size) for size in sizes[rank]]
        if rank and sizes == ([2], [2]):
            batches = [batches[0][..., 1:]]
        source = dataclasses.replace(SOURCE, images=sum(map(sum, sizes)))
        try:
            measure_statistics(network, batches, source, divided=True)
        except ValueError as error:
            found.append(str(error))
    return found


def noise(count):
    return torch.rand(count, 3, 8, 6, generator=torch.Generator().manual_seed(2)) * 2 - 1


class TestMeasureStatistics:
    def test_two_shares_are_the_whole(self, in_two_processes):
        both = in_two_processes(__file__, "shares")
        for case, (count, at_most) in enumerate(DIVIDED):
            source = dataclasses.replace(SOURCE, images=count)
            whole = measure_statistics(network, noise(count).split(3), source, at_most=at_most)
            for gaussian, features, positions in (found[case] for found in both):
                torch.testing.assert_close(gaussian.mean, whole.gaussian.mean, rtol=0, atol=1e-12)
                covariance = whole.gaussian.covariance
                torch.testing.assert_close(gaussian.covariance, covariance, rtol=0, atol=1e-12)
                assert torch.equal(features, whole.features)
                assert (positions is None) == (at_most is None)
                if at_most:
                    assert torch.equal(positions, whole.positions)

    def test_what_one_process_raises_all_do(self, in_two_processes):
        for *divided, other_size in in_two_processes(__file__, "mistakes"):
            assert len(divided) == len(BADLY_DIVIDED)
            for error in divided:
                assert error.startswith("divided=True expects batches of one size, but for the last of all")
            assert other_size.startswith("expected images of size (8, 6), as in source; got (2, 3, 8, 5)")

    def test_a_sample_of_the_features_is_kept(self, tmp_path):
        images = torch.rand(60, 3, 8, 6) * 2 - 1
        source = dataclasses.replace(SOURCE, images=60)
        cache = tmp_path / "data.safetensors"
        found = measure_statistics(network, images.split(7), source, at_most=20, cache=cache)
        assert found.features.shape == (20, 12)
        assert len(found.positions.unique()) == 20
        assert not torch.equal(found.positions, torch.arange(20))  # a sample, not the first
        torch.testing.assert_close(found.features, network(images)[found.positions])
        torch.testing.assert_close(found.gaussian.mean, Gaussian.of(network(images)).mean)
        again = measure_statistics(network, unread(), source, at_most=20, cache=cache)
        assert torch.equal(again.positions, found.positions)
        with pytest.raises(ValueError, match=r"expected the features of 60 images in .*; got 20; remove the"):
            measure_statistics(network, unread(), source, cache=cache)
        few = measure_statistics(network, images.split(7), source, at_most=60)
        assert few.positions is None  # those of all
        with pytest.raises(ValueError, match="at_most must be at least 2 images, or None for all; got 1"):
            measure_statistics(network, images.split(7), source, at_most=1)

    def test_many_images_are_summarized_in_parts(self, monkeypatch):
        monkeypatch.setattr("gan_metrics._measuring._ROWS", 16)
        images = torch.rand(100, 3, 8, 6) * 2 - 1
        found = measure_statistics(network, images.split(7), dataclasses.replace(SOURCE, images=100))
        expected = network(images).double()
        torch.testing.assert_close(found.gaussian.mean, expected.mean(0), rtol=0, atol=1e-12)
        torch.testing.assert_close(found.gaussian.covariance, expected.T.cov(), rtol=0, atol=1e-12)

    def test_all_batches_are_used(self, images):
        statistics = measure_statistics(network, images.split(3), SOURCE)
        torch.testing.assert_close(statistics.features, network(images))
        expected = Gaussian.of(network(images))
        torch.testing.assert_close(statistics.gaussian.mean, expected.mean)
        torch.testing.assert_close(statistics.gaussian.covariance, expected.covariance)
        assert not statistics.features.requires_grad

    def test_a_cache_is_read_instead_of_the_images(self, images, tmp_path):
        cache = tmp_path / "new" / "data.safetensors"
        first = measure_statistics(network, images.split(3), SOURCE, cache=cache)
        second = measure_statistics(network, unread(), SOURCE, cache=cache)
        assert second.source == first.source
        assert torch.equal(second.features, first.features)
        assert torch.equal(second.gaussian.root, first.gaussian.root)
        assert [path.name for path in cache.parent.iterdir()] == ["data.safetensors"]

    @pytest.mark.parametrize(
        ("other", "named"),
        [
            ({"network": "resnet50"}, "network 'resnet50'; got 'pooled colors'"),
            ({"data": "roses"}, "data 'roses'; got 'noise'"),
            ({"images": 8}, "images 8; got 7"),
            ({"size": (6, 8)}, r"size \(6, 8\); got \(8, 6\)"),
        ],
    )
    def test_a_cache_of_another_source_is_refused(self, images, tmp_path, other, named):
        cache = tmp_path / "data.safetensors"
        measure_statistics(network, [images], SOURCE, cache=cache)
        with pytest.raises(ValueError, match=f"to have {named}; remove the file"):
            measure_statistics(network, unread(), dataclasses.replace(SOURCE, **other), cache=cache)

    def test_without_features(self, images, tmp_path):
        cache = tmp_path / "data.safetensors"
        lean = measure_statistics(network, [images], SOURCE, cache=cache, keep_features=False)
        assert lean.features is None
        assert (
            measure_statistics(network, unread(), SOURCE, cache=cache, keep_features=False).features is None
        )
        with pytest.raises(ValueError, match="statistics without them; measure them with keep_features=True"):
            lean.need_features("nearest")
        with pytest.raises(ValueError, match=r"data.safetensors; got none; remove the file to measure again"):
            measure_statistics(network, unread(), SOURCE, cache=cache)

    def test_a_size_as_a_list(self, images, tmp_path):
        source = dataclasses.replace(SOURCE, size=[8, 6])
        assert source == SOURCE
        statistics = measure_statistics(network, [images], source, cache=tmp_path / "data.safetensors")
        statistics.check_size(images)
        measure_statistics(network, unread(), source, cache=tmp_path / "data.safetensors")

    def test_a_cache_that_cannot_be_written(self, images, tmp_path):
        resource = pytest.importorskip("resource")  # no such limits on Windows
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # bytes per file, instead of a full disk
        try:
            with pytest.raises(OSError, match=r"write statistics to .*data\.safetensors; got"):
                measure_statistics(network, [images], SOURCE, cache=tmp_path / "data.safetensors")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert not list(tmp_path.iterdir())

    def test_images_that_do_not_match_the_source_are_refused(self, images, tmp_path):
        cache = tmp_path / "data.safetensors"
        with pytest.raises(ValueError, match="expected 7 images, as in source; got 6"):
            measure_statistics(network, [images[1:]], SOURCE, cache=cache)
        with pytest.raises(ValueError, match="expected 7 images, as in source; got 0"):
            measure_statistics(network, [], SOURCE, cache=cache)
        with pytest.raises(ValueError, match=r"expected images of size \(8, 6\).* got \(7, 3, 8, 5\)"):
            measure_statistics(network, [images[..., 1:]], SOURCE, cache=cache)
        assert not cache.exists()


class TestLoad:
    def test_without_a_required_source(self, images, tmp_path):
        measure_statistics(network, [images], SOURCE).save(tmp_path / "data.safetensors")
        assert Statistics.load(tmp_path / "data.safetensors").source == SOURCE

    def test_damaged_or_foreign_files_are_refused(self, images, tmp_path):
        path = tmp_path / "data.safetensors"
        with pytest.raises(FileNotFoundError):
            Statistics.load(path)
        measure_statistics(network, [images], SOURCE).save(path)
        path.write_bytes(path.read_bytes()[:-8])
        with pytest.raises(ValueError, match=r"a file of Statistics.save in .*data.safetensors; got"):
            Statistics.load(path)
        save_file({"mean": torch.zeros(3)}, path)
        with pytest.raises(ValueError, match="remove it to measure again"):
            Statistics.load(path)


class TestFingerprint:
    @pytest.fixture
    def files(self, tmp_path):
        for name, content in [("a", b"one"), ("b", b"two"), ("c", b"one"), ("d", b"onetwo"), ("e", b"")]:
            (tmp_path / name).write_bytes(content)
        return tmp_path

    def test_depends_on_contents_and_order_but_not_on_names(self, files):
        a, b, c, d, e = sorted(files.iterdir())
        assert fingerprint([a, b]) == fingerprint(iter([str(c), b]))
        assert len({fingerprint(x) for x in ([a, b], [b, a], [a], [a, b, a], [d], [d, e], [e])}) == 7
        assert len(fingerprint([a])) == 64

    def test_no_file_is_an_error(self):
        with pytest.raises(ValueError, match="at least one file"):
            fingerprint([])

    def test_a_pipe_is_never_opened(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="pipe: expected a file to hash; got a folder, pipe or device"):
            fingerprint([tmp_path / "pipe"])
