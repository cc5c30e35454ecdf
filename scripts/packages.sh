#!/usr/bin/env bash
# Installs what is missing of the packages Evenkeel is built and tried with.
#   scripts/packages.sh build|lab|vm|kernel|bench|lint|package|decky|flatpak ...
# Asks before it uses sudo. Where there is no apt-get it prints the names and stops.
set -euo pipefail

build="git build-essential pkg-config libxkbcommon-dev libwayland-dev libudev-dev"
lab="iproute2 netbase nftables dbus polkitd util-linux procps iputils-ping network-manager systemd perl-base
     xvfb xauth xdotool imagemagick sway grim wtype desktop-file-utils libxkbcommon-x11-0 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2"
# The virtual machine; its kernel is downloaded by vm-kernel.sh and never installed.
vm="qemu-system-x86 kmod binutils libelf1"
# What packaging/kernel builds kernels from and with, and measures them in.
kernel="linux-source-6.12 flex bison bc libelf-dev libssl-dev build-essential xz-utils patch perl cpio busybox-static"
bench="fping"
lint="shellcheck mandoc python3 appstream desktop-file-utils"
# What packages are made and tried with.
package="binutils dpkg-dev lintian rpm makepkg pacman-package-manager libarchive-tools zstd mmdebstrap"
flatpak="flatpak flatpak-builder ostree bubblewrap faketime"
# nodejs brings no npm in Debian; a node from elsewhere brings its own, and is not replaced.
decky="python3 python3-pip chromium fonts-noto-cjk"
command -v npm >/dev/null || decky+=" nodejs npm"
# What the desktop portals stand on, which the Flatpak's test unpacks.
flatpak+=" libgtk-3-0 gsettings-desktop-schemas"

wanted=""
for set in "$@"; do
  case "$set" in
    build) wanted+=" $build" ;;
    lab) wanted+=" $lab" ;;
    vm) wanted+=" $vm" ;;
    kernel) wanted+=" $kernel" ;;
    bench) wanted+=" $bench" ;;
    lint) wanted+=" $lint" ;;
    package) wanted+=" $package" ;;
    decky) wanted+=" $decky" ;;
    flatpak) wanted+=" $flatpak" ;;
    *) echo "packages.sh: no such set: $set" >&2; exit 2 ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This system has no apt-get. Please install what these Debian packages hold, then set"
  echo "EVENKEEL_PACKAGES=ok and run this again:"
  tr -s ' \n' ' ' <<<"$wanted"
  [ "${EVENKEEL_PACKAGES:-}" = ok ] && exit 0
  exit 1
fi

missing=""
for package in $wanted; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=" $package"
done
[ -z "$missing" ] && exit 0

sudo=""
if [ "$(id -u)" -ne 0 ]; then
  sudo="sudo"
  echo "These packages are missing:$missing"
  if [ -t 0 ]; then
    read -r -p "Install them with sudo apt-get? [y/N] " answer
    case "$answer" in y | Y | yes) ;; *) echo "Nothing was installed."; exit 1 ;; esac
  elif [ "${EVENKEEL_YES:-}" != 1 ]; then
    echo "There is no terminal to ask on: set EVENKEEL_YES=1 to allow sudo apt-get, or install them."
    exit 1
  fi
fi
case "$missing " in
  *" network-manager "*)
    # The lab starts NetworkManager itself. A system that had none must not be taken over by it.
    if [ -d /run/systemd/system ]; then
      $sudo systemctl mask NetworkManager.service
      echo "NetworkManager is masked, for only the lab needs it. To use it for this system:"
      echo "  systemctl unmask NetworkManager.service"
    fi
    ;;
esac
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
