"""Who answers: a file each. Their SDKs are imported when the first prompt is sent."""
