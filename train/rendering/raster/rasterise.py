"""A z-buffer rasteriser, compiled by numba.

Convention:
    - points are (N, 3): x and y in pixels (y down, pixel i covers [i, i + 1)), z the distance from
      the camera, smaller is nearer
    - an empty pixel has triangle -1 and depth EMPTY_DEPTH
    - inside a triangle everything is interpolated linearly on the screen; triangles are small
      enough for the missing perspective correction not to show
"""

# numba's decorators are untyped: what they return is the plain function, as annotated.
# pyright: reportUntypedFunctionDecorator=false

import numpy as np
from numba import njit

from ..arrays import ByteArray, FloatArray, IntArray

EMPTY_DEPTH = 1e9
EDGE_TOLERANCE = -1e-5
MIN_AREA_PX = 1e-9
WIDE_PX = 5
"""Triangles wider than this are searched row by row, not in all of their box."""
ROW_SLACK = 1e-3


@njit(cache=True, nogil=True)
def rasterise(
    points: FloatArray,
    triangles: IntArray,
    one_sided: ByteArray,
    depth: FloatArray,
    nearest: IntArray,
) -> None:
    """Which triangle each pixel centre shows, and how far it is; clears and fills both buffers.

    Args:
        points: (N, 3).
        triangles: (T, 3).
        one_sided: (T,) 1 where a triangle seen from behind is not drawn.
        depth: (H, W), changed.
        nearest: (H, W) triangle or -1, changed.
    """
    height, width = depth.shape
    depth[:] = EMPTY_DEPTH
    nearest[:] = -1
    half = np.float32(0.5)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
        bx, by, bz = points[b, 0], points[b, 1], points[b, 2]
        cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < MIN_AREA_PX or (one_sided[t] == 1 and area > 0):
            continue
        left = max(int(np.ceil(min(ax, bx, cx) - half)), 0)
        right = min(int(np.floor(max(ax, bx, cx) - half)), width - 1)
        top = max(int(np.ceil(min(ay, by, cy) - half)), 0)
        bottom = min(int(np.floor(max(ay, by, cy) - half)), height - 1)
        if left > right or top > bottom:
            continue
        inverse = np.float32(1) / area
        for y in range(top, bottom + 1):
            py = np.float32(y) + half
            first, last = left, right
            if right - left > WIDE_PX:
                first, last = _row_span((ax, ay), (bx, by), (cx, cy), py, left, right)
            for x in range(first, last + 1):
                px = np.float32(x) + half
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
                w = np.float32(1) - u - v
                if u < EDGE_TOLERANCE or v < EDGE_TOLERANCE or w < EDGE_TOLERANCE:
                    continue
                z = u * az + v * bz + w * cz
                if z < depth[y, x]:
                    depth[y, x] = z
                    nearest[y, x] = t


@njit(cache=True, nogil=True)
def _row_span(
    a: tuple[float, float],
    b: tuple[float, float],
    c: tuple[float, float],
    y: float,
    left: int,
    right: int,
) -> tuple[int, int]:
    """First and last pixel of a row that a triangle can cover, a pixel too many at each end."""
    low, high = np.float32(EMPTY_DEPTH), np.float32(-EMPTY_DEPTH)
    for start, end in ((a, b), (b, c), (c, a)):
        if min(start[1], end[1]) - ROW_SLACK <= y <= max(start[1], end[1]) + ROW_SLACK:
            rise = end[1] - start[1]
            if abs(rise) < ROW_SLACK:  # nearly level: all of it
                low, high = min(low, start[0], end[0]), max(high, start[0], end[0])
            else:
                share = min(max((y - start[1]) / rise, np.float32(0)), np.float32(1))
                x = start[0] + share * (end[0] - start[0])
                low, high = min(low, x), max(high, x)
    if low > high:
        return left, right
    return max(left, int(np.floor(low)) - 1), min(right, int(np.ceil(high)) + 1)


@njit(cache=True, nogil=True)
def interpolate(
    points: FloatArray,
    triangles: IntArray,
    nearest: IntArray,
    values: FloatArray,
    picture: FloatArray,
) -> None:
    """Per-vertex values at the pixels a triangle covers; other pixels keep what they hold.

    Args:
        points: (N, 3) as given to `rasterise`.
        triangles: (T, 3).
        nearest: (H, W) from `rasterise`.
        values: (N, C).
        picture: (H, W, C), changed.
    """
    height, width = nearest.shape
    half = np.float32(0.5)
    for y in range(height):
        py = np.float32(y) + half
        for x in range(width):
            t = nearest[y, x]
            if t < 0:
                continue
            px = np.float32(x) + half
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            ax, ay = points[a, 0], points[a, 1]
            bx, by = points[b, 0], points[b, 1]
            cx, cy = points[c, 0], points[c, 1]
            inverse = np.float32(1) / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
            u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
            v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
            w = np.float32(1) - u - v
            for k in range(values.shape[1]):
                picture[y, x, k] = u * values[a, k] + v * values[b, k] + w * values[c, k]


@njit(cache=True, nogil=True)
def seen_from(
    targets: FloatArray,
    target_regions: ByteArray,
    depth: FloatArray,
    regions: ByteArray,
    tolerance: float,
    seen: ByteArray,
) -> None:
    """Whether points of one frame are visible in another; fills seen.

    A point is seen if, at or next to the pixel it falls on, the other frame shows the same region
    at the same depth. The region matters where surfaces lie close: a lid over the eyeball.

    Args:
        targets: (h, w, 3) pixel position and depth of each point in the other frame.
        target_regions: (h, w) region of each point.
        depth: (H, W) depth buffer of the other frame.
        regions: (H, W) regions of the other frame.
        tolerance: largest difference of depth of one and the same surface.
        seen: (h, w), changed.
    """
    height, width = depth.shape
    for row in range(len(targets)):
        for column in range(targets.shape[1]):
            x = int(np.floor(targets[row, column, 0]))
            y = int(np.floor(targets[row, column, 1]))
            seen[row, column] = 0
            if x < 0 or y < 0 or x >= width or y >= height:
                continue
            for j in range(max(y - 1, 0), min(y + 2, height)):
                for i in range(max(x - 1, 0), min(x + 2, width)):
                    same = regions[j, i] == target_regions[row, column]
                    if same and abs(depth[j, i] - targets[row, column, 2]) <= tolerance:
                        seen[row, column] = 1
