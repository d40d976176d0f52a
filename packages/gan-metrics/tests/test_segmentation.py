"""Pixel accuracy, class accuracy and class IoU: by hand, by Cityscapes' definition, and by torchmetrics."""

import math

import pytest
import torch
import torch.nn.functional as F
from gan_metrics import (
    ConfusionMatrix,
    FCNScore,
    SegmentationScores,
    confusion_matrix,
    predict_labels,
    segmentation_scores,
)
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassJaccardIndex

TRUE = torch.tensor([[[0, 0, 0, 1], [1, 1, 2, 255]]])
PREDICTED = torch.tensor([[[0, 0, 1, 1], [1, 255, 2, 0]]])


@pytest.fixture
def maps():
    """Predictions of four classes, right in half of the pixels, and true maps with void (255)."""
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 4, (6, 9, 7), generator=generator)
    guessed = torch.randint(0, 4, target.shape, generator=generator)
    right = torch.rand(target.shape, generator=generator) < 0.5
    void = torch.rand(target.shape, generator=generator) < 0.1
    return torch.where(right, target, guessed), target.masked_fill(void, 255)


def test_a_case_by_hand():
    """Seven pixels count: the last is void. Class 1 has a miss that was predicted as void."""
    matrix = confusion_matrix(PREDICTED, TRUE, 3)
    assert matrix.tolist() == [[2, 1, 0, 0], [0, 2, 0, 1], [0, 0, 1, 0]]
    assert matrix.dtype == torch.int64
    scores = segmentation_scores(matrix)
    assert scores.pixel_accuracy == pytest.approx(5 / 7)
    assert scores.accuracies.tolist() == pytest.approx([2 / 3, 2 / 3, 1])
    assert scores.class_accuracy == pytest.approx(7 / 9)
    # tp / (tp + fp + fn); class 0 has no false positive, since it was only predicted on a void pixel.
    assert scores.ious.tolist() == pytest.approx([2 / 3, 2 / 4, 1])
    assert scores.class_iou == pytest.approx(13 / 18)


def test_absent_classes_are_left_out_of_the_means():
    """Class 3 is nowhere. Class 4 is predicted, but in no true map: its IoU is 0 and its accuracy 0 / 0."""
    scores = segmentation_scores(confusion_matrix(torch.where(PREDICTED == 2, 4, PREDICTED), TRUE, 5))
    assert [math.isnan(accuracy) for accuracy in scores.accuracies] == [False, False, False, True, True]
    assert [math.isnan(iou) for iou in scores.ious] == [False, False, False, True, False]
    assert scores.class_accuracy == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert scores.class_iou == pytest.approx((2 / 3 + 2 / 4 + 0 + 0) / 4)
    # torchmetrics agrees about IoU, and counts an accuracy of 0 for class 4.
    kept = (TRUE != 255) & (PREDICTED != 255)
    prediction, target = torch.where(PREDICTED == 2, 4, PREDICTED)[kept], TRUE[kept]
    ours = segmentation_scores(confusion_matrix(prediction, target, 5))
    assert float(MulticlassJaccardIndex(5)(prediction, target)) == pytest.approx(ours.class_iou)
    theirs = MulticlassAccuracy(5, average="macro")(prediction, target)
    assert float(theirs) == pytest.approx(ours.class_accuracy * 3 / 4)


def test_labels_of_void_may_be_among_the_classes():
    """As 0 is in Cityscapes' ids: not a class of its own, and a miss where it is predicted."""
    matrix = confusion_matrix(PREDICTED, TRUE, 3, ignore={0, 255})
    assert matrix.tolist() == [[0, 0, 0, 0], [0, 2, 0, 1], [0, 0, 1, 0]]
    scores = segmentation_scores(matrix)
    assert (scores.pixel_accuracy, scores.class_iou) == pytest.approx((3 / 4, (2 / 3 + 1) / 2))
    assert confusion_matrix(PREDICTED - 1, TRUE - 1, 2, ignore=[-1, 254]).equal(matrix[1:, 1:])


def by_sets(prediction, target, classes, void=255):
    """Cityscapes' definition, TP / (TP + FP + FN), from the sets of each class's pixels."""
    ious = []
    for label in range(classes):
        true = {i for i, value in enumerate(target.flatten().tolist()) if value == label}
        counted = {i for i, value in enumerate(target.flatten().tolist()) if value != void}
        found = {i for i, value in enumerate(prediction.flatten().tolist()) if value == label} & counted
        ious.append(len(true & found) / len(true | found))
    return ious


def test_iou_is_that_of_cityscapes_also_with_predictions_of_void(maps):
    prediction, target = maps[0].masked_fill(maps[0].cumsum(0) % 11 == 0, 255), maps[1]
    assert (prediction == 255).any()
    scores = segmentation_scores(confusion_matrix(prediction, target, 4))
    assert scores.ious.tolist() == pytest.approx(by_sets(prediction, target, 4))


