"""Bodies of exported networks as weights of a backbone."""

from pathlib import Path

from torch import Tensor, nn

from mien.errors import InputError
from mien.runtime.models import find_model
from mien.train.fold import fold
from mien.train.warm_start import load_body, read_weights, warm_start

_BODY = "backbone."


def load_pretrained(backbone: nn.Module, model: str | Path, images: Tensor | None = None) -> None:
    """Give a backbone the body of an exported network: on any image both have the same last map.

    Without `images` its norms are folded into the convolutions, as in the file, and it trains on without norms. With
    normalized crops (B, 3, S, S) they are put back, exact on these crops (see `warm_start`). Raises InputError for a
    body that does not fit whole.
    """
    weights = {
        name.removeprefix(_BODY): value
        for name, value in read_weights(find_model(model)).items()
        if name.startswith(_BODY)
    }
    training = backbone.training
    if images is None:
        fold(backbone.eval())
        missing = load_body(backbone, weights)
        backbone.train(training)
    else:
        missing = warm_start(backbone, weights, images)
    if missing or not weights:
        raise InputError(
            f"'pretrained' must be a network with this backbone, width and stem_stride. Got {str(model)!r}, which has "
            f"nothing that fits {', '.join(missing[:3])}. Its card names its recipe: mien models NAME."
        )
