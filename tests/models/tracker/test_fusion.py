import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmgnntrack.functional import Matches
from mmgnntrack.models.tracker import HeatmapFusion, fusion


def poses(rng: np.random.Generator, count: int, size: tuple[int, int]) -> InstanceData:
    """Noise on regions of about the same place."""
    regions = np.concatenate([rng.uniform(0, 5, (count, 2)), rng.uniform(1, 1.5, (count, 2))], axis=-1)
    heatmaps = torch.from_numpy(rng.random((count, 3, *size[::-1]), np.float32))
    return InstanceData(heatmaps=heatmaps, regions=regions, unseen=rng.integers(1, 4, count))


@pytest.mark.parametrize('alignment', ['exact', 'centre'])
def test_people_are_fused_each_for_themselves(alignment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    reference, estimated = poses(rng, 6, (16, 20)), poses(rng, 5, (8, 12))
    matches = Matches(np.array([5, 0, 3, 1, 4]), np.array([2, 0, 4, 1, 3]), np.array([2]), np.array([], int))
    rule = HeatmapFusion(predicted_weight=0.4, confidence_power=2.0, unseen_power=1.0, alignment=alignment)
    alone = [
        rule.fuse(reference, estimated, matches._replace(rows=matches.rows[[at]], cols=matches.cols[[at]]))
        for at in range(5)
    ]
    for at_once in (64, 2):
        monkeypatch.setattr(fusion, '_AT_ONCE', at_once)
        fused = rule.fuse(reference, estimated, matches)
        assert fused.shape == (5, 3, 12, 8)
        torch.testing.assert_close(fused, torch.cat(alone))
    assert len(alone[0].unique()) > 9 and not torch.allclose(fused, estimated.heatmaps[matches.cols])


def test_without_matches_nothing_is_fused() -> None:
    rng, nobody = np.random.default_rng(0), np.array([], int)
    reference, estimated = poses(rng, 2, (16, 20)), poses(rng, 1, (8, 12))
    fused = HeatmapFusion().fuse(reference, estimated, Matches(nobody, nobody, np.arange(2), np.arange(1)))
    assert fused.shape == (0, 3, 12, 8)
