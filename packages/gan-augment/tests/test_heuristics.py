import pytest
import torch
from gan_augment import loss_gap, overfitting


def test_overfitting_by_hand():
    logits = torch.tensor([3.0, 0.1, -2.0, 0.5])  # three of four are positive: the sign's mean is 1/2
    assert overfitting(logits).item() == pytest.approx(0.5 - 0.6)
    assert overfitting(logits, target=0.0).item() == pytest.approx(0.5)
    scales = [logits.view(2, 1, 2, 1), torch.full((2, 2), -1.0)]  # three of eight
    assert overfitting(scales, target=0.0).item() == pytest.approx(-0.25)
    assert overfitting(logits.bfloat16().requires_grad_()).requires_grad is False


def test_loss_gap_is_positive_where_the_real_loss_is_lower():
    real, fake = torch.tensor(0.2, requires_grad=True), torch.tensor(0.7)
    assert loss_gap(real, fake).item() == pytest.approx(0.5)
    assert loss_gap(real, fake).requires_grad is False
