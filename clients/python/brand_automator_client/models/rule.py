from typing import Literal

Rule = Literal["contrast", "forbidden-word", "spelling"]

RULE_VALUES: set[Rule] = {
    "contrast",
    "forbidden-word",
    "spelling",
}


def check_rule(value: str) -> Rule:
    if value in RULE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RULE_VALUES!r}")
