#!/bin/sh
# Installs Evenkeel on systems whose /usr is read-only, SteamOS first of all: everything goes to
# /opt/evenkeel, and the few files that must be below /etc are named in a list that system updates
# keep. No program of the unpacked bundle is run: its files are copied as data to a place only root can
# write, checked there against their checksums, and only then put in place.
set -eu

home=/opt/evenkeel
staged=/opt/evenkeel.new
list_name=libexec/files
keep_list=/etc/atomic-update.conf.d/evenkeel.conf
settings=/etc/evenkeel
# Lets the Decky plugin use the helper. Nobody is let in unasked: the player copies it.
rule=/etc/polkit-1/rules.d/49-evenkeel-decky.rules
rule_source=$home/share/evenkeel/49-evenkeel-decky.rules
wants=/etc/systemd/system/multi-user.target.wants
bus_name=io.github.evenkeel.Helper1
polkit_needed=126
here=$(cd "$(dirname "$0")" && pwd -P)
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in ko*) korean=yes ;; *) korean= ;; esac

# Prints the English or the Korean sentence, with %s for what follows.
say() {
  format=$1
  [ -z "$korean" ] || format=$2
  shift 2
  # shellcheck disable=SC2059 # the sentences above are the formats
  printf "$format\n" "$@"
}
fail() { say "$@" >&2; exit 1; }

usage() {
  say "usage: install.sh [--dry-run | --check | --mend | --uninstall]
  (nothing)     install, or install anew
  --dry-run     say what an installation would do; change nothing
  --check       say whether everything is in place, and how to mend what is not
  --mend        put back what a system update took away
  --uninstall   remove everything" \
    "사용법: install.sh [--dry-run | --check | --mend | --uninstall]
  (없음)        설치하거나 다시 설치합니다
  --dry-run     설치하면 무엇을 하는지 보여 주기만 하고 아무것도 바꾸지 않습니다
  --check       모두 제자리에 있는지, 아니면 어떻게 고치는지 알려 줍니다
  --mend        시스템 업데이트가 지운 것을 되돌려 놓습니다
  --uninstall   모두 제거합니다"
}

need_root() {
  [ "$(id -u)" -eq 0 ] || fail "This needs root; nothing was changed. Run it with sudo." \
    "루트 권한이 필요합니다. 아무것도 바꾸지 않았습니다. sudo로 실행하세요."
}

need_tools() {
  for tool in sha256sum systemctl systemd-sysusers busctl pkaction; do
    command -v "$tool" >/dev/null || fail "%s is missing; nothing was changed." \
      "%s이(가) 없습니다. 아무것도 바꾸지 않았습니다." "$tool"
  done
}

