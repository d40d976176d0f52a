"""The README.md of a saved network: what it is for, how to use it, and how it was trained."""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from gan_nets.saving.training_record import Figure, Origin, TrainingRecord
from gan_nets.saving.usage import Task

PLACE = "path/to/this/folder"

# A Jinja template; huggingface_hub fills in the front matter, `card_fields` the rest.
CARD = """---
{{ card_data }}
---

# {{ name }}

{{ purpose }} {{ facts }}

```python
import gan_nets

net = gan_nets.load({{ place }})
{{ use }}
```

Until gan-nets is published, it is installed from a clone of [its repository](https://github.com/gan-workshop/gan-workshop):
`pip install "packages/gan-nets[pictures]" packages/gan-data packages/gan-colorspace`.
{% if takes_pictures %}
For files and folders of pictures:

```
gan-nets translate {{ typed_place }} picture.png -o result.png
```
{% endif %}
{{ training }}Written by gan-nets {{ version }}: arguments in `config.json`, weights in `model.safetensors`.
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

# The Hub's own names of tasks; it has none for discriminators, nor for images of a class.
PIPELINES: Mapping[Task, str] = {
    "translate": "image-to-image",
    "colorize": "image-to-image",
    "enlarge": "image-to-image",
    "labels": "image-to-image",
    "generate": "unconditional-image-generation",
    "encode": "image-feature-extraction",
}

TAGS: Mapping[Task, tuple[str, ...]] = {
    "translate": ("image-translation",),
    "colorize": ("colorization",),
    "enlarge": ("super-resolution",),
    "labels": ("image-synthesis",),
    "generate": ("image-generation",),
    "encode": (),
    "discriminate": ("discriminator",),
}
COMMON_TAGS = ("gan", "model_hub_mixin", "pytorch_model_hub_mixin")

# The last line of a card: a checksum of the text, which shows whether somebody edited it.
FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n---\s*\n", re.DOTALL)
CHECKED = re.compile(r"\n<!-- written by gan-nets, unedited: ([0-9a-f]{8}) -->\s*$")


def make_card(
    description: Mapping[str, Any],
    record: TrainingRecord | None = None,
    *,
    repository: str | None = None,
    revision: str | None = None,
    subfolder: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> ModelCard:
    """The card of a network.

    Args:
        description: what `PretrainedModule.describe` gives.
        record: of the training, if it is known.
        repository: name of the repository that it is loaded from; None for a folder.
        revision: of the repository; None for the default.
        subfolder: of the repository.
        metadata: further fields of the front matter, such as license and datasets; None leaves one out, and
            the license is then that of the weights that the training started from.
        fields: values that replace fields of the template.
    """
    data = ModelCardData(
        library_name="gan-nets",
        pipeline_tag=_pipeline(description),
        tags=sorted({*COMMON_TAGS, *TAGS[description["usage"]["task"]]}),
        **_license_of(record.origins if record else ()) | _given(metadata or {}),
    )
    values = _card_fields(description, record) | _place(repository, revision, subfolder)
    card = ModelCard.from_template(data, template_str=CARD, **values | dict(fields or {}))
    card.text = f"{card.text.rstrip()}\n\n<!-- written by gan-nets, unedited: {_checksum(card.text)} -->\n"
    return card


def _given(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if value is not None}


def _license_of(origins: Sequence[Origin]) -> dict[str, Any]:
    """The front matter's license and base models of what a run started from.

    Nothing is said of the license if one is not known; several are "other", and the card's text names each.
    """
    data: dict[str, Any] = {}
    licenses = {name for each in origins for name in each.licenses}
    if licenses and None not in licenses:
        data["license"] = licenses.pop() if len(licenses) == 1 else "other"
    if repositories := sorted({each.source for each in origins if each.on_hub}):
        data["base_model"] = repositories
    return data


def is_edited(text: str) -> bool:
    """Whether the text of a README.md below its front matter is not one that `make_card` wrote."""
    body = FRONT_MATTER.sub("", text)
    checked = CHECKED.search(body)
    return checked is None or checked[1] != _checksum(body[: checked.start()])


def _checksum(text: str) -> str:
    """Eight hexadecimal digits, the same for any line endings."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"{zlib.crc32(lines.encode()):08x}"


def _pipeline(description: Mapping[str, Any]) -> str | None:
    return None if description.get("classes") else PIPELINES.get(description["usage"]["task"])


def _place(repository: str | None, revision: str | None, subfolder: str | None) -> dict[str, str]:
    """Where the network is, as arguments in Python and as those of a command."""
    options = {"revision": revision, "subfolder": subfolder} if repository else {}
    given = [(name, value) for name, value in options.items() if value]
    place = repository or PLACE
    return {
        "place": ", ".join([f'"{place}"', *(f'{name}="{value}"' for name, value in given)]),
        "typed_place": " ".join([place, *(f"--{name} {value}" for name, value in given)]),
    }


def _card_fields(description: Mapping[str, Any], record: TrainingRecord | None) -> dict[str, Any]:
    """The values of the other fields of the template."""
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
        "training": _training(description, record) if record else "",
    }


def _facts(description: Mapping[str, Any]) -> str:
    """Sentences on what the shapes of input and output do not show."""
    lowest, highest = description["usage"]["value_range"]
    facts = [f"All values are in [{lowest:g}, {highest:g}]."]
    if (space := description["usage"]["color_space"]) != "rgb":
        facts.append(f"The output is in {space}, with the lightness of the input.")
    if size := description["usage"].get("trained_size"):
        facts.append(f"It was trained on images of {size}x{size} pixels.")
    if description["usage"].get("ensemble"):
        facts.append("`translate` gives the mean of its results for several views of a picture.")
    if "scale" in description:
        facts.append(f"The output is {description['scale']} times as high and wide as the input.")
    if description.get("degradation"):
        facts.append(f"The training images were downsampled by {description['degradation']}.")
    if description.get("dropout_at_inference"):
        facts.append("Dropout stays on, so that each run differs.")
    if description.get("batch_statistics_at_inference"):
        facts.append("Batch norm uses the statistics of the current batch.")
    return " ".join(facts)


def _training(description: Mapping[str, Any], record: TrainingRecord) -> str:
    """The section on the run."""
    parts = ["## Training"]
    names = {"step": "{:.0f} steps", "images": "{:.0f} images", "seconds": "{:.0f} seconds"}
    counted = [form.format(record.counters[name]) for name, form in names.items() if name in record.counters]
    if counted:
        parts.append(f"{', '.join(counted)}.")
    if record.size and not description["usage"].get("trained_size"):
        parts[1:] = [" ".join([*parts[1:], f"Images or crops of {record.size}x{record.size} pixels."])]
    if record.command:
        parts.append(f"```\n{record.command}\n```")
    if record.origins:
        rows = ["| network | started from | license |", "|---|---|---|", *map(_origin_row, record.origins)]
        parts.append("\n".join(rows))
    if record.figures:
        parts.append("\n".join(["| figure | value | step |", "|---|---|---|", *map(_row, record.figures)]))
    return "\n\n".join([*parts, ""])


def _origin_row(origin: Origin) -> str:
    licenses = " and ".join(each or "unknown" for each in origin.licenses)
    return (
        "| "
        + " | ".join(each.replace("|", "\\|") for each in (origin.network, origin.source, licenses))
        + " |"
    )


def _row(figure: Figure) -> str:
    name = figure.name.replace("|", "\\|")
    return f"| {name} | {figure.value:.4g} | {figure.step} |"
