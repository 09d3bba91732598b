# Installs redis-server, run as root, and leaves no server running: not now, and not after the next boot.
set -eu
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1

if [ "$(dpkg-query -W -f '${db:Status-Status}' redis-server 2>/dev/null)" = installed ]; then
    exit 0 # so its service is not ours to stop
fi

guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
    trap 'rm -f "$guard"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod 755 "$guard"
fi

# A foreign source that cannot be read fails the update, and need not concern this package.
apt-get update || echo "apt-get update failed, trying with the lists at hand" >&2
apt-get install -y redis-server

if [ -d /run/systemd/system ]; then
    systemctl disable --now redis-server
fi
