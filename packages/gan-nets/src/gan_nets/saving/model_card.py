"""The README.md of a saved network: what it is for and how to use it."""

from collections.abc import Mapping
from typing import Any

from gan_nets.saving.usage import Task

# A Jinja template; huggingface_hub fills in the front matter, `card_fields` the rest.
CARD = """---
{{ card_data }}
---

# {{ name }}

{{ purpose }} {{ facts }}

```python
import gan_nets  # pip install gan-nets

net = gan_nets.load("path/to/this/folder")  # or gan_nets.{{ name }}.from_pretrained("user/name")
{{ use }}
```
{% if takes_pictures %}
For files and folders of pictures, after `pip install "gan-nets[pictures]"`:

```
gan-nets translate path/to/this/folder picture.png -o result.png
```
{% endif %}
Written by gan-nets {{ version }}: `config.json` holds its arguments, `model.safetensors` its weights.
"""

PURPOSES: Mapping[Task, str] = {
    "translate": "Translates images into others of the same size.",
    "colorize": "Colorizes gray images.",
    "enlarge": "Enlarges images.",
    "labels": "Makes images from label maps.",
    "generate": "Generates images from latents.",
    "encode": "Encodes images as features that are constant over each object.",
    "discriminate": "A discriminator: images to logits, real or fake.",
}

USES: Mapping[Task, str] = {
    "translate": "result = gan_nets.apply_any_size(net, image)  # {image}",
    "colorize": "result = gan_nets.apply_any_size(net, gray)  # {image}",
    "enlarge": "result = gan_nets.apply_any_size(net, image)  # {image}",
    "labels": "image = gan_nets.apply_any_size(net, maps)  # {image}",
    "generate": "images = net(latents)  # (N, net.latents) from N(0, 1)",
    "encode": "features = net(image, instances)  # {image}; (N, 1, H, W) integers",
    "discriminate": "logits = net(image)  # {image}",
}


def card_fields(description: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the template's fields, from what `PretrainedModule.describe` gives."""
    task = description["usage"]["task"]
    channels = description.get("in_channels", 3)
    lowest, highest = description["usage"]["value_range"]
    return {
        "name": description["class"],
        "version": description["gan_nets"],
        "purpose": PURPOSES[task],
        "facts": _facts(description),
        "use": USES[task].format(image=f"(N, {channels}, H, W) in [{lowest:g}, {highest:g}]"),
        "takes_pictures": task in ("translate", "colorize", "enlarge"),
    }


def _facts(description: Mapping[str, Any]) -> str:
    """Sentences on what the shapes of input and output do not show."""
    lowest, highest = description["usage"]["value_range"]
    facts = [f"All values are in [{lowest:g}, {highest:g}]."]
    if (space := description["usage"]["color_space"]) != "rgb":
        facts.append(f"The output is in {space}, with the lightness of the input.")
    if size := description["usage"].get("trained_size"):
        facts.append(f"It was trained on images of {size}x{size} pixels.")
    if "scale" in description:
        facts.append(f"The output is {description['scale']} times as high and wide as the input.")
    if description.get("degradation"):
        facts.append(f"The training images were downsampled by {description['degradation']}.")
    if description.get("dropout_at_inference"):
        facts.append("Dropout stays on, so that each run differs.")
    if description.get("batch_statistics_at_inference"):
        facts.append("Batch norm uses the statistics of the current batch.")
    return " ".join(facts)
