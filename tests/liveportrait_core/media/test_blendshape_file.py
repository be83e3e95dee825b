import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.errors import MediaError
from liveportrait_core.media.blendshape_file import load_blendshapes, save_blendshapes
from liveportrait_core.motion.blendshape_options import CaptureOptions
from liveportrait_core.motion.blendshape_tools import mirror_blendshapes
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes


def random_shapes(frames: int = 5, *, head: bool = True) -> Blendshapes:
    generator = torch.Generator().manual_seed(frames)
    return Blendshapes(
        weights=torch.rand(frames, len(ARKIT_SHAPES), generator=generator),
        head_deg=torch.randn(frames, 3, generator=generator) * 20 if head else None,
        fps=Fraction(60),
    )


def written(path, text: str):
    path.write_text(text, "utf-8")
    return path


def csv_text(*rows: str, header: str = "Timecode,BlendShapeCount,JawOpen,EyeBlinkLeft") -> str:
    return "\n".join([header, *rows]) + "\n"


def test_a_csv_comes_back_as_it_was(tmp_path):
    shapes = random_shapes(130)  # three seconds: numbers of frames wrap
    save_blendshapes(shapes, tmp_path / "take.csv")
    read = load_blendshapes(tmp_path / "take.csv")
    assert_close(read.weights, shapes.weights, atol=1e-6, rtol=0)
    assert_close(read.head_deg, shapes.head_deg, atol=1e-4, rtol=0)
    assert (read.fps, read.known, read.producer) == (60, frozenset(ARKIT_SHAPES), "take.csv")


def test_the_columns_are_those_of_live_link_face(tmp_path):
    save_blendshapes(random_shapes(), tmp_path / "take.csv")
    header, first, *_ = (tmp_path / "take.csv").read_text().splitlines()
    names = header.split(",")
    assert names[:4] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    assert names[-9:-5] == ["HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw"]
    assert len(names) == 2 + 61
    assert first.startswith("00:00:00:00.000,61,")


def test_columns_may_come_in_any_order_and_case_and_be_missing(tmp_path):
    text = csv_text(
        "10:00:00:00.5,2,.25,.5",
        "10:00:00:01.5,2,.75,1",
        header="TIMECODE,BlendshapeCount,jawopen,EYEBLINKRIGHT",
    )
    read = load_blendshapes(written(tmp_path / "take.csv", text))
    assert read.known == {"jawOpen", "eyeBlinkRight"}
    assert read.shape("jawOpen").tolist() == [0.25, 0.75]
    assert read.shape("eyeBlinkRight").tolist() == [0.5, 1.0]
    assert read.head_deg is None


def test_angles_turn_as_documented(tmp_path):
    header = "Timecode,BlendShapeCount,JawOpen,HeadYaw,HeadPitch,HeadRoll"
    text = csv_text("00:00:00:00.0,4,0,0.2,0.1,0.3", header=header)
    path = written(tmp_path / "take.csv", text)
    yaw, pitch, roll = (math.degrees(angle) for angle in (0.2, 0.1, 0.3))
    expected = {
        "arkit": [pitch, -yaw, -roll],
        "unreal": [-pitch, yaw, -roll],
    }
    for head, angles in expected.items():
        read = load_blendshapes(path, CaptureOptions(head=head))
        assert read.head_deg[0].tolist() == pytest.approx(angles, abs=1e-4)
    assert load_blendshapes(path, CaptureOptions(head="none")).head_deg is None
    degrees = written(tmp_path / "degrees.csv", text.replace("0.2,0.1,0.3", "20,10,30"))
    assert load_blendshapes(degrees).head_deg[0].tolist() == pytest.approx([10, -20, -30])


@pytest.mark.parametrize(
    ("largest", "rate"), [(23, 24), (24, 25), (29, 30), (49, 50), (59, 60), (119, 120)]
)
def test_the_rate_is_that_of_the_time_codes(tmp_path, largest, rate):
    rows = [f"01:02:{3 + k // rate:02}:{k % rate:02}.125,2,{k / 500},0" for k in range(2 * rate)]
    assert largest == rate - 1
    read = load_blendshapes(written(tmp_path / "take.csv", csv_text(*rows)))
    assert read.fps == rate
    assert len(read) == 2 * rate


