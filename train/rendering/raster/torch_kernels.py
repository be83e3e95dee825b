"""The steps of `rasterise`, `surface` and `occlusion` as torch operations, several frames at once.

Convention:
    - what those modules say holds here too; a leading F counts frames of one mesh
    - a z-buffer is one integer a pixel: depth in the upper half, triangle in the lower, so that
      the smallest is the nearest and, at equal depth, the first triangle
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from .occlusion import SHADOW_BIAS, SHADOW_PX, SOFT_STEPS
from .rasterise import EDGE_TOLERANCE, EMPTY_DEPTH, SMALLEST_AREA_PX
from .surface import LIT, PLACE, Kind

MOST_FRAGMENTS: Final = 1 << 22
"""Pixels of triangles that are looked at in one go: bounds the memory."""
_UNSEEN: Final = torch.iinfo(torch.int64).max
_MAGNITUDE: Final = 0x7FFFFFFF
_LOWER: Final = 0xFFFFFFFF


def vertex_normals(points: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals (F, N, 3) weighted by area.

    Args:
        points: (F, N, 3).
        triangles: (T, 3).
    """
    a, b, c = (points[:, triangles[:, k]] for k in range(3))
    faces = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(points)
    for k in range(3):
        normals.index_add_(1, triangles[:, k], faces)
    return normals / (normals.norm(dim=2, keepdim=True) + 1e-9)


def rasterise(
    points: Tensor, triangles: Tensor, one_sided: Tensor, size_px: int
) -> tuple[Tensor, Tensor]:
    """Depth (F, S, S) and nearest triangle (F, S, S) or -1 at each pixel's centre.

    Args:
        points: (F, N, 3) x and y in pixels, z the distance.
        triangles: (T, 3).
        one_sided: (T,) bool.
        size_px: width and height S of the picture.
    """
    count = len(points)
    corners = points[:, triangles]  # (F, T, 3 corners, 3)
    a, b, c = corners[..., :2].unbind(2)
    area = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
    area = area - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    low = (corners[..., :2].amin(2) - 0.5).ceil().clamp(min=0).long()
    high = (corners[..., :2].amax(2) - 0.5).floor().clamp(max=size_px - 1).long()
    across, down = (high - low + 1).clamp(min=0).unbind(-1)
    drawn = (area.abs() >= SMALLEST_AREA_PX) & ~(one_sided & (area > 0)) & (across * down > 0)
    frame, triangle = drawn.nonzero(as_tuple=True)
    ends = (across[drawn] * down[drawn]).cumsum(0)
    buffer = torch.full((count * size_px**2,), _UNSEEN, dtype=torch.int64, device=points.device)
    first = 0
    while first < len(ends):
        limit = MOST_FRAGMENTS + (int(ends[first - 1]) if first else 0)
        last = max(int(torch.searchsorted(ends, limit, right=True)), first + 1)
        part = slice(first, last)
        which = (frame[part], triangle[part])
        _fill(
            buffer,
            corners[which],
            1 / area[which],
            torch.stack([*low[which].unbind(1), across[which], down[which], *which], dim=1),
            size_px,
        )
        first = last
    shape = (count, size_px, size_px)
    seen = buffer != _UNSEEN
    nearest = torch.where(seen, buffer & _LOWER, -1).reshape(shape)
    depth = torch.where(seen, _floats((buffer >> 32).int()), EMPTY_DEPTH).reshape(shape)
    return depth, nearest


