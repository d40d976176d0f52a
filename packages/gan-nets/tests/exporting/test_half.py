"""Files in half precision: their weights, their inputs, and how far their results are."""

import onnx
import onnxruntime
import pytest
import torch
from gan_nets import ResnetGenerator, StyleGAN2Generator, export_onnx, export_program
from gan_nets.saving.pretrained import PretrainedModule
from onnx import TensorProto


class TooLarge(PretrainedModule):
    """Has values beyond 65,504, the largest of half precision."""

    in_channels, size_multiple = 3, 8

    def __init__(self):
        super().__init__()

    def forward(self, x):
        return 1e6 * x / 1e6


@torch.no_grad()
def test_an_onnx_file_in_half_precision_takes_and_gives_float32(tmp_path):
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=4).eval()
    differences = {
        precision: export_onnx(net, tmp_path / f"{precision}.onnx", precision=precision)
        for precision in ("fp32", "fp16")
    }
    assert differences["fp32"] < 1e-5 < differences["fp16"] < 2e-2
    model = onnx.load(tmp_path / "fp16.onnx")
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose")]
    assert len(convolutions) == 8
    assert {stored[node.input[1]].data_type for node in convolutions} == {TensorProto.FLOAT16}
    session = onnxruntime.InferenceSession(tmp_path / "fp16.onnx", providers=["CPUExecutionProvider"])
    assert [each.type for each in (*session.get_inputs(), *session.get_outputs())] == ["tensor(float)"] * 2
    x = torch.rand(2, 3, 20, 12) * 2 - 1
    (got,) = session.run(None, {"input": x.numpy()})
    torch.testing.assert_close(torch.from_numpy(got), net(x), atol=2e-2, rtol=0)


@torch.no_grad()
def test_a_program_in_half_precision_with_noise_and_classes(tmp_path):
    torch.manual_seed(0)
    net = StyleGAN2Generator(8, latents=4, styles=4, mapping_layers=1, base_channels=32, classes=3)
    assert 1e-5 < export_program(net, tmp_path / "net.pt2", precision="fp16") < 5e-2
    program = torch.export.load(tmp_path / "net.pt2")
    assert {each.dtype for each in program.state_dict.values() if each.ndim > 1} == {torch.float16}
    y = program.module()(torch.randn(2, 4), torch.tensor([0, 2]))
    assert (y.dtype, y.shape) == (torch.float32, (2, 3, 8, 8))


def test_a_network_that_half_precision_is_too_coarse_for_is_refused(tmp_path):
    export_program(TooLarge(), tmp_path / "fp32.pt2")
    with pytest.raises(ValueError, match="nothing is written; half precision is too coarse for it; export"):
        export_program(TooLarge(), tmp_path / "fp16.pt2", precision="fp16")
    with pytest.raises(ValueError, match="expected precision fp32 or fp16; got 'half'"):
        export_onnx(TooLarge(), tmp_path / "net.onnx", precision="half")
    assert [file.name for file in tmp_path.iterdir()] == ["fp32.pt2"]
