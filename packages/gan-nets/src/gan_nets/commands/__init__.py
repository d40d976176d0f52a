"""The command `gan-nets`: each of its commands is a file of this room."""

from gan_nets.commands._app import main as main  # the entry point
