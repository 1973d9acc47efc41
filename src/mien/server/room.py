"""Room for what waits: so many megapixels of decoded photos at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Room:
    """Holds `total`; what is larger counts as all of it, and waits until it is alone.

    >>> async def take() -> float:
    ...     room = Room(10)
    ...     async with room.take(4), room.take(6):
    ...         return room.left
    >>> asyncio.run(take())
    0.0
    """

    def __init__(self, total: float) -> None:
        self.total = self.left = float(total)
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def take(self, size: float) -> AsyncIterator[None]:
        """Wait for room, and give it back."""
        size = min(size, self.total)
        async with self._changed:
            await self._changed.wait_for(lambda: self.left >= size)
            self.left -= size
        try:
            yield
        finally:
            self.left += size
            async with self._changed:
                self._changed.notify_all()
