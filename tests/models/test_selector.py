from __future__ import annotations

import pytest

from mujaz.models.selector import tidy


@pytest.mark.parametrize(
    ("stretch", "alone"),
    [
        ("  فاز\n الفريق، ", "فاز الفريق"),
        ("– فاز الفريق:", "فاز الفريق"),
        ("-5 درجات في الشمال", "-5 درجات في الشمال"),
        ("قال «فاز الفريق", "قال فاز الفريق"),
        ("فاز الفريق» أمس", "فاز الفريق أمس"),
        ("قال «فاز الفريق» أمس", "قال «فاز الفريق» أمس"),
        ("(فاز [الفريق) أمس", "(فاز الفريق) أمس"),
        ('فيلم "السوق" في العرض', 'فيلم "السوق" في العرض'),
        ('صعب" وقال الوزير "لا بد', "صعب وقال الوزير لا بد"),
        ('قال "فاز الفريق', "قال فاز الفريق"),
        ("…", ""),
    ],
)
def test_a_stretch_alone(stretch: str, alone: str) -> None:
    assert tidy(stretch) == alone
    assert tidy(alone) == alone
