"""The README.md of a saved network: what a stranger needs in order to use it."""

from collections.abc import Mapping
from typing import Any

from gan_nets.saving.usage import Task

# huggingface_hub fills in the front matter and the rest.
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
    "translate": "Translates pictures into others of the same size.",
    "colorize": "Colours grey pictures.",
    "enlarge": "Enlarges pictures.",
    "labels": "Paints pictures from maps of labels.",
    "generate": "Makes pictures from noise.",
    "encode": "Makes features of pictures that are constant over each of their objects.",
    "judge": "Judges pictures, in logits: a discriminator.",
}

USES: Mapping[Task, str] = {
    "translate": "result = gan_nets.apply_any_size(net, picture)  # {picture}",
    "colorize": "painted = gan_nets.apply_any_size(net, grey)  # {picture}",
    "enlarge": "large = gan_nets.apply_any_size(net, picture)  # {picture}",
    "labels": "picture = gan_nets.apply_any_size(net, maps)  # {picture}",
    "generate": "pictures = net(noise)  # (N, net.latents) from a normal distribution",
    "encode": "features = net(picture, instances)  # {picture}; (N, 1, H, W) integers",
    "judge": "logits = net(picture)  # {picture}",
}


def card_fields(description: Mapping[str, Any]) -> dict[str, Any]:
    """What fills the card of a network that describes itself so."""
    task = description["usage"]["task"]
    channels = description.get("in_channels", 3)
    lowest, highest = description["usage"]["value_range"]
    return {
        "name": description["class"],
        "version": description["gan_nets"],
        "purpose": PURPOSES[task],
        "facts": _facts(description),
        "use": USES[task].format(picture=f"(N, {channels}, H, W) in [{lowest:g}, {highest:g}]"),
        "takes_pictures": task in ("translate", "colorize", "enlarge"),
    }


def _facts(description: Mapping[str, Any]) -> str:
    """Sentences on what can't be seen in the pictures' shapes."""
    lowest, highest = description["usage"]["value_range"]
    facts = [f"All values are in [{lowest:g}, {highest:g}]."]
    if (space := description["usage"]["color_space"]) != "rgb":
        facts.append(f"The colours are in {space}, with the lightness of the input.")
    if "scale" in description:
        facts.append(f"The pictures become {description['scale']} times as high and wide.")
    if description.get("degradation"):
        facts.append(f"It learned from pictures made small by {description['degradation']}.")
    if description.get("dropout_at_inference"):
        facts.append("Dropout stays on, so that each run differs.")
    if description.get("batch_statistics_at_inference"):
        facts.append("Batch norm uses the statistics of the pictures at hand.")
    return " ".join(facts)
