from liveportrait_core.errors import counted, indexes


def test_one_is_not_many():
    assert counted(0, "clip") == "0 clips"
    assert counted(1, "clip") == "1 clip"
    assert counted(2000, "clip") == "2,000 clips"


def test_of_one_thing_there_is_one_index():
    assert (indexes(1), indexes(4)) == ("0", "0 to 3")
