"""The kith command by another way in: python -m viz.command."""

from viz.command import main

if __name__ == "__main__":
    main()
