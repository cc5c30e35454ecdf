#!/bin/sh
# What the running system has to be told when Evenkeel's files came or go. `make install` and `make
# uninstall` call it, packages do the same by their own means.
#   scripts/settle.sh installed|leaving|left
set -eu

running=
if [ -d /run/systemd/system ]; then running=yes; fi

case ${1:-} in
  installed)
    # The bus policy and polkit's actions name the helper's user.
    systemd-sysusers evenkeel.conf
    if [ -n "$running" ]; then
      systemctl daemon-reload
      systemctl reload dbus.service 2>/dev/null || true
      # A helper of before holds game mode perhaps: it puts back what it changed, and the new one takes up what is held.
      systemctl try-restart evenkeeld.service
    fi
    ;;
  leaving)
    # What the helper changed is put back by its stop.
    if [ -n "$running" ]; then systemctl stop evenkeeld.service 2>/dev/null || true; fi
    ;;
  left)
    # A rule for the Decky plugin that was copied there must not outlive what it is about.
    rm -f /etc/polkit-1/rules.d/49-evenkeel-decky.rules
    if [ -n "$running" ]; then
      systemctl daemon-reload
      systemctl reload dbus.service 2>/dev/null || true
    fi
    echo "The user evenkeel stays, as users do; to remove it, too: userdel evenkeel"
    ;;
  *)
    sed -n 's/^# \{0,1\}//; 2,4p' "$0" >&2
    exit 2
    ;;
esac
