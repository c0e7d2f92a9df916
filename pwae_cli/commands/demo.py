"""``pwae demo``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.options import OF_DECODING, option
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.errors import ConfigError

DEFAULTS = SampleConfig()
DECODING = DEFAULTS.decoding


def command(
    run: Annotated[Path, typer.Argument(help="Folder written by 'pwae train'.")],
    corpus: Annotated[Path | None, typer.Option(help="The run's corpus, if it has moved.")] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page on this machine; 0: any free port.")
    ] = 8750,
    strategy: Annotated[str, option(DecodingConfig, "strategy")] = DECODING.strategy,
    temperature: Annotated[float, option(DecodingConfig, "temperature")] = DECODING.temperature,
    no_repeat_ngram: Annotated[int, option(DecodingConfig, "no_repeat_ngram")] = DECODING.no_repeat_ngram,
    checkpoint: Annotated[str, option(SampleConfig, "checkpoint")] = DEFAULTS.checkpoint,
    seed: Annotated[int, option(SampleConfig, "seed")] = DEFAULTS.seed,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Play with a run in a browser on this machine.

    See people's answers side by side and what led to them, and move along z. Ctrl-C ends it.
    """
    decoding = {"strategy": strategy, "temperature": temperature, "no_repeat_ngram": no_repeat_ngram}
    config = SampleConfig.make({"checkpoint": checkpoint, "seed": seed, "decoding": decoding}, OF_DECODING)
    try:
        from pwae_core.demo.server import ADDRESS, bound, serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise ConfigError("pwae demo needs Starlette and uvicorn. Install them: pip install 'pwae[demo]'.") from error
    from pwae_core.demo.session import open_demo

    with bound(port) as at:
        demo = open_demo(run, config, corpus=corpus, device=device)
        console.print_line(f"{demo.about.system}: http://{ADDRESS}:{at.getsockname()[1]}/ (Ctrl-C ends it)")
        console.flush()
        serve(demo, at)
