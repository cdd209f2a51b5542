"""One colour per identity."""

#: Blue, green, red, from 0 to 255.
Color = tuple[int, int, int]

#: BGR. Okabe and Ito's colours without black, then three that stay farthest from these in CIELAB under normal,
#: protanope and deuteranope vision. Neighbours in the list, which new people get one after the other, differ most.
PALETTE = (
    (233, 180, 86),  # sky blue
    (0, 159, 230),  # orange
    (115, 158, 0),  # bluish green
    (167, 121, 204),  # reddish purple
    (66, 228, 240),  # yellow
    (178, 114, 0),  # blue
    (0, 94, 213),  # vermilion
    (165, 255, 150),  # mint
    (30, 30, 150),  # wine
    (255, 105, 105),  # violet
)


def identity_color(identity: int) -> Color:
    """The BGR colour of an identity, the same in every frame and run. They repeat after `len(PALETTE)` identities.

    >>> identity_color(1) == identity_color(1 + len(PALETTE))
    True
    """
    return PALETTE[int(identity) % len(PALETTE)]


def lightened(color: Color, share: float = 0.5) -> Color:
    """A colour with a share of white.

    >>> lightened((0, 100, 255))
    (128, 178, 255)
    """
    return tuple(round(channel + (255 - channel) * share) for channel in color)


def contrasting(color: Color) -> Color:
    """Black or white, whichever reads better on a BGR colour.

    >>> contrasting((66, 228, 240)), contrasting((30, 30, 150))
    ((0, 0, 0), (255, 255, 255))
    """
    blue, green, red = color
    return (0, 0, 0) if 0.114 * blue + 0.587 * green + 0.299 * red > 120 else (255, 255, 255)
