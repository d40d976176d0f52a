import pytest
from gan_nets import SRResNet
from gan_nets.commands import main


@pytest.mark.parametrize(
    ("out", "options", "code", "message"),
    [
        ("net.ts", [], 2, "expected OUT to end in .onnx, .pt2, .xml or .mlpackage; got "),
        ("net.pt2", ["--opset", "20"], 2, "expected --opset with an .onnx file only; got "),
        (
            "existing.onnx",
            [],
            1,
            "existing.onnx exists already; overwrite=True or --overwrite replaces it",
        ),
        ("net.xml", ["--opset", "20"], 2, "expected --opset with an .onnx file only; got "),
        ("net.onnx", ["--precision", "bf16"], 2, 'Invalid value "bf16" for --precision'),
        ("folder.mlpackage", ["--overwrite"], 1, "folder.mlpackage is no package of Core ML, and is not"),
        ("net.onnx", ["--opset", "0"], 1, "expected an opset from 18 to "),
        ("net.onnx", ["--opset", "999"], 1, "; got 999"),
        ("folder.onnx", ["--overwrite"], 1, "folder.onnx is a folder; give a file"),
        ("existing.onnx/net.onnx", [], 1, "existing.onnx is a file; choose another place"),
    ],
)
def test_an_error_is_one_sentence(tmp_path, capsys, out, options, code, message):
    SRResNet(scale=2, blocks=1, width=2).save_pretrained(tmp_path / "net")
    (tmp_path / "existing.onnx").touch()
    for suffix in ("onnx", "mlpackage"):
        (tmp_path / f"folder.{suffix}").mkdir()
    with pytest.raises(SystemExit) as stopped:
        main(["export", str(tmp_path / "net"), str(tmp_path / out), *options])
    assert stopped.value.code == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "net.onnx").exists()
