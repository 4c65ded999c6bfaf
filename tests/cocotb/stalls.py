"""When a channel stands still: pauses for the bus models' generators."""


def pauses(random):
    """For each cycle, whether to pause: by turns never, now and then, mostly, and for long."""
    while True:
        chance = random.choice((0.0, 0.0, 0.2, 0.6, 0.9))
        for _ in range(random.randint(1, 60)):
            yield random.random() < chance
        if random.random() < 0.05:
            for _ in range(random.randint(20, 120)):
                yield True
