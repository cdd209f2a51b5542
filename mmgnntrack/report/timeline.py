"""Who follows whom in a sequence, frame by frame."""

from dataclasses import dataclass

import numpy as np

from mmgnntrack.evaluation.functional.average_precision import with_total
from mmgnntrack.evaluation.functional.clear_mot import count_sequence, match_tracks, mot_percentages
from mmgnntrack.evaluation.functional.matching import MatchedVideo, assign_poses, match_video
from mmgnntrack.posetrack import PoseVideo

#: In place of an identity: the person is not annotated in the frame, or no pose covers the person.
ABSENT, MISSED = -2, -1
#: Of a person's joints, those that a pose must have to cover the person: single ones match by chance.
MIN_SHARE = 0.2
#: Where a sequence has more frames, MOTA is computed at evenly spaced ones: each needs all frames before it.
_MOTA_POINTS = 200


@dataclass
class Timeline:
    """Who follows whom: N annotated people in the T frames that have any.

    Attributes:
        frames: (T,) their positions in the file.
        people: (N,) the track ids of the people.
        identities: (N, T) the predicted track id of the pose that covers the person, or `MISSED`, or `ABSENT`.
        found: (N, T) how many of the person's joints match that pose's.
        annotated: (N, T) how many joints the person has.
        extra: (T,) the number of predicted poses that cover nobody.
        mota: (T,) see `mota_so_far`.
    """

    frames: np.ndarray
    people: np.ndarray
    identities: np.ndarray
    found: np.ndarray
    annotated: np.ndarray
    extra: np.ndarray
    mota: np.ndarray

    @classmethod
    def of(cls, gt: PoseVideo, pred: PoseVideo, official_quirks: bool) -> 'Timeline':
        """Follow the people of a video.

        Args:
            gt: annotations with track ids.
            pred: predictions with track ids, those that the tracking figures see.
            official_quirks: see `evaluate`.

        Raises:
            PoseTrackFormatError: see `match_video`.
        """
        video = match_video(gt, pred)
        frames = [index for index, frame in enumerate(gt.frames) if len(frame)]
        identities = np.full((len(video.gt_ids), len(frames)), ABSENT)
        found, annotated = np.zeros_like(identities), np.zeros_like(identities)
        annotated[video.gt_tracks, video.gt_frames] = video.has_gt.sum(-1)
        identities[annotated > 0] = MISSED
        covered, covering, joints = covers(video)
        cells = video.gt_tracks[covered], video.gt_frames[covered]
        identities[cells], found[cells] = video.pred_ids[video.pred_tracks[covering]], joints
        extra = video.has_pred.any(-1)
        extra[covering] = False
        return cls(
            frames=np.array(frames, np.int64),
            people=video.gt_ids,
            identities=identities,
            found=found,
            annotated=annotated,
            extra=np.bincount(video.pred_frames[extra], minlength=len(frames)),
            mota=mota_so_far(video, official_quirks),
        )

    def events(self) -> list[tuple[int, int, str]]:
        """Row, column and kind of each event, person by person: `miss` where a run of misses begins, `recovery` where
        it ends, `switch` where the identity is not the last one that covered the person. Frames in which the person is
        not annotated count for nothing."""
        events = []
        for row, identities in enumerate(self.identities.tolist()):
            last, before = MISSED, ABSENT
            for column, identity in enumerate(identities):
                if identity == ABSENT:
                    continue
                if identity == MISSED:
                    events += [(row, column, 'miss')] if before != MISSED else []
                else:
                    events += [(row, column, 'recovery')] if before == MISSED else []
                    events += [(row, column, 'switch')] if last not in (MISSED, identity) else []
                    last = identity
                before = identity
        return events


def covers(video: MatchedVideo) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which pose covers whom: the one with the most of the person's joints, as CLEAR-MOT matches them, if enough.

    That matching keeps partners, so that people who meet do not seem to exchange identities. A pose covers one person
    at most, the one of whom it has the largest share.

    Returns:
        The covered people, the poses that cover them, and how many joints they share, each (m,).
    """
    joints = match_tracks(video).sum(-1)
    shares = joints / np.maximum(video.has_gt.sum(-1), 1)[video.pair_gt]
    pairs = assign_poses(np.where(shares >= MIN_SHARE, shares, 0), video.pair_gt, video.pair_pred)
    return video.pair_gt[pairs], video.pair_pred[pairs], joints[pairs]


def mota_so_far(video: MatchedVideo, official_quirks: bool) -> np.ndarray:
    """MOTA of all frames up to each one.

    The official quirks leave out a sequence's last frame: there the value is NaN, and the one before it is the MOTA of
    the sequence. In sequences of more than 200 frames most values are NaN.

    Returns:
        (T,) in percent, the mean over the joints; NaN also where no joint is annotated yet.
    """
    values = np.full(video.num_frames + 1, np.nan)
    every = 1 + video.num_frames // _MOTA_POINTS
    for length in range(video.num_frames, 0, -1):
        if (len(values) - 1 - length) % every == 0:
            counts = count_sequence(video, official_quirks=official_quirks)
            values[length] = with_total(mot_percentages(counts)['mota'])[-1]
        video = video.without_last_frame()
    # Counted officially, the first frames tell of all of them but the last.
    return np.append(values[2:], np.nan)[: len(values) - 1] if official_quirks else values[1:]
