import pytest
import torch
from gan_trainers import total


def test_the_sum_of_all_terms_with_its_gradient():
    x = torch.tensor(3.0, requires_grad=True)
    loss = total({"square": x.square(), "double": 2 * x, "constant": torch.tensor(1.0)})
    assert loss.item() == 9 + 6 + 1
    assert torch.autograd.grad(loss, x)[0].item() == 2 * 3 + 2


def test_one_term_is_the_term_itself():
    term = torch.tensor(0.1)
    assert total({"only": term}) is term


def test_terms_are_added_from_the_first_to_the_last():
    """Rounding depends on the order: 1 is lost beside 1e8, unless it comes after the difference."""
    large, one = torch.tensor(1e8), torch.tensor(1.0)
    assert total({"a": large, "b": one, "c": -large}).item() == 0
    assert total({"a": large, "b": -large, "c": one}).item() == 1


def test_no_terms_are_refused():
    with pytest.raises(ValueError, match="expected at least one term; got none"):
        total({})
