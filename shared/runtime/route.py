"""Route: who writes what and who reads it, drawn from the functions' own declarations.

`document` is `terraform/route.json`, from which the cloud is deployed; `mermaid` is the README's picture.
Both are made of declarations alone and sorted, so the same code always makes the same bytes.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from shared.domain.event import Scheduled, all_types, type_of
from shared.domain.parked import InputParked, InputRedriven
from shared.runtime import deployment
from shared.runtime.shapes import ENGINE_EVENTS, EVERY, Decider, Draw, Errand, Function, Shape

BEGIN, END = "<!-- route:begin -->", "<!-- route:end -->"


class NoPicture(Exception):
    """The README has no place for the picture."""


def document(functions: Sequence[Function]) -> dict[str, Any]:
    """The route as plain data.

    `functions.<name>`: `topic` it writes; `shapes`; `reads` as topic → event types (every topic, with no
    types, for a function that reads the log); `ordered` topics among them; `streams` as prefix → state;
    `every_s` of its schedules; `paths` it answers over HTTP; `views` of functions it looks at.
    `topics.<name>`: the function that `writes` it, the event `types` it carries, the functions that read it.
    What a deployment adds to each function, and `firestore`, are in `deployment`.
    """
    topics = {function.name: function.writes for function in functions}
    nodes = {
        function.name: _function(function, topics) for function in sorted(functions, key=lambda f: f.name)
    }
    return {
        "functions": nodes,
        "topics": {
            topic: {
                "writes": name,
                "types": _types(name),
                "read_by": [reader for reader, node in nodes.items() if topic in node["reads"]],
                "ordered": any(topic in node["ordered"] for node in nodes.values()),
            }
            for name, topic in sorted(topics.items(), key=lambda pair: pair[1])
        },
        "firestore": deployment.firestore(),
    }


def _function(function: Function, topics: dict[str, str]) -> dict[str, Any]:
    if reads_log(function):
        reads = {topic: list[str]() for topic in sorted(topics.values())} | _by_topic(function.reads, topics)
    else:
        reads = _by_topic(function.reads, topics)
    ordered = (
        type_of(body).name
        for shape in function.readers
        if isinstance(shape, Decider | Errand) and shape.ordered
        for body in shape.reads
        if body not in ENGINE_EVENTS
    )
    views = sorted(_views(function, topics))
    return {
        "topic": function.writes,
        "shapes": sorted(type(shape).__name__.lower() for shape in function.shapes),
        "reads": reads,
        "ordered": list(_by_topic(ordered, topics)),
        "streams": {prefix: fold.state.__name__ for prefix, fold in sorted(function.folds.items())},
        "every_s": sorted({every for shape in function.shapes if (every := _every_s(shape)) is not None}),
        "paths": sorted({path for intake in function.intakes for path in intake.paths}),
        "views": views,
        **deployment.needs(function, views, list(topics) if reads_log(function) else None),
    }


def _views(function: Function, names: Iterable[str]) -> set[str]:
    views = {view for intake in function.intakes for view in intake.views}
    return {name for name in names if name != function.name} if views == set(EVERY) else views


def reads_log(function: Function) -> bool:
    """Whether it looks through the log itself: an errand that nothing but its schedule wakes."""
    return any(errand.every_s is not None and set(errand.reads) <= {Scheduled} for errand in function.errands)


def _by_topic(types: Iterable[str], topics: dict[str, str]) -> dict[str, list[str]]:
    """Event types under the topic that carries them. A type of a function that is not there is a bug."""
    found: dict[str, list[str]] = {}
    for name in sorted(types):
        found.setdefault(topics[name.split(".")[1]], []).append(name)
    return {topic: found[topic] for topic in sorted(found)}


def _types(function: str) -> list[str]:
    """What a function may write. Dead letters are the engine's own and stay out of the picture."""
    return [
        known.name
        for known in all_types()
        if known.name.split(".")[1] == function and not issubclass(known.body, InputParked | InputRedriven)
    ]


def _every_s(shape: Shape) -> int | None:
    return shape.every_s if isinstance(shape, Draw | Errand) else None


def text(functions: Sequence[Function]) -> str:
    """`terraform/route.json`, byte for byte."""
    return json.dumps(document(functions), indent=2, ensure_ascii=False) + "\n"


def mermaid(functions: Sequence[Function]) -> str:
    """The route as a Mermaid flowchart: solid arrows are topics, dotted ones views for HTTP answers."""
    route = document(functions)["functions"]
    lines = ["flowchart TD"]
    for name, node in route.items():
        lines.append(f'  {name}["<b>{name}</b><br/>{", ".join(dict.fromkeys(node["shapes"]))}"]')
        if node["paths"]:
            lines.append(f'  {name}_http(["HTTP {" ".join(node["paths"])}"]) --> {name}')
        if node["every_s"]:
            often = ", ".join(_often(every) for every in node["every_s"])
            lines.append(f'  {name}_schedule(("{often}")) --> {name}')
    writer = {node["topic"]: name for name, node in route.items()}
    for name, node in route.items():
        named = [topic for topic, types in node["reads"].items() if types]
        if len(named) < len(node["reads"]):
            lines.append(f'  topics[/"every topic"/] --> {name}')
        lines += [f"  {writer[topic]} -- {topic} --> {name}" for topic in named]
    for name, node in route.items():
        others = [view for view in node["views"] if view != name]
        if len(others) == len(route) - 1:
            lines.append(f'  states[/"every state"/] -.-> {name}')
            continue
        lines += [f"  {view} -.-> {name}" for view in others]
    return "\n".join(lines) + "\n"


def _often(every_s: int) -> str:
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if every_s % seconds == 0:
            return f"every {every_s // seconds} {unit}"
    return f"every {every_s} s"


def illustrated(readme: str, picture: str) -> str:
    """The README with `picture` between its two route marks.

    Raises:
        NoPicture: the marks are missing, or in the wrong order.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPicture(f"README.md has no {BEGIN} … {END} block")
    return f"{before}{BEGIN}\n```mermaid\n{picture}```\n{END}{after}"


def files(functions: Sequence[Function], root: Path) -> dict[Path, str]:
    """The files made from the route, with what they must hold.

    Raises:
        NoPicture: there is no README, or it has no place for the picture.
    """
    readme = root / "README.md"
    if not readme.is_file():
        raise NoPicture("there is no README.md")
    return {
        root / "terraform" / "route.json": text(functions),
        readme: illustrated(readme.read_text(encoding="utf-8"), mermaid(functions)),
    }
