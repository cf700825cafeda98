from typing import Literal

CommentOutDecisionType0 = Literal["approved", "changes_requested"]

COMMENT_OUT_DECISION_TYPE_0_VALUES: set[CommentOutDecisionType0] = {
    "approved",
    "changes_requested",
}


def check_comment_out_decision_type_0(value: str) -> CommentOutDecisionType0:
    if value in COMMENT_OUT_DECISION_TYPE_0_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {COMMENT_OUT_DECISION_TYPE_0_VALUES!r}"
    )
