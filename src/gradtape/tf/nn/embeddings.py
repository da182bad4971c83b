"""Rows of tables by number."""

from __future__ import annotations

from typing import Any

from gradtape.core.handle import Handle
from gradtape.tf.arrays import concat
from gradtape.tf.clipping import clip_by_norm
from gradtape.tf.errors import InvalidValueError
from gradtape.tf.indexing import gather
from gradtape.tf.policy import tensor


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: Any = None) -> Any:
    """The rows of `params` at `ids`, each at most of the norm `max_norm`.

    Parameters
    ----------
    params
        A table, or the list of its parts, one after the other.
    ids
        Integers.
    max_norm
        The greatest norm of a row; None bounds none.

    Returns
    -------
    Of the shape of `ids` with that of a row after it. The gradient of a table is `IndexedSlices`.

    Raises
    ------
    ValueError
        If `params` is empty or None.
    """
    if params is None or (isinstance(params, (list, tuple)) and not params):
        raise InvalidValueError("Give tf.nn.embedding_lookup a table: got none.")
    table = params
    if isinstance(params, (list, tuple)):
        table = params[0] if len(params) == 1 else concat(list(params), 0)
    rows = gather(table, ids)
    if max_norm is None:
        return rows
    each = tuple(range(tensor(ids).ndim, rows.ndim))
    if each:
        return clip_by_norm(rows, max_norm, each)
    return clip_by_norm(rows, max_norm, ()) if isinstance(rows, Handle) else rows
