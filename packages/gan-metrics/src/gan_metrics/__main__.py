"""`python -m gan_metrics` is the command `gan-metrics`."""

from gan_metrics.study.command import main

if __name__ == "__main__":
    main()
