"""The objective of CycleGAN."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import torch
from gan_losses import LEAST_SQUARES, AdversarialLoss, l1_loss
from torch import Tensor

from gan_trainers._image_pool import ImagePool
from gan_trainers._together import Together, together
from gan_trainers._weights import check_weights

Terms = dict[str, Tensor]
Generator = Callable[[Tensor], Tensor]
Discriminator = Callable[[Tensor], Tensor | list[Tensor]]


class Fakes(NamedTuple):
    """The translations of one turn for the critics, without gradient; None if the turn was not theirs.

    `a` is g_ba(b), to be told from images of A, and `b` is g_ab(a).
    """

    a: Tensor | None = None
    b: Tensor | None = None


class _Drawn(NamedTuple):
    """What the generators drew in one turn; None is what the turn's terms do not ask for."""

    fake_a: Tensor | None = None  # g_ba(b)
    fake_b: Tensor | None = None  # g_ab(a)
    same_a: Tensor | None = None  # g_ba(a)
    same_b: Tensor | None = None  # g_ab(b)
    back_a: Tensor | None = None  # g_ba(g_ab(a))
    back_b: Tensor | None = None  # g_ab(g_ba(b))


class CycleGAN:
    """Two translations that undo each other (Zhu et al. 2017, eq. 3 and section 5.2).

    L_GAN(g_ab, d_b) + L_GAN(g_ba, d_a) + cycle_weight (|g_ba(g_ab(a)) - a| + |g_ab(g_ba(b)) - b|)
    + identity_weight (|g_ba(a) - a| + |g_ab(b) - b|), where |.| is the mean over all elements.

    The generators learn first, and then the discriminators from the same translations, mixed with earlier
    ones: both generators in one turn (the order of the official PyTorch code), or each in a turn of its own,
    followed by the discriminator of what it drew (that of the official Lua code).

    What one network has to do in a turn it does in one forward, if it is a module without batch norm, dropout
    or spectral norm, so that an image's result depends on nothing but the image. Another layer that looks at
    the whole batch, such as a minibatch standard deviation, is not recognised and would see real and fake
    images mixed: give a function around its network, `lambda x: d(x)`. That is called for each batch.

    Args:
        g_ab: translates images of domain A to domain B, (N, C_a, H, W) to (N, C_b, H, W).
        g_ba: translates from B to A.
        d_a: gives logits, or a list of them, for images of A, real or translated.
        d_b: the same for B.
        cycle_weight: lambda; or a pair, for the forward cycle (from A to B and back) and for the backward
            cycle (from B to A and back), one of them 0 in two of the paper's ablations (section 5.1.4).
        identity_weight: keeps colours where they are. The paper has it for paintings to photos alone, half
            as large as lambda; the official Lua code leaves it out, the official PyTorch code always adds
            that half. The default is the latter's, which today's results and checkpoints come from; 0 is
            the paper's in all its other experiments.
        adversarial_weight: weight of the two generators' adversarial losses; with 0 there are no
            discriminators in the game ("cycle alone").
        pool_size: images of the pool that each discriminator's fakes go through.
        adversarial: which game is played; the paper's is least squares.
        discriminator_weight: factor of the discriminators' losses; the paper slows their learning with 1/2.

    Raises:
        ValueError: a negative weight, or nothing to learn from.
    """

    def __init__(
        self,
        g_ab: Generator,
        g_ba: Generator,
        d_a: Discriminator,
        d_b: Discriminator,
        *,
        cycle_weight: float | tuple[float, float] = 10.0,
        identity_weight: float = 5.0,
        adversarial_weight: float = 1.0,
        pool_size: int = 50,
        adversarial: AdversarialLoss = LEAST_SQUARES,
        discriminator_weight: float = 0.5,
    ) -> None:
        cycles = cycle_weight if isinstance(cycle_weight, tuple) else (cycle_weight, cycle_weight)
        check_weights(
            forward_cycle_weight=cycles[0],
            backward_cycle_weight=cycles[1],
            identity_weight=identity_weight,
            adversarial_weight=adversarial_weight,
            discriminator_weight=discriminator_weight,
        )
        if not any((*cycles, adversarial_weight)):
            raise ValueError("expected a positive cycle_weight or adversarial_weight; got 0 for both")
        self._g_ab, self._g_ba, self._d_a, self._d_b = map(together, (g_ab, g_ba, d_a, d_b))
        self._forward_weight, self._backward_weight = cycles
        self._identity_weight = identity_weight
        self._adversarial_weight = adversarial_weight
        self._adversarial = adversarial
        self._discriminator_weight = discriminator_weight
        self._pool_a, self._pool_b = ImagePool(pool_size), ImagePool(pool_size)

    def generator_loss(
        self, a: Tensor, b: Tensor, learns: Literal["both", "ab", "ba"] = "both"
    ) -> tuple[Tensor, Fakes, Terms]:
        """The generators' turn.

        A turn of one generator has the terms that it takes part in: its adversarial and identity loss, and
        both cycles. The other one then only lends its translations; hold it still (`frozen`).

        Args:
            a: (N, C_a, H, W) images of domain A.
            b: (M, C_b, H, W) images of domain B, no counterparts of `a`.
            learns: whose turn it is.

        Returns:
            The loss, a scalar; the translations for the discriminators' turn; and the loss's terms by name,
            weighted, to be logged. A term of weight 0 is neither computed nor named.

        Raises:
            ValueError: an unknown turn, or domains with different channels in spite of an identity loss.
        """
        if self._identity_weight and a.shape[1] != b.shape[1]:
            raise ValueError(
                f"expected as many channels in both domains for the identity loss; got {a.shape[1]} and "
                f"{b.shape[1]}; give CycleGAN identity_weight=0"
            )
        turns = {"both": self._draw_both, "ab": self._draw_ab, "ba": self._draw_ba}
        if learns not in turns:
            raise ValueError(f'expected learns to be "both", "ab" or "ba"; got {learns!r}; use one of them')
        drawn = turns[learns](a, b)
        terms: Terms = {}
        if self._adversarial_weight and drawn.fake_b is not None:
            terms["adversarial_ab"] = self._adversarial_weight * self._fool(self._d_b, b, drawn.fake_b)
        if self._adversarial_weight and drawn.fake_a is not None:
            terms["adversarial_ba"] = self._adversarial_weight * self._fool(self._d_a, a, drawn.fake_a)
        if drawn.back_a is not None:
            terms["cycle_a"] = self._forward_weight * l1_loss(drawn.back_a, a)
        if drawn.back_b is not None:
            terms["cycle_b"] = self._backward_weight * l1_loss(drawn.back_b, b)
        if drawn.same_a is not None:
            terms["identity_a"] = self._identity_weight * l1_loss(drawn.same_a, a)
        if drawn.same_b is not None:
            terms["identity_b"] = self._identity_weight * l1_loss(drawn.same_b, b)
        return _sum(terms), Fakes(_detached(drawn.fake_a), _detached(drawn.fake_b)), terms

    def _draw_both(self, a: Tensor, b: Tensor) -> _Drawn:
        both = self._identity_weight > 0
        fake_b, same_b = self._g_ab(a, b if both else None)
        fake_a, same_a, back_a = self._g_ba(b, a if both else None, fake_b if self._forward_weight else None)
        (back_b,) = self._g_ab(fake_a if self._backward_weight else None)
        return _Drawn(fake_a, fake_b, same_a, same_b, back_a, back_b)

    def _draw_ab(self, a: Tensor, b: Tensor) -> _Drawn:
        weights = self._forward_weight, self._backward_weight
        fake_b, same_b, back_a, back_b = self._draw_one(self._g_ab, self._g_ba, a, b, *weights)
        return _Drawn(fake_b=fake_b, same_b=same_b, back_a=back_a, back_b=back_b)

    def _draw_ba(self, a: Tensor, b: Tensor) -> _Drawn:
        weights = self._backward_weight, self._forward_weight
        fake_a, same_a, back_b, back_a = self._draw_one(self._g_ba, self._g_ab, b, a, *weights)
        return _Drawn(fake_a=fake_a, same_a=same_a, back_a=back_a, back_b=back_b)

    def _draw_one(
        self, g: Together, other: Together, source: Tensor, target: Tensor, there: float, back: float
    ) -> list[Tensor | None]:
        """The translation of `source`, `target` left as it is, and the cycles from `source` and `target`."""
        with torch.no_grad():
            (lent,) = other(target if back else None)
        fake, same, back_to_target = g(source, target if self._identity_weight else None, lent)
        (back_to_source,) = other(fake if there else None)
        return [fake, same, back_to_source, back_to_target]

    def _fool(self, discriminate: Together, real: Tensor, fake: Tensor) -> Tensor:
        (fake_logits,) = discriminate(fake)
        if not self._adversarial.relativistic:
            return self._adversarial.generator(fake_logits)
        with torch.no_grad():
            (real_logits,) = discriminate(real)
        return self._adversarial.generator(real_logits, fake_logits)

    def discriminator_loss(self, a: Tensor, b: Tensor, fakes: Fakes) -> tuple[Tensor, Terms]:
        """The discriminators' turn: tell each domain from what the pools give for the translations.

        Args:
            a: as in `generator_loss`.
            b: likewise.
            fakes: what `generator_loss` returned, of both generators or of one: then only the discriminator
                of its translations has its turn. No gradient reaches the generators.

        Returns:
            The loss, a scalar, and its terms by name, to be logged. Without an adversarial weight it is 0
            and has no terms.
        """
        if not self._adversarial_weight:
            return a.new_zeros((), requires_grad=True), {}  # a loss like any other to the loop: no gradients
        terms: Terms = {}
        if fakes.a is not None:
            terms["discriminator_a"] = self._tell_apart(self._d_a, a, self._pool_a.swap(fakes.a))
        if fakes.b is not None:
            terms["discriminator_b"] = self._tell_apart(self._d_b, b, self._pool_b.swap(fakes.b))
        return _sum(terms), terms

    def _tell_apart(self, discriminate: Together, real: Tensor, fake: Tensor) -> Tensor:
        real_logits, fake_logits = discriminate(real, fake)
        return self._discriminator_weight * self._adversarial.discriminator(real_logits, fake_logits)

    def state_dict(self) -> dict[str, Any]:
        """The pools: the objective's only memory. A process has its own."""
        return {"pool_a": self._pool_a.state_dict(), "pool_b": self._pool_b.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave.

        Raises:
            ValueError: the pools are smaller than the stored ones.
        """
        self._pool_a.load_state_dict(state["pool_a"])
        self._pool_b.load_state_dict(state["pool_b"])


def _detached(drawn: Tensor | None) -> Tensor | None:
    return None if drawn is None else drawn.detach()


def _sum(terms: Terms) -> Tensor:
    first, *rest = terms.values()
    return sum(rest, first)
