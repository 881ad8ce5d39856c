"""Offers a second of the pure matcher (P2a): 200 agents, 20 queues, 100 to 100,000 waiting.

python -m benchmarks.matcher
"""

import random
from datetime import UTC, datetime, timedelta
from time import process_time

from benchmarks.machine import told
from queues.line import Agent, Line, Settings, Waiting
from queues.matcher import match

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
QUEUES = [f"q{number}" for number in range(20)]
GOAL = 20_000
AGENTS, ROUNDS = 200, 5


def entry(number: int, chance: random.Random) -> Waiting:
    arrived = NOW - timedelta(seconds=chance.randrange(90, 7_200))
    return Waiting(
        id=number,
        matter=number,
        queue=chance.choice(QUEUES),
        channel=chance.choice(["chat", "chat", "callback", "message"]),
        tier=chance.choice([1, 2, 2, 2]),
        due_at=arrived + timedelta(minutes=chance.randrange(5, 480)),
        arrived_at=arrived,
        queued_here_at=arrived,
        language=chance.choice(["fi", "fi", "fi", "sv", "en"]),
    )


def agent(number: int, chance: random.Random) -> Agent:
    return Agent(
        id=number,
        queues=frozenset(chance.sample(QUEUES, 4)),
        languages=frozenset(["fi", *chance.sample(["sv", "en"], 1)]),
        capacity=3,
        idle_since=NOW - timedelta(seconds=number),
    )


def measure(waiting: int, *, kept: bool) -> float:
    """Offers a second of processor time; `kept` measures with an index that was made before."""
    chance = random.Random(waiting)
    line = [entry(number, chance) for number in range(1, waiting + 1)]
    agents = [agent(number, chance) for number in range(1, AGENTS + 1)]
    given = Line(line) if kept else line
    best = 0.0
    for _ in range(ROUNDS):
        started = process_time()
        offers = len(match(given, agents, NOW, Settings()).offers)
        best = max(best, offers / (process_time() - started))
    return best


def main() -> None:
    """Prints the table and the growth."""
    print(f"P2a, {AGENTS} agents, {len(QUEUES)} queues, processor time, the best of {ROUNDS}; {told()}")
    rates = []
    for waiting in (100, 1_000, 10_000, 100_000):
        kept, anew = measure(waiting, kept=True), measure(waiting, kept=False)
        rates.append(kept)
        print(f"{waiting:>7,} waiting: {kept:>9,.0f} offers/s kept index, {anew:>9,.0f} made anew")
    print(f"at 1,000 waiting {rates[1] / GOAL:.1f} x the gate of {GOAL:,} offers/s")
    print(
        f"from 100 to 100,000 waiting an offer takes {rates[0] / rates[-1]:.1f} x as long (gate 3, goal 1.5)"
    )


if __name__ == "__main__":
    main()