@pytest.mark.parametrize("fps", [12, 20, 24, 30])
def test_a_second_that_has_all_of_its_frames_tells_an_unusual_rate(tmp_path, fps):
    weights = torch.linspace(0, 1, 3 * fps)[:, None].expand(-1, 52)
    save_blendshapes(Blendshapes(weights=weights, fps=Fraction(fps)), tmp_path / "take.csv")
    read = load_blendshapes(tmp_path / "take.csv")
    assert (read.fps, len(read)) == (fps, 3 * fps)
    torch.testing.assert_close(read.weights, weights, rtol=0, atol=1e-4)


def test_a_rate_that_is_given_counts_the_frames_of_the_time_codes(tmp_path):
    rows = [f"00:00:{k // 30:02}:{k % 30:02}.000,2,{k / 50},0" for k in range(40)]
    path = written(tmp_path / "take.csv", csv_text(*rows))
    ntsc = load_blendshapes(path, CaptureOptions(capture_fps=Fraction(30000, 1001)))
    assert (ntsc.fps, len(ntsc)) == (Fraction(30000, 1001), 40)
    assert ntsc.shape("jawOpen")[-1] == pytest.approx(39 / 50)
    with pytest.raises(MediaError, match="count frames up to 29"):
        load_blendshapes(path, CaptureOptions(capture_fps=Fraction(25)))


def test_a_gap_in_the_time_codes_is_filled_in(tmp_path):
    frames = [number for number in range(60) if number not in {10, 11, 12}]
    rows = [f"23:59:59:{number:02}.000,2,{number / 100},0" for number in frames]
    rows.append("00:00:00:00.000,2,0.6,0")  # over midnight
    read = load_blendshapes(written(tmp_path / "take.csv", csv_text(*rows)))
    assert len(read) == 61
    assert_close(read.shape("jawOpen"), torch.arange(61) / 100)


def test_time_codes_that_tremble_by_less_than_half_a_frame_keep_the_values(tmp_path):
    rows = [f"00:00:00:{k:02}.{(k * 37) % 50:02}0,2,{k % 7 / 10},0" for k in range(60)]
    read = load_blendshapes(written(tmp_path / "take.csv", csv_text(*rows)))
    assert_close(read.shape("jawOpen"), torch.tensor([k % 7 / 10 for k in range(60)]))


def test_drop_frame_codes_leave_no_gap_where_numbers_are_left_out(tmp_path):
    codes = [
        *(f"00:00:59;{frame:02}" for frame in range(20, 30)),
        *(f"00:01:00;{frame:02}" for frame in range(2, 12)),
    ]
    rows = [f"{code},2,{k / 20},0" for k, code in enumerate(codes)]
    read = load_blendshapes(written(tmp_path / "take.csv", csv_text(*rows)))
    assert read.fps == Fraction(30000, 1001)
    assert_close(read.shape("jawOpen"), torch.arange(20) / 20)


def test_drop_frame_codes_go_on_over_midnight(tmp_path):
    text = csv_text("23:59:59;29,2,0,0", "00:00:00;00,2,1,0")
    assert len(load_blendshapes(written(tmp_path / "take.csv", text))) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("mark", "point"), [(",", "."), (";", "."), (";", ","), ("\t", ",")])
def test_a_csv_as_spreadsheets_write_it(tmp_path, mark, point, encoding):
    header = "Timecode,JawOpen,EyeBlinkLeft,HeadYaw,HeadPitch,HeadRoll"
    text = csv_text("00:00:00:00.5,.25,1,-0.5,0,0", "00:00:00:01.5,7.5e-1,0,0,0,0", header=header)
    text = text.replace(",", mark).replace(".", point).replace("\n", "\r\n")
    (tmp_path / "take.csv").write_bytes(f"\r\n{text}{mark * 5}\r\n".encode(encoding))
    read = load_blendshapes(tmp_path / "take.csv")
    assert read.shape("jawOpen").tolist() == [0.25, 0.75]
    assert read.head_deg[0].tolist() == pytest.approx([0, math.degrees(0.5), 0], abs=1e-4)


