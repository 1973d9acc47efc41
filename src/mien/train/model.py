"""A backbone with the heads of a task."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.train.backbones.registry import create_backbone, find_network
from mien.train.tasks import Task

MEAN, STD = 127.5, 64.0
EMBEDDING = 384


class FaceModel(nn.Module):
    """Crops (B, 3, S, S), normalized -> one tensor (B, width) for each output of the task.

    backbone: a name of the registry; aux: with auxiliary heads, one set for each tap of the backbone. The task's parts
    are held here, so that they are trained and saved; the forward pass has no use for them.
    """

    def __init__(
        self,
        task: Task,
        backbone: str,
        width: float,
        size: int,
        dropout: float = 0.0,
        *,
        stem_stride: int = 2,
        drop_path: float = 0.0,
        aux: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = create_backbone(backbone, width=width, stem_stride=stem_stride, drop_path=drop_path)
        channels = int(self.backbone.num_features)  # type: ignore[arg-type]
        if task.spatial:
            self.embedding = _spatial(channels, _places(self.backbone, size), dropout)
        else:
            self.embedding = _pooled(channels, dropout)
        self.heads = _heads(task)
        self.parts = nn.ModuleDict(task.parts())
        self.aux = nn.ModuleList()
        if aux:
            self.aux.extend(_aux_heads(self.backbone, backbone, task))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the task's `outputs`."""
        return self.with_embedding(x)[0]

    def with_auxiliary(self, x: Tensor) -> tuple[tuple[Tensor, ...], list[tuple[Tensor, ...]], Tensor]:
        """The outputs, those of each auxiliary head, and the mean (B, C) of the last map over its places."""
        last, maps = self.backbone.tapped(x) if len(self.aux) else (self.backbone(x), [])  # type: ignore[operator]
        auxiliary = [aux(m) for aux, m in zip(self.aux, maps, strict=True)]
        return self._read(last)[0], auxiliary, last.mean((2, 3))

    def with_embedding(self, x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """The outputs, and the embedding (B, E) that the heads read."""
        return self._read(self.backbone(x))

    def _read(self, feature_map: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        embedding = self.embedding(feature_map)
        return tuple(head(embedding) for head in self.heads.values()), embedding


class AuxiliaryHeads(nn.Module):
    """The paper's body of an auxiliary classifier, with the task's heads on top."""

    def __init__(self, body: nn.Module, task: Task) -> None:
        super().__init__()
        self.body, self.heads = body, _heads(task)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the task's `outputs`, from a map (B, C, H, W) inside the backbone."""
        embedding = self.body(x)
        return tuple(head(embedding) for head in self.heads.values())


class MeanModel(nn.Module):
    """The mean of the outputs of networks of one task: an ensemble in one file."""

    def __init__(self, members: Sequence[FaceModel]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def heads(self) -> nn.ModuleDict:
        """The heads of the first network, by the names of the outputs."""
        heads: nn.ModuleDict = self.members[0].heads  # type: ignore[assignment]
        return heads

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the task's `outputs`."""
        return self.with_embedding(x)[0]

    def with_embedding(self, x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """The outputs, and the embeddings (B, E) of all networks side by side."""
        results = [member.with_embedding(x) for member in self.members]  # type: ignore[operator]
        outputs = zip(*(output for output, _ in results), strict=True)
        embedding = torch.cat([embedding for _, embedding in results], 1)
        return tuple(torch.stack(values).mean(0) for values in outputs), embedding


class EmbeddingModel(nn.Module):
    """A network that gives a linear map of its embedding beside its outputs; weight (D, E), bias (D,)."""

    def __init__(self, network: FaceModel | MeanModel, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.network, self.projection = network, nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.projection.weight.copy_(weight)
            self.projection.bias.copy_(bias)

    @property
    def heads(self) -> nn.ModuleDict:
        """The heads of the network, and the projection under the name `embedding`."""
        return nn.ModuleDict({**self.network.heads, "embedding": self.projection})

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the task's `outputs`, then the embedding (B, D)."""
        outputs, embedding = self.network.with_embedding(x)
        return (*outputs, self.projection(embedding))


def _heads(task: Task) -> nn.ModuleDict:
    return nn.ModuleDict({name: task.head(name, EMBEDDING) for name in task.outputs})


def _aux_heads(backbone: nn.Module, name: str, task: Task) -> list[AuxiliaryHeads]:
    """One for each tap of the backbone."""
    network = None if name.startswith("timm:") else find_network(name)
    if network is None or network.aux is None or task.spatial:
        raise InputError(f"'aux' must be 0 for {name!r} and this task: there are no auxiliary heads. Got a weight.")
    channels: tuple[int, ...] = backbone.tap_channels  # type: ignore[assignment]
    return [AuxiliaryHeads(network.aux(c, EMBEDDING), task) for c in channels]


def _places(backbone: nn.Module, size: int) -> int:
    """Number of places of the feature map of a crop; asked of a copy without weights, so that nothing changes."""
    with torch.no_grad():
        maps: Tensor = deepcopy(backbone).to("meta").eval()(torch.zeros(1, 3, size, size, device="meta"))
    return maps.shape[2] * maps.shape[3]


def _pooled(channels: int, dropout: float) -> nn.Sequential:
    """Widen, take the mean over places: what is on the face, not where."""
    wide = 4 * channels if channels <= 256 else channels
    return nn.Sequential(
        nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(wide, EMBEDDING), nn.ReLU(inplace=True), nn.Dropout(dropout),
    )  # fmt: skip


def _spatial(channels: int, places: int, dropout: float) -> nn.Sequential:
    """Narrow, keep every place: where things are."""
    return nn.Sequential(
        nn.Conv2d(channels, 48, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(48 * places, EMBEDDING), nn.ReLU(inplace=True), nn.Dropout(dropout),
    )  # fmt: skip


def normalise(image: Tensor) -> Tensor:
    """Pixels 0..255 to what the network expects."""
    return (image - MEAN) / STD


def round_to_half(model: nn.Module) -> None:
    """Round all weights to what float16 can hold, so that a half-size file stores them exactly."""
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
