"""Keypoints and scores from the results of other libraries, for `KeypointTracker`. None of them is imported."""

import numpy as np

#: The landmarks of MediaPipe's pose models, in order:
#: https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker
MEDIAPIPE_JOINTS = (
    'nose',
    *(f'{side}_eye{part}' for side in ('left', 'right') for part in ('_inner', '', '_outer')),
    'left_ear',
    'right_ear',
    'mouth_left',
    'mouth_right',
    *(
        f'{side}_{joint}'
        for joint in (
            'shoulder',
            'elbow',
            'wrist',
            'pinky',
            'index',
            'thumb',
            'hip',
            'knee',
            'ankle',
            'heel',
            'foot_index',
        )
        for side in ('left', 'right')
    ),
)


def from_ultralytics(results: object) -> tuple[np.ndarray, np.ndarray]:
    """Of one frame's `ultralytics.engine.results.Results`, or the list of one that a model returns.

    Returns:
        keypoints (N, K, 2) image px and scores (N, K), 1 where the model gives none.

    Raises:
        ValueError: if the model is none of poses.
    """
    result = results[0] if isinstance(results, list | tuple) else results
    if result.keypoints is None:
        raise ValueError('from_ultralytics: the results have no keypoints: expected those of a pose model')
    keypoints = _array(result.keypoints.xy)
    scores = result.keypoints.conf
    # What it does not see it puts into the corner.
    seen = (keypoints != 0).any(-1)
    return keypoints, seen * (1.0 if scores is None else _array(scores))


def from_mediapipe(result: object, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Of a `PoseLandmarkerResult`, or of the older `solutions.pose` for one person.

    Args:
        result: of one frame.
        size: (width, height) of the image in px.

    Returns:
        keypoints (N, 33, 2) image px of `MEDIAPIPE_JOINTS` and scores (N, 33), their visibility.
    """
    people = result.pose_landmarks or []
    if hasattr(people, 'landmark'):
        people = [people.landmark]
    rows = [[(mark.x, mark.y, mark.visibility) for mark in person] for person in people]
    values = np.array(rows, np.float64).reshape(-1, len(MEDIAPIPE_JOINTS), 3)
    return values[..., :2] * size, values[..., 2]


def _array(values: object) -> np.ndarray:
    """A torch tensor on any device, or an array."""
    return np.asarray(values.cpu() if hasattr(values, 'cpu') else values, np.float64)
