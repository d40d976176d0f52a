import copy

import pytest
import torch
import torch.nn.functional as F
from gan_metrics import (
    PSNR,
    PSNRY,
    SSIM,
    SSIMY,
    Colorfulness,
    ConfusionMatrix,
    FeatureDistance,
    ImageMeans,
    SegmentationScores,
    colorfulness,
    confusion_matrix,
    feature_distance,
    psnr,
    psnr_y,
    segmentation_scores,
    ssim,
    ssim_y,
)
from torchmetrics import MetricCollection


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(7, 3, 16, 13, generator=generator) * 2 - 1
    return target + 0.2 * torch.randn(target.shape, generator=generator), target


def features(image):
    """Two maps of an image, with three and six channels."""
    return [image, F.avg_pool2d(torch.cat([image, 1 - image], dim=1), 2)]


def collection():
    return MetricCollection(
        {
            "psnr": PSNR(),
            "ssim": SSIM(),
            "psnr_y": PSNRY(border=1),
            "ssim_y": SSIMY(border=1),
            "colorfulness": Colorfulness(),
            "distance": FeatureDistance(features),
        }
    )


def expected_scores(prediction, target):
    return {
        "psnr": psnr(prediction, target),
        "ssim": ssim(prediction, target),
        "psnr_y": psnr_y(prediction, target, border=1),
        "ssim_y": ssim_y(prediction, target, border=1),
        "colorfulness": colorfulness(prediction),
        "distance": feature_distance(features, prediction, target),
    }


def test_collection_averages_over_images_of_batches_of_different_sizes(pair):
    scores = collection()
    for prediction, target in zip(*(images.split([4, 2, 1]) for images in pair), strict=True):
        scores.update(prediction, target)
    computed = scores.compute()
    torch.testing.assert_close(computed, expected_scores(*pair), atol=1e-5, rtol=1e-6)


def test_collection_accepts_keywords(pair):
    by_position, by_name = collection(), collection()
    by_position.update(*pair)
    by_name.update(prediction=pair[0], target=pair[1])
    assert by_name.compute() == by_position.compute()


def test_metrics_with_equal_first_scores_are_not_merged(pair):
    # Black against white has 0 dB and a colorfulness of 0, and SSIM is close to 0 as well.
    black = torch.full((1, 3, 16, 13), -1.0)
    scores = collection()
    scores.update(black, -black)
    scores.update(*pair)
    prediction, target = torch.cat([black, pair[0]]), torch.cat([-black, pair[1]])
    torch.testing.assert_close(scores.compute(), expected_scores(prediction, target), atol=1e-5, rtol=1e-6)


def test_one_batch_by_calling(pair):
    scores = collection()
    torch.testing.assert_close(scores(*pair), expected_scores(*pair), atol=1e-5, rtol=1e-6)


def test_reset_removes_earlier_images(pair):
    scores = collection()
    scores.update(-pair[0], pair[1])
    scores.reset()
    scores.update(*pair)
    torch.testing.assert_close(scores.compute(), expected_scores(*pair), atol=1e-5, rtol=1e-6)


def test_half_precision_under_autocast(pair):
    half = [image.bfloat16() for image in pair]
    scores = collection()
    with torch.autocast("cpu", torch.bfloat16):
        scores.update(*half)
    computed = scores.compute()
    assert all(score.dtype == torch.float32 for score in computed.values())
    torch.testing.assert_close(
        computed, expected_scores(*[image.float() for image in half]), atol=1e-5, rtol=1e-6
    )


def test_update_keeps_no_graph(pair):
    prediction = pair[0].requires_grad_()
    metric = PSNR()
    metric.update(prediction, pair[1])
    assert not metric.compute().requires_grad


@pytest.mark.parametrize("metric", [PSNR(), PSNRY(border=1)], ids=["PSNR", "PSNRY"])
def test_an_equal_pair_does_not_hide_the_others(pair, metric):
    metric.update(*pair)
    others = metric.compute()
    metric.update(pair[1], pair[1])
    assert metric.compute() == pytest.approx((others.item() + 100) / 2)


def test_copies_are_independent(pair):
    metric = SSIM()
    metric.update(*pair)
    other = copy.deepcopy(metric)
    other.update(pair[1], pair[1])
    assert other.compute() > metric.compute()


@pytest.mark.parametrize(
    "metric",
    [PSNR(), PSNRY(), SSIM(), SSIMY(), Colorfulness(), FeatureDistance(features)],
    ids=lambda m: type(m).__name__,
)
@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_image_is_an_error(metric):
    with pytest.raises(RuntimeError, match=f"{type(metric).__name__} has no image; call update before"):
        metric.compute()


def test_bad_input_is_named_and_does_not_change_the_state(pair):
    metric = PSNR()
    metric.update(*pair)
    with pytest.raises(ValueError, match="the same shape"):
        metric.update(pair[0], pair[1][..., :-1])
    torch.testing.assert_close(metric.compute(), psnr(*pair))


def rank_scores(rank, shares, prediction, target):
    """Runs in each process: the synchronized scores, for each way to divide the images."""
    computed = []
    for share in shares:
        scores, means = collection(), ImageMeans()
        label_scores, counts = SegmentationScores(2), ConfusionMatrix(2)
        if len(prediction[share[rank]]):
            scores.update(prediction[share[rank]], target[share[rank]])
            means.add(psnr=psnr(prediction[share[rank]], target[share[rank]], reduction="none"))
            labels = prediction[share[rank]].gt(0).long(), target[share[rank]].gt(0).long()
            label_scores.update(*labels)
            counts.add(*labels)
        computed.append({name: score.item() for name, score in scores.compute().items()})
        assert means.compute() == {"psnr": computed[-1]["psnr"]}
        of_labels = {name: score.item() for name, score in label_scores.compute().items()}
        assert list(of_labels.values()) == list(segmentation_scores(counts.compute())[:3])
        computed[-1] |= of_labels
    return computed


def test_two_processes_equal_one(pair, in_two_processes):
    shares = [(slice(0, 5), slice(5, 7)), (slice(0, 7), slice(7, 7))]  # unequal, then one rank without any
    computed = in_two_processes(__file__, "rank_scores", shares, *pair)
    alone = {name: score.item() for name, score in expected_scores(*pair).items()}
    of_labels = segmentation_scores(confusion_matrix(pair[0].gt(0).long(), pair[1].gt(0).long(), 2))
    alone |= {name: getattr(of_labels, name) for name in ("pixel_accuracy", "class_accuracy", "class_iou")}
    assert computed[0] == computed[1]
    assert len(computed[0]) == len(shares)
    for shared in computed[0]:
        assert shared == pytest.approx(alone, rel=1e-5)
