"""What `warp_device` runs: kernels compiled by NVIDIA's warp for a GPU, or for the CPU.

Convention:
    - each is the function of its name in `rasterise`, `surface` and `vertices`, with one thread a
      triangle, a vertex or a pixel; results agree within rounding, triangles of pixels exactly
    - a z-buffer is one integer a pixel: depth in the upper half, triangle in the lower, so that
      the smallest is the nearest and, at equal depth, the first triangle
"""

# Bodies of kernels are warp's language, a part of Python that pyright does not know.
# pyright: reportInvalidTypeForm=false, reportUnknownParameterType=false
# pyright: reportUntypedFunctionDecorator=false, reportOperatorIssue=false
# pyright: reportCallIssue=false, reportArgumentType=false, reportIndexIssue=false
# pyright: reportGeneralTypeIssues=false, reportAttributeAccessIssue=false
# pyright: reportAssignmentType=false

import warp as wp

from .rasterise import EDGE_TOLERANCE, EMPTY_DEPTH, MIN_AREA_PX, ROW_SLACK, WIDE_PX
from .surface import LIT, PLACE, Kind

_EMPTY_DEPTH = wp.constant(float(EMPTY_DEPTH))
_EDGE_TOLERANCE = wp.constant(EDGE_TOLERANCE)
_MIN_AREA_PX = wp.constant(MIN_AREA_PX)
_ROW_SLACK = wp.constant(ROW_SLACK)
_WIDE_PX = wp.constant(WIDE_PX)
_LIT = wp.constant(LIT)
_PLACE = wp.constant(PLACE)
_SKIN, _CLOTH, _HAIR = (wp.constant(int(k)) for k in (Kind.SKIN, Kind.CLOTH, Kind.HAIR))


@wp.func
def _doubled_area(a: wp.vec3, b: wp.vec3, c: wp.vec3) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@wp.func
def _barycentric(a: wp.vec3, b: wp.vec3, c: wp.vec3, x: float, y: float, inverse: float) -> wp.vec3:
    u = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) * inverse
    v = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) * inverse
    return wp.vec3(u, v, 1.0 - u - v)


@wp.func
def _ordered(z: float) -> wp.uint32:
    """Integers in the order of the floats z."""
    bits = wp.cast(z, wp.uint32)
    if bits >> wp.uint32(31) == wp.uint32(1):
        return ~bits
    return bits | (wp.uint32(1) << wp.uint32(31))


@wp.func
def _widened(low_high: wp.vec2, start: wp.vec3, end: wp.vec3, y: float) -> wp.vec2:
    """The span of a row, widened to where it meets an edge of the triangle."""
    low, high = low_high[0], low_high[1]
    if wp.min(start[1], end[1]) - _ROW_SLACK > y or wp.max(start[1], end[1]) + _ROW_SLACK < y:
        return low_high
    rise = end[1] - start[1]
    if wp.abs(rise) < _ROW_SLACK:  # nearly level: all of it
        return wp.vec2(
            wp.min(low, wp.min(start[0], end[0])), wp.max(high, wp.max(start[0], end[0]))
        )
    x = start[0] + wp.clamp((y - start[1]) / rise, 0.0, 1.0) * (end[0] - start[0])
    return wp.vec2(wp.min(low, x), wp.max(high, x))


@wp.kernel
def rasterise(
    points: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    one_sided: wp.array(dtype=wp.uint8),
    buffer: wp.array2d(dtype=wp.uint64),
):
    """Bring a triangle into the z-buffer."""
    t = wp.tid()
    k = triangles[t]
    a, b, c = points[k[0]], points[k[1]], points[k[2]]
    area = _doubled_area(a, b, c)
    if wp.abs(area) < _MIN_AREA_PX or (one_sided[t] == wp.uint8(1) and area > 0.0):
        return
    left = wp.max(int(wp.ceil(wp.min(a[0], wp.min(b[0], c[0])) - 0.5)), 0)
    right = wp.min(int(wp.floor(wp.max(a[0], wp.max(b[0], c[0])) - 0.5)), int(buffer.shape[1]) - 1)
    top = wp.max(int(wp.ceil(wp.min(a[1], wp.min(b[1], c[1])) - 0.5)), 0)
    bottom = wp.min(int(wp.floor(wp.max(a[1], wp.max(b[1], c[1])) - 0.5)), int(buffer.shape[0]) - 1)
    for y in range(top, bottom + 1):
        row = float(y) + 0.5
        first, last = int(left), int(right)
        if right - left > _WIDE_PX:
            span = wp.vec2(1.0e9, -1.0e9)
            span = _widened(_widened(_widened(span, a, b, row), b, c, row), c, a, row)
            if span[0] <= span[1]:
                first = wp.max(left, int(wp.floor(span[0])) - 1)
                last = wp.min(right, int(wp.ceil(span[1])) + 1)
        for x in range(first, last + 1):
            s = _barycentric(a, b, c, float(x) + 0.5, row, 1.0 / area)
            if wp.min(s[0], wp.min(s[1], s[2])) >= _EDGE_TOLERANCE:
                z = s[0] * a[2] + s[1] * b[2] + s[2] * c[2]
                key = (wp.uint64(_ordered(z)) << wp.uint64(32)) | wp.uint64(t)
                wp.atomic_min(buffer, y, x, key)


