"""The compact family: semantic keypoints, a rigid head motion, and an RGB warp skip.

Same interface as the published networks. What differs: the volume also carries the picture
(`appearance_extractor`), M finds keypoints as heat-map centres (`motion_extractor`), W moves the
head rigidly before it moves features (`warping`), and G refines the flow and blends warped pixels
with generated ones (`decoder`).
"""
