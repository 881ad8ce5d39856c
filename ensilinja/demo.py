"""The demo's people: invented staff with one printed password. Only `demo` has them."""

from collections.abc import Sequence
from dataclasses import replace

from core.county import Catalogue
from core.hours import ALWAYS_OPEN
from core.identity import Role
from core.store import Tx
from ensilinja import accounts
from ensilinja.accounts import NewAccount
from ensilinja.auth.passwords import hashed

PASSWORD = "ensilinja-demo"  # noqa: S105 - printed on the screen, and only this machine can reach the demo


def nurse(username: str, name: str, *queues: str, profession: str, languages: Sequence[str]) -> NewAccount:
    """A professional of the demo."""
    return NewAccount(
        username=username,
        name=name,
        profession=profession,
        roles=(Role.AGENT,),
        queues=queues,
        languages=tuple(languages),
    )


PEOPLE = (
    nurse("maija", "Maija M.", "nurse", "ems", profession="sairaanhoitaja", languages=("fi", "en")),
    nurse("ville", "Ville V.", "nurse", "mental", profession="sairaanhoitaja", languages=("fi", "sv")),
    nurse("sanna", "Sanna S.", "physio", profession="fysioterapeutti", languages=("fi", "en")),
    nurse("ritva", "Ritva R.", "mental", profession="psykiatrinen sairaanhoitaja", languages=("fi",)),
    nurse("timo", "Timo T.", "dental", profession="suuhygienisti", languages=("fi", "sv", "en")),
    nurse("helmi", "Helmi H.", "maternity", profession="terveydenhoitaja", languages=("fi", "sv")),
    nurse("oona", "Oona O.", "social", profession="sosiaaliohjaaja", languages=("fi", "en")),
    nurse("eero", "Eero E.", "info", profession="palveluneuvoja", languages=("fi", "sv", "en")),
    NewAccount(username="liisa", name="Liisa L.", profession="palveluesihenkilö", roles=(Role.SUPERVISOR,)),
)


def open_at_all_hours(catalogue: Catalogue) -> Catalogue:
    """The county with every queue, line and door always open, and texts sent at night as well: a demo is
    looked at on Sundays and in the evening too.
    """
    return replace(
        catalogue,
        limits=replace(catalogue.limits, quiet_from_hour=0, quiet_until_hour=0),
        queues=tuple(
            replace(q, service_hours=ALWAYS_OPEN, intake_hours=ALWAYS_OPEN, intake_until=None)
            for q in catalogue.queues
        ),
        lines=tuple(replace(line, hours=ALWAYS_OPEN) for line in catalogue.lines),
        doors=tuple(
            replace(d, service_hours=ALWAYS_OPEN, intake_hours=ALWAYS_OPEN, intake_until=None)
            for d in catalogue.doors
        ),
    )


def people_for(catalogue: Catalogue) -> list[NewAccount]:
    """The demo's staff in this county; whoever has no queue here serves all of them."""
    known = tuple(queue.id for queue in catalogue.queues)
    return [
        replace(person, queues=tuple(q for q in person.queues if q in known) or known)
        if person.queues
        else person
        for person in PEOPLE
    ]


def seed(tx: Tx, catalogue: Catalogue) -> int:
    """Makes the demo accounts that are not there yet; returns how many were made."""
    missing = [person for person in people_for(catalogue) if accounts.find(tx, person.username) is None]
    # One hash for all: argon2 takes its time, and the password is no secret.
    hash_ = hashed(PASSWORD) if missing else ""
    known = {queue.id for queue in catalogue.queues}
    for person in missing:
        accounts.create(tx, person, hash_, known)
    return len(missing)


def welcome(port: int, folder: str) -> str:
    """What the demo says when its doors are open."""
    logins = "\n".join(f"  {p.username:<8}{p.name:<10}{p.profession} {' '.join(p.queues)}" for p in PEOPLE)
    base = f"http://127.0.0.1:{port}"
    return f"""
Ensilinja's demo is open, for this machine only. Nothing in it is real; do not write real health data.

  resident          {base}/
  telephone         {base}/demo/puhelin
  professional      {base}/kirjaudu
  supervisor        {base}/kirjaudu

Sign in with the password {PASSWORD} as
{logins}

Data: {folder}    Stop: Ctrl-C
"""
