"""Rows and migrations. No input or output, no business."""
