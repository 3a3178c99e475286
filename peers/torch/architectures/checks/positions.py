"""Rotary positions and their scalings, ALiBi, T5's buckets, sinusoids."""

import math

import torch

from ..alibi import alibi, alibi_slopes
from ..attention import distances
from ..rope import inverse_frequencies, rope_settings, rope_tables, rotate
from ..t5 import position_bucket
from ..transformer import sinusoids
from .tiny import close

POSITIONS = torch.arange(40)


def turned(x, positions, settings):
    return rotate(x, *rope_tables(settings, x.shape[-1], positions, 64))


def check_rope_is_complex_multiplication():
    x = torch.randn(2, 3, 40, 8)
    got = turned(x, POSITIONS, rope_settings(10000.0))
    angles = torch.tensor([[p * 10000 ** (-2 * i / 8) for i in range(4)] for p in range(40)])
    whole = torch.complex(x[..., :4], x[..., 4:]) * torch.polar(torch.ones(40, 4), angles)
    assert close(got, torch.cat([whole.real, whole.imag], dim=-1))


def check_rope_scores_depend_on_distance():
    q, k = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    for settings in (rope_settings(10000.0), rope_settings(1e6, {"type": "linear", "factor": 4.0})):
        def score(i, j):
            at = [turned(x, torch.tensor([p]), settings) for x, p in ((q, i), (k, j))]
            return (at[0] * at[1]).sum()

        assert close(score(9, 5), score(33, 29)) and not close(score(9, 5), score(9, 4))


def check_rope_in_rows():
    rows = torch.stack([POSITIONS, POSITIONS + 5])
    x, settings = torch.randn(2, 3, 40, 8), rope_settings(500.0)
    alone = [turned(x[i : i + 1], rows[i], settings) for i in range(2)]
    assert close(turned(x, rows, settings), torch.cat(alone))


def check_linear_and_dynamic():
    x = torch.randn(1, 2, 40, 8)
    plain = rope_settings(10000.0)
    linear = rope_settings(10000.0, {"rope_type": "linear", "factor": 4.0})
    assert close(turned(x, 4 * POSITIONS, linear), turned(x, POSITIONS, plain))
    dynamic = rope_settings(10000.0, {"rope_type": "dynamic", "factor": 2.0})
    assert close(turned(x, POSITIONS, dynamic), turned(x, POSITIONS, plain))  # 40 of 64 trained
    longer, _ = inverse_frequencies(dynamic, 8, 128, 64)
    theta = 10000 * 3 ** (8 / 6)  # (2 * 128 / 64 - 1) to the power d / (d - 2)
    assert close(longer, theta ** (-torch.arange(0, 8, 2) / 8))


def check_llama3():
    scaling = {
        **{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0},
        "original_max_position_embeddings": 8192,
    }
    plain, _ = inverse_frequencies(rope_settings(500000.0), 128, 1, 131072)
    got, factor = inverse_frequencies(rope_settings(500000.0, scaling), 128, 1, 131072)
    for before, after in zip(plain.tolist(), got.tolist()):
        wavelength = 2 * math.pi / before
        if wavelength < 8192 / 4:
            expected = before
        elif wavelength > 8192:
            expected = before / 8
        else:
            smooth = (8192 / wavelength - 1) / 3
            expected = (1 - smooth) * before / 8 + smooth * before
        assert abs(after - expected) <= 1e-15
    assert factor == 1.0 and 0 < (got != plain).sum() < 64


def check_yarn():
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    plain, _ = inverse_frequencies(rope_settings(1e6), 128, 1, 131072)
    got, factor = inverse_frequencies(rope_settings(1e6, scaling), 128, 1, 131072)
    assert abs(factor - (0.1 * math.log(4) + 1)) < 1e-12
    # Components 23 to 40: 128 ln(32768 / (2 pi n)) / (2 ln 1e6) for n = 32 is 23.6, for n = 1 39.7.
    assert close(got[:24], plain[:24]) and not close(got[24], plain[24])
    assert close(got[40:], plain[40:] / 4, 1e-15) and got[39] > plain[39] / 4
    middle = (30 - 23) / (40 - 23)
    assert close(got[30], plain[30] * (1 - middle) + plain[30] / 4 * middle, 1e-15)
    same = {"rope_type": "yarn", "rope_theta": 1e6, "factor": None}
    parameters = {**same, "original_max_position_embeddings": 32768}
    again, _ = inverse_frequencies(rope_settings(0.0, None, parameters), 128, 1, 131072)
    assert close(again, got)


def check_alibi():
    assert close(alibi_slopes(8), 2.0 ** -torch.arange(1, 9))
    assert close(alibi_slopes(16), 2.0 ** (-torch.arange(1, 17) / 2))
    twelve = [2**-i for i in range(1, 9)] + [2 ** (-i / 2) for i in (1, 3, 5, 7)]
    assert close(alibi_slopes(12), torch.tensor(twelve))
    got = alibi(8, distances(torch.arange(5)))
    assert got[1, 4, 1] == got[1, 1, 4] == -3 / 4 and (got.diagonal(dim1=1, dim2=2) == 0).all()
    rows = torch.stack([torch.arange(5), 2 * torch.arange(5)])
    assert close(alibi(8, distances(rows)), torch.stack([got, 2 * got]))


def exact_bucket(relative, bidirectional, buckets, farthest):
    """The paper's bucket in whole numbers, where nothing rounds."""
    first, distance = 0, max(-relative, 0)
    if bidirectional:
        buckets //= 2
        first, distance = (buckets if relative > 0 else 0), abs(relative)
    single = buckets // 2
    if distance < single:
        return first + distance
    n = buckets - single
    # log(distance / single) / log(farthest / single) * n >= step, with powers for logarithms
    reached = [
        step
        for step in range(n)
        if distance**n * single**step >= farthest**step * single**n
    ]
    return first + single + reached[-1]


def check_t5_buckets():
    relative = torch.arange(-300, 301)
    for bidirectional in (True, False):
        for buckets, farthest in ((32, 128), (8, 12), (16, 50)):
            got = position_bucket(relative, bidirectional, buckets, farthest)
            want = [exact_bucket(r, bidirectional, buckets, farthest) for r in relative.tolist()]
            assert got.tolist() == want, (bidirectional, buckets, farthest)
    # By hand, from the values T5's authors give: eight single steps a side, then up to 128.
    some = position_bucket(torch.tensor([0, 1, -1, -7, -8, 8, 127, 128, 999]), True, 32, 128)
    assert some.tolist() == [0, 17, 1, 7, 8, 24, 31, 31, 31]


def check_sinusoids():
    table = sinusoids(POSITIONS, 6)
    for p, i in ((0, 0), (7, 1), (39, 2)):
        angle = p / 10000 ** (2 * i / 6)
        assert abs(table[p, 2 * i] - math.sin(angle)) < 1e-12
        assert abs(table[p, 2 * i + 1] - math.cos(angle)) < 1e-12