@wp.kernel
def unpack(
    buffer: wp.array2d(dtype=wp.uint64),
    depth: wp.array2d(dtype=float),
    nearest: wp.array2d(dtype=int),
):
    """Depth and nearest triangle of a pixel of the z-buffer."""
    y, x = wp.tid()
    depth[y, x] = _EMPTY_DEPTH
    nearest[y, x] = -1
    if buffer[y, x] != ~wp.uint64(0):
        bits = wp.uint32(buffer[y, x] >> wp.uint64(32))
        if bits >> wp.uint32(31) == wp.uint32(1):
            bits = bits ^ (wp.uint32(1) << wp.uint32(31))
        else:
            bits = ~bits
        depth[y, x] = wp.cast(bits, float)
        nearest[y, x] = int(wp.uint32(buffer[y, x]))


@wp.kernel
def add_face_normals(
    points: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    normals: wp.array(dtype=wp.vec3),
):
    """Add a triangle's normal, as long as twice its area, to its corners."""
    k = triangles[wp.tid()]
    normal = wp.cross(points[k[1]] - points[k[0]], points[k[2]] - points[k[0]])
    for corner in range(3):
        wp.atomic_add(normals, k[corner], normal)


@wp.kernel
def make_unit(normals: wp.array(dtype=wp.vec3)):
    """Give a normal the length 1."""
    n = wp.tid()
    normals[n] = normals[n] / (wp.length(normals[n]) + 1.0e-9)


@wp.kernel
def light_vertices(
    normals: wp.array(dtype=wp.vec3),
    fibres: wp.array(dtype=wp.vec3),
    kinds: wp.array(dtype=wp.uint8),
    surfaces: wp.array(dtype=wp.vec4),
    up: wp.array(dtype=wp.vec3),
    lights: wp.array2d(dtype=float),
    ambient: wp.array(dtype=wp.vec3),
    lit: wp.array2d(dtype=float),
):
    """See `surface.light_vertices`; `up` is an array of one vector."""
    i = wp.tid()
    fibre, surface, kind = fibres[i], surfaces[i], int(kinds[i])
    both_sides = kind == _CLOTH or kind == _HAIR  # noqa: PLR1714 - warp knows no "in"
    turned = both_sides and normals[i][2] < 0.0
    n = wp.where(turned, -normals[i], normals[i])
    side = wp.cross(up[0], n)
    side = side / (wp.length(side) + 1.0e-3)
    upwards = wp.cross(n, side)
    diffuse = (ambient[1] + (ambient[0] - ambient[1]) * (0.5 + 0.5 * n[1])) * surface[2]
    shine = wp.vec3(0.0, 0.0, 0.0)
    tilt = wp.vec2(0.0, 0.0)
    total = 1.0e-3 + diffuse[0] + diffuse[1] + diffuse[2]
    wrap = wp.vec3(0.0, 0.0, 0.0)
    if kind == _SKIN:
        wrap = wp.vec3(0.28, 0.12, 0.12)
    for k in range(lights.shape[0]):
        light = wp.vec3(lights[k, 0], lights[k, 1], lights[k, 2])
        share = wp.where(k == 0, surface[3], 0.3 + 0.7 * surface[2])
        length = wp.sqrt(2.0 + 2.0 * light[2]) + 1.0e-6
        facing = wp.dot(n, light)
        half = wp.max((facing + n[2]) / length, 0.0)
        if kind == _HAIR:
            along = wp.dot(fibre, light)
            facing = wp.sqrt(wp.max(1.0 - along * along, 0.0)) * wp.max(facing * 0.7 + 0.3, 0.0)
            off = (along + fibre[2]) / length
            half = wp.where(n[2] + light[2] > 0.0, wp.sqrt(wp.max(1.0 - off * off, 0.0)), 0.0)
        strength = surface[0] * wp.pow(half, 16.0) + surface[1] * wp.pow(half, 80.0)
        for c in range(3):
            gain = lights[k, 3 + c] * share
            added = wp.max((facing + wrap[c]) / (1.0 + wrap[c]), 0.0) * gain
            diffuse[c] = diffuse[c] + added
            shine[c] = shine[c] + strength * gain
            total += added
            if facing > -wrap[c]:
                tilt += wp.vec2(wp.dot(side, light), wp.dot(upwards, light)) * gain
    for c in range(3):
        lit[i, c] = diffuse[c]
        lit[i, 3 + c] = shine[c]
    lit[i, 6] = tilt[0] / total
    lit[i, 7] = tilt[1] / total


