//! A real program with real sockets under `evenkeel run`: its connections are listed with what the kernel
//! measures, its UDP peer is asked, and what cannot be known is said to be so.

use std::time::Duration;

use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::topology::{ANCHOR_V4, ANCHOR_V6};
use evenkeel_lab::{LabError, LabSpec, Proc, tools};
use serde_json::Value;

type Outcome = Result<(), LabError>;

const TOOLS: &[(&str, &str)] = &[("python3", "python3")];
/// Each way; no packet comes back sooner than after two of them.
const DELAY_US: u64 = 10_000;
/// More segments than this are not sent again within a test.
const MANY: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(10);
/// The window looks every five seconds for a game, and every two at one that runs.
const LOOK: Duration = Duration::from_secs(6);

/// What every game here begins with; `peer` echoes.
const BEGIN: &str = "import socket, sys, time\n\
                     host = sys.argv[1]; peer = (host, 7)\n\
                     family = socket.AF_INET6 if ':' in host else socket.AF_INET\n\
                     udp = socket.socket(family, socket.SOCK_DGRAM)\n";
/// Plays over UDP with a peer that its socket names, and fetches something over TCP.
const OPEN: &str = "udp.connect(peer)\n\
                    tcp = socket.create_connection(peer)\n\
                    tcp.sendall(b'x'); tcp.recv(1)\n\
                    print('plays', flush=True)\n\
                    time.sleep(600)\n";
/// Names its peer with each packet.
const HIDDEN: &str = "print('plays', flush=True)\n\
                      while True:\n\
                      \x20   udp.sendto(b'x', peer); time.sleep(0.1)\n";
/// Plays over TCP alone.
const TCP: &str = "udp.close()\n\
                   tcp = socket.create_connection(peer)\n\
                   print('plays', flush=True)\n\
                   while True:\n\
                   \x20   tcp.sendall(b'x'); tcp.recv(1); time.sleep(0.02)\n";

/// A player's server that is not the anchor, which others ask, too.
const SERVER: &str = "203.0.113.77";
/// Plays over UDP with that one; silent, but its socket names it.
const QUIET: &str = "udp.connect(peer)\n\
                     print('plays', flush=True)\n\
                     time.sleep(600)\n";
/// Says `asked` for every ICMP packet to an address.
const LISTEN: &str = "import socket, sys\n\
                      to = socket.inet_aton(sys.argv[1])\n\
                      wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))\n\
                      print('listens', flush=True)\n\
                      while True:\n\
                      \x20   p = wire.recv(2048)\n\
                      \x20   if p[:1] == b'E' and p[9] == 1 and p[16:20] == to:\n\
                      \x20       print('asked', flush=True)\n";

fn scene() -> Result<Scene, LabError> {
    tools::require(TOOLS)?;
    let scene = Scene::start(&LabSpec::default())?;
    for uplink in scene.lab.uplinks() {
        let delay = format!("both delay_us={DELAY_US}");
        scene.lab.link(uplink.name)?.set(&delay)?;
    }
    Ok(scene)
}

/// Starts a game as the player, and waits until it plays.
fn play(scene: &Scene, how: &str) -> Result<Proc, LabError> {
    play_with(scene, how, &ANCHOR_V4.to_string())
}

fn play_with(scene: &Scene, how: &str, peer: &str) -> Result<Proc, LabError> {
    let program = format!("{BEGIN}{how}");
    let line = ["run", "--", "python3", "-c", &program, peer];
    let mut game = scene.evenkeel("player", &line)?.spawn()?;
    game.wait_for("plays", PATIENCE)?;
    Ok(game)
}

fn flows(scene: &Scene, user: &str, more: &[&str]) -> Result<Value, LabError> {
    let line = [&["flows", "--json"], more].concat();
    let text = scene.evenkeel(user, &line)?.text()?;
    serde_json::from_str(&text).map_err(|error| LabError::Invalid(format!("{error}: {text}")))
}

fn rows<'a>(said: &'a Value, transport: &str) -> Vec<&'a Value> {
    let all = said["flows"].as_array().into_iter().flatten();
    all.filter(|row| row["transport"] == transport).collect()
}

#[test]
fn the_games_connections_are_listed_for_its_player_and_nameless_for_others() -> Outcome {
    let scene = scene()?;
    // The last one's sockets are of the one family and its packets of the other, as many programs' are.
    for (host, peer) in [
        (ANCHOR_V4.to_string(), format!("{ANCHOR_V4}:7")),
        (ANCHOR_V6.to_string(), format!("[{ANCHOR_V6}]:7")),
        (format!("::ffff:{ANCHOR_V4}"), format!("{ANCHOR_V4}:7")),
    ] {
        let mut game = play_with(&scene, OPEN, &host)?;
        listed(&scene, &peer)?;
        game.terminate(PATIENCE)?;
    }
    Ok(())
}

