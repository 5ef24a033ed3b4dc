#!/bin/sh
# Captures one server on many hosts at once. Made by drover DROVER:VERSION. Set the names, then: sh ansible.sh
#
# Needs   ansible, root on the hosts by --become, strace there, and capture.sh beside it (drover recipe SERVER >
#         capture.sh). No Node and no drover on the hosts.
# Leaves  nothing on the hosts: the last command removes what the first ones made. Says so where it fails.
# Slower  strace slows the server of each host while it runs, often by half. FORKS hosts at once: begin with one.
#         The captures hold what clients sent: keep them private.
#         Where sudo asks for a password: ANSIBLE_BECOME_PASSWORD_FILE=FILE, which only you may read.
# Tried   ansible 2.14 over ssh as a user with sudo, with and without a password: two names of one host, of which the
#         second one failed as it must. NOT tried: hosts behind another host, and other ways than sudo.
set -eu
HOSTS=${HOSTS:?a host or a group of the inventory}
FORKS=${FORKS:-1}
# Fixed for this run, so that all of its commands find it.
place=/var/tmp/drover-$(date +%s)-$$

umask 077
mkdir -p captures
failed=0
ansible "$HOSTS" --become -m file -a "path=$place state=directory mode=0700"
ansible "$HOSTS" --become -m copy -a "src=capture.sh dest=$place/capture.sh mode=0600"
# A host without the server fails here, and the others go on.
ansible "$HOSTS" --become -f "$FORKS" -m shell \
  -a "cd $place && DIRECTORY=$place/capture SECONDS_TO_TRACE=DROVER:SECONDS sh $place/capture.sh" || failed=1
ansible "$HOSTS" --become -m fetch -a "src=$place/capture.tar.gz dest=captures/ fail_on_missing=no" || failed=1
ansible "$HOSTS" --become -m file -a "path=$place state=absent" || echo "remove $place on the hosts" >&2
# captures/HOST/var/tmp/.../capture.tar.gz becomes captures/HOST/capture.
for packed in captures/*"$place"/capture.tar.gz; do
  [ -e "$packed" ] || continue
  host=${packed#captures/}
  tar -xzf "$packed" -C "captures/${host%%/*}" && rm -f "$packed"
done
echo "drover captures   says which of the hosts is sick, and of what."
exit "$failed"