def _fill(buffer: Tensor, corners: Tensor, inverse: Tensor, boxes: Tensor, size_px: int) -> None:
    """Bring the fragments of some triangles into the z-buffer, in place.

    Each triangle is cut into the rows of its box, each row into the pixels between its edges: the
    boxes of thin hairs are nearly empty.

    Args:
        buffer: (F S S,).
        corners: (K, 3, 3).
        inverse: (K,) one over twice the area.
        boxes: (K, 6) left, top, width and height of each triangle's box, its frame, its number.
        size_px: S.
    """
    owner, y = _expand(boxes[:, 1], boxes[:, 3])
    first, last = _spans(corners[owner], inverse[owner], boxes[owner, 0], boxes[owner, 2], y + 0.5)
    of_row, x = _expand(first, (last - first + 1).clamp(min=0))
    y, owner = y[of_row], owner[of_row]
    own = corners[owner]
    u, v, w = _shares(own, inverse[owner], x + 0.5, y + 0.5)
    inside = torch.minimum(torch.minimum(u, v), w) >= EDGE_TOLERANCE
    z = (u * own[:, 0, 2] + v * own[:, 1, 2] + w * own[:, 2, 2])[inside]
    frame, number = boxes[owner[inside], 4:].unbind(1)
    pixel = (frame * size_px + y[inside]) * size_px + x[inside]
    buffer.scatter_reduce_(0, pixel, (_ordered(z) << 32) | number, "amin")


