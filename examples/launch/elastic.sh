#!/bin/sh
# A recipe on 2 to 4 machines of one process each, which goes on with those that are left when one is lost:
#
#     TOTAL=12 examples/launch/elastic.sh host:29500 examples/cyclegan.py paper --data ~/horse2zebra
#
# Start it on each machine, with the name of the first one and a free port. TOTAL is the number of samples in a
# step, which all processes share: a multiple of every number of processes that there may be. The folder of the
# run must be on a disk that all see. The first machine keeps the list of the others, so it must not be lost.
set -eu
NODES=${NODES:-2:4}
PROCESSES=${PROCESSES:-1} # on each machine
endpoint=${1:?expected the first machine and a port, such as host:29500, and then a recipe}
shift
export TOTAL="${TOTAL:?expected the number of samples in a step, such as TOTAL=12}"

machines=${NODES%:*}
while [ "$machines" -le "${NODES#*:}" ]; do
    if [ $((TOTAL % (machines * PROCESSES))) -ne 0 ]; then
        echo "error: TOTAL must be a multiple of $((machines * PROCESSES)) processes, too; got $TOTAL" >&2
        exit 2
    fi
    machines=$((machines + 1))
done

# The store of a round of processes must be a new one: in the one that torchrun shares by default, processes find the
# addresses of those that have ended, and start again and again.
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1

# torchrun starts the processes again with another WORLD_SIZE, and the run resumes from its last checkpoint.
exec torchrun --nnodes "$NODES" --nproc_per_node "$PROCESSES" --max_restarts "${RESTARTS:-100}" \
    --rdzv_backend c10d --rdzv_id gan --rdzv_endpoint "$endpoint" --no_python \
    sh -c 'exec python "$@" --batch-size "$((TOTAL / WORLD_SIZE))"' sh "$@"
