"""Words for the figures of the studies of routes; nothing here knows which route ought to win."""

from collections.abc import Iterator, Mapping

from mien.studies.core.bootstrap import Estimate, against, leaders
from mien.studies.routes.measures import AUC, ECE, F1, NLL, best_and_rest
from mien.studies.routes.routes import DIRECT, EXACT, LANDMARKS, UNITS

Hits = Mapping[str, Mapping[str, Estimate]]
Values = Mapping[tuple[str, str], Mapping[str, float]]
Curves = Mapping[str, Mapping[tuple[str, int], Estimate]]
RIVALS = (DIRECT, LANDMARKS)
ALL, RENDERED = "ferplus, all", "rendered, frontal"
LOSSES = {F1: 0.0, AUC: 0.5}
"""Measures whose loss from view to view is told, with what is nothing to lose."""


def judge_routes(results: Mapping[str, Hits], spreads: Values, curves: Curves, speeds: Values) -> Iterator[str]:
    """Sentences of `au-or-classes`, the first one standing alone."""
    yield headline(results, curves)
    for faces, hits in results.items():
        for rival in RIVALS:
            yield against(f"{F1}, {faces}", (UNITS, hits[UNITS][F1]), (rival, hits[rival][F1]))
    for measure, least in ((AUC, False), (ECE, True), (NLL, True)):
        estimates = {name: hits[measure] for name, hits in results[ALL].items()}
        word = "lowest" if least else "highest"
        yield f"{measure} on {ALL}: {word} with {best_and_rest(estimates, leaders(estimates, least))}."
    for key, words in (
        ((ALL, "intra-class spread"), "least intra-class spread on ferplus"),
        ((RENDERED, "intra-class spread"), "least intra-class spread on renders"),
        ((RENDERED, "person over display"), "least of the person, against the display, in the representation"),
        ((RENDERED, "accuracy, deviation over people"), "least spread of accuracy over people"),
        (("one thread", "ms a face, after the landmarks"), "fastest once the landmarks are found"),
    ):
        yield f"{words[0].upper()}{words[1:]}: {ranked(spreads.get(key) or speeds[key])}."
    yield from (line for name, curve in curves.items() for line in judge_reuse(name, curve))


def headline(results: Mapping[str, Hits], curves: Curves) -> str:
    """Which route leads on each set of faces, and what the rules tell without a label."""
    parts = []
    for faces, hits in results.items():
        estimates = {name: hits[name][F1] for name in hits}
        parts.append(f"{faces}: {best_and_rest(estimates, leaders(estimates))}")
    rules = [f"{name} {curve[UNITS, 0].value:.3f}" for name, curve in curves.items() if (UNITS, 0) in curve]
    by_rule = f" Without any new label Action Units tell by rule (AUC): {'; '.join(rules)}." if rules else ""
    return f"Highest {F1}: {'; '.join(parts)}.{by_rule}"


def ranked(values: Mapping[str, float]) -> str:
    """'A (0.1), B (0.2)' from the least value on.

    >>> ranked({"b": 2.0, "a": 1.0})
    'a (1), b (2)'
    """
    return ", ".join(f"{name} ({value:.3g})" for name, value in sorted(values.items(), key=lambda pair: pair[1]))


def judge_reuse(category: str, curve: Mapping[tuple[str, int], Estimate]) -> Iterator[str]:
    """Which route learns a new category best at each k, and how many labels the others need to reach the rule."""
    shots = sorted({k for _, k in curve if k})
    for k in shots:
        estimates = {name: estimate for (name, at), estimate in curve.items() if at == k}
        yield f"{category}, {k} labelled faces: highest AUC with {best_and_rest(estimates, leaders(estimates))}."
    if (UNITS, 0) not in curve:
        return
    rule = curve[UNITS, 0].value
    needs = []
    for name in dict.fromkeys(name for name, at in curve if at):
        enough = next((k for k in shots if curve[name, k].value >= rule), None)
        needs.append(f"{name} {'more than ' + str(shots[-1]) if enough is None else enough}")
    yield f"{category}, labelled faces until a read-out reaches the rule ({rule:.3f}): {', '.join(needs)}."


def judge_pose(yaw: Mapping[int, Hits], pitch: Mapping[int, Hits], voted: Mapping[str, Hits]) -> Iterator[str]:
    """Sentences of `landmarks-under-pose`, the first one standing alone."""
    yield _pose_headline(yaw, voted)
    for measure, floor in LOSSES.items():
        yield from _losses("yaw", measure, floor, yaw)
        yield from _losses("pitch", measure, floor, pitch)
    for angle, hits in yaw.items():
        for rival in RIVALS:
            yield against(f"{F1}, rendered, yaw {angle}", (UNITS, hits[UNITS][F1]), (rival, hits[rival][F1]))
    for faces, hits in voted.items():
        for rival in RIVALS:
            yield against(f"{F1}, {faces}", (UNITS, hits[UNITS][F1]), (rival, hits[rival][F1]))
    most = max(yaw)
    pair = [(name, yaw[most][name][F1]) for name in (EXACT, LANDMARKS)]
    yield against(f"{F1}, rendered, yaw {most}, where the landmarks lie exactly", pair[0], pair[1])


def _pose_headline(yaw: Mapping[int, Hits], voted: Mapping[str, Hits]) -> str:
    most = max(yaw)
    losses = {name: yaw[0][name][F1].relative_loss(yaw[most][name][F1]) for name in (UNITS, *RIVALS)}
    least, *close = leaders(losses, least=True)
    shares = ", ".join(f"{name} {loss.value:.0%}" for name, loss in losses.items())
    sure = f" (not surely less than {', '.join(close)})" if close else ""
    turned = []
    for faces, hits in voted.items():
        estimates = {name: hits[name][F1] for name in (UNITS, *RIVALS)}
        turned.append(f"{faces}: {best_and_rest(estimates, leaders(estimates))}")
    return (
        f"Part of {F1} lost on rendered faces from yaw 0 to {most}: {shares}; least with {least}{sure}. "
        f"Highest {F1} on real faces: {'; '.join(turned)}."
    )


def _losses(axis: str, measure: str, floor: float, views: Mapping[int, Hits]) -> Iterator[str]:
    """The part of a measure that each route loses from the frontal view to each other one."""
    for angle, hits in views.items():
        if angle == 0:
            continue
        losses = {name: views[0][name][measure].relative_loss(hits[name][measure], floor) for name in hits}
        shares = ", ".join(
            f"{name} {loss.value:.1%} ({loss.low:.1%} to {loss.high:.1%})" for name, loss in losses.items()
        )
        rivals = {name: losses[name] for name in (UNITS, *RIVALS)}
        least, *close = leaders(rivals, least=True)
        sure = f", not surely less than with {', '.join(close)}" if close else ""
        what = f"{measure} above {floor:g}" if floor else measure
        yield f"Loss of {what} from {axis} 0 to {angle}: {shares}; of the three least with {least}{sure}."
