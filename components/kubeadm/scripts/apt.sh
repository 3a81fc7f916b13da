# shellcheck shell=bash
# How packages are installed.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

# Our own repositories are enough as a rule: their packages need none that the machine image lacks. Ubuntu's lists are 36 MB.
OWN=$RUN/sources
lists=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$OWN" -o APT::Get::List-Cleanup=0)

apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "${lists[@]}" "$@"; }

# A list that could not be fetched must count as an error: by default apt only warns, and installs from older lists.
update() { retry 8 apt -o APT::Update::Error-Mode=any update || fail "package lists could not be fetched"; }

own_lists() { mkdir -p "$OWN" && cp "$ROOT"/etc/apt/sources.list.d/{kubernetes,containerd}.list "$OWN"; }

# install_packages PACKAGE[=VERSION]...
install_packages() {
  local options=(-y --no-install-recommends --allow-downgrades --allow-change-held-packages)
  dpkg --configure -a # an installation may have been cut off
  apt install "${options[@]}" "$@" && return
  log "fetching all package lists"
  lists=()
  update
  retry 5 apt install "${options[@]}" "$@" || fail "packages could not be installed: $*"
}
