"""From triangles to pixels: z-buffer, shading, ambient occlusion."""