def test_errors_name_the_line_of_the_file(tmp_path):
    text = csv_text("00:00:00:00.0,2,0,0", "", "00:00:00:01.0,2,wide,0")
    with pytest.raises(MediaError, match=r"Line 4 of .*'wide'"):
        load_blendshapes(written(tmp_path / "take.csv", text))


def test_a_csv_without_time_codes_and_one_that_counts_frames(tmp_path):
    plain = written(tmp_path / "a.csv", "jawOpen\n0.5\n0.25\n")
    read = load_blendshapes(plain, CaptureOptions(capture_fps=Fraction(30)))
    assert (len(read), read.fps) == (2, 30)
    counted = written(tmp_path / "b.csv", csv_text("7,2,0,0", "8,2,.5,0", "10,2,.5,1"))
    assert load_blendshapes(counted).shape("eyeBlinkLeft").tolist() == [0, 0, 0.5, 1]


def test_messages_of_ifacialmocap(tmp_path):
    text = (
        "mouthSmile_R-20|jawOpen-45|eyeBlink_L-100|browInnerUp-3|hapihapi-0|"
        "=head#10,-5,2,0.1,0.2,-0.6|rightEye#1,2,3|leftEye#1,2,3|\n"
    )
    read = load_blendshapes(written(tmp_path / "take.txt", text * 3))
    assert (len(read), read.fps) == (3, 60)
    assert read.known == {"mouthSmileRight", "jawOpen", "eyeBlinkLeft", "browInnerUp"}
    assert read.shape("jawOpen").tolist() == pytest.approx([0.45] * 3)
    assert read.head_deg[0].tolist() == [10, 5, -2]


def test_lines_without_shapes_are_no_messages(tmp_path):
    text = "iFacialMocap_greeting\njawOpen-45|=head#1,2,3|\n\njawOpen--5|=head#1,2,3|\n"
    read = load_blendshapes(written(tmp_path / "take.txt", text))
    assert read.shape("jawOpen").tolist() == pytest.approx([0.45, -0.05])


MEDIAPIPE_FORMS = {
    "names": lambda shapes: shapes,
    "face": lambda shapes: [{"blendshapes": shapes, "score": 0.9}],
    "categories": lambda shapes: [
        {"index": k, "score": v, "categoryName": n} for k, (n, v) in enumerate(shapes.items())
    ],
    "result": lambda shapes: {
        "faceBlendshapes": [
            {"categories": [{"score": v, "categoryName": n} for n, v in shapes.items()]}
        ]
    },
}


@pytest.mark.parametrize("form", MEDIAPIPE_FORMS)
def test_names_of_mediapipe(tmp_path, form):
    frames = [{"_neutral": 0.01, "jawOpen": k / 4, "eyeBlinkLeft": 0.5} for k in range(4)]
    made = json.dumps({"frames": [MEDIAPIPE_FORMS[form](frame) for frame in frames]})
    read = load_blendshapes(written(tmp_path / "take.json", made))
    assert read.shape("jawOpen").tolist() == [0, 0.25, 0.5, 0.75]
    assert read.known == {"jawOpen", "eyeBlinkLeft"}
    assert read.fps == 30


def test_frames_without_a_face_lie_between_their_neighbours(tmp_path):
    faces = [[], [{"blendshapes": {"jawOpen": 0.2}}], [], [{"blendshapes": {"jawOpen": 0.6}}], []]
    read = load_blendshapes(written(tmp_path / "take.json", json.dumps(faces)))
    assert_close(read.shape("jawOpen"), torch.tensor([0.2, 0.2, 0.4, 0.6, 0.6]))


def test_the_head_of_mediapipe_turns_as_its_matrix_says(tmp_path):
    angle = math.radians(20)  # about y, upwards: the nose goes to x, to the right of the picture
    matrix = np.eye(4) * 2
    matrix[:3, :3] @= [
        [math.cos(angle), 0, math.sin(angle)],
        [0, 1, 0],
        [-math.sin(angle), 0, math.cos(angle)],
    ]
    face = {"blendshapes": {"jawOpen": 0.2}, "transformation_matrix": matrix.tolist()}
    read = load_blendshapes(written(tmp_path / "take.json", json.dumps([[face]])))
    assert read.head_deg[0].tolist() == pytest.approx([0, -20, 0], abs=1e-3)


