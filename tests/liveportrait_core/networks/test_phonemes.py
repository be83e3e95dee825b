"""The encoder of sound."""

import torch

from liveportrait_core.networks.phonemes import LogMel, PhonemeEncoder


def test_frame_i_is_centred_at_sample_320_i():
    click = torch.zeros(1, 3200)
    click[0, 1600] = 1.0
    mel = LogMel()(click)[0, ::2]
    assert mel.shape == (11, 80)
    assert mel.sum(1).argmax() == 5


def test_a_tone_is_loudest_in_the_band_of_its_pitch():
    times = torch.arange(16000) / 16000
    mel = LogMel()((0.5 * torch.sin(2 * torch.pi * 1000 * times))[None])[0]
    # 1 kHz is 1000 of 2840 mel; of 81 steps that is number 28.5, between bands 27 and 28
    assert mel.mean(0).argmax() in (27, 28)


def test_probabilities_of_phonemes_add_up_to_one():
    torch.manual_seed(0)
    encoder = PhonemeEncoder().eval()
    with torch.no_grad():
        heard = encoder(torch.randn(2, 3200) * 0.1)
        spoken = encoder.probabilities(heard.encoded)
    assert heard.encoded.shape == (2, 11, 144)
    assert heard.mel.shape == (2, 11, 80)
    assert spoken.shape == (2, 11, 191)
    torch.testing.assert_close(spoken.sum(-1), torch.ones(2, 11))
