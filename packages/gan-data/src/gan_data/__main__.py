"""`python -m gan_data` is the command `gan-data`."""

from gan_data.checking.command import main

if __name__ == "__main__":
    main()
