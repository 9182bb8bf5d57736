"""What a token looks like, and what it names."""

import hashlib

import pytest

from tidegauge_collector.access.tokens import (
    Scope,
    digest_of,
    is_pattern,
    is_secret_of,
    make_token,
    matches,
    read_token,
)


def test_token_has_an_id_and_256_random_bits_of_which_only_the_digest_is_kept() -> None:
    made, other = make_token(), make_token()
    parts = read_token(made.text)

    assert parts is not None
    assert (parts[0], len(parts[1]), len(made.text)) == (made.id, 43, 58)
    assert made.digest == hashlib.sha256(parts[1].encode()).digest()
    assert made.text not in repr(made)
    assert made.text[15:] != other.text[15:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tgk_",
        "tgk_0123456789_",
        "tgk_0123456789_" + "x" * 42,
        "tgk_0123456789_" + "x" * 44,
        "tgk_012345678G_" + "x" * 43,
        "TGK_0123456789_" + "x" * 43,
        "tgk_0123456789_" + "x" * 42 + "é",
        "tgk_0123456789_" + "x" * 43 + "\n",
    ],
)
def test_text_of_another_form_is_no_token(text: str) -> None:
    assert read_token(text) is None


def test_secret_is_right_only_for_its_own_digest_and_never_for_none() -> None:
    digest = digest_of("right")

    assert is_secret_of("right", digest)
    assert not is_secret_of("wrong", digest)
    assert not is_secret_of("right", None)
    assert not is_secret_of("", None)


@pytest.mark.parametrize(
    ("pattern", "deployment", "is_named"),
    [
        ("shop", "shop", True),
        ("shop", "shop-eu", False),
        ("shop-*", "shop-eu", True),
        ("shop-*", "shop", False),
        ("*-eu", "shop-eu", True),
        ("s*p", "shop", True),
        ("s*p", "shop\nx", False),
        ("*", "", True),
        ("a.b", "axb", False),
        ("shop-*", "shop-\n", True),
    ],
)
def test_star_stands_for_anything_and_all_else_for_itself(pattern: str, deployment: str, is_named: bool) -> None:
    assert matches(pattern, deployment) is is_named


@pytest.mark.parametrize(
    ("text", "is_one"), [("shop-*", True), ("", False), ("Shop", False), ("a b", False), ("a" * 129, False)]
)
def test_patterns_are_slugs_with_stars(text: str, is_one: bool) -> None:
    assert is_pattern(text) is is_one


def test_admin_covers_everything_and_the_others_themselves() -> None:
    covered = {(mine, asked) for mine in Scope for asked in Scope if mine.covers(asked)}

    assert covered == {(Scope.ADMIN, asked) for asked in Scope} | {(one, one) for one in Scope}
