"""Which cars are taken for which, and what is suggested of it."""

import json

from classifier.artefact import TrainedClass
from classifier.recognition import Recognition
from classifier.training.data.manifest import ManifestRow
from classifier.training.evaluation.confusion import confusion_of, merge_table, merges_of, pairs_of
from classifier.training.evaluation.scored_photo import ScoredPhoto

CLASSES = (
    TrainedClass("BMW", "X5"),
    TrainedClass("BMW", "X6"),
    TrainedClass("Audi", "A4", "2010"),
    TrainedClass("Audi", "A4", "2012"),
    TrainedClass("VW", "Golf Plus"),
)


def photos(truth, predicted, count):
    row = ManifestRow(path="", file="a.jpg", make="m", model="m")
    one = ScoredPhoto(row, Recognition("ok"), True, True, truth=truth, predicted=predicted, top1=truth == predicted)
    return [one] * count


def suggested(*groups):
    return merges_of(pairs_of([one for group in groups for one in photos(*group)]), CLASSES)


def test_a_table_shows_the_most_mistaken_and_counts_the_others_together():
    said = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("b", ""), ("c", "c"), ("d", "d")]
    table = confusion_of(said, most=2)
    assert (table.labels, table.answers) == (("a", "b"), ("a", "b", "another", "no answer"))
    assert table.counts == ((1, 1, 0, 0), (1, 0, 1, 1))
    assert table.left_out == 2


def test_a_car_that_is_only_ever_an_answer_has_a_column():
    table = confusion_of([("camry", "corolla")] * 3, most=5)
    assert (table.labels, table.answers[:2], table.counts) == (("camry",), ("camry", "corolla"), ((0, 3, 0, 0),))


def test_pairs_count_both_ways_and_come_worst_first():
    worst, second = pairs_of([*photos(0, 0, 6), *photos(0, 1, 4), *photos(1, 0, 5), *photos(1, 1, 5), *photos(4, 0, 2)])
    assert (worst.one, worst.other, worst.photos, worst.mistaken) == (0, 1, (10, 10), (4, 5))
    assert worst.share == 0.45
    assert second.mistaken == (0, 2)


def test_a_year_that_no_class_has_is_no_confusion():
    wrong_year = [ScoredPhoto(photos(2, 2, 1)[0].row, Recognition("ok"), True, True, truth=2, predicted=2, top1=False)]
    assert pairs_of(wrong_year) == []


def test_what_is_taken_for_another_half_the_time_is_merged_into_the_larger():
    (merge,) = suggested((0, 0, 10), (0, 1, 10), (1, 0, 5), (1, 1, 4))
    assert (merge.into.model, merge.other.model, merge.why_not) == ("X5", "X6", "")
    assert merge_table([merge]) == {"dropped": [], "merge_into": {"bmw_x5": ["bmw_x6"]}}


def test_a_small_class_that_is_never_found_is_merged_too():
    (merge,) = suggested((0, 0, 90), (1, 0, 6))
    assert merge.other.model == "X6"


def test_a_handful_of_mistakes_suggests_nothing():
    assert suggested((0, 0, 2), (0, 1, 2), (1, 1, 3)) == []  # too few photos
    assert suggested((0, 0, 40), (0, 1, 2), (1, 1, 40)) == []  # too few mistakes


def test_no_chain_is_merged_at_once():
    merges = suggested((0, 1, 8), (0, 0, 4), (1, 4, 8), (1, 1, 3), (4, 4, 10))
    assert len({one for merge in merges for one in (merge.into, merge.other)}) == 2


def test_years_that_look_alike_lose_their_year():
    merges = suggested((2, 3, 6), (2, 2, 2), (3, 3, 6))
    assert merge_table(merges)["merge_into"] == {"audi_a4": ["audi_a4_2010", "audi_a4_2012"]}


def test_merges_across_makes_are_told_and_stay_out_of_the_table():
    (merge,) = suggested((4, 0, 6), (0, 0, 7))
    assert merge.why_not == "different makes: look at the labels first"
    assert json.dumps(merge_table([merge])) == '{"dropped": [], "merge_into": {}}'
