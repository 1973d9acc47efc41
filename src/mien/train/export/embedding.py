"""The second output of an attractiveness network: a short embedding, on which a person's own taste is learned."""

import numpy as np
import torch

from mien.geometry import Array
from mien.train.engine.loaders import Prepared
from mien.train.export.card import read_crops
from mien.train.export.taste import fit_projection
from mien.train.model import EmbeddingModel, FaceModel, MeanModel, normalise
from mien.train.recipe import Recipe

WIDTH = 24
"""Coordinates; the first one is the score, whitened."""


def add_embedding(
    model: FaceModel | MeanModel, recipe: Recipe, prepared: Prepared, width: int = WIDTH
) -> EmbeddingModel:
    """The network with the whitened principal components of its embedding over the validation faces."""
    embeddings = _embeddings(model, recipe, prepared)
    # Few faces do not span so many directions.
    spanned = int(np.linalg.matrix_rank(embeddings - embeddings.mean(0), rtol=0.03))
    projection = fit_projection(embeddings, max(1, min(width, spanned)), _score_weights(model))
    return EmbeddingModel(model, torch.from_numpy(projection.weight), torch.from_numpy(projection.bias)).eval()


def _score_weights(model: FaceModel | MeanModel) -> Array:
    """Weights (E,) of the score on the embedding."""
    members = list(model.members) if isinstance(model, MeanModel) else [model]
    weights = [member.heads["score"].weight[0] / len(members) for member in members]  # type: ignore[index, union-attr]
    return torch.cat(weights).detach().numpy()


@torch.no_grad()
def _embeddings(model: FaceModel | MeanModel, recipe: Recipe, prepared: Prepared) -> Array:
    """Mean embedding (N, E) of each validation face and, where the recipe says `flip`, its mirror image."""
    embeddings = []
    for crops, _ in read_crops(recipe, prepared, "val"):
        image = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2).float())
        views = [image, image.flip(3)] if recipe.flip else [image]
        embeddings.append(torch.stack([model.with_embedding(view)[1] for view in views]).mean(0).numpy())
    return np.concatenate(embeddings)
