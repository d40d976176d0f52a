import torch
from gan_projected._efficientnet_lite import SameConv2d
from torch.export import Dim


def test_padding_of_free_sizes_is_a_constant():
    """Otherwise torch.export takes half an hour to reason about the sizes of a whole network."""
    conv = SameConv2d(1, 1, 3, stride=2)
    shapes = {"input": {2: 2 * Dim("height", min=2), 3: 2 * Dim("width", min=2)}}
    program = torch.export.export(conv, (torch.randn(1, 1, 6, 8),), dynamic_shapes=shapes, strict=False)
    assert "ceil" not in program.graph_module.code
    assert "sym_size" not in program.graph_module.code
    x = torch.randn(1, 1, 10, 4)
    torch.testing.assert_close(program.module()(x), conv(x))
