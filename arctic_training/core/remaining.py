"""Views of what remains of a run: reading one changes nothing, and it can be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakSet

from torch import Tensor

__all__ = ["Positions", "Remaining"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Remaining(Generic[T_co]):
    """A sized iterable of what remains. Each iteration begins where the run is at that moment.

    Args:
        count: returns how many remain now.
        iterate: begins an iteration.

    """

    def __init__(self, count: Callable[[], int], iterate: Callable[[], Iterator[T_co]]) -> None:
        self._count = count
        self._iterate = iterate

    def __len__(self) -> int:
        """Return how many remain now."""
        return self._count()

    def __iter__(self) -> Iterator[T_co]:
        """Iterate over those that remain; the run may advance meanwhile."""
        return self._iterate()

    def __repr__(self) -> str:
        return f"<{len(self)} remaining>"


@dataclass(eq=False)
class _Position(Generic[T]):
    """The item that an iteration gave out last, while whoever asked for it holds it."""

    index: int = -1
    item: T | None = field(default=None, repr=False)


class Positions(Generic[T]):
    """Maps an item to its index, if a running iteration yielded it last.

    A loop may leave items out, so that counting what is trained does not tell where it is.
    """

    def __init__(self) -> None:
        self._running: WeakSet[_Position[T]] = WeakSet()

    def follow(self, items: Iterator[T], first: int, remains: Callable[[int], bool]) -> Iterator[T]:
        """Iterate over items, of which the first has the index ``first``, while some remain.

        Args:
            items: the items from that index on.
            first: index of the first of them.
            remains: returns whether the item of an index is still to be given out.

        """
        position = _Position[T](first - 1)
        self._running.add(position)
        try:
            while remains(position.index + 1):
                position.item = next(items)
                position.index += 1
                yield position.item
        finally:
            self._running.discard(position)

    def index_of(self, item: object) -> int | None:
        """Return the index of an item, or of what it is made of.

        None if it is made of none that was given out last.
        """
        return next((each.index for each in self._running if _is_of(item, each.item)), None)


def _is_of(item: object, given: object) -> bool:
    """Return whether an item is another, or a mapping with some of its tensors or parts of them."""
    if item is given:
        return True
    if not (isinstance(item, Mapping) and isinstance(given, Mapping)):
        return False
    tensors = [value for value in given.values() if isinstance(value, Tensor)]
    mine = [value for value in item.values() if isinstance(value, Tensor)]
    bases = [each._base for each in mine]  # noqa: SLF001  # torch has no other name for it
    return any(value is each for value in tensors for each in (*mine, *bases))