HEADS = {
    "rows": lambda turn: {"transformation_matrix": turn},
    "flat": lambda turn: {"transformation_matrix": [number for row in turn for number in row]},
    "results of Python": lambda turn: {"facial_transformation_matrixes": [turn, turn]},
    "results of a browser": lambda turn: {
        "facialTransformationMatrixes": [
            {"rows": 4, "columns": 4, "data": [row[column] for column in range(4) for row in turn]}
        ]
    },
}


@pytest.mark.parametrize("form", HEADS)
def test_heads_of_mediapipe_stand_in_several_forms(tmp_path, form):
    cos, sin = math.cos(0.4), math.sin(0.4)  # about x: the nose goes down
    turn = [[1, 0, 0, 3], [0, cos, -sin, 2], [0, sin, cos, -40], [0, 0, 0, 1]]
    shapes = [{"categoryName": "jawOpen", "score": 0.2}]
    frames = [{"face_blendshapes": [shapes]} for _ in range(3)]
    frames[1] |= HEADS[form](turn)  # and the frames beside it have none
    read = load_blendshapes(written(tmp_path / "take.json", json.dumps(frames)))
    expected = torch.tensor([[math.degrees(0.4), 0.0, 0.0]]).expand(3, -1)
    assert_close(read.head_deg, expected, atol=1e-3, rtol=0)


def test_a_mirrored_capture_changes_sides(tmp_path):
    shapes = random_shapes()
    save_blendshapes(shapes, tmp_path / "take.csv")
    read = load_blendshapes(tmp_path / "take.csv", CaptureOptions(mirrored=True))
    assert_close(read.shape("eyeBlinkLeft"), shapes.shape("eyeBlinkRight"), atol=1e-6, rtol=0)
    assert_close(read.shape("jawRight"), shapes.shape("jawLeft"), atol=1e-6, rtol=0)
    assert_close(read.head_deg[:, 1], -shapes.head_deg[:, 1], atol=1e-4, rtol=0)
    twice = mirror_blendshapes(mirror_blendshapes(shapes))
    assert_close(twice.weights, shapes.weights)


def test_a_head_is_levelled_by_its_median(tmp_path):
    shapes = random_shapes(101)
    tilted = replace(shapes, head_deg=shapes.head_deg + torch.tensor((-15.0, 4.0, 2.0)))
    save_blendshapes(tilted, tmp_path / "take.csv")
    read = load_blendshapes(tmp_path / "take.csv", CaptureOptions(level=True))
    assert_close(read.head_deg.median(0).values, torch.zeros(3), atol=1e-4, rtol=0)
    assert_close(read.head_deg.diff(dim=0), shapes.head_deg.diff(dim=0), atol=1e-3, rtol=0)


