#!/bin/sh
# Carries out packaging/install.table: `make install`, every package and the SteamOS installer.
#
#   scripts/install.sh install|uninstall|list PACKAGE
#
# PACKAGE   make, deb, arch, rpm, steamos or flatpak: whose rows of the table count
# `list` prints "MODE PATH" for each file that `install` would make.
#
# Environment: DESTDIR (put in front of every path; empty for this system), PREFIX (/usr/local),
# SYSCONFDIR (/etc), BUILD_DIR (where the built programs are, target/release), SOURCE_DATE_EPOCH (the
# time that the files get), and each directory variable below.
set -eu

usage() { sed -n 's/^# \{0,1\}//; 2,5p' "$0" >&2; exit 2; }
fail() { echo "install.sh: $*" >&2; exit 1; }

[ $# -eq 2 ] || usage
action=$1
package=$2
case $action in install | uninstall | list) ;; *) usage ;; esac
case $package in make | deb | arch | rpm | steamos | flatpak) ;; *) usage ;; esac

top=$(cd "$(dirname "$0")/.." && pwd)
DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/usr/local}
SYSCONFDIR=${SYSCONFDIR:-/etc}
BUILD_DIR=${BUILD_DIR:-$top/target/release}
DATADIR=${DATADIR:-$PREFIX/share}
BINDIR=${BINDIR:-$PREFIX/bin}
LIBEXECDIR=${LIBEXECDIR:-$PREFIX/libexec}
MANDIR=${MANDIR:-$DATADIR/man}
DOCDIR=${DOCDIR:-$DATADIR/doc/evenkeel}
LICENSEDIR=${LICENSEDIR:-$DATADIR/licenses/evenkeel}
# Where systemd, the bus and polkit look depends on the prefix: under /usr all of them do, under
# /usr/local the bus reads no policies and polkit no actions, elsewhere only /etc is read.
case $PREFIX in
  /usr)
    lib=$PREFIX/lib
    bus=$DATADIR/dbus-1
    polkit=$DATADIR/polkit-1
    units=$lib/systemd
    services=$bus
    ;;
  /usr/local)
    lib=$PREFIX/lib
    bus=$SYSCONFDIR/dbus-1
    polkit=/usr/share/polkit-1
    units=$lib/systemd
    services=$DATADIR/dbus-1
    ;;
  *)
    lib=$SYSCONFDIR
    bus=$SYSCONFDIR/dbus-1
    polkit=$SYSCONFDIR/polkit-1
    units=$SYSCONFDIR/systemd
    services=$bus
    ;;
esac
UNITDIR=${UNITDIR:-$units/system}
PRESETDIR=${PRESETDIR:-$units/system-preset}
SYSUSERSDIR=${SYSUSERSDIR:-$lib/sysusers.d}
BUSPOLICYDIR=${BUSPOLICYDIR:-$bus/system.d}
BUSSERVICEDIR=${BUSSERVICEDIR:-$services/system-services}
POLKITDIR=${POLKITDIR:-$polkit/actions}

# The one place that knows the variables by name: what a destination begins with, what a template names.
value() {
  case $1 in
    BINDIR) echo "$BINDIR" ;;
    LIBEXECDIR) echo "$LIBEXECDIR" ;;
    DATADIR) echo "$DATADIR" ;;
    MANDIR) echo "$MANDIR" ;;
    DOCDIR) echo "$DOCDIR" ;;
    LICENSEDIR) echo "$LICENSEDIR" ;;
    SYSCONFDIR) echo "$SYSCONFDIR" ;;
    UNITDIR) echo "$UNITDIR" ;;
    PRESETDIR) echo "$PRESETDIR" ;;
    SYSUSERSDIR) echo "$SYSUSERSDIR" ;;
    BUSPOLICYDIR) echo "$BUSPOLICYDIR" ;;
    BUSSERVICEDIR) echo "$BUSSERVICEDIR" ;;
    POLKITDIR) echo "$POLKITDIR" ;;
    *) fail "packaging/install.table: no variable $1" ;;
  esac
}