need_polkit() {
  version=$(pkaction --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  [ "${version:-0}" -ge "$polkit_needed" ] 2>/dev/null ||
    fail "polkit %s is too old: only from %s on it reads actions below /etc. Nothing was changed; install a package of your distribution instead." \
      "polkit %s은(는) 너무 오래되었습니다. %s부터 /etc 아래의 동작을 읽습니다. 아무것도 바꾸지 않았습니다. 배포판의 패키지를 설치하세요." \
      "${version:-?}" "$polkit_needed"
}

# Prints the list $1, each line "SHA256 MODE PATH", after a look at every field.
read_list() {
  if [ ! -f "$1" ] || [ -L "$1" ]; then
    fail "%s is missing: this is no whole bundle. Nothing was changed." \
      "%s이(가) 없습니다. 온전한 묶음이 아닙니다. 아무것도 바꾸지 않았습니다." "$1"
  fi
  while read -r sum mode path rest; do
    case $mode in 0644 | 0755) ;; *) sum= ;; esac
    case $path in */../* | */./* | *//*) sum= ;; "$home"/* | /etc/*) ;; *) sum= ;; esac
    if [ "${#sum}" -ne 64 ] || [ -n "$rest" ]; then
      fail "The list of files has a line that is none of ours; nothing was changed." \
        "파일 목록에 알 수 없는 줄이 있습니다. 아무것도 바꾸지 않았습니다."
    fi
    echo "$sum $mode $path"
  done <"$1"
}

sum_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# A file of the bundle that is a plain file with the right sum.
verify() {
  if [ ! -f "$2" ] || [ -L "$2" ] || [ "$(sum_of "$2")" != "$1" ]; then
    fail "%s is not the file that belongs to this bundle. Nothing was changed; download it again." \
      "%s은(는) 이 묶음의 파일이 아닙니다. 아무것도 바꾸지 않았습니다. 다시 내려받으세요." "$2"
  fi
}

# Makes a directory and remembers that it was not there.
directory() {
  [ -d "$1" ] && return
  directory "$(dirname "$1")"
  mkdir "$1"
  case $1 in "$home"/* | "$staged" | "$staged"/*) ;; *) echo "$1" >>"$made" ;; esac
}

# Copies $1 to $2 with mode $3, in one step for whoever looks.
place() {
  directory "$(dirname "$2")"
  cp "$1" "$2.new"
  chown 0:0 "$2.new"
  chmod "$3" "$2.new"
  mv -f "$2.new" "$2"
}

kept_files() {
  read_list "$home/$list_name" | while read -r _ _ path; do
    case $path in /etc/*) echo "$path" ;; esac
  done
  echo "$wants/evenkeeld.service"
  echo "$wants/evenkeel-mend.service"
  echo "$settings/evenkeeld.toml"
  echo "$rule"
  echo "$keep_list"
}

# Says how the Decky plugin is let in, where there is Decky and it is not.
say_about_plugin() {
  if [ ! -f /etc/systemd/system/plugin_loader.service ]; then return; fi
  if [ -f "$rule" ]; then
    cmp -s "$rule_source" "$rule" ||
      say "note: %s is not the rule of this version; to put that in place: sudo install -m 644 %s /etc/polkit-1/rules.d/" \
        "알림: %s은(는) 이 버전의 규칙이 아닙니다. 바꾸려면: sudo install -m 644 %s /etc/polkit-1/rules.d/" "$rule" "$rule_source"
  elif [ -x "$(dirname "$rule")" ]; then
    say "To let Evenkeel's Decky plugin switch game mode: sudo install -m 644 %s /etc/polkit-1/rules.d/" \
      "Evenkeel의 Decky 플러그인이 게임 모드를 바꾸게 하려면: sudo install -m 644 %s /etc/polkit-1/rules.d/" "$rule_source"
  fi
}

can_be_activated() {
  busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ListActivatableNames 2>/dev/null |
    grep -q "\"$bus_name\""
}

reload() {
  systemctl daemon-reload
  systemctl reload dbus.service 2>/dev/null || systemctl reload dbus-broker.service 2>/dev/null || true
}

# Puts the files below /etc where they belong, and says which were not there. Leaves others alone.
put_etc() {
  read_list "$home/$list_name" | while read -r sum mode path; do
    case $path in /etc/*) ;; *) continue ;; esac
    if [ ! -f "$path" ] || [ "$(sum_of "$path")" != "$sum" ]; then
      place "$home/keep$path" "$path" "$mode"
      say "put in place: %s" "넣음: %s" "$path"
    fi
  done
  kept_files >"$home/keep/list"
  if ! cmp -s "$home/keep/list" "$keep_list"; then
    place "$home/keep/list" "$keep_list" 0644
    say "put in place: %s" "넣음: %s" "$keep_list"
  fi
  systemd-sysusers /etc/sysusers.d/evenkeel.conf
  reload
  systemctl --quiet enable evenkeel-mend.service
  # Where the bus can start the helper, it need not run from boot on.
  if can_be_activated; then
    systemctl --quiet disable evenkeeld.service
  else
    systemctl --quiet enable evenkeeld.service
  fi
}

do_install() {
  need_root
  need_tools
  need_polkit
  bundle=$here/root
  made=$(mktemp)
  [ ! -f "$home/libexec/directories-made" ] || cat "$home/libexec/directories-made" >"$made"
  rm -rf "$staged"
  # However it fails from here on, what is in place stays as it is.
  trap 'rm -rf "$staged"; rm -f "$made"' EXIT
  directory "$(dirname "$staged")"
  mkdir -m 700 "$staged"
  # The copy is what is checked: nobody but root can change it any more.
  mkdir "$staged/libexec"
  cp -P "$here/files" "$staged/$list_name"
  read_list "$staged/$list_name" >"$staged/list"
  while read -r sum mode path; do
    case $path in "$home"/*) target=$staged/${path#"$home"/} ;; *) target=$staged/keep$path ;; esac
    if [ -L "$bundle$path" ] || [ ! -f "$bundle$path" ]; then verify "$sum" "$bundle$path"; fi
    directory "$(dirname "$target")"
    cp -P "$bundle$path" "$target"
    verify "$sum" "$target"
    chown 0:0 "$target"
    chmod "$mode" "$target"
  done <"$staged/list"
  rm "$staged/list"
  chown 0:0 "$staged/$list_name"
  chmod 0644 "$staged/$list_name"
  chmod 0755 "$staged"
  rm -rf "$home.old"
  [ ! -e "$home" ] || mv "$home" "$home.old"
  mv "$staged" "$home"
  rm -rf "$home.old"
  put_etc
  sort -u "$made" >"$home/libexec/directories-made"
  # The version before puts back what it changed; what is held is taken up by the new one.
  systemctl try-restart evenkeeld.service
  if systemctl is-enabled --quiet evenkeeld.service; then systemctl start evenkeeld.service; fi
  say_about_plugin
  say "Evenkeel is installed. To look after it: %s --check" "Evenkeel을 설치했습니다. 점검하려면: %s --check" \
    "$home/libexec/install.sh"
}

do_dry_run() {
  [ -e "$here/files" ] || fail "There is no bundle beside this script; nothing was changed." \
    "이 스크립트 옆에 묶음이 없습니다. 아무것도 바꾸지 않았습니다."
  need_polkit
  rows=$(read_list "$here/files")
  printf '%s\n' "$rows" | while read -r sum _ path; do
    verify "$sum" "$here/root$path"
    if [ ! -f "$path" ]; then
      say "would add %s" "추가할 파일: %s" "$path"
    elif [ "$(sum_of "$path")" != "$sum" ]; then
      say "would replace %s" "바꿀 파일: %s" "$path"
    fi
  done
  say "would name the files below /etc in %s, add the user evenkeel and start the helper" \
    "/etc 아래의 파일을 %s에 적고, 사용자 evenkeel을 추가하고, 도우미를 시작합니다" "$keep_list"
}

do_check() {
  [ -f "$home/$list_name" ] || fail "Evenkeel is not installed in %s." "%s에 Evenkeel이 없습니다." "$home"
  problems=$(
    read_list "$home/$list_name" | while read -r sum _ path; do
      if [ ! -f "$path" ]; then
        say "missing: %s" "없음: %s" "$path"
      elif [ -r "$path" ] && [ "$(sum_of "$path")" != "$sum" ]; then
        say "changed: %s" "바뀜: %s" "$path"
      fi
    done
    cmp -s "$home/keep/list" "$keep_list" ||
      say "missing or changed: %s, so the next update takes the files below /etc away" \
        "없거나 바뀜: %s. 다음 업데이트가 /etc 아래의 파일을 지웁니다" "$keep_list"
    getent passwd evenkeel >/dev/null || say "missing: the user evenkeel" "없음: 사용자 evenkeel"
    if ! can_be_activated && ! systemctl is-enabled --quiet evenkeeld.service 2>/dev/null; then
      say "the helper is started neither by the bus nor at boot" "버스도 부팅도 도우미를 시작하지 않습니다"
    fi
  )
  if [ -z "$problems" ]; then
    say "Everything is in place." "모두 제자리에 있습니다."
    say_about_plugin
    return
  fi
  printf '%s\n' "$problems"
  # What is not a copy can't be put back from a copy.
  if printf '%s\n' "$problems" | grep -q " $home/"; then
    fail "To mend it, unpack the bundle again and run: sudo ./install.sh" \
      "고치려면 묶음을 다시 풀고 다음을 실행하세요: sudo ./install.sh"
  fi
  fail "To mend it: sudo %s --mend" "고치려면: sudo %s --mend" "$home/libexec/install.sh"
}

do_mend() {
  need_root
  need_tools
  made=$(mktemp)
  put_etc
  cat "$made" >>"$home/libexec/directories-made"
  rm "$made"
  if systemctl is-enabled --quiet evenkeeld.service; then systemctl --no-block start evenkeeld.service; fi
}

do_uninstall() {
  need_root
  [ -f "$home/$list_name" ] || fail "Evenkeel is not installed in %s; nothing was changed." \
    "%s에 Evenkeel이 없습니다. 아무것도 바꾸지 않았습니다." "$home"
  # What the helper changed is put back by its stop.
  systemctl stop evenkeeld.service 2>/dev/null || true
  systemctl --quiet disable evenkeeld.service evenkeel-mend.service 2>/dev/null || true
  kept=$(kept_files)
  for path in $kept; do rm -f "$path"; done
  rm -rf "$settings"
  directories=$(sort -ur "$home/libexec/directories-made")
  rm -rf "$home" "$staged" "$home.old"
  for made in $directories; do rmdir "$made" 2>/dev/null || true; done
  reload
  systemctl stop evenkeeld.service 2>/dev/null || true
  if getent passwd evenkeel >/dev/null; then userdel evenkeel; fi
  say "Evenkeel is gone." "Evenkeel을 제거했습니다."
}

[ $# -le 1 ] || { usage >&2; exit 2; }
case ${1:-} in
  '') do_install ;;
  --dry-run) do_dry_run ;;
  --check) do_check ;;
  --mend) do_mend ;;
  --uninstall) do_uninstall ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
