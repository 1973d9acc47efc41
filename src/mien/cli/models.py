"""`mien models`: what is inside the package, how good it is, and on what terms."""

from typing import Annotated

import typer


def models(
    name: Annotated[str | None, typer.Argument(help="Show the full card of this model.")] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Print the weights from AUs to emotion as YAML.")
    ] = False,
) -> None:
    """List the embedded models with their metrics and terms, or print one card.

    mien models --evidence > mine.yaml writes a file to edit, for mien analyze --evidence mine.yaml.
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from mien.runtime.models import embedded_cards, find_model, read_card

    if evidence:
        print(_evidence(name or "expression"), end="")
        return
    if name:
        print(json.dumps(read_card(find_model(name)).values, indent=1, ensure_ascii=False))
        return
    table = Table("model", "input", "use", "measured", "terms", box=None, header_style="bold", pad_edge=False)
    for card in embedded_cards():
        measured = "; ".join(card.values.get("summary", []))
        use = "any" if card.values.get("open") else "research"
        table.add_row(card.name, f"{card.size} px {card.crop['kind']}", use, measured, card.values.get("terms", ""))
    Console().print(table)


def _evidence(name: str) -> str:
    from mien.errors import InputError
    from mien.expression.emotion import EvidenceModel
    from mien.runtime.heads import expression_decoding
    from mien.runtime.models import find_model, read_card

    rows = expression_decoding(read_card(find_model(name))).get("evidence")
    if not rows:
        raise InputError(f"'name' must be a model that reads Action Units and has evidence weights. Got {name!r}.")
    return EvidenceModel.from_dict(rows).to_yaml()
