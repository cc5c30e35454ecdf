//! The deb's declared dependencies are all that its programs need: in a Debian with nothing else in it,
//! and no network, the programs start; with what is recommended, the window opens. Heavy, and it
//! downloads packages: `make test-packages`.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::process::Command;

use evenkeel_lab::install::source_tree;
use evenkeel_lab::tools;
use evenkeel_lab::tree::Scratch;

/// `$1` is the clean root, `$2` what to try in it, `$3` apt's word on recommended packages. All of it in
/// namespaces of its own: the root keeps as it is, and there is no network.
const INSIDE: &str = r#"
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
mount -t proc proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev
mount -t tmpfs -o mode=1777 tmpfs /mnt/root/tmp
cp "$2" /mnt/root/try
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root
chroot /mnt/root apt-get -qq --yes "$3" install /var/cache/evenkeel.deb >/mnt/said 2>&1 ||
  { cat /mnt/said; exit 1; }
exec sh /mnt/root/try
"#;

/// An X server that this system has, for the window.
const SCREEN: &str = r"
set -eu
ip link set lo up
chroot /mnt/root useradd --create-home player
mount --bind /mnt/root/tmp /tmp
Xvfb :7 -screen 0 1280x800x24 -nolisten tcp >/mnt/server 2>&1 &
for try in $(seq 200); do [ -S /tmp/.X11-unix/X7 ] && break; sleep 0.1; done
window() { chroot --userspec=player:player /mnt/root env HOME=/home/player DISPLAY=:7 LC_ALL=C.UTF-8 evenkeel; }
";

/// Programs find their libraries, say who they are, and say kindly that there is no bus, no library.
const PROGRAMS: &str = r#"
for program in /usr/bin/evenkeel /usr/libexec/evenkeeld; do
  chroot /mnt/root ldd "$program" | tee /mnt/linked
  ! grep "not found" /mnt/linked
  chroot /mnt/root "$program" --version
done
getent -s files passwd evenkeel || chroot /mnt/root getent passwd evenkeel
set +e
chroot /mnt/root evenkeel status
[ $? -eq 3 ] || exit 1
chroot /mnt/root evenkeel doctor
[ $? -ne 0 ] || exit 1
window
echo "the window ended with $?"
"#;

/// The window opens, and with what.
const WINDOW: &str = r#"
window >/mnt/window 2>&1 &
window=$!
for try in $(seq 300); do
  if DISPLAY=:7 xdotool search --onlyvisible --name Evenkeel >/dev/null 2>&1; then
    echo "the window is open"
    grep -o '/[^ ]*\.so[^ ]*' /proc/$(pgrep -n -x evenkeel)/maps | sort -u
    exit 0
  fi
  kill -0 $window || break
  sleep 0.1
done
cat /mnt/window /mnt/server
exit 1
"#;

fn in_clean_root(recommended: &str, words: &str) -> String {
    let scratch = Scratch::new("package-depends").unwrap();
    let built = tools::project_binary("evenkeel").unwrap();
    let made = Command::new(source_tree().join("scripts/package.sh"))
        .arg("deb")
        .arg(scratch.path())
        .env("BUILD_DIR", built.parent().unwrap())
        .env("COMPRESSION", "1")
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(made.status.success(), "{}", said(&made.stderr));
    let deb = said(&made.stdout);
    // The root is the same for all and stays: what is downloaded once is there.
    let place = built.parent().unwrap().join("clean-root");
    let root = Command::new(source_tree().join("scripts/clean-root.sh"))
        .args([place.as_os_str(), deb.trim().as_ref()])
        .output()
        .unwrap();
    assert!(root.status.success(), "{}", said(&root.stderr));
    let script = scratch.path().join("try");
    std::fs::write(&script, [SCREEN, words].concat()).unwrap();
    let run = Command::new("unshare")
        .args([
            "--mount",
            "--pid",
            "--net",
            "--ipc",
            "--fork",
            "--kill-child",
        ])
        .args(["--propagation", "private", "--mount-proc", "--"])
        .args(["sh", "-euc", INSIDE, "sh"])
        .args([place.join("root").as_os_str(), script.as_os_str()])
        .arg(recommended)
        .output()
        .unwrap();
    let text = said(&run.stdout) + &said(&run.stderr);
    assert!(run.status.success(), "{text}");
    text
}

#[test]
fn with_what_the_deb_depends_on_alone_its_programs_start_and_say_what_is_missing() {
    let said = in_clean_root("--no-install-recommends", PROGRAMS);
    println!("{said}");
    assert!(said.contains("the window ended with 1"), "{said}");
    assert!(said.contains("libX11.so.6 is not installed"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn with_what_the_deb_recommends_the_window_opens() {
    let said = in_clean_root("--install-recommends", WINDOW);
    println!("{said}");
    assert!(said.contains("the window is open"), "{said}");
}
