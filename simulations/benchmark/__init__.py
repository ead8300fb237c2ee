"""The rollout benchmark: real programs on shaped links, several ways of distribution, and the bound nobody can beat.

scenario    what is rolled out to whom over which links: dataclasses and their file format
options     the command line
bound       the shortest possible time, as pure functions
isolation   the run's own process and mount namespaces: whatever ends it, the kernel leaves nothing behind
topology    the network of a scenario, flat or in racks, each link checked before the run
honesty     whether the machine was the bottleneck, which makes a run void
modes/      the systems under comparison, one file each
stage       what stands before a rollout: network, origin, nodes
client      the program that pulls on a node, and how it is told to start
registry_puller  how a client pulls from a registry
run         one run from setting the stage to its result
measures    percentiles, bytes, CPU and memory of a run
repeats     as many runs as it takes to have enough that count
results     repeated runs as one result, and its JSON
table       results for a reader
plots       pictures of them
suite       the whole of RESULTS.md
"""
