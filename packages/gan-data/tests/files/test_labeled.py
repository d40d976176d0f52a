from gan_data import LabeledPhotos, find_labeled, split_by_content


def test_files_are_matched_and_split(city):
    files = find_labeled(**city)
    assert [(file.photo.name, file.labels.name) for file in files] == [
        ("aachen_1_leftImg8bit.png", "aachen_1_gtFine_labelIds.png"),
        ("bonn_2_leftImg8bit.png", "bonn_2_gtFine_labelIds.png"),
    ]
    (city["photos"] / "bonn_2_leftImg8bit.png").write_bytes(files[0].photo.read_bytes() + b" ")
    train, validation = split_by_content(files, 1)
    assert len(LabeledPhotos(train)) == len(LabeledPhotos(validation)) == 1
    assert train[0] != validation[0]
