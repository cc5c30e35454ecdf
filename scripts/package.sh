#!/usr/bin/env bash
# Makes packages of what is built, each by packaging/install.table.
#   scripts/package.sh source|bundle|deb|rpm|arch ... OUT_DIR
#
# source  evenkeel-VERSION.tar.gz, this tree as git knows it
# bundle  evenkeel-VERSION-ARCH.tar.gz, for systems whose /usr is read-only: unpack, sudo ./install.sh
# Environment: BUILD_DIR (where the built programs are, target/release), EVENKEEL_VERSION (another
# version), SOURCE_DATE_EPOCH (the time of everything inside; that of the last commit), COMPRESSION
# (how hard the deb is pressed, 0 to 9, 6). With the same programs and time, the same bytes come out
# (but for the Arch package, which records the directory that it was made in).
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "package.sh: $*" >&2; exit 1; }
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//; 2,12p' "$0" >&2; exit 2; }

out=$(realpath "${*: -1}")
set -- "${@:1:$#-1}"
mkdir -p "$out"
BUILD_DIR=$(realpath "${BUILD_DIR:-${CARGO_TARGET_DIR:-target}/release}")
version=${EVENKEEL_VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export BUILD_DIR SOURCE_DATE_EPOCH EVENKEEL_VERSION=$version LC_ALL=C TZ=UTC
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What takes a package's place in OUT_DIR is whole.
deliver() { mv -f "$1" "$out/" && echo "$out/$(basename "$1")"; }

# A tarball of the directory $1 in $work, the same bytes for the same files.
tarball() {
  tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX --format=ustar -cf - "$1" | gzip -9n >"$work/$2"
}

# The built programs without their symbols, as a package has them.
stripped() {
  [ -d "$work/programs" ] && return
  mkdir "$work/programs"
  for program in evenkeel evenkeeld; do
    [ -x "$BUILD_DIR/$program" ] || fail "$BUILD_DIR/$program is not there; build it with: make build"
    strip --remove-section=.comment --remove-section=.note -o "$work/programs/$program" "$BUILD_DIR/$program"
  done
}

source_tree() {
  [ -d "$work/evenkeel-$version" ] && return
  mkdir "$work/evenkeel-$version"
  # Files that are new and files that are gone are as they are here.
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
    tar --null -T - -cf - | tar -C "$work/evenkeel-$version" -xf -
}

make_source() {
  source_tree
  tarball "evenkeel-$version" "evenkeel-$version.tar.gz"
}

make_deb() {
  local root=$work/deb architecture docs depends maintainer
  command -v dpkg-deb >/dev/null || fail "dpkg-deb is missing (Debian package dpkg)"
  architecture=$(dpkg --print-architecture)
  maintainer=$(sed -n "s/^Maintainer: //p" packaging/deb/control.in)
  mkdir -p "$root/DEBIAN" "$work/debian"
  DESTDIR=$root PREFIX=/usr BUILD_DIR=$work/programs scripts/install.sh install deb
  docs=$root/usr/share/doc/evenkeel
  sed -e '/^@OFL@$/{' -e "r assets/fonts/OFL.txt" -e 'd' -e '}' packaging/deb/copyright |
    awk '/^License: OFL-1.1$/ { ofl = ++seen == 2 } ofl && !/^License:/ { sub(/\r$/, ""); print ($0 == "" ? " ." : " " $0); next } { print }' \
      >"$docs/copyright"
  printf 'evenkeel (%s) unstable; urgency=medium\n\n  * What is new stands in CHANGELOG.md beside this file.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9nc >"$docs/changelog.gz"
  # Where the distribution's tools look for what a program is linked with.
  printf 'Source: evenkeel\n\nPackage: evenkeel\nArchitecture: any\n' >"$work/debian/control"
  depends=$(cd "$work" && dpkg-shlibdeps -O programs/evenkeel programs/evenkeeld 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
  sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" \
    -e "s/@SIZE@/$(du -sk --apparent-size "$root/usr" | cut -f 1)/" packaging/deb/control.in >"$root/DEBIAN/control"
  install -m 755 packaging/deb/{postinst,prerm,postrm} "$root/DEBIAN/"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/md5sums" "$docs/copyright" "$docs/changelog.gz"
  dpkg-deb --root-owner-group -Zxz -z"${COMPRESSION:-6}" --build "$root" "$work/evenkeel_${version}_$architecture.deb" >/dev/null
}

make_rpm() {
  command -v rpmbuild >/dev/null || fail "rpmbuild is missing (Debian package rpm)"
  make_source
  mkdir -p "$work/rpm/SOURCES"
  cp "$work/evenkeel-$version.tar.gz" "$work/rpm/SOURCES/"
  rpmbuild -bb --quiet --nodeps --define "_topdir $work/rpm" --define "prebuilt $work/programs" \
    --define "version_override $version" --define "_buildhost localhost" \
    --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
    packaging/rpm/evenkeel.spec
  mv "$work"/rpm/RPMS/*/evenkeel-*.rpm "$work/"
}

make_arch() {
  command -v makepkg >/dev/null || fail "makepkg is missing (Debian package makepkg)"
  make_source
  mkdir "$work/arch"
  cp -r packaging/arch/* "$work/evenkeel-$version.tar.gz" "$work/programs" "$work/arch/"
  local place=$work/arch
  # shellcheck disable=SC2016 # these shells fill in their own arguments
  local run=(sh -euc 'cd "$0"; exec "$@"' "$place")
  # makepkg will not run as root.
  if [ "$(id -u)" -eq 0 ]; then
    place=/mnt
    chown -R nobody "$work/arch"
    # shellcheck disable=SC2016
    run=(unshare --mount --propagation private
      sh -euc 'mount --bind "$0" /mnt; cd /mnt; exec setpriv --reuid=nobody --clear-groups -- "$@"' "$work/arch")
  fi
  "${run[@]}" env HOME="$place" TMPDIR="$place" EVENKEEL_PREBUILT="$place/programs" PKGEXT=.pkg.tar.zst \
    PACKAGER="The Evenkeel developers <evenkeel@users.noreply.github.com>" \
    makepkg --nodeps --noconfirm --log >"$work/arch.log" 2>&1 ||
    { cat "$work/arch.log" >&2; fail "makepkg failed"; }
  mv "$work"/arch/evenkeel-*.pkg.tar.zst "$work/"
}

# The SteamOS installer with what it installs and the checksum of each file.
make_bundle() {
  local name root
  name=evenkeel-$version-$(uname -m)
  root=$work/$name/root
  mkdir -p "$root"
  DESTDIR=$root PREFIX=/opt/evenkeel BUILD_DIR=$work/programs scripts/install.sh install steamos
  PREFIX=/opt/evenkeel BUILD_DIR=$work/programs scripts/install.sh list steamos |
    while read -r mode path; do echo "$(sha256sum <"$root$path" | cut -d ' ' -f 1) $mode $path"; done \
      >"$work/$name/files"
  install -m 755 packaging/steamos/install.sh "$work/$name/"
  tarball "$name" "$name.tar.gz"
}

for kind in "$@"; do
  case $kind in
    source) make_source; deliver "$work/evenkeel-$version.tar.gz" ;;
    bundle) stripped; make_bundle; deliver "$work/evenkeel-$version-$(uname -m).tar.gz" ;;
    deb) stripped; make_deb; deliver "$work"/evenkeel_*.deb ;;
    rpm) stripped; make_rpm; deliver "$work"/evenkeel-*.rpm ;;
    arch) stripped; make_arch; deliver "$work"/evenkeel-*.pkg.tar.zst ;;
    *) fail "no such package: $kind" ;;
  esac
done
