import itertools

import numpy as np

from mmgnntrack.visualization.colors import PALETTE, contrasting, identity_color, lightened


def test_an_identity_keeps_its_colour() -> None:
    assert [identity_color(identity) for identity in range(len(PALETTE))] == list(PALETTE)
    assert identity_color(np.int64(3)) == identity_color(3) == identity_color(3 + 7 * len(PALETTE))


def test_colours_differ_under_colour_blindness() -> None:
    # Normal, protanope and deuteranope vision: Machado et al. (2009), on linear RGB.
    linear = (np.array(PALETTE)[:, ::-1] / 255) ** 2.2
    for matrix in (
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ):
        seen = (linear @ np.transpose(matrix)).clip(0, 1) ** (1 / 2.2) * 255
        for one, other in itertools.combinations(seen, 2):
            assert np.abs(one - other).max() > 30


def test_lightened_and_contrasting() -> None:
    for color in PALETTE:
        assert sum(color) < sum(lightened(color, 0.3)) < sum(lightened(color, 0.6)) < 3 * 255
    assert contrasting((255, 255, 255)) == (0, 0, 0)
    assert contrasting((0, 0, 90)) == (255, 255, 255)