@wp.func
def _mixed(values: wp.array2d(dtype=float), k: wp.vec3i, s: wp.vec3, column: int) -> float:
    """The mean of a triangle's corners, by shares."""
    return s[0] * values[k[0], column] + s[1] * values[k[1], column] + s[2] * values[k[2], column]


@wp.func
def _mixed_3(values: wp.array2d(dtype=float), k: wp.vec3i, s: wp.vec3, first: int) -> wp.vec3:
    return wp.vec3(
        _mixed(values, k, s, first),
        _mixed(values, k, s, first + 1),
        _mixed(values, k, s, first + 2),
    )


@wp.func
def _shares_at(points: wp.array(dtype=wp.vec3), k: wp.vec3i, y: int, x: int) -> wp.vec3:
    """Of a triangle's corners at a pixel's centre."""
    a, b, c = points[k[0]], points[k[1]], points[k[2]]
    return _barycentric(a, b, c, float(x) + 0.5, float(y) + 0.5, 1.0 / _doubled_area(a, b, c))


@wp.kernel
def interpolate(
    points: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    nearest: wp.array2d(dtype=int),
    values: wp.array2d(dtype=float),
    picture: wp.array3d(dtype=float),
):
    """See `rasterise.interpolate`."""
    y, x = wp.tid()
    if nearest[y, x] >= 0:
        k = triangles[nearest[y, x]]
        s = _shares_at(points, k, y, x)
        for c in range(values.shape[1]):
            picture[y, x, c] = _mixed(values, k, s, c)


@wp.func
def _texel(skin: wp.array3d(dtype=float), left: float, top: float, c: int) -> float:
    i, j = int(left), int(top)
    p, q = left - float(i), top - float(j)
    above = (1.0 - p) * skin[j, i, c] + p * skin[j, i + 1, c]
    below = (1.0 - p) * skin[j + 1, i, c] + p * skin[j + 1, i + 1, c]
    return (1.0 - q) * above + q * below


@wp.kernel
def shade_pixels(
    points: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    kinds: wp.array(dtype=wp.uint8),
    nearest: wp.array2d(dtype=int),
    values: wp.array2d(dtype=float),
    skin: wp.array3d(dtype=float),
    fibre: wp.array2d(dtype=float),
    picture: wp.array2d(dtype=wp.vec3),
):
    """See `surface.shade_pixels`."""
    y, x = wp.tid()
    if nearest[y, x] < 0:
        return
    k = triangles[nearest[y, x]]
    s = _shares_at(points, k, y, x)
    kind = int(kinds[k[0]])
    albedo = _mixed_3(values, k, s, _LIT)
    place = _mixed_3(values, k, s, _PLACE)
    share = place[2]
    gain = 1.0
    shine = 1.0
    if kind == _SKIN and share > 0.0:
        left = wp.clamp(place[0] - 0.5, 0.0, float(skin.shape[1] - 2))
        top = wp.clamp(place[1] - 0.5, 0.0, float(skin.shape[0] - 2))
        for c in range(3):
            albedo[c] = albedo[c] + share * (_texel(skin, left, top, c) - albedo[c])
        relief = _texel(skin, left, top, 3) * _mixed(values, k, s, 6)
        relief += _texel(skin, left, top, 4) * _mixed(values, k, s, 7)
        gain = wp.clamp(1.0 - share * relief, 0.25, 1.8)
        shine = (1.0 + share * (_texel(skin, left, top, 5) - 1.0)) * gain
    if kind == _HAIR:
        around = int(fibre.shape[0])
        i = (int(wp.floor(place[0])) % around + around) % around
        j = (int(wp.floor(place[1])) % around + around) % around
        gain = 1.0 + share * (fibre[j, i] - 1.0)
        shine = gain * gain
    light = wp.cw_mul(albedo, _mixed_3(values, k, s, 0)) * gain
    picture[y, x] = light + _mixed_3(values, k, s, 3) * shine


@wp.kernel
def seen_from(
    targets: wp.array2d(dtype=wp.vec3),
    target_regions: wp.array2d(dtype=wp.uint8),
    depth: wp.array2d(dtype=float),
    regions: wp.array2d(dtype=wp.uint8),
    tolerance: float,
    seen: wp.array2d(dtype=wp.uint8),
):
    """See `rasterise.seen_from`."""
    row, column = wp.tid()
    seen[row, column] = wp.uint8(0)
    target = targets[row, column]
    height, width = int(depth.shape[0]), int(depth.shape[1])
    if not (
        target[0] >= 0.0
        and target[1] >= 0.0
        and target[0] < float(width)
        and target[1] < float(height)
    ):
        return
    x, y = int(target[0]), int(target[1])
    for j in range(wp.max(y - 1, 0), wp.min(y + 2, height)):
        for i in range(wp.max(x - 1, 0), wp.min(x + 2, width)):
            same = regions[j, i] == target_regions[row, column]
            if same and wp.abs(depth[j, i] - target[2]) <= tolerance:
                seen[row, column] = wp.uint8(1)
