"""How faces are cut, as recipes and datasets of aligned faces say it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Strict(BaseModel):
    """Part of a recipe: an unknown key is an error, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _check_text(cls, value: Any) -> Any:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("a text must not hold a null character")
        return value


class Crop(Strict):
    """How faces are cut."""

    kind: Literal["square", "aligned"] = Field(
        default="aligned", description="'square' by the detector's box, 'aligned' by landmarks."
    )
    size: int = Field(default=112, ge=32, le=1024, description="Side of the crop in pixels.")
    scale: float = Field(
        default=0.36, gt=0, lt=1, description="Of aligned crops: distance from eyes to mouth as a part of the side."
    )
    margin: float = Field(
        default=1.3, gt=1, lt=10, description="Of square crops: side against the longer side of the box."
    )
    zoom: float = Field(
        default=1.25, ge=1, le=4, description="How much more is kept around the crop, for random changes."
    )