fn listed(scene: &Scene, peer: &str) -> Outcome {
    let said = flows(scene, "player", &["--probe"])?;
    assert_eq!(said["game"]["name"], "python3", "{said:#}");
    assert_eq!(said["line"]["kind"], "udp-peer", "{said:#}");
    assert_eq!(said["line"]["peer"], peer);
    let (udp, tcp) = (rows(&said, "udp"), rows(&said, "tcp"));
    assert_eq!((udp.len(), tcp.len()), (1, 1), "{said:#}");
    for row in [udp[0], tcp[0]] {
        assert_eq!(row["program"], "python3", "{row}");
        assert_eq!(row["pid"], said["game"]["pid"], "{row}");
        assert_eq!(row["peer"], peer, "{row}");
    }
    // Asked, and measured by the kernel: both have been there and back.
    let at_least_us = 2 * DELAY_US;
    for ns in [&said["line"]["probed_rtt_ns"], &udp[0]["probed_rtt_ns"]] {
        assert!(ns.as_u64() >= Some(at_least_us * 1_000), "{said:#}");
    }
    assert!(tcp[0]["rtt_us"].as_u64() >= Some(at_least_us), "{said:#}");
    // What stands beside it in the kernel's answer is far larger.
    assert!(tcp[0]["rttvar_us"].as_u64() < Some(10_000_000), "{said:#}");
    assert!(tcp[0]["retransmits"].as_u64() < Some(MANY), "{said:#}");
    assert!(udp[0]["rtt_us"].is_null(), "the kernel measures no UDP");

    // Another user sees that there are such sockets, and not whose they are.
    let others = flows(scene, "guest", &["--all"])?;
    for transport in ["udp", "tcp"] {
        let there = rows(&others, transport);
        let there: Vec<_> = there.iter().filter(|row| row["peer"] == peer).collect();
        assert_eq!(there.len(), 1, "{others:#}");
        assert!(there[0]["program"].is_null() && there[0]["pid"].is_null());
    }
    let none = flows(scene, "guest", &[])?;
    assert!(none["game"].is_null(), "{none:#}");
    Ok(())
}

#[test]
fn a_peer_that_cannot_be_known_is_said_to_be_so() -> Outcome {
    let scene = scene()?;
    let _game = play(&scene, HIDDEN)?;
    let said = flows(&scene, "player", &["--probe"])?;
    assert_eq!(said["line"]["kind"], "peer-unknown", "{said:#}");
    assert_eq!(said["line"]["udp_sockets"], 1, "{said:#}");
    assert!(rows(&said, "udp")[0]["peer"].is_null(), "{said:#}");
    let text = scene.evenkeel("player", &["flows"])?.text()?;
    assert!(text.contains("cannot be known from outside"), "{text}");
    Ok(())
}

#[test]
fn what_a_game_over_tcp_had_to_send_again_is_counted() -> Outcome {
    let scene = scene()?;
    let _game = play(&scene, TCP)?;
    for uplink in scene.lab.uplinks() {
        scene.lab.link(uplink.name)?.set("both loss_ppm=200000")?;
    }
    let mut last = Value::Null;
    let again = scene.wait_for("something sent again", || {
        last = flows(&scene, "player", &[])?;
        Ok(last["line"]["retransmits"].as_u64() > Some(0))
    });
    again.map_err(|error| LabError::Invalid(format!("{error}: {last:#}")))?;
    assert_eq!(last["line"]["kind"], "tcp", "{last:#}");
    assert!(
        last["line"]["retransmits"].as_u64() < Some(MANY),
        "{last:#}"
    );
    assert_eq!(last["line"]["peer"], format!("{ANCHOR_V4}:7"));
    assert!(
        last["line"]["rtt_us"].as_u64() >= Some(2 * DELAY_US),
        "{last:#}"
    );
    Ok(())
}

#[test]
fn the_window_asks_the_games_peer_while_live_shows_and_at_no_other_time() -> Outcome {
    let scene = scene()?;
    let lab = &scene.lab;
    let mut wire = lab
        .command("pc", ["python3", "-c", LISTEN, SERVER])
        .spawn()?;
    wire.wait_for("listens", PATIENCE)?;
    let asked = || wire.stdout_text().matches("asked").count();
    let screen = Screen::start(lab, "player")?;
    let mut window = scene.window(&screen)?.spawn()?;
    screen.focus_of(lab, &mut window)?;
    std::thread::sleep(LOOK);
    assert_eq!(asked(), 0, "no game runs");
    let mut game = play_with(&scene, QUIET, SERVER)?;
    scene.wait_for("the peer to be asked", || Ok(asked() > 1))?;

    // Tune, which shows probes as well; what was under way may still arrive.
    screen.press(lab, "2")?;
    std::thread::sleep(LOOK);
    let before = asked();
    std::thread::sleep(LOOK);
    assert_eq!(asked(), before, "nobody looks at Live");
    screen.press(lab, "1")?;
    scene.wait_for("the peer to be asked again", || Ok(asked() > before))?;

    game.terminate(PATIENCE)?;
    std::thread::sleep(LOOK);
    let before = asked();
    std::thread::sleep(LOOK);
    assert_eq!(asked(), before, "the game has gone");
    Ok(())
}
