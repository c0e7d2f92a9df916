"""The chapters with figures: latent codes, the map of users, training curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pwae_core.grammar import counted
from pwae_core.report.figures.latent_space import Codes, Fit, Latent, Projection, gaussian, project
from pwae_core.report.figures.numbers import numbers
from pwae_core.report.figures.svg import COLOURS, LEFT, RIGHT, Frame, Series, chart, cloud, hue, legend, svg
from pwae_core.report.figures.training_curves import WINDOW, Panel
from pwae_core.report.figures.user_map import Map
from pwae_core.report.page.document import figure, folded
from pwae_core.report.safe_html import Markup, data, join, short, tag

FEWEST = 8
MAP = (720, 460)
UTTERANCE = 160
NAME = 80
LISTED = 50
"""How many users the table under the map lists."""


def latent(found: Latent, fit: Fit | None, context: str) -> Markup:
    """Figure 1 on real codes: all sessions on the left, one on the right, and the numbers that a plane cannot show."""
    both = project(np.concatenate([found.everyone.posterior, found.everyone.prior]))
    close = project(np.concatenate([found.focus.posterior, found.focus.prior]))
    components = [(f"prior, component {n + 1}", f"solid c{n % COLOURS}") for n in range(found.components)]
    key = legend([("posterior", "open"), *components, ("one Gaussian fitted to the posterior's codes", "gaussian")])
    sessions = counted(len(found.everyone.prior), "test session")
    every = f"All sessions: one sample of the posterior and one of the prior for each of {sessions}."
    one = f"One session: {len(found.focus.prior)} samples of each, after “{short(context, 90)}”."
    plots = [
        figure(_cloud(found.everyone, both, found.components, "all sessions"), every),
        figure(_cloud(found.focus, close, found.components, "one session"), one),
    ]
    return join([key, tag("div", *plots, class_="panels wide"), _numbers(found, fit)])


def _axes(plane: Projection) -> tuple[str, str]:
    first, second = plane.shares
    return f"first principal component ({first:.0%} of the variance)", f"second principal component ({second:.0%})"


def _cloud(codes: Codes, plane: Projection, components: int, what: str) -> Markup:
    """The prior's points are filled. The posterior's lie above them as open circles, so that both can be seen."""
    posterior, prior = plane(codes.posterior), plane(codes.prior)
    series = []
    ellipses = [gaussian(posterior, "gaussian")] if len(posterior) > 2 else []
    for number in range(components):
        mine = prior[codes.component == number]
        name = f"prior, component {number + 1}"
        series.append(Series(name, mine[:, 0].tolist(), mine[:, 1].tolist(), number, "solid"))
        if len(mine) >= FEWEST:
            ellipses.append(gaussian(mine, f"component c{number % COLOURS}"))
    series.append(Series("posterior", posterior[:, 0].tolist(), posterior[:, 1].tolist(), 0, "open"))
    return cloud(series, ellipses, f"Latent codes of {what}, projected to two principal components", _axes(plane))


def _numbers(found: Latent, fit: Fit | None) -> Markup:
    rows = [
        (f"Mean weights π of the {found.of} GMD", ", ".join(f"{weight:.2f}" for weight in found.weights)),
        ("Components in use: exp of the mean entropy of π", f"{found.used:.2f} of {found.components}"),
    ]
    if found.user_weight is not None:
        rows.append(("Mean weight w_u of the user in the fusion (equation 9)", f"{found.user_weight:.3f}"))
    if fit:
        rows += [
            ("Energy distance to the posterior's codes: the prior", f"{fit.prior:.4f}"),
            ("… one Gaussian fitted to other codes of the posterior", f"{fit.one_gaussian:.4f}"),
            ("… other codes of the posterior: the smallest to expect", f"{fit.floor:.4f}"),
        ]
    lines = [
        tag("tr", tag("th", name, scope="row"), tag("td", value.replace("-", "−"), class_="number"))
        for name, value in rows
    ]
    return tag("div", tag("table", tag("tbody", *lines)), class_="scroll", tabindex=0)


def people(found: Map) -> Markup:
    """The map with its search. A chosen user is shown below it, with the nearest others."""
    xs, ys = [one.x for one in found.people], [one.y for one in found.people]
    frame = _frame(xs, ys)
    points = [
        tag(
            "circle",
            cx=frame.px(one.x),
            cy=frame.py(one.y),
            r=_radius(one.responses),
            data_n=n,
            class_=f"c{one.component % COLOURS}",
        )
        for n, one in enumerate(found.people)
    ]
    drawing = svg(
        MAP, "Map of the user embeddings", [tag("g", *points, class_="people")], "The search finds each user by name."
    )
    listed = [
        {
            "id": short(one.user_id, NAME),
            "responses": one.responses,
            "component": one.component + 1 if found.components > 1 else None,
            "near": list(one.near),
            "said": [short(text, UTTERANCE) for text in one.utterances],
        }
        for one in found.people
    ]
    field = tag(
        "input", type="search", id="who", autocomplete="off", spellcheck="false", placeholder="a user id, or part of it"
    )
    search = tag(
        "p", tag("label", "Search ", for_="who"), field, " ", tag("output", id="matches", for_="who"), class_="search"
    )
    key = [(f"component {n + 1} likeliest", f"solid c{n % COLOURS}") for n in range(found.components)]
    how, told = _of_map(found)
    shown_of = f"The {len(found.people):,} of {counted(found.users, 'user')} who answer most"
    who = shown_of if found.users > len(found.people) else counted(found.users, "user")
    caption = f"{who}: {how}. {told} Larger points are users with more training responses."
    shown = tag("div", id="person", aria_live="polite")
    return join(
        [
            search,
            legend(key if found.components > 1 else []),
            figure(join([drawing, _listed(found)]), caption),
            shown,
            data("people", listed),
        ]
    )


def _listed(found: Map) -> Markup:
    """The users with most training responses, each with those nearest to them."""
    people = sorted(found.people, key=lambda one: -one.responses)[:LISTED]
    several = found.components > 1
    rows = [
        [
            short(one.user_id, NAME),
            f"{one.responses:,}",
            *([str(one.component + 1)] if several else []),
            short(found.people[one.near[0]].user_id, NAME) if one.near else "",
        ]
        for one in people
    ]
    likeliest = ["likeliest component"] if several else []
    return numbers(("user", "training responses", *likeliest, "nearest"), rows)


def _of_map(found: Map) -> tuple[str, str]:
    """What the map shows, and how far it can be trusted."""
    nearest = len(found.people[0].near)
    near = f"Of each user's {nearest} nearest in the embedding, {found.near_kept:.0%} are also nearest on the map."
    share = f"{sum(found.shares):.0%} of the variance"
    if not found.by_neighbours:
        return "principal components of their embeddings", f"The plane keeps {share}. {near}"
    return (
        "their embeddings, drawn by t-SNE so that neighbours stay neighbours",
        f"Axes and distances between groups mean nothing. Two principal components would keep only {share}. {near}",
    )


def _frame(xs: Sequence[float], ys: Sequence[float]) -> Frame:
    across, up = MAP[0] - LEFT - RIGHT, MAP[1] - 2 * RIGHT
    scale = max((max(xs) - min(xs)) / across, (max(ys) - min(ys)) / up, 1e-9) * 1.04
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    half = scale * MAP[0] / 2, scale * MAP[1] / 2
    return Frame(*MAP, (middle[0] - half[0], middle[0] + half[0]), (middle[1] - half[1], middle[1] + half[1]))


def _radius(responses: int) -> float:
    return round(2.0 + min(4.0, 0.12 * math.sqrt(responses)), 1)


def training(shown: Sequence[Panel], further: Sequence[Panel], labels: Sequence[str]) -> Markup:
    """The training curves: a legend of the runs' ``labels``, the panels ``shown``, and ``further`` ones folded."""
    key = legend([(short(label, NAME), f"line {hue(n)}") for n, label in enumerate(labels)])
    more = (
        folded("Gradient norms and total losses", tag("div", *map(_panel, further), class_="panels"))
        if further
        else None
    )
    thin = any(one.style == "faint" for panel in (*shown, *further) for one in panel.series)
    smooth = tag("p", f"Thin lines: as logged. Thick lines: the running mean over {WINDOW} points.", class_="note")
    return join([key, smooth if thin else None, tag("div", *map(_panel, shown), class_="panels"), more])


def _panel(one: Panel) -> Markup:
    return figure(chart(one.series, one.title, "iteration"), tag("b", one.title + ". "), one.sentence)
