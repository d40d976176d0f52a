"""`python -m gan_trainers` is the command `gan-trainers`."""

from gan_trainers.report.command import main

main()
