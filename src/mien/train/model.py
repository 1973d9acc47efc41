"""A backbone with the heads of a task."""

import torch
from torch import Tensor, nn

from mien.train.backbones.registry import create_backbone
from mien.train.tasks import Task

MEAN, STD = 127.5, 64.0
EMBEDDING = 384


class FaceModel(nn.Module):
    """Crops (B, 3, S, S), normalised -> one tensor (B, width) for each output of the task."""

    def __init__(self, task: Task, backbone: str, width: float, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.backbone = create_backbone(backbone, width)
        channels = int(self.backbone.num_features)  # type: ignore[arg-type]
        self.embedding = _spatial(channels, size, dropout) if task.spatial else _pooled(channels, dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(EMBEDDING, out) for name, out in task.outputs.items()})
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=0.01)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the task's `outputs`."""
        embedding = self.embedding(self.backbone(x))
        return tuple(head(embedding) for head in self.heads.values())


def _pooled(channels: int, dropout: float) -> nn.Sequential:
    """Widen, take the mean over places: what is on the face, not where."""
    wide = 4 * channels
    return nn.Sequential(
        nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(wide, EMBEDDING), nn.ReLU(inplace=True), nn.Dropout(dropout),
    )  # fmt: skip


def _spatial(channels: int, size: int, dropout: float) -> nn.Sequential:
    """Narrow, keep every place: where things are."""
    side = -(-size // 32)
    return nn.Sequential(
        nn.Conv2d(channels, 48, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(48 * side * side, EMBEDDING), nn.ReLU(inplace=True), nn.Dropout(dropout),
    )  # fmt: skip


def normalise(image: Tensor) -> Tensor:
    """Pixels 0..255 to what the network expects."""
    return (image - MEAN) / STD


def load_body(model: FaceModel, weights: dict[str, Tensor]) -> list[str]:
    """Take over the weights whose names and shapes fit; returns the names that did not."""
    own = model.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    model.load_state_dict({**own, **fitting})
    return sorted(set(own) - set(fitting))


def round_to_half(model: nn.Module) -> None:
    """Round all weights to what float16 can hold, so that a half-size file stores them exactly."""
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
