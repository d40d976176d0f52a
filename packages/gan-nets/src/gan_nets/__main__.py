"""`python -m gan_nets` is the command `gan-nets`."""

from gan_nets.commands import main

main()
