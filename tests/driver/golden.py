"""Exact golden values of the engine, in Python integers (README, "Jobs")."""


def product(weights, activations):
    """result[t][n] = sum over k of weights[n][k] * activations[t][k]."""
    return [[sum(w * a for w, a in zip(row, token)) for row in weights] for token in activations]


def largest(values):
    """The largest magnitude of one token's values: what `MAXIMUM` leaves in MAXIMUM[t]."""
    return max(abs(value) for value in values)


def requantize(value, maximum):
    """q = 127 v / maximum to the nearest, ties to even; 0 if the maximum is 0; beyond the maximum counts as it."""
    if maximum == 0:
        return 0
    q, rest = divmod(127 * min(abs(value), maximum), maximum)
    if 2 * rest > maximum or (2 * rest == maximum and q % 2):
        q += 1
    return -q if value < 0 else q


class Model:
    """What a sequence of jobs gives: the maxima live from job to job, and KEEP hands activations to the next."""

    def __init__(self, maxima):
        self.maxima = list(maxima)

    def run(self, raw, maximum, scale, values):
        """One job's values[t][n]; gives (raw, quantized), each values[t][n] or None."""
        if maximum:
            self.maxima[: len(values)] = [largest(token) for token in values]
        quantized = [[requantize(v, self.maxima[t]) for v in token] for t, token in enumerate(values)]
        return (values if raw else None, quantized if scale else None)
