"""What the library warns of while a block runs is heard, and can be said again."""

import logging

from liveportrait_core.warned import HeardWarnings, OptionName

LOG = logging.getLogger("liveportrait_core.somewhere")


def test_the_librarys_warnings_are_heard_while_the_block_runs():
    LOG.warning("before")
    with HeardWarnings() as heard:
        LOG.warning("frame %d", 3)
        LOG.info("not a warning")
        logging.getLogger("elsewhere").warning("not ours")
        LOG.error("worse")
    LOG.warning("after")
    assert heard.texts == ["frame 3", "worse"]


def test_what_was_heard_is_said_again_where_it_came_from(caplog):
    with HeardWarnings() as heard:
        LOG.warning("frame %d", 3)
    caplog.clear()
    with HeardWarnings() as again:
        heard.repeat()
    assert again.texts == ["frame 3"]
    assert [(one.name, one.getMessage()) for one in caplog.records] == [(LOG.name, "frame 3")]
    assert heard.texts == ["frame 3"]


def test_an_option_in_a_warning_has_the_name_of_the_place_where_it_is_heard():
    class Shouted(HeardWarnings):
        def name_of(self, key):
            return key.upper()

    with Shouted() as heard, HeardWarnings() as plain:
        LOG.warning("%s and %s", OptionName("gain"), "gain")
    assert (heard.texts, plain.texts) == (["GAIN and gain"], ["gain and gain"])
