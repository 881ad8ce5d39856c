"""`python -m ensilinja COMMAND`."""

from ensilinja.cli import main

if __name__ == "__main__":
    main()
