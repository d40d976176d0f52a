"""What recipes need besides their paper: data sets, evaluation, results."""
