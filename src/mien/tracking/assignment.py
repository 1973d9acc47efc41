"""Optimal one-to-one assignment, so that the light wing does not need scipy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import Words, expect

Array = NDArray[Any]


def assign(cost: Array) -> tuple[Array, Array]:
    """Rows and columns (min(N, M),) of the cheapest one-to-one assignment of a finite cost (N, M).

    Shortest augmenting paths with dual prices, O(n^3); a row whose cheapest column nobody else wants is
    settled at once.

    >>> rows, columns = assign(np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]]))
    >>> rows.tolist(), columns.tolist()
    ([0, 1], [1, 0])
    """
    cost = np.asarray(cost, np.float64)
    expect(cost.ndim == 2, "cost", "a matrix (N, M)", cost.shape)
    expect(bool(np.isfinite(cost).all()), "cost", "finite everywhere", Words("infinite or NaN entries"))
    if cost.shape[0] > cost.shape[1]:
        columns, rows = assign(cost.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    if not len(cost):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    owner, row_price = _settle_uncontested(cost)
    column_price = np.zeros(cost.shape[1])
    for row in np.setdiff1d(np.arange(len(cost)), owner):
        _augment(cost, int(row), owner, row_price, column_price)
    columns = np.flatnonzero(owner >= 0)
    order = np.argsort(owner[columns])
    return owner[columns][order], columns[order]


def _settle_uncontested(cost: Array) -> tuple[Array, Array]:
    """Owner (M,) of each column, -1 where none, and row prices (N,): each column goes to its first suitor."""
    best = cost.argmin(1)
    owner = np.full(cost.shape[1], -1, np.int64)
    columns, first = np.unique(best, return_index=True)
    owner[columns] = first
    return owner, cost[np.arange(len(cost)), best]


def _augment(cost: Array, start: int, owner: Array, row_price: Array, column_price: Array) -> None:
    """Give the row `start` a column, moving others along the shortest path; updates owner and prices in place."""
    distance = np.full(cost.shape[1], np.inf)
    came_from = np.full(cost.shape[1], -1, np.int64)
    done = np.zeros(cost.shape[1], bool)
    row, column, walked = start, -1, 0.0
    while row >= 0:
        reduced = walked + cost[row] - row_price[row] - column_price
        better = ~done & (reduced < distance)
        distance[better], came_from[better] = reduced[better], column
        column = int(np.where(done, np.inf, distance).argmin())
        walked = float(distance[column])
        done[column] = True
        row = int(owner[column])
    visited = np.flatnonzero(done)
    gain = walked - distance[visited]
    column_price[visited] -= gain
    inner = visited[owner[visited] >= 0]
    row_price[owner[inner]] += walked - distance[inner]
    row_price[start] += walked
    while column >= 0:
        previous = int(came_from[column])
        owner[column] = owner[previous] if previous >= 0 else start
        column = previous