def _expand(first: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Runs of whole numbers: for each, which run it is of, and first, first + 1 and so on."""
    owner = torch.repeat_interleave(counts)
    starts = counts.cumsum(0) - counts
    return owner, torch.arange(len(owner), device=first.device) + (first - starts)[owner]


def _spans(
    corners: Tensor, inverse: Tensor, left: Tensor, width: Tensor, y: Tensor
) -> tuple[Tensor, Tensor]:
    """First and last pixel of a row of a triangle's box that it can cover, one to spare."""
    shares = torch.stack(_shares(corners, inverse, left + 0.5, y), dim=1)
    rises = (corners[:, [1, 2, 0], 1] - corners[:, [2, 0, 1], 1]) * inverse[:, None]
    zeros = -shares / torch.where(rises == 0, 1.0, rises)  # pixels from the left
    low = torch.where(rises > 0, zeros, 0.0).amax(1).floor() - 1
    high = torch.where(rises < 0, zeros, float("inf")).amin(1).ceil() + 1
    last = torch.minimum(high, width - 1.0)
    return left + torch.minimum(low.clamp(min=0), width.float()).long(), left + last.long()


def _shares(
    corners: Tensor, inverse: Tensor, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Barycentric coordinates of places in triangles (P, 3, 2 or more)."""
    (ax, ay), (bx, by), (cx, cy) = (corners[:, k, :2].unbind(1) for k in range(3))
    u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) * inverse
    v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) * inverse
    return u, v, 1 - u - v


def _ordered(z: Tensor) -> Tensor:
    """Integers in the order of the floats z."""
    bits = z.contiguous().view(torch.int32)
    return torch.where(bits < 0, bits ^ _MAGNITUDE, bits).long()


def _floats(ordered: Tensor) -> Tensor:
    return torch.where(ordered < 0, ordered ^ _MAGNITUDE, ordered).view(torch.float32)


def interpolate(
    points: Tensor, triangles: Tensor, nearest: Tensor, values: Tensor
) -> tuple[Tensor, Tensor]:
    """Values at the covered pixels.

    Args:
        points: (F, N, 3) as given to `rasterise`.
        triangles: (T, 3).
        nearest: (F, S, S).
        values: (F, N, C).

    Returns:
        found (P, C) and the covered pixels (F, S, S) in whose order it is.
    """
    covered = nearest >= 0
    frame, row, column = covered.nonzero(as_tuple=True)
    corners = triangles[nearest[covered]]
    flat = (corners + frame[:, None] * points.shape[1]).T
    a, b, c = (points.flatten(0, 1)[k, :2] for k in flat)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    shares = _shares(torch.stack([a, b, c], dim=1), 1 / area, column + 0.5, row + 0.5)
    of_all = values.flatten(0, 1)
    found = sum(share[:, None] * of_all[k] for share, k in zip(shares, flat, strict=True))
    assert isinstance(found, Tensor)
    return found, covered


def light_vertices(
    normals: Tensor,
    fibres: Tensor,
    kinds: Tensor,
    surfaces: Tensor,
    up: Tensor,
    lights: Tensor,
    ambient: Tensor,
) -> Tensor:
    """What each vertex gets from the lights, (F, N, LIT); see `surface.light_vertices`.

    Args:
        normals: (F, N, 3).
        fibres: (F, N, 3).
        kinds: (N,).
        surfaces: (F, N, 4).
        up: (F, 3).
        lights: (L, 6).
        ambient: (2, 3).
    """
    both = (kinds >= int(Kind.CLOTH)) & (kinds <= int(Kind.HAIR)) & (normals[..., 2] < 0)
    normals = torch.where(both[..., None], -normals, normals)
    side = torch.linalg.cross(up[:, None].expand_as(normals), normals)
    side = side / (side.norm(dim=2, keepdim=True) + 1e-3)
    upwards = torch.linalg.cross(normals, side)
    openness = surfaces[..., 2]
    above = (0.5 + 0.5 * normals[..., 1])[..., None]
    diffuse = (ambient[1] + (ambient[0] - ambient[1]) * above) * openness[..., None]
    shine = torch.zeros_like(diffuse)
    tilt = normals.new_zeros((*normals.shape[:2], 2))
    total = 1e-3 + diffuse.sum(2)
    hair = kinds == int(Kind.HAIR)
    wrap = normals.new_tensor([0.28, 0.12, 0.12]) * (kinds == int(Kind.SKIN))[:, None]
    for k, light in enumerate(lights):
        direction = light[:3]
        share = surfaces[..., 3] if k == 0 else 0.3 + 0.7 * openness
        facing, half = _facing(normals, fibres, hair, direction)
        strength = surfaces[..., 0] * half**16 + surfaces[..., 1] * half**80
        gain = light[3:] * share[..., None]
        added = ((facing[..., None] + wrap) / (1 + wrap)).clamp(min=0) * gain
        diffuse, shine = diffuse + added, shine + strength[..., None] * gain
        total = total + added.sum(2)
        reached = (gain * (facing[..., None] > -wrap)).sum(2)
        tilts = torch.stack([side @ direction, upwards @ direction], dim=2)
        tilt = tilt + tilts * reached[..., None]
    lit = torch.cat([diffuse, shine, tilt / total[..., None]], dim=2)
    assert lit.shape[2] == LIT
    return lit


def _facing(
    normals: Tensor, fibres: Tensor, hair: Tensor, direction: Tensor
) -> tuple[Tensor, Tensor]:
    """How directly a light falls on each vertex, and how close it is to the mirror's direction."""
    z, light_z = normals[..., 2], direction[2]
    facing = normals @ direction
    length = (2 + 2 * light_z).clamp(min=0).sqrt() + 1e-6
    half = ((facing + z) / length).clamp(min=0)
    along = fibres @ direction
    across = (1 - along**2).clamp(min=0).sqrt()
    off = (along + fibres[..., 2]) / length
    half_hair = (1 - off**2).clamp(min=0).sqrt() * (z + light_z > 0)
    facing_hair = across * (0.7 * facing + 0.3).clamp(min=0)
    return torch.where(hair, facing_hair, facing), torch.where(hair, half_hair, half)


def shade_pixels(values: Tensor, kinds: Tensor, skin: Tensor, fibre: Tensor) -> Tensor:
    """Colours (P, 3) of pixels; see `surface.shade_pixels`.

    Args:
        values: (P, VALUES) interpolated.
        kinds: (P,) of each pixel's triangle.
        skin: (R, R, 6).
        fibre: (Q, Q).
    """
    place, share = values[:, PLACE : PLACE + 2], values[:, PLACE + 2]
    albedo, shine = values[:, LIT:PLACE].clone(), values[:, 3:6].clone()
    gain = torch.ones_like(share)
    on_skin = (kinds == int(Kind.SKIN)) & (share > 0)
    texel = _texels(skin, place[on_skin])
    part, own = share[on_skin, None], values[on_skin]
    albedo[on_skin] += part * (texel[:, :3] - albedo[on_skin])
    relief = (texel[:, 3:5] * own[:, 6:8]).sum(1)
    gain[on_skin] = (1 - part[:, 0] * relief).clamp(0.25, 1.8)
    shine[on_skin] *= (1 + part * (texel[:, 5:] - 1)) * gain[on_skin, None]
    on_hair = kinds == int(Kind.HAIR)
    column, row = (place[on_hair].floor().long() % len(fibre)).unbind(1)
    gain[on_hair] += share[on_hair] * (fibre[row, column] - 1)
    shine[on_hair] *= gain[on_hair, None] ** 2
    return albedo * values[:, :3] * gain[:, None] + shine


def _texels(skin: Tensor, place: Tensor) -> Tensor:
    """The texture (R, R, C) between its texels, (P, C), at columns and rows (P, 2)."""
    corner = (place - 0.5).clamp(min=0).clamp(max=len(skin) - 2)
    i, j = corner.long().unbind(1)
    p, q = (corner - corner.floor()).unsqueeze(-1).unbind(1)
    above = skin[j, i] * (1 - p) + skin[j, i + 1] * p
    below = skin[j + 1, i] * (1 - p) + skin[j + 1, i + 1] * p
    return above * (1 - q) + below * q


def key_light_share(points: Tensor, triangles: Tensor, axes: Tensor) -> Tensor:
    """Share of a far light that reaches each point, (F, N); see `occlusion.key_light_share`.

    Args:
        points: (F, N, 3).
        triangles: (T, 3).
        axes: (3, 3) columns are right, up and away from the light.
    """
    seen = points @ axes
    low, high = seen[..., :2].amin(1, keepdim=True), seen[..., :2].amax(1, keepdim=True)
    flat = (seen[..., :2] - low) * (SHADOW_PX / (high - low).clamp(min=1e-6))
    screen = torch.cat([flat, seen[..., 2:]], dim=2)
    both_sides = torch.zeros(len(triangles), dtype=torch.bool, device=points.device)
    depth, _ = rasterise(screen, triangles, both_sides, SHADOW_PX)
    frame = torch.arange(len(points), device=points.device)[:, None]
    total = torch.zeros_like(screen[..., 2])
    for right, down in SOFT_STEPS:
        step = flat.new_tensor([right, down])
        column, row = (flat + step).long().clamp(0, SHADOW_PX - 1).unbind(2)
        total += screen[..., 2] <= depth[frame, row, column] + SHADOW_BIAS
    return total / len(SOFT_STEPS)


def seen_from(
    targets: Tensor, target_regions: Tensor, depth: Tensor, regions: Tensor, tolerance: float
) -> Tensor:
    """Whether points of one frame are visible in another, (F, h, w); see `rasterise.seen_from`.

    Args:
        targets: (F, h, w, 3) pixel position and depth in the other frame.
        target_regions: (F, h, w).
        depth: (F, S, S) of the other frame.
        regions: (F, S, S) of the other frame.
        tolerance: largest difference of depth of one and the same surface.
    """
    size = depth.shape[1]
    x, y = targets[..., 0].floor(), targets[..., 1].floor()
    in_picture = (x >= 0) & (y >= 0) & (x < size) & (y < size)
    column, row = (axis.clamp(0, size - 1).long() + 1 for axis in (x, y))
    frame = torch.arange(len(depth), device=depth.device)[:, None, None]
    around_depth = functional.pad(depth, (1, 1, 1, 1), value=float("inf"))
    around_regions = functional.pad(regions, (1, 1, 1, 1))
    seen = torch.zeros_like(in_picture)
    for j in (-1, 0, 1):
        for i in (-1, 0, 1):
            place = (frame, row + j, column + i)
            near = (around_depth[place] - targets[..., 2]).abs() <= tolerance
            seen |= near & (around_regions[place] == target_regions)
    return seen & in_picture
