"""The metrics that compare sets: over batches, with statistics of the data, and over processes."""

import copy

import pytest
import torch
import torch.nn.functional as F
from gan_metrics import (
    DensityCoverage,
    FrechetDistance,
    KernelDistance,
    PrecisionRecall,
    Source,
    density_coverage,
    frechet_distance,
    kernel_distance,
    measure_statistics,
    precision_recall,
)
from torch import nn
from torchmetrics import MetricCollection


class Network(nn.Module):
    """Twelve features of an image; counts the images that it has processed."""

    def __init__(self):
        super().__init__()
        self.processed = 0
        self.register_buffer("gain", torch.tensor(2.0))

    def forward(self, images):
        self.processed += len(images)
        return self.gain * F.adaptive_avg_pool2d(images, 2).flatten(1)


@pytest.fixture
def sets():
    """Fake and real images, in different numbers."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(29, 3, 2, 2, generator=generator) * 2 - 1
    images = F.interpolate(coarse, size=(6, 4))
    return 0.7 * images[:13] + 0.1, images[13:]


def collection(network, real=None):
    return MetricCollection(
        {
            "frechet": FrechetDistance(network, real),
            "kernel": KernelDistance(network, real),
            "manifold": PrecisionRecall(network, real),
            "cover": DensityCoverage(network, real),
        }
    )


def expected_scores(fake, real):
    fake, real = Network()(fake), Network()(real)
    precision, recall = precision_recall(fake, real)
    density, coverage = density_coverage(fake, real)
    return {
        "frechet": frechet_distance(fake, real),
        "kernel": kernel_distance(fake, real),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
    }


def statistics_of(images):
    return measure_statistics(
        Network(), [images], Source(network="means", data="noise", images=len(images), size=(6, 4))
    )


def test_real_images_as_targets_of_batches_of_different_sizes(sets):
    scores = collection(Network())
    for fake, real in zip(sets[0].split([6, 6, 1]), sets[1].split([5, 10, 1]), strict=True):
        scores.update(fake, real)
    torch.testing.assert_close(scores.compute(), expected_scores(*sets))


def test_statistics_of_the_real_images(sets):
    scores = collection(Network(), statistics_of(sets[1]))
    for fake in sets[0].split(5):
        scores.update(fake, torch.zeros(1))  # ignored
    torch.testing.assert_close(scores.compute(), expected_scores(*sets))


def test_a_collection_runs_the_network_once(sets):
    network = Network()
    scores = collection(network, statistics_of(sets[1]))
    scores.update(sets[0][:5])  # here torchmetrics finds the metrics with equal states
    network.processed = 0
    scores.update(sets[0][5:])
    assert network.processed == len(sets[0]) - 5
    torch.testing.assert_close(scores.compute(), expected_scores(*sets))
    scores.update(sets[0])  # and no cached result is used
    torch.testing.assert_close(scores.compute(), expected_scores(sets[0].repeat(2, 1, 1, 1), sets[1]))


def test_metrics_with_other_networks_or_statistics_are_not_merged(sets):
    fake, real = sets
    one, other = Network(), Network()
    other.gain *= 3
    scores = MetricCollection(
        {
            "targets": FrechetDistance(one),
            "statistics": FrechetDistance(one, statistics_of(real[:8])),
            "other": FrechetDistance(other),
        }
    )
    scores.update(fake[:0], real[:0])  # after which all states are equal
    scores.update(fake, real)
    computed = scores.compute()
    torch.testing.assert_close(computed["targets"], expected_scores(*sets)["frechet"])
    torch.testing.assert_close(computed["statistics"], expected_scores(fake, real[:8])["frechet"])
    torch.testing.assert_close(computed["other"], 9 * expected_scores(*sets)["frechet"])


def test_reset_keeps_the_statistics(sets):
    scores = collection(Network(), statistics_of(sets[1]))
    scores.update(sets[1])
    scores.reset()
    scores.update(sets[0])
    torch.testing.assert_close(scores.compute(), expected_scores(*sets))


def test_one_batch_by_calling(sets):
    scores = collection(Network())
    torch.testing.assert_close(scores(*sets), expected_scores(*sets))
    torch.testing.assert_close(scores.compute(), expected_scores(*sets))


def test_copies_are_independent(sets):
    metric = FrechetDistance(Network())
    metric.update(*sets)
    other = copy.deepcopy(metric)
    other.update(sets[1])
    torch.testing.assert_close(metric.compute(), expected_scores(*sets)["frechet"])
    torch.testing.assert_close(other.compute(), expected_scores(torch.cat(sets), sets[1])["frechet"])


def test_update_keeps_no_graph(sets):
    metric = FrechetDistance(nn.Sequential(nn.Conv2d(3, 4, 2), nn.ReLU()))
    metric.update(*sets)
    metric(*sets)  # which enables gradients, unlike update
    assert not metric.compute().requires_grad
    assert metric.clone().compute() == metric.compute()
    assert metric.state_dict() == {}


def test_the_network_moves_with_the_metric():
    network = Network()
    KernelDistance(network).to("meta")
    assert network.gain.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_gpu(sets):
    scores = collection(Network(), statistics_of(sets[1])).to("cuda")
    scores.update(sets[0].cuda())
    computed = {name: score.cpu() for name, score in scores.compute().items()}
    torch.testing.assert_close(computed, expected_scores(*sets), atol=1e-5, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("kind", [FrechetDistance, KernelDistance, PrecisionRecall, DensityCoverage])
def test_no_image_is_an_error(kind, sets):
    with pytest.raises(RuntimeError, match=f"{kind.__name__} has no fake image; call update before"):
        kind(Network()).compute()
    metric = kind(Network())
    metric.update(sets[0])
    with pytest.raises(RuntimeError, match=f"{kind.__name__} has no real image; call update before"):
        metric.compute()


def test_bad_input_is_named_and_does_not_change_the_state(sets):
    fake, real = sets
    metric = FrechetDistance(Network())
    metric.update(fake, real)
    with pytest.raises(ValueError, match="image_features expects a batch"):
        metric.update(fake, real[0])
    torch.testing.assert_close(metric.compute(), expected_scores(*sets)["frechet"])
    with pytest.raises(ValueError, match=r"6x4 pixels, as in the statistics.*got \(13, 3, 6, 3\); resize"):
        FrechetDistance(Network(), statistics_of(real)).update(fake[..., 1:])


@pytest.mark.parametrize("kind", [KernelDistance, PrecisionRecall, DensityCoverage])
def test_only_the_frechet_distance_accepts_statistics_without_features(kind, sets):
    source = Source(network="means", data="noise", images=16, size=(6, 4))
    lean = measure_statistics(Network(), [sets[1]], source, keep_features=False)
    metric = FrechetDistance(Network(), lean)
    metric.update(sets[0])
    torch.testing.assert_close(metric.compute(), expected_scores(*sets)["frechet"])
    with pytest.raises(ValueError, match=f"{kind.__name__} needs the features of the real images"):
        kind(Network(), lean)


def rank_scores(rank, shares, sets):
    """Runs in each process: the synchronized scores, for each way to divide the images."""
    computed = []
    for share in shares:
        scores = collection(Network())
        if len(sets[0][share[rank]]):
            scores.update(*[images[share[rank]] for images in sets])
        computed.append({name: score.item() for name, score in scores.compute().items()})
    return computed


def test_two_processes_equal_one(sets, in_two_processes):
    shares = [(slice(0, 9), slice(9, 99)), (slice(0, 99), slice(99, 99))]  # unequal, then one without any
    computed = in_two_processes(__file__, "rank_scores", shares, sets)
    alone = {name: score.item() for name, score in expected_scores(*sets).items()}
    assert computed[0] == computed[1]
    assert len(computed[0]) == len(shares)
    for shared in computed[0]:
        assert shared == pytest.approx(alone, rel=1e-6)
