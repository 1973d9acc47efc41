"""One entry of each loss in plain numbers, written from its formula."""

import math

BINS = [0.0, 2.0, 3.0, 7.0]


def softplus(z: float) -> float:
    return max(z, 0) + math.log1p(math.exp(-abs(z)))


def softmax(z: list[float]) -> list[float]:
    e = [math.exp(x - max(z)) for x in z]
    return [x / sum(e) for x in e]


def cross_entropy(z: list[float], y: list[float]) -> float:
    return -sum(share * math.log(p) for share, p in zip(y, softmax(z), strict=True))


def one_hot(k: int, n: int) -> list[float]:
    return [float(j == k) for j in range(n)]


def smoothed(y: list[float], e: float) -> list[float]:
    return [(1 - e) * share + e / len(y) for share in y]


def sigmoid_cross_entropy(z: float, y: float) -> float:
    return y * softplus(-z) + (1 - y) * softplus(z)


def smooth_l1(p: float, y: float, beta: float) -> float:
    return (p - y) ** 2 / (2 * beta) if abs(p - y) < beta else abs(p - y) - beta / 2


def distance(p: float, ends: list[float]) -> float:
    return ends[0] - p if p < ends[0] else p - ends[1] if p > ends[1] else 0.0


def laplace(p: float, s: float, ends: list[float]) -> float:
    away = distance(p, ends)
    return 0.0 if ends[0] < ends[1] and away == 0 else away / math.exp(s) + s


def mean(z: list[float]) -> float:
    return sum(p * b for p, b in zip(softmax(z), BINS, strict=True))


def dex(z: list[float], y: float) -> float:
    bins, shares = BINS, [0.0] * len(z)
    y = min(max(y, bins[0]), bins[-1])
    k = max(j for j in range(len(bins) - 1) if bins[j] <= y)
    shares[k + 1] = (y - bins[k]) / (bins[k + 1] - bins[k])
    shares[k] = 1 - shares[k + 1]
    return cross_entropy(z, shares)


def dldl(z: list[float], y: float, sigma: float, weight: float) -> float:
    density = [math.exp(-((b - y) ** 2) / (2 * sigma**2)) for b in BINS]
    shares = [d / sum(density) for d in density]
    divergence = sum(q * math.log(q / p) for q, p in zip(shares, softmax(z), strict=True))
    return divergence + weight * abs(mean(z) - y)


def mean_variance(z: list[float], y: float, by_mean: float, by_variance: float) -> float:
    variance = sum(p * (b - mean(z)) ** 2 for p, b in zip(softmax(z), BINS, strict=True))
    return dex(z, y) + by_mean * (mean(z) - y) ** 2 / 2 + by_variance * variance


def hinge_pair(a: float, b: float, t: float, margin: float) -> float:
    return t * max(0, b - a + margin) + (1 - t) * max(0, a - b + margin)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def bradley_terry(a: float, b: float, t: float, log_tie: float) -> float:
    tie = math.exp(log_tie + (a + b) / 2)
    total = math.exp(a) + math.exp(b) + tie
    outcomes = (2 * t - 1, math.exp(a)) if t >= 0.5 else (1 - 2 * t, math.exp(b))
    return -outcomes[0] * math.log(outcomes[1] / total) - (1 - outcomes[0]) * math.log(tie / total)


def distillation(z: list[float], y: list[float], t: float) -> float:
    q = softmax([x / t for x in z])
    softened = [share ** (1 / t) for share in y]
    p = [x / sum(softened) for x in softened]
    return t**2 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def cosine(x: list[float], y: list[float]) -> float:
    return 1 - sum(a * b for a, b in zip(x, y, strict=True)) / math.hypot(*x) / math.hypot(*y)
