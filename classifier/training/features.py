"""Train only a new head: features of the frozen backbone, computed once per photo and kept by content."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from classifier.engines import engine_choose
from classifier.engines.networks import last_prefix
from classifier.training.content_cache import ContentCache
from classifier.training.crops import CUT_FORM
from classifier.training.fit import Clock, Fitted
from classifier.training.headless import from_bytes, headless_digest, headless_engine, to_bytes
from classifier.training.optimise import one_cycle
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from classifier.training.transforms import CropSet

CACHE_FILE = "features.sqlite3"
"""In a training's work folder."""
BATCH = 32


@dataclass(frozen=True)
class FeatureSet:
    """Features (N, D) and class numbers (N,)."""

    features: Tensor
    labels: Tensor


class FeatureCache:
    """Features by photo, for one backbone's weights and one way of cutting; may be deleted at any time."""

    def __init__(self, folder: Path, *, backbone: nn.Module, cut: str) -> None:
        """backbone: without a head. cut: what tells this cut of the photos from another (detector, rule, size)."""
        self._backbone = backbone.eval()
        self._kept = ContentCache(folder / CACHE_FILE)
        # By which engine as well: a GPU's numbers are of half precision.
        self._kind = f"features {headless_digest(backbone, cut, CUT_FORM, *engine_choose('auto', 'auto'))}"
        self._width = 0

    def features(self, photos: CropSet, digests: list[str], progress: Progress) -> FeatureSet:
        """digests: sha256 of each photo of the set, in its order. Raises EngineError or OSError."""
        known = {digest: from_bytes(value) for digest, value in self._kept.get(self._kind, digests).items()}
        new = [at for at, digest in enumerate(digests) if digest not in known]
        if new:
            engine = headless_engine(self._backbone, side=photos[new[0]][0].shape[-1])
            loader = DataLoader(torch.utils.data.Subset(photos, new), batch_size=BATCH)
            names = iter(digests[at] for at in new)
            for images, _ in progress.track(loader, total=len(loader), what="features"):
                found = dict(zip(islice(names, len(images)), engine.infer(images.numpy()), strict=True))
                self._kept.put(self._kind, {digest: to_bytes(one) for digest, one in found.items()})
                known |= found
        self._width = next((len(one) for one in known.values()), self._width)
        stacked = np.asarray([known[digest] for digest in digests], dtype=np.float32)
        stacked = stacked.reshape(len(digests), self._width)  # also of no photos at all
        return FeatureSet(torch.from_numpy(stacked), torch.from_numpy(photos.labels.astype(np.int64)))


def head_fit(
    *,
    train: FeatureSet,
    val: FeatureSet,
    network: nn.Module,
    recipe: Recipe,
    epochs: int,
    max_minutes: float | None,
    progress: Progress,
) -> Fitted:
    """Fit the head of `network` (whose backbone gave the features) and return the whole network's weights."""
    torch.manual_seed(recipe.seed)
    prefix = last_prefix(network)
    head = nn.Linear(train.features.shape[1], int(network.get_submodule(prefix[:-1]).out_features))  # type: ignore[arg-type]
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    # Features differ in scale from one to another: an equal step for each, folded into the weights afterwards.
    mean, std = train.features.mean(0), train.features.std(0, correction=0) + 1e-3
    inputs, held_out = (train.features - mean) / std, (val.features - mean) / std
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.0, weight_decay=recipe.weight_decay)
    per_epoch = max(1, len(inputs) // recipe.batch)
    clock = Clock(steps=per_epoch * epochs, minutes=max_minutes)
    history: list[dict[str, float]] = []
    for epoch in progress.track(range(epochs), total=epochs, what="head"):
        order = torch.from_numpy(np.random.default_rng([recipe.seed, epoch]).permutation(len(inputs)))
        total, right = 0.0, 0
        for step, chosen in enumerate(order.chunk(per_epoch)):
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr_head * one_cycle(
                    clock.share(epoch * per_epoch + step), warmup=recipe.warmup_share
                )
            logits = head(nn.functional.dropout(inputs[chosen], recipe.dropout))
            truth = train.labels[chosen]
            loss = nn.functional.cross_entropy(logits, truth, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
            right += int((logits.argmax(1) == truth).sum())
        with torch.inference_mode():
            top1 = float((head(held_out).argmax(1) == val.labels).float().mean()) if len(val.labels) else 0.0
        history.append(
            {"epoch": epoch + 1.0, "loss": total / len(inputs), "accuracy": right / len(inputs), "val_top1": top1}
        )
        progress.note(f"loss {history[-1]['loss']:.3f}  val {top1:.3f}")
        if clock.over:
            break
    weight = head.weight.detach() / std
    state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    state[f"{prefix}weight"] = weight
    state[f"{prefix}bias"] = head.bias.detach() - weight @ mean
    return Fitted(state=state, history=history)
