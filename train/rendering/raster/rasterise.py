"""A z-buffer rasteriser and the per-vertex work around it, compiled by numba.

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
SMALLEST_AREA_PX = 1e-9
WIDE_PX = 5
"""Triangles wider than this are searched row by row, not in all of their box."""
ROW_SLACK = 1e-3


@njit(cache=True, nogil=True)
def add_weighted(
    weights: FloatArray,
    starts: IntArray,
    indices: IntArray,
    offsets: FloatArray,
    points: FloatArray,
) -> None:
    """Add sparse offsets to points in place: points[indices] += weight * offsets, shape by shape.

    Args:
        weights: (E,); a zero costs nothing.
        starts: (E + 1,) where each shape's rows begin in indices and offsets.
        indices: (R,) vertex of each row.
        offsets: (R, 3).
        points: (N, 3), changed.
    """
    for shape in range(len(weights)):
        weight = weights[shape]
        if weight != 0:
            for row in range(starts[shape], starts[shape + 1]):
                vertex = indices[row]
                points[vertex, 0] += weight * offsets[row, 0]
                points[vertex, 1] += weight * offsets[row, 1]
                points[vertex, 2] += weight * offsets[row, 2]


@njit(cache=True, nogil=True)
def combine_modes(weights: FloatArray, modes: FloatArray, points: FloatArray) -> None:
    """Add dense modes (M, 3 N) to points (3 N,) in place, in one fixed order of summation."""
    for mode in range(len(weights)):
        weight = weights[mode]
        for k in range(len(points)):
            points[k] += weight * modes[mode, k]


@njit(cache=True, nogil=True)
def vertex_normals(points: FloatArray, triangles: IntArray, normals: FloatArray) -> None:
    """Unit normals, weighted by area, outwards for counter-clockwise triangles; fills normals."""
    normals[:] = 0
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux = points[b, 0] - points[a, 0]
        uy = points[b, 1] - points[a, 1]
        uz = points[b, 2] - points[a, 2]
        vx = points[c, 0] - points[a, 0]
        vy = points[c, 1] - points[a, 1]
        vz = points[c, 2] - points[a, 2]
        nx = uy * vz - uz * vy
        ny = uz * vx - ux * vz
        nz = ux * vy - uy * vx
        for vertex in (a, b, c):
            normals[vertex, 0] += nx
            normals[vertex, 1] += ny
            normals[vertex, 2] += nz
    for n in range(len(normals)):
        x, y, z = normals[n, 0], normals[n, 1], normals[n, 2]
        inverse = np.float32(1) / (np.sqrt(x * x + y * y + z * z) + np.float32(1e-9))
        normals[n, 0] = x * inverse
        normals[n, 1] = y * inverse
        normals[n, 2] = z * inverse


@njit(cache=True, nogil=True)
def turn_with_neck(
    points: FloatArray, rotation: FloatArray, pivot: FloatArray, low_y: float, high_y: float
) -> None:
    """Turn points about a pivot in place: fully above high_y, not at all below low_y.

    Args:
        points: (N, 3) model units, changed.
        rotation: (3, 3), columns are points: R p.
        pivot: (3,).
        low_y: height where the neck stands still.
        high_y: height from which everything follows the head.
    """
    for n in range(len(points)):
        x, y, z = points[n, 0] - pivot[0], points[n, 1] - pivot[1], points[n, 2] - pivot[2]
        share = min(max((points[n, 1] - low_y) / (high_y - low_y), 0.0), 1.0)
        turned_x = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z
        turned_y = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z
        turned_z = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z
        points[n, 0] += share * (turned_x - x)
        points[n, 1] += share * (turned_y - y)
        points[n, 2] += share * (turned_z - z)


@njit(cache=True, nogil=True)
def shade(
    normals: FloatArray,
    albedo: FloatArray,
    gloss: FloatArray,
    two_sided: ByteArray,
    lights: FloatArray,
    ambient: FloatArray,
    colours: FloatArray,
) -> None:
    """Colour of each vertex: albedo times light, plus a highlight; fills colours.

    Args:
        normals: (N, 3).
        albedo: (N, 3).
        gloss: (N, 2) strength of the wide and of the sharp highlight.
        two_sided: (N,) 1 where a normal that points away is turned round (hair, cloth).
        lights: (L, 6): direction to the light (unit), colour times strength.
        ambient: (3,).
        colours: (N, 3), changed.
    """
    for n in range(len(normals)):
        x, y, z = normals[n, 0], normals[n, 1], normals[n, 2]
        if two_sided[n] == 1 and z < 0:
            x, y, z = -x, -y, -z
        red, green, blue = ambient[0], ambient[1], ambient[2]
        shine_red, shine_green, shine_blue = np.float32(0), np.float32(0), np.float32(0)
        for k in range(len(lights)):
            lx, ly, lz = lights[k, 0], lights[k, 1], lights[k, 2]
            facing = x * lx + y * ly + z * lz
            diffuse = max(facing, np.float32(-0.15))
            red += diffuse * lights[k, 3]
            green += diffuse * lights[k, 4]
            blue += diffuse * lights[k, 5]
            # Blinn-Phong, the eye along +z: the half vector is (light + z) / |light + z|
            length = np.sqrt(np.float32(2) + np.float32(2) * lz) + np.float32(1e-6)
            half = max((facing + z) / length, np.float32(0))
            p4 = half * half * half * half
            p16 = p4 * p4 * p4 * p4
            shine = gloss[n, 0] * p16 + gloss[n, 1] * p16 * p16 * p16 * p16 * p16
            shine_red += shine * lights[k, 3]
            shine_green += shine * lights[k, 4]
            shine_blue += shine * lights[k, 5]
        colours[n, 0] = albedo[n, 0] * max(red, np.float32(0)) + shine_red
        colours[n, 1] = albedo[n, 1] * max(green, np.float32(0)) + shine_green
        colours[n, 2] = albedo[n, 2] * max(blue, np.float32(0)) + shine_blue


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
        if abs(area) < SMALLEST_AREA_PX or (one_sided[t] == 1 and area > 0):
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
            if abs(rise) < ROW_SLACK:  # as good as level: all of it
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
