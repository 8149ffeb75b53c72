"""A whole fleet valued anew: by cohort, so that the cost grows with what is different and not with what is many."""
