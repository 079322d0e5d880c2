#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages given that are missing. Does nothing where there is no dpkg.
set -euo pipefail

stop() {
  echo "install_packages.sh: $*" >&2
  exit 1
}

command -v dpkg-query >/dev/null || exit 0
missing=()
for package in "$@"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
  sudo -n true 2>/dev/null ||
    stop "these packages are missing and only root may install them: ${missing[*]}."
fi
{
  "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing[@]}"
} || stop "these packages are missing and apt-get could not install them: ${missing[*]}."
