"""From a recipe to results: `plan` decides, `stages` do."""
