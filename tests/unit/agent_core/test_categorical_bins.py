"""Reference bins of categories."""

from tidegauge.core.bins import LEAST_NAME_ROWS, MAX_NAMES_BYTES, BinKind, categorical_bins
from tidegauge.core.columns import ColumnKind


def test_ties_are_ranked_by_utf8_order() -> None:
    bins = categorical_bins("c", {"é": 2, "b": 2, "z": 5, "𝄞": 2, "B": 2, "": 2})

    assert bins.categories == ("z", "", "B", "b", "é", "𝄞")


def test_hundred_categories_are_named_and_the_next_nine_hundred_are_rest() -> None:
    bins = categorical_bins("c", {f"n{i:04}": 5_000 - i for i in range(1_000)})

    assert (len(bins.categories), len(bins.rest), bins.high_cardinality) == (100, 900, False)
    assert [one.kind for one in bins.labels[-2:]] == [BinKind.REST, BinKind.NEW]
    counts, unknown = bins.count_names({"n0000": 3, "n0100": 4, "n0999": 1, "elsewhere": 2})
    assert counts[0] == 3
    assert counts[-2:].tolist() == [5, 2]
    assert unknown == {"elsewhere": 2}


def test_unknown_names_of_a_column_of_high_cardinality_fall_in_rest() -> None:
    bins = categorical_bins("c", {f"n{i:04}": 5_000 - i for i in range(1_001)})

    assert bins.high_cardinality
    assert bins.labels[-1].kind is BinKind.REST
    counts, _ = bins.count_names({"n1000": 1, "elsewhere": 2}, overflow=7)
    assert counts[-1] == 10


def test_few_categories_have_no_rest() -> None:
    bins = categorical_bins("c", {"a": 1, "b": 1})

    counts, _ = bins.count_names({"a": 2, "x": 3}, overflow=4)

    assert [one.kind for one in bins.labels] == [BinKind.CATEGORY, BinKind.CATEGORY, BinKind.NEW]
    assert counts.tolist() == [2, 0, 7]


def test_empty_baseline_column_has_only_the_bin_new() -> None:
    bins = categorical_bins("c", {}, kind=ColumnKind.BOOLEAN)

    assert [one.kind for one in bins.labels] == [BinKind.NEW]
    assert bins.count_names({"true": 3})[0].tolist() == [3]


def test_names_of_an_id_like_column_stay_at_home_unless_they_are_frequent() -> None:
    names = {f"customer-{i}": 1 for i in range(500)} | {"guest": LEAST_NAME_ROWS}

    bins = categorical_bins("c", names)

    assert bins.categories == ("guest",)
    assert bins.rest == ()
    assert not bins.high_cardinality


def test_huge_names_are_kept_only_as_far_as_a_frame_can_hold_them() -> None:
    bins = categorical_bins("c", {"語" * 120 + f"{i:08}": 3 for i in range(1_000)})

    kept = [*bins.categories, *bins.rest]
    assert 300 < len(kept) < 1_000
    assert sum(len(name.encode()) for name in kept) <= MAX_NAMES_BYTES
