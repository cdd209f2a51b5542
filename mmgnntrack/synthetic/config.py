"""Settings of the procedural data set."""

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

SPLITS = ('train', 'val')

#: What makes a harder set: more people, longer occlusions, faster motion, and half the frame rate.
HARD = MappingProxyType(
    dict(people=(4, 10), occluders=(2, 4), crossing_share=0.8, uniform_share=0.3, speed=1.3, frame_rate=10.0)
)

#: Settings that decide how many videos there are, not what one video looks like.
_EXTENT = ('train_videos', 'val_videos')


@dataclass(frozen=True)
class SynthTrackConfig:
    """What to generate. The defaults are the standard set, with about as many people in a frame as PoseTrack has;
    they hide one another more and move farther between frames than there. Other values make a harder set.

    Args:
        seed: Random seed; every video has its own stream, drawn from the seed, the split and the video's number.
        train_videos: Number of training videos.
        val_videos: Number of validation videos.
        frames: Frames per video.
        size: (width, height) of the images in pixels.
        frame_rate: Frames per second; fewer means more motion between frames.
        speed: Factor on how fast people move.
        people: Fewest and most labelled people per video.
        occluders: Fewest and most pieces of furniture that people pass behind.
        crossing_share: Share of the videos whose people are steered to cross in the image.
        uniform_share: Share of the videos in which all people wear the same clothes.
        crowd_share: Share of the videos with an unlabelled crowd inside an ignore region.
        partly_labelled_share: Share of the videos with unlabelled frames.
        camera_motion: Factor on how far the camera pans, tilts and zooms; 0 keeps it still.
        subframes: Instants averaged into a frame (motion blur).
        supersampling: Factor by which frames are drawn larger than they are written (antialiasing).
        jpeg_quality: 1 to 100.

    Raises:
        ValueError: A value is out of its range.
    """

    seed: int = 0
    train_videos: int = 48
    val_videos: int = 10
    frames: int = 40
    size: tuple[int, int] = (320, 240)
    frame_rate: float = 20.0
    speed: float = 1.0
    people: tuple[int, int] = (2, 8)
    occluders: tuple[int, int] = (0, 2)
    crossing_share: float = 0.5
    uniform_share: float = 0.15
    crowd_share: float = 0.3
    partly_labelled_share: float = 0.4
    camera_motion: float = 1.0
    subframes: int = 3
    supersampling: int = 2
    jpeg_quality: int = 92

    def __post_init__(self) -> None:
        least = MappingProxyType({'seed': 0, 'train_videos': 0, 'val_videos': 0, 'frames': 1, 'subframes': 1})
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise ValueError(f'{name} must be at least {minimum}, got {getattr(self, name)}')
        if self.frames > 10000 or max(self.people) > 90:
            raise ValueError(f'at most 10000 frames and 90 people fit the ids, got {self.frames} and {self.people}')
        if len(self.size) != 2 or min(self.size) < 32:
            raise ValueError(f'size must be (width, height), each at least 32 pixels, got {self.size}')
        for name in ('people', 'occluders'):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f'{name} must be (fewest, most) with 0 <= fewest <= most, got {(low, high)}')
        for name in (f.name for f in fields(self) if f.name.endswith('_share')):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'{name} must lie between 0 and 1, got {getattr(self, name)}')
        if self.frame_rate <= 0 or self.speed <= 0 or self.camera_motion < 0:
            raise ValueError(
                'frame_rate and speed must be positive and camera_motion not negative, '
                f'got {self.frame_rate}, {self.speed} and {self.camera_motion}'
            )
        if not 1 <= self.supersampling <= 4 or not 1 <= self.jpeg_quality <= 100:
            raise ValueError(
                'supersampling must be 1 to 4 and jpeg_quality 1 to 100, '
                f'got {self.supersampling} and {self.jpeg_quality}'
            )

    @property
    def steps_per_frame(self) -> int:
        """Time steps of the simulation per frame; the shutter is open for the first `subframes` of them."""
        return 4 * self.subframes

    @property
    def shutter_centre(self) -> int:
        """Step within a frame at which its labels hold."""
        return self.subframes // 2

    def videos(self, split: str) -> int:
        """Number of videos of 'train' or 'val'."""
        return {'train': self.train_videos, 'val': self.val_videos}[split]

    def video_settings(self) -> dict[str, Any]:
        """The settings on which the content of a video depends, ready for JSON."""
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _EXTENT}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
