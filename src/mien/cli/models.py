"""`mien models`: what is inside the package, how good it is, and on what terms."""

from typing import Annotated

import typer


def models(name: Annotated[str | None, typer.Argument(help="Show the whole card of one model.")] = None) -> None:
    """List the embedded models with their measures and terms, or print one card."""
    import json

    from rich.console import Console
    from rich.table import Table

    from mien.runtime.models import embedded_cards, find_model, read_card

    if name:
        print(json.dumps(read_card(find_model(name)).values, indent=1, ensure_ascii=False))
        return
    table = Table("model", "input", "measured", "terms", box=None, header_style="bold", pad_edge=False)
    for card in embedded_cards():
        measured = "; ".join(card.values.get("summary", []))
        table.add_row(card.name, f"{card.size} px {card.crop['kind']}", measured, card.values.get("terms", ""))
    Console().print(table)
