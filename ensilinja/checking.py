"""Every fault of the configuration at once: settings, key, county, questionnaires, texts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from core.catalogue import load_catalogue
from core.county import Catalogue
from core.faults import ConfigFaults, Fault
from core.settings import Settings, load_key, load_settings
from core.text import TextFaults, Texts
from ensilinja.notify.plan import load_plan
from router.services import Services
from triage.checking import all_faults as content_faults
from triage.definition import Content
from triage.loader import load as load_content

T = TypeVar("T")

LOCALE = Path(__file__).resolve().parent / "locale"


def all_faults(
    env: Mapping[str, str], overrides: Mapping[str, object] | None = None, *, is_demo: bool = False
) -> list[str]:
    """One line a fault with its file and key; empty when the start is allowed. A demo needs no approval."""
    lines: list[str] = []
    settings = found(lines, lambda: load_settings(env, overrides))
    if settings is not None:
        if not is_demo:
            found(lines, lambda: load_key(settings))
        if settings.sms_gateway is not None:
            found(lines, lambda: load_plan(settings.sms_gateway or Path()))
        lines += county_faults(settings, require_approval=not (is_demo or settings.testing))
    found(lines, lambda: Texts.load(LOCALE))
    return lines


def county_faults(settings: Settings, *, require_approval: bool) -> list[str]:
    """The faults of the county's folder and of what its files say about each other."""
    lines: list[str] = []
    catalogue = found(lines, lambda: load_catalogue(settings.county))
    folder = settings.county / "triage"
    lines += [str(fault) for fault in content_faults(folder, require_approval=require_approval)]
    # What is only not approved can still be compared with the catalogue.
    content = found([], lambda: load_content(folder, require_approval=False))
    if catalogue is not None and content is not None:
        lines += [str(fault) for fault in crossed(catalogue, content)]
    return lines


def crossed(catalogue: Catalogue, content: Content) -> list[Fault]:
    """Where the questionnaires name what the catalogue does not have."""
    known, guides = {queue.id for queue in catalogue.queues}, {guide.id for guide in catalogue.guides}
    links = [
        Fault(
            source=f"{topic.id}.rules.toml",
            key="self_care_links",
            message=f"service.toml has no guide {link!r}",
        )
        for topic in content.topics.values()
        for link in topic.self_care_links
        if link not in guides
    ]
    return links + [
        Fault(
            source=f"{topic.id}.rules.toml",
            key="queue",
            message=f"queues.toml has no queue {topic.queue!r}",
        )
        for topic in content.topics.values()
        if topic.queue not in known
    ]


def crossed_services(services: Services) -> None:
    """Raises ConfigFaults where the parts of a county do not fit together."""
    faults = crossed(services.catalogue, services.content)
    if faults:
        raise ConfigFaults(faults)


def found(lines: list[str], load: Callable[[], T]) -> T | None:
    """What `load` returns; its faults are added to `lines`."""
    try:
        return load()
    except ConfigFaults as faults:
        lines += [str(fault) for fault in faults.faults]
    except TextFaults as faults:
        lines += [f"locale: {line}" for line in str(faults).splitlines()]
    return None
