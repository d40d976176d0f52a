import torch
from gan_trainers import seeded


def test_inside_all_is_drawn_again_and_outside_nothing_changes():
    torch.manual_seed(1)
    expected = torch.randn(4)
    torch.manual_seed(1)
    drawn = []
    for _ in range(2):
        with seeded(7, torch.device("cpu")):
            drawn.append(torch.randn(3))
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(torch.randn(4), expected)
