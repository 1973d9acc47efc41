"""`mien serve`: a page, a REST service, a live camera."""

from typing import Annotated

import typer


def serve(
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback needs --token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8765,
    token: Annotated[str, typer.Option(help="Secret that every request must carry; 'auto' generates one.")] = "",
    workers: Annotated[int, typer.Option(min=1, help="Processes, each with its own networks.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads per network.")] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Web origin that may call the service, such as https://a.org.")
    ] = None,
    limit: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of docs/serve.md, such as photos=100.")] = None,
) -> None:
    """Serve a page and a REST API on this machine, offline.

    Photos, videos and frames are read, answered and forgotten. Ctrl-C finishes what was accepted, and ends it.
    """
    import secrets

    from mien.cli.extra import needs

    with needs("mien serve", "serve"):
        from mien.server.run import serve as run
        from mien.server.settings import Limits, Settings

    run(
        Settings(
            token=secrets.token_urlsafe(24) if token == "auto" else token,
            origins=tuple(allow_origin or ()),
            threads=threads,
            limits=Limits().changed(limit or []),
        ),
        host,
        port,
        workers=workers,
        open_page=open_page,
    )
