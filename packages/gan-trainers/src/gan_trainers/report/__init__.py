"""The command `gan-trainers report`."""
