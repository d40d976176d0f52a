from gan_data import DataError, printable


def test_control_characters_and_bytes_are_escaped():
    assert printable("a\nb\x1b[31m\x07\x9b") == r"a\nb\x1b[31m\x07\x9b"
    assert printable("x\udcffy\u202ez") == r"x\udcffy\u202ez"


def test_letters_of_all_languages_stay():
    for name in ("写真 がぎ", "Łódź", "grün", "صورة", "🌹", "a b", "全角\u3000空白"):
        assert printable(name) == name


def test_the_sentence_of_an_error_is_one_line():
    assert str(DataError("a\n.png: is empty")) == r"a\n.png: is empty"
