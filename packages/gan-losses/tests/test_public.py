"""The public names, and the cost of importing them."""

import inspect
import subprocess
import sys

import gan_losses
import pytest

INVENTORY = """
    HINGE LEAST_SQUARES NONSATURATING RELATIVISTIC_AVERAGE RELATIVISTIC_PAIRED
    SRGAN_ARTICLE SRGAN_BASICSR SRGAN_PAPER WASSERSTEIN
    AdversarialLoss Comparison Discriminator DiscriminatorLoss GeneratorLoss GramNormalization Logits
    MetricLoss
    PathLengthPenalty PerceptualLoss Reduction SRGANWeights StyleWeights VGG19Features
    basicsr_content_loss
    dists_loss dragan_penalty feature_matching_loss gradient_penalty
    gram_matrix
    hinge_discriminator_loss hinge_generator_loss
    l1_loss
    least_squares_discriminator_loss least_squares_generator_loss
    lpips_loss mean_grams
    minimax_generator_loss
    nonsaturating_discriminator_loss nonsaturating_generator_loss
    patch_nce_loss perceptual_loss pix2pixhd_perceptual_loss
    r1_penalty r2_penalty
    random_margin_discriminator_loss reconstruction_loss
    relativistic_average_discriminator_loss relativistic_average_generator_loss
    relativistic_paired_discriminator_loss relativistic_paired_generator_loss
    srgan_content_loss style_loss
    total_variation_loss transfer_style
    wasserstein_discriminator_loss wasserstein_generator_loss
"""


def test_inventory():
    assert gan_losses.__all__ == INVENTORY.split()


@pytest.mark.parametrize("name", [name for name in INVENTORY.split() if name.endswith(("_loss", "_penalty"))])
def test_public_functions_are_documented_and_take_options_by_keyword(name):
    function = getattr(gan_losses, name)
    signature = inspect.signature(function)
    options = [p for p in signature.parameters.values() if p.default is not inspect.Parameter.empty]
    assert all(option.kind is inspect.Parameter.KEYWORD_ONLY for option in options)
    documented = inspect.getdoc(function)
    assert all(f"{parameter}:" in documented for parameter in signature.parameters)


def test_importing_loads_nothing_besides_torch():
    program = (
        "import sys, torch; before = set(sys.modules); import gan_losses;"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["gan_losses"]
