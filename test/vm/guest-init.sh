#!/bin/busybox sh
# The first process of a guest: sets the machine up, runs the tests, sends their report to the second serial port, and
# turns the machine off.

/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
# Before 5.11 BPF maps and programs count against it.
ulimit -l unlimited

# Every process strips the types of the same sources, which takes seconds where the processor is emulated.
export NODE_COMPILE_CACHE=/tmp/compile-cache
# Tests of many requests make fewer.
export SKEP_EMULATED=1
export HOME=/root NO_COLOR=1 PATH=/bin
cd /skep
node --conditions=skep-source --disable-warning=ExperimentalWarning scripts/run-tests.ts \
  --tier kernel --timeout 600 --report /tmp/report $(cat /tests)
cat /tmp/report > /dev/ttyS1
poweroff -f
