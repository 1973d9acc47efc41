"""`/v1/models`, `/v1/evidence`, `/v1/action-units`: what the numbers mean, and weights to try."""

from dataclasses import asdict, replace
from functools import cache
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from mien.errors import InputError, Words, expect
from mien.expression.emotion import GROUPS, MOST, TRACE, EvidenceModel, literature, parse_evidence
from mien.faces import EMOTIONS, ActionUnits
from mien.facs import ACTION_UNITS
from mien.runtime.heads import expression_decoding
from mien.runtime.models import Card, embedded_cards, embedded_models
from mien.server.problems import Problem

router = APIRouter(prefix="/v1", tags=["knowledge"])


class Probability(BaseModel):
    """Of an Action Unit, as a row has it."""

    probability: float = Field(ge=0, le=1)
    intensity: float | None = None


class Trial(BaseModel):
    """Weights to try on faces: rows a class, or the text of a YAML file; neither: those of the default model."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"yaml": "AU12: {positive: 3}", "faces": [{"AU12": 0.93}, {"AU12": 0.02}]}},
    )

    weights: dict[str, dict[str, float]] | None = None
    yaml: str | None = Field(None, max_length=100_000)
    sources: dict[str, str] = Field({}, max_length=100)
    faces: list[dict[str, float | Probability]] = Field([], max_length=10_000)


@cache
def _cards() -> dict[str, Card]:
    return {card.name: card for card in embedded_cards()}


def _card(name: str) -> Card:
    if name not in _cards():
        raise Problem(404, f"The model must be one of {', '.join(embedded_models())}. Got {name[:40]!r}.")
    return _cards()[name]


@router.get("/models")
def models() -> list[dict[str, Any]]:
    """The models inside the package."""
    return [
        {
            "name": card.name,
            "task": card.task,
            "size": card.size,
            "open": bool(card.values.get("open")),
            "terms": card.values.get("terms", ""),
            "summary": card.values.get("summary", []),
            "limits": card.values.get("limits", []),
        }
        for card in _cards().values()
    ]


@router.get("/models/{name}")
def model(name: str) -> dict[str, Any]:
    """The whole card of a model: metrics on each test set, errors by group, terms, limits."""
    return _card(name).values


@router.get("/action-units")
def action_units() -> list[dict[str, Any]]:
    """The Action Units: name, muscle, region, what to look for."""
    return [{"code": unit.code, **asdict(unit)} for unit in ACTION_UNITS]


@router.get("/evidence")
def evidence(model: Annotated[str, Query(max_length=100)] = "expression") -> dict[str, Any]:
    """The weights from Action Units to displayed emotion of a model."""
    weights = _of_card(_card(model))
    groups = {name: [name] for name in EMOTIONS} if weights.classes == EMOTIONS else GROUPS
    return {
        "model": model,
        "classes": list(weights.classes),
        "groups": groups,
        "codes": list(weights.codes),
        "weights": weights.to_dict(),
        "sources": {code: literature(code) for code in weights.codes},
        "strength": {"trace": TRACE, "most": MOST},
        "yaml": weights.to_yaml(),
    }


@router.post("/evidence")
def try_evidence(trial: Trial) -> dict[str, Any]:
    """Displayed emotion of faces by weights of one's own, and these as the file that `--evidence` reads."""
    expect(trial.weights is None or trial.yaml is None, "weights", "given without 'yaml'", Words("both"))
    if trial.yaml is not None:
        weights = parse_evidence(trial.yaml, "yaml")
    elif trial.weights is not None:
        weights = replace(EvidenceModel.from_dict(trial.weights), sources=trial.sources)
    else:
        weights = _of_card(_card("expression"))
    return {"emotions": [_emotion(weights, face) for face in trial.faces], "yaml": weights.to_yaml()}


def _emotion(weights: EvidenceModel, face: dict[str, float | Probability]) -> dict[str, Any]:
    probabilities = {code: part.probability if isinstance(part, Probability) else part for code, part in face.items()}
    for code, value in probabilities.items():
        if not 0 <= value <= 1:
            raise InputError(f"{code!r} must be a probability, 0 to 1. Got {value!r}.")
    codes = tuple(probabilities)
    probability = np.array([list(probabilities.values())], np.float32).reshape(1, len(codes))
    return weights(ActionUnits(probability, probability, codes))[0].to_dict()


def _of_card(card: Card) -> EvidenceModel:
    rows = expression_decoding(card).get("evidence")
    if not rows:
        raise InputError(f"'model' must be one that reads Action Units. Got {card.name!r}.")
    return EvidenceModel.from_dict(rows)
