"""Where the library meets a script: what the operating system refuses becomes an error of pwae, in one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pwae_core.errors import of_the_system

P = ParamSpec("P")
T = TypeVar("T")


def in_one_line(call: Callable[P, T]) -> Callable[P, T]:
    """``call``, whose errors are all pwae's, as those of the commands are, except for mistakes in pwae itself."""

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
