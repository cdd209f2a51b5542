"""What the counts of all measures have in common: they add up over sequences."""

from dataclasses import fields
from typing import ClassVar, TypeVar

import numpy as np

from .matching import NUM_JOINTS

_Counts = TypeVar('_Counts', bound='JointCounts')


class JointCounts:
    """Base of dataclasses whose fields are arrays of one shape, by default (K,): a number for each joint."""

    shape: ClassVar[tuple[int, ...]] = (NUM_JOINTS,)

    @classmethod
    def zeros(cls: type[_Counts]) -> _Counts:
        """Nothing counted yet."""
        return cls(*(np.zeros(cls.shape) for _ in fields(cls)))

    def __add__(self: _Counts, other: _Counts) -> _Counts:
        return type(self)(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))
