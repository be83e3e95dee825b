"""Our small family: semantic keypoints, a rigid head motion, and an RGB warp skip.

Same interface as the published networks; the switches that differ are documented where they
are: the volume carries the picture itself (`volume`), M finds keypoints as heat-map centres
(`motion`), W moves the head as one piece before it moves features (`warping`), and G refines
the flow and blends warped pixels with painted ones (`decoder`).
"""
