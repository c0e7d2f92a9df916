"""What cannot fit in memory is refused before it is built, with the memory it would take."""

import resource

import pytest

from pwae_core import memory
from pwae_core.errors import ConfigError


def test_the_machines_memory_is_that_of_the_operating_system(monkeypatch):
    monkeypatch.setattr(memory.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1_000_000}.get)
    monkeypatch.setattr(memory, "GROUP_LIMIT", memory.Path("/nowhere"))
    monkeypatch.setattr(memory.resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert memory.of_machine() == 4_096_000_000


@pytest.mark.parametrize(("told", "expected"), [("2000000000\n", 2_000_000_000), ("max\n", 4_096_000_000)])
def test_what_the_process_is_allowed_counts(monkeypatch, tmp_path, told, expected):
    monkeypatch.setattr(memory.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1_000_000}.get)
    monkeypatch.setattr(memory, "GROUP_LIMIT", tmp_path / "memory.max")
    monkeypatch.setattr(memory.resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    (tmp_path / "memory.max").write_text(told)
    assert memory.of_machine() == expected
    monkeypatch.setattr(memory.resource, "getrlimit", lambda _: (1_000_000_000, resource.RLIM_INFINITY))
    assert memory.of_machine() == 1_000_000_000


def test_the_refusal_says_how_much_it_would_take():
    memory.refuse_beyond(1_000, "Little", "Never.", there=1_000)
    with pytest.raises(ConfigError) as caught:
        memory.refuse_beyond(2_500_000_000_000, "A model", "Lower it.", there=8_000_000_000)
    assert str(caught.value) == "A model would take about 2,500.0 GB of memory; the limit is 8.0 GB. Lower it."
