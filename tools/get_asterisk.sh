#!/usr/bin/env bash
# Unpacks Asterisk 22 and what it links to into a folder (var/asterisk unless named), for the tests of telephony.
# Nothing is installed and no root is needed. Debian 12 has no Asterisk: a newer suite of the same mirror does.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$(realpath -m "${1:-var/asterisk}")
suite=${SUITE:-forky}
# The mirror is the one that this machine uses already; run apt-get update once before.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')}
[ -n "$mirror" ] || { echo "apt knows no mirror of Debian on this machine: give one in MIRROR" >&2; exit 1; }

apt=$tree/.apt
mkdir -p "$apt"/etc/{apt.conf.d,preferences.d,trusted.gpg.d} "$apt"/state/lists/partial "$apt"/cache/archives/partial
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/etc/sources.list"
options=(
    -o Dir::Etc="$apt/etc" -o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
    -o APT::Install-Recommends=false -o APT::Sandbox::User="" -o Acquire::Languages=none -o Debug::NoLocking=1
)
apt-get "${options[@]}" -qq update
apt-get "${options[@]}" -qq -y --download-only install asterisk >/dev/null
for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$tree" --keep-directory-symlink -p --no-same-owner
done
rm -rf "$apt"
