"""`mien train`: a recipe in, a run folder out."""

import logging
import warnings
from pathlib import Path
from typing import Annotated

import typer

from mien.cli.extra import needs


def train(
    recipe: Annotated[Path, typer.Argument(help="YAML recipe, such as recipes/age.yaml.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value, such as epochs=2 or crop.size=96.")] = None,
    fresh: Annotated[bool, typer.Option(help="Start over instead of resuming from the last checkpoint.")] = False,
) -> None:
    """Train a model; a killed run resumes."""
    with needs("mien train", "train"):
        from mien.train.engine.trainer import fit, is_first_process
        from mien.train.recipe import load_recipe
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"lightning\.")  # advice on workers and folders that says nothing here
    run = fit(load_recipe(recipe, overrides), resume=not fresh)
    if is_first_process():
        print(run)
