"""The boundary between library and script: an error of the operating system becomes one of pwae, in one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pwae_core.errors import of_the_system

P = ParamSpec("P")
T = TypeVar("T")


def in_one_line(call: Callable[P, T]) -> Callable[P, T]:
    """``call``, with errors of the operating system turned into pwae's, as in the commands. Other exceptions pass."""

    @wraps(call)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            known = of_the_system(error)
            if known is None:
                raise
            raise known from error

    return called
