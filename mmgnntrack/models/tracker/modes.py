"""The rows of the paper's ablation, and beyond."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """What a tracker does in a frame.

    Attributes:
        predicts: whether new poses are compared with predicted ones, or with the last ones.
        similarity: how they are compared, one of `SIMILARITIES`.
        fuses: whether the heatmaps of matches are fused, and people whom the detector missed recovered.
    """

    predicts: bool
    similarity: str
    fuses: bool = False


#: By the word that configs say, `matching`.
MODES = dict(
    iou=Mode(predicts=False, similarity='iou'),
    oks=Mode(predicts=False, similarity='oks'),
    distance=Mode(predicts=False, similarity='distance'),
    gnn=Mode(predicts=True, similarity='oks'),
    full=Mode(predicts=True, similarity='oks', fuses=True),
)
