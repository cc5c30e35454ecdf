//! The rig's bus and polkit say yes and no as a booted system's would.

use std::time::Duration;

use evenkeel_lab::rig::FIXTURE_ACTION;
use evenkeel_lab::{Lab, LabError, LabSpec, SessionState};

type Outcome = Result<(), LabError>;

fn rig() -> Result<Lab, LabError> {
    let mut lab = Lab::start(&LabSpec::with_uplinks(1))?;
    lab.start_rig()?;
    Ok(lab)
}

/// Does polkit allow the lab's own action to a process of this user?
fn allowed(lab: &Lab, user: &str) -> Result<bool, LabError> {
    let script = format!("pkcheck --action-id {FIXTURE_ACTION} --process $$; echo \"said $?\"");
    let output = lab.command_as(user, ["sh", "-c", &script])?.output()?;
    match output.stdout.trim() {
        "said 0" => Ok(true),
        "said 1" => Ok(false),
        _ => panic!("pkcheck failed: {output:?}"),
    }
}

#[test]
fn polkit_allows_the_active_session_alone() -> Outcome {
    let lab = rig()?;
    assert!(allowed(&lab, "player")?, "active");
    assert!(!allowed(&lab, "guest")?, "not logged in");
    assert!(!allowed(&lab, "nobody")?, "nobody");
    lab.set_session("player", SessionState::Inactive)?;
    lab.set_session("guest", SessionState::Active)?;
    assert!(!allowed(&lab, "player")?, "inactive");
    assert!(allowed(&lab, "guest")?, "now active");
    lab.set_session("player", SessionState::Active)?;
    assert!(allowed(&lab, "player")?, "active again");
    Ok(())
}

#[test]
fn without_polkitd_nobody_is_allowed_and_with_it_again_the_session_is() -> Outcome {
    let mut lab = rig()?;
    lab.stop_polkit()?;
    let argv = ["sh", "-c", "pkcheck --action-id org.example.x --process $$"];
    assert!(!lab.command_as("player", argv)?.output()?.success());
    lab.start_polkit()?;
    assert!(allowed(&lab, "player")?);
    Ok(())
}

#[test]
fn only_the_helpers_user_may_own_its_name() -> Outcome {
    let lab = rig()?;
    let own = |user: &str| -> Result<String, LabError> {
        let argv = [
            "dbus-send",
            "--system",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.RequestName",
            "string:io.github.evenkeel.Helper1",
            "uint32:4",
        ];
        let output = lab.command_as(user, argv)?.output()?;
        Ok(output.stdout + &output.stderr)
    };
    for user in ["player", "nobody", "root"] {
        let said = own(user)?;
        assert!(said.contains("AccessDenied"), "{user}: {said}");
    }
    let said = own("evenkeel")?;
    assert!(said.contains("uint32 1"), "{said}");
    Ok(())
}

#[test]
fn a_helper_like_program_has_net_admin_and_nothing_else() -> Outcome {
    let lab = rig()?;
    let user = lab.user("evenkeel")?;
    let status = lab
        .command("pc", ["cat", "/proc/self/status"])
        .user(&user)
        .net_admin()
        .text()?;
    for line in [
        "CapEff:\t0000000000001000",
        "CapBnd:\t0000000000001000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(line), "{line} is missing in:\n{status}");
    }
    let sysctl = [
        "sh",
        "-c",
        "echo 1 > /proc/sys/net/ipv4/fib_multipath_use_neigh",
    ];
    assert!(
        lab.command("pc", sysctl)
            .user(&user)
            .net_admin()
            .output()?
            .success()
    );
    assert!(
        !lab.command("pc", sysctl).user(&user).output()?.success(),
        "without the capability"
    );
    let touch = ["touch", "/run/evenkeel/x"];
    assert!(lab.command("pc", touch).user(&user).output()?.success());
    assert!(
        !lab.command_as("player", ["ls", "/run/evenkeel"])?
            .output()?
            .success()
    );
    Ok(())
}

#[test]
fn killing_the_handle_kills_the_program_itself() -> Outcome {
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    let mut program = lab.command("pc", ["sleep", "1000"]).spawn()?;
    let pid = program.pid().unwrap();
    let name = || std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    evenkeel_lab::lab::wait_until("sleep to run", Duration::from_secs(5), || {
        Ok(name() == "sleep\n")
    })?;
    program.kill()?;
    assert_eq!(program.ended_by(), Some(9));
    assert_eq!(name(), "");
    Ok(())
}

#[test]
fn a_running_program_takes_input_until_it_is_closed() -> Outcome {
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    let mut program = lab.command("pc", ["cat"]).spawn()?;
    program.write(b"one\n")?;
    program.wait_for("one", Duration::from_secs(5))?;
    program.write(b"two\n")?;
    program.close_input();
    assert!(program.wait(Duration::from_secs(5))?.success());
    assert_eq!(program.stdout_text(), "one\ntwo\n");
    Ok(())
}

#[test]
fn what_a_program_prints_and_returns_is_captured() -> Outcome {
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    let script = "cat; echo err >&2; exit 3";
    let output = lab
        .command("pc", ["sh", "-c", script])
        .input("in")
        .output()?;
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("in", "err\n")
    );
    assert_eq!(output.status.code(), Some(3));
    assert!(output.ok().unwrap_err().to_string().contains("err"));
    let slow = lab
        .command("pc", ["sleep", "100"])
        .timeout(Duration::from_millis(200));
    assert!(matches!(slow.output(), Err(LabError::Timeout { .. })));
    Ok(())
}
