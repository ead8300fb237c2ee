"""A whole Shoal cluster on one machine: what the demo and the integration tests have in common.

network     places for programs: shaped network namespaces, or loopback addresses
processes   programs started and ended by id, each with a log file
workspace   the temporary directory of one run, and the cleaning up
content     layers: deterministic incompressible bytes, given files, or nothing
images      configs, manifests and indexes over such layers
registry    docker-registry as origin, what is pushed to it and what was asked of it
shoal       shoal-agent and shoal-tracker: configuration, readiness, metrics
puller      a client that pulls as a container runtime does
cpu         how busy the machine is
containerd  Debian's containerd as a client
cri         its Container Runtime Interface, as a kubelet asks it
podman      podman and skopeo as clients
docker      dockerd as a client
shims       what their containers may leave behind
bound       the shortest time that a rollout could take
"""
