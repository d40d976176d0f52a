"""Files of OpenVINO, run by OpenVINO."""

import json
import sys

import pytest
import torch
from gan_nets import ResnetGenerator, SRResNet, export_openvino
from gan_nets.commands import main


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@torch.no_grad()
def test_a_file_gives_the_network_s_results_at_any_size(tmp_path, capsys, precision):
    openvino = pytest.importorskip("openvino")
    torch.manual_seed(0)
    net = ResnetGenerator(blocks=1, width=4).eval()
    net.save_pretrained(tmp_path / "net")
    out = tmp_path / "a folder that is made" / "net.xml"
    main(["export", str(tmp_path / "net"), str(out), "--precision", precision])
    assert capsys.readouterr().out.startswith(
        f"network: ResnetGenerator\nsaved:   {out}\nchecked: differs by "
    )
    assert sorted(each.name for each in out.parent.iterdir()) == ["net.bin", "net.xml"]
    core = openvino.Core()
    model = core.read_model(out)
    facts = {key: model.get_rt_info(["gan_nets", key]).astype(str) for key in ("class", "usage", "scale")}
    assert (facts["class"], facts["scale"]) == ("ResnetGenerator", "1")
    assert json.loads(facts["usage"])["task"] == "translate"
    constants = [op for op in model.get_ops() if op.get_type_name() == "Constant" and op.shape[-2:] == [3, 3]]
    stored = {"fp32": "f32", "fp16": "f16"}[precision]
    assert {op.get_element_type().get_type_name() for op in constants} == {stored}
    run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    x = torch.rand(2, 3, 20, 12) * 2 - 1
    tolerance = {"fp32": 2e-5, "fp16": 2e-2}[precision]
    torch.testing.assert_close(torch.from_numpy(run(x.numpy())["output"]), net(x), atol=tolerance, rtol=0)


def test_what_is_refused(tmp_path, capsys, monkeypatch):
    net = SRResNet(scale=2, blocks=1, width=2)
    net.save_pretrained(tmp_path / "net")
    (tmp_path / "net.bin").write_text("other weights")
    with pytest.raises(SystemExit):
        main(["export", str(tmp_path / "net"), str(tmp_path / "net.xml")])
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'net.bin'} exists already; ")
    with pytest.raises(
        ValueError, match=r"expected a path that ends in \.xml, as OpenVINO does; got net\.bin"
    ):
        export_openvino(net, "net.bin")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ModuleNotFoundError, match=r"OpenVINO files .* pip install onnx onnxscript openvino"):
        export_openvino(net, tmp_path / "net.xml")
    assert not (tmp_path / "net.xml").exists()