def test_scores_are_those_of_torchmetrics(maps):
    matrix = confusion_matrix(*maps, 4)
    assert matrix[:, :4].equal(MulticlassConfusionMatrix(4, ignore_index=255)(*maps))
    scores = segmentation_scores(matrix)
    theirs = [
        MulticlassAccuracy(4, average="micro", ignore_index=255),
        MulticlassAccuracy(4, average="macro", ignore_index=255),
        MulticlassJaccardIndex(4, ignore_index=255),
    ]
    assert scores[:3] == pytest.approx([float(metric(*maps)) for metric in theirs], abs=1e-6)
    assert segmentation_scores(matrix[:, :4])[:3] == scores[:3]  # square, as that of other libraries


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_any_integers_do(maps, dtype):
    assert confusion_matrix(maps[0].to(dtype), maps[1].to(torch.int16), 4).equal(confusion_matrix(*maps, 4))


@pytest.mark.parametrize("make", [ConfusionMatrix, SegmentationScores])
def test_batches_are_summed(maps, make):
    """The mean of the batches' scores would be another number."""
    scores = make(4)
    for prediction, target in zip(*(each.split([3, 1, 2]) for each in maps), strict=True):
        (scores.add if make is ConfusionMatrix else scores.update)(prediction, target)
    whole = confusion_matrix(*maps, 4)
    if make is ConfusionMatrix:
        assert scores.compute().equal(whole)
    else:
        expected = segmentation_scores(whole)[:3]
        assert [float(score) for score in scores.compute().values()] == pytest.approx(expected, abs=1e-12)


def network(images):
    """Logits of three classes at half of the size: red, green, blue."""
    return F.avg_pool2d(images, 2)


def test_the_fcn_score_is_the_accuracy_of_what_a_network_finds(maps):
    images = torch.rand(6, 3, 18, 14, generator=torch.Generator().manual_seed(1)) * 2 - 1
    target = maps[1] % 3
    labels = F.interpolate(network(images), (18, 14), mode="bilinear").argmax(1)
    assert predict_labels(network, images).equal(labels)
    # The maps are half as large as the images here, so the logits fit them as they are.
    metrics = MetricCollection({"fcn": FCNScore(network, 3), "other": FCNScore(lambda x: -network(x), 3)})
    for batch in zip(images.split(4), target.split(4), strict=True):
        metrics.update(*batch)
    found = {name: float(value) for name, value in metrics.compute().items()}
    expected = segmentation_scores(confusion_matrix(network(images).argmax(1), target, 3))
    assert len(found) == 6
    assert found["fcn_pixel_accuracy"] == pytest.approx(expected.pixel_accuracy)
    assert found["fcn_class_iou"] == pytest.approx(expected.class_iou)
    opposite = segmentation_scores(confusion_matrix(network(images).argmin(1), target, 3))
    assert found["other_class_accuracy"] == pytest.approx(opposite.class_accuracy)


def test_metrics_of_other_void_are_not_merged(maps):
    """Both have seen the same after the first batch, which is without class 0."""
    metrics = MetricCollection({"all": SegmentationScores(4), "some": SegmentationScores(4, ignore=0)})
    nothing = torch.ones(1, 2, 2).long()
    metrics.update(nothing, nothing)
    metrics.update(maps[0], maps[1] % 4)
    found = metrics.compute()
    assert found["all_pixel_accuracy"] != found["some_pixel_accuracy"]


def test_a_network_moves_with_the_metric_and_is_left_alone():
    net = torch.nn.Conv2d(3, 2, 1)
    score = FCNScore(net, 2).to("meta")
    assert net.weight.device.type == "meta"
    assert net.training
    assert score.state_dict() == {}


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("metric", [SegmentationScores(3), FCNScore(network, 3)], ids=["labels", "fcn"])
def test_no_pixel_is_an_error(metric):
    with pytest.raises(RuntimeError, match="has no pixel with a class; call update before compute"):
        metric.compute()


LABELS = torch.zeros(1, 2, 2).long()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((LABELS + 7, LABELS, 3), r"labels of 0 to 2, or void \(255\) as prediction; got 7; correct the map"),
        ((LABELS, LABELS - 1, 3), r"labels of 0 to 2, or void \(255\) as target; got -1; correct the map"),
        ((LABELS.float(), LABELS, 3), "integers as prediction; got torch.float32; pass logits.argmax"),
        ((LABELS, LABELS > 0, 3), "integers as target; got torch.bool"),
        ((LABELS, LABELS[:, :1], 3), r"the same shape; got \(1, 2, 2\) and \(1, 1, 2\); resize one"),
        ((LABELS, LABELS, 0), "at least 1 class; got 0"),
    ],
)
def test_wrong_maps_are_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        confusion_matrix(*arguments)


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        (torch.zeros(3, 4), "at least one pixel; got a matrix of zeros"),
        (torch.ones(3, 5), r"a matrix \(classes, classes \+ 1\).*; got \(3, 5\); make it with"),
        (torch.ones(9), r"got \(9,\)"),
    ],
)
def test_wrong_matrices_are_named(matrix, sentence):
    with pytest.raises(ValueError, match=sentence):
        segmentation_scores(matrix)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            lambda x: {"out": x},
            r"got a dict; wrap it in such a function, as lambda x: network\(x\)\[\"out\"\]",
        ),
        (lambda x: x[0], r"here with N = 2; got \(3, 4, 4\)"),
    ],
)
def test_a_network_without_logits_is_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        predict_labels(wrong, torch.zeros(2, 3, 4, 4))
