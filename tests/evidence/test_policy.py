"""The House's policy on evidence is a setting; a wrong one stops the start, and a claim is no choice."""

import pytest

from shared.domain.event import House
from shared.runtime.settings import Settings, SettingsError


def test_the_least_grade_of_a_purpose_is_platform_unless_the_policy_says_otherwise() -> None:
    settings = Settings.load({"HOUSE_LEAST_GRADES": "sprint-match/1=signed, other/2=platform"})
    house = House("https://house.example", "sha256:", str, least_grades=dict(settings.least_grades))
    purposes = ("sprint-match/1", "other/2", "third/1")
    assert [house.least_grade(purpose) for purpose in purposes] == ["signed", "platform", "platform"]


@pytest.mark.parametrize(
    "text", ["sprint-match/1=claimed", "sprint-match/1", "signed", "Sprint/1=signed", "a/1=signed,"]
)
def test_a_wrong_policy_is_refused_by_its_setting_s_name(text: str) -> None:
    with pytest.raises(SettingsError, match="HOUSE_LEAST_GRADES: expected comma-separated purpose=signed"):
        Settings.load({"HOUSE_LEAST_GRADES": text})