BAD_FILES = {
    "empty.csv": "",
    "header.csv": csv_text(),
    "other.csv": "a,b\n1,2\n",
    "short_row.csv": csv_text("00:00:00:00.0,2"),
    "letters.csv": csv_text("00:00:00:00.0,2,much,0"),
    "nan.csv": csv_text("00:00:00:00.0,2,nan,0"),
    "infinite.csv": csv_text("00:00:00:00.0,2,1e999,0"),
    "time.csv": csv_text("00:00:00:00.0,2,0,0", "later,2,0,0"),
    "backwards.csv": csv_text("00:00:00:05.0,2,0,0", "00:00:00:04.0,2,0,0"),
    "same.csv": csv_text("00:00:00:05.0,2,0,0", "00:00:00:05.0,2,0,0"),
    "hours.csv": csv_text("01:00:00:05.0,2,0,0", "03:00:00:05.0,2,0,0"),
    "under.csv": csv_text("00:00:00:00.0,2,0_1,0"),
    "empty_cell.csv": csv_text("00:00:00:00.0,2,,0"),
    "percent.csv": csv_text("00:00:00:00.0,2,37,0"),
    "seconds.csv": csv_text("3.25,2,0,0", "3.29,2,0,0"),
    "no_time.csv": csv_text("0", header="JawOpen,Timecode"),
    "quote.csv": csv_text('00:00:00:05.0,2,"0,0'),
    "words.txt": "hello\nworld\n",
    "letters.txt": "jawOpen-4.5.6|=head#1,2,3\n",
    "word.txt": "jawOpen-wide|=head#1,2,3\n",
    "no_number.txt": "jawOpen-nan|=head#1,2,3\n",
    "far.txt": "jawOpen-1e9|=head#1,2,3\n",
    "cut.txt": "jawOpen-4|eyeBlink_L-3|=head#1,2,3|\njawOpen-4|eyeB",
    "cut_head.txt": "jawOpen-4|=head#1,2,3|\njawOpen-4",
    "head.txt": "jawOpen-4|=head#1,2\n",
    "nan.txt": "jawOpen-4|=head#nan,2,3\n",
    "no.json": "{",
    "number.json": "3",
    "names.json": '[{"smile": 0.5}]',
    "none.json": "[[], []]",
    "text.json": '[{"jawOpen": "wide"}]',
    "nan.json": '[{"jawOpen": NaN}]',
    "large.json": '[{"jawOpen": 1e39}]',
    "digits.json": '[{"jawOpen": 1' + "0" * 400 + "}]",
    "matrix_text.json": '[{"jawOpen": 1, "transformation_matrix": "turned"}]',
    "matrix_rows.json": '[{"jawOpen": 1, "transformation_matrix": [[1, 2], [3]]}]',
    "matrix_flat.json": '[{"jawOpen": 1, "transformation_matrix": [[0, 0, 0, 0]]}]',
    "matrix_data.json": '[{"jawOpen": 1, "transformation_matrix": {"rows": 4}}]',
    "deep.json": "[" * 20000,
    "take.bvh": "HIERARCHY",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_capture_is_one_sentence(tmp_path, name):
    with pytest.raises(MediaError) as error:
        load_blendshapes(written(tmp_path / name, BAD_FILES[name]))
    said = str(error.value)
    assert name in said
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 300


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "take.csv").write_bytes(b"\x80\xfe\x00\x01" * 50)
    with pytest.raises(MediaError, match="is no text"):
        load_blendshapes(tmp_path / "take.csv")


@pytest.mark.parametrize("suffix", ["csv", "txt", "json"])
def test_damaged_files_are_read_or_refused(tmp_path, suffix):
    save_blendshapes(random_shapes(8), tmp_path / "take.csv")
    texts = {
        "csv": (tmp_path / "take.csv").read_text(),
        "txt": "eyeBlink_L-7|jawOpen-45|=head#10,-5,2,0,0,0|leftEye#1,2,3|\n" * 4,
        "json": json.dumps([[{"blendshapes": {"jawOpen": 0.5, "tongueOut": 0.1}}]] * 3),
    }
    random = np.random.default_rng(0)
    for _ in range(150):
        letters = list(texts[suffix])
        for _ in range(int(random.integers(1, 6))):
            place = int(random.integers(len(letters)))
            letters[place : place + int(random.integers(1, 9))] = str(
                random.choice(list(',;:.-|=#"{}[]\n xe9N'))
            )
        path = written(tmp_path / f"damaged.{suffix}", "".join(letters))
        try:
            read = load_blendshapes(path)
        except MediaError:
            continue
        assert read.weights.isfinite().all()
        assert len(read)
        assert read.head_deg is None or read.head_deg.isfinite().all()


def test_only_a_csv_is_written(tmp_path):
    with pytest.raises(MediaError, match=r"ends in \.csv"):
        save_blendshapes(random_shapes(), tmp_path / "take.json")
    with pytest.raises(MediaError, match="0 frames"):
        save_blendshapes(random_shapes()[:0], tmp_path / "take.csv")
    assert not list(tmp_path.iterdir())


def test_shapes_without_a_head_are_written_as_facing(tmp_path):
    save_blendshapes(replace(random_shapes(), head_deg=None), tmp_path / "take.csv")
    assert not load_blendshapes(tmp_path / "take.csv").head_deg.any()