# Is this package among a row's?
wanted() {
  case ",$1," in
    *,all,* | *",$package,"*) return 0 ;;
    *,host,*) case $package in make | deb | arch | rpm) return 0 ;; esac ;;
  esac
  return 1
}

# Prints the rows of this package: KIND MODE OWNER SOURCE PATH.
rows() {
  while read -r kind mode owner source destination packages rest; do
    case $kind in '' | '#'*) continue ;; esac
    if [ -z "$packages" ] || [ -n "$rest" ]; then
      fail "packaging/install.table: not six fields: $kind $mode $source"
    fi
    wanted "$packages" || continue
    directory=$(value "${destination%%/*}") || exit 1
    echo "$kind $mode $owner $source $directory/${destination#*/}"
  done <"$top/packaging/install.table"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Writes what a row installs to the file $3.
produce() {
  case $1 in
    program)
      [ -x "$BUILD_DIR/$2" ] || fail "$BUILD_DIR/$2 is not there; build it with: cargo build --release"
      cp "$BUILD_DIR/$2" "$3"
      ;;
    file | script) cp "$top/$2" "$3" ;;
    template)
      sed -e "s|@LIBEXECDIR@|$LIBEXECDIR|g" -e "s|@BINDIR@|$BINDIR|g" -e "s|@DATADIR@|$DATADIR|g" "$top/$2" >"$3"
      if grep -n '@[A-Z]*@' "$3" >&2; then fail "$2 names a variable that nobody fills in"; fi
      ;;
    page)
      [ -d "$work/man" ] || { mkdir "$work/man" && "$BUILD_DIR/evenkeel" man --dir "$work/man"; }
      gzip -9nc "$work/man/$2" >"$3"
      ;;
    made) "$BUILD_DIR/evenkeel" completions "$2" >"$3" ;;
    *) fail "packaging/install.table: no kind $1" ;;
  esac
}

# Makes a directory with its parents. `make uninstall` has nobody else who knows which were not there.
directory() {
  [ -d "$DESTDIR$1" ] && return
  directory "$(dirname "$1")"
  mkdir "$DESTDIR$1"
  if [ "$package" = make ]; then echo "$1" >>"$work/made"; fi
}
record=$DATADIR/evenkeel/directories-made

umask 022
[ "$action" != install ] || mkdir -p "$DESTDIR/"
rows >"$work/rows"
while read -r kind mode owner source path; do
  case $action in
    list) echo "$mode $path" ;;
    install)
      produce "$kind" "$source" "$work/file"
      # A new file takes the old one's place: a program that runs keeps the one it was started from.
      directory "$(dirname "$path")"
      cp "$work/file" "$DESTDIR$path.new"
      chmod "$mode" "$DESTDIR$path.new"
      if [ "$(id -u)" -eq 0 ]; then chown "$owner:$owner" "$DESTDIR$path.new"; fi
      if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then touch -d "@$SOURCE_DATE_EPOCH" "$DESTDIR$path.new"; fi
      mv -f "$DESTDIR$path.new" "$DESTDIR$path"
      ;;
    uninstall) rm -f "$DESTDIR$path" ;;
  esac
done <"$work/rows"

case $action in
  install)
    if [ -s "$work/made" ]; then
      directory "$(dirname "$record")"
      # Those made by an earlier install are still ours.
      cat "$work/made" >>"$DESTDIR$record"
    fi
    ;;
  uninstall)
    if [ -f "$DESTDIR$record" ]; then
      cp "$DESTDIR$record" "$work/made"
      rm "$DESTDIR$record"
      # The deepest first; one that somebody else uses meanwhile stays.
      sort -ur "$work/made" | while read -r made; do
        rmdir "$DESTDIR$made" 2>/dev/null || true
      done
    fi
    ;;
esac
