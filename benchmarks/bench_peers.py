"""mien beside other packages on labelled tables: see benchmarks/peers/README.md."""

from peers.command import main

if __name__ == "__main__":
    main()
