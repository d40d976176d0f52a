#!/bin/sh
# A recipe on 2 to 4 machines of one process each, which goes on with those that are left when one is lost:
#
#     TOTAL=16 examples/launch/elastic.sh host:29500 examples/cyclegan.py paper --data ~/horse2zebra
#
# Start it on each machine, with the name of the first one and a free port. TOTAL is the number of samples in a
# step, which all processes share: a multiple of every possible number of them. The folder of the run must be
# on a disk that all see.
set -eu
endpoint=$1
shift
export TOTAL="${TOTAL:?expected the number of samples in a step, such as TOTAL=12}"

# torchrun starts the processes again with another WORLD_SIZE, and the run resumes from its last checkpoint.
exec torchrun --nnodes "${NODES:-2:4}" --nproc_per_node "${PROCESSES:-1}" --max_restarts "${RESTARTS:-100}" \
    --rdzv_backend c10d --rdzv_id gan --rdzv_endpoint "$endpoint" --no_python \
    sh -c 'exec python "$@" --batch-size "$((TOTAL / WORLD_SIZE))"' sh "$@"
