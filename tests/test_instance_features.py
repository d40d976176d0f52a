"""The instance features of pix2pixHD: clustered for each class, and sampled for each instance."""

import gan_nets
import pytest
import torch
from gan_data import LabeledPhotos
from PIL import Image


class MeanColor(torch.nn.Module):
    """An encoder whose features are known."""

    def forward(self, photo, instances):
        return gan_nets.instance_mean(photo, instances)


@pytest.fixture(scope="module")
def instance_features(example):
    return example("support.instance_features")


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
    return LabeledPhotos(next(folders), labels=next(folders), instances=next(folders), flip=False)


def test_instances_of_a_class_that_are_large_enough_are_clustered(instance_features, street):
    random = torch.Generator().manual_seed(0)
    found = instance_features.cluster_features(MeanColor(), street, torch.device("cpu"), random)
    assert set(found) == {7, 26}  # the speck has 1 pixel of 256; 1/64 are 4
    photo = street[0].photo
    torch.testing.assert_close(found[7], photo[:, 12, 12][None])
    cars = torch.stack([photo[:, 0, 0], photo[:, 0, 15]])
    torch.testing.assert_close(found[26].sort(0).values, cars.sort(0).values)


def test_each_instance_gets_one_random_center_of_its_class(instance_features, street):
    labels, instances, _ = (each[None] for each in street[0])
    clusters = {7: torch.tensor([[0.5, -0.5]]), 26: torch.tensor([[1.0, 0.0], [0.0, 1.0]])}
    random = torch.Generator().manual_seed(0)
    samples = [instance_features.sample_features(labels, instances, clusters, random) for _ in range(20)]
    seen = set()
    for features in samples:
        assert features.shape == (1, 2, 16, 16)
        assert torch.equal(gan_nets.instance_mean(features, instances[:, None]), features)
        assert features[0, :, 12, 12].tolist() == [0.5, -0.5]
        assert features[0, :, 8, 0].tolist() == [0.0, 0.0]  # there are no clusters of its class
        seen.add((*features[0, :, 0, 0].tolist(), *features[0, :, 0, 15].tolist()))
    assert len(seen) == 4  # two centers for each of two cars
