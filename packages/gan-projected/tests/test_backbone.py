import timm
import torch


def test_timm_gives_the_features_to_project():
    """The four taps of EfficientNet-Lite0 that Projected GAN reads, at strides 4 to 32."""
    network = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(1, 2, 3, 4))
    features = network.eval()(torch.zeros(1, 3, 64, 64))
    assert [tuple(x.shape[1:]) for x in features] == [(24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
