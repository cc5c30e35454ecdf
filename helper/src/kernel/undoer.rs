//! Who it was that sent the kernel a request, as far as its netlink port tells.
//!
//! It is not for proof: a port is only by convention its owner's process number, and the process
//! may be gone. Good enough for a sentence that names who keeps undoing our work.

use std::{fs::File, io::Read};

use super::survey::sanitised;

/// The bits of a port that are the process number where libraries count several ports up.
const PROCESS_BITS: u32 = 0x3f_ffff;

/// The process that probably owns a netlink port. `None` for the kernel itself (port 0), and for
/// the negative numbers that it gives to a process's second socket at random.
pub fn process_of(port: u32) -> Option<u32> {
    let chosen_at_random = port.cast_signed() < 0;
    let process = port & PROCESS_BITS;
    (process != 0 && !chosen_at_random).then_some(process)
}

/// The name of the process that probably owns a netlink port: at most 15 of `[A-Za-z0-9_.-]`,
/// anything else reads `_`. `None` if there is no telling.
pub fn name_of(port: u32) -> Option<String> {
    let mut name = String::new();
    File::open(format!("/proc/{}/comm", process_of(port)?))
        .ok()?
        .take(64)
        .read_to_string(&mut name)
        .ok()?;
    Some(sanitised(name.trim_end_matches('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_tells_its_process_unless_it_was_chosen_at_random() {
        assert_eq!(process_of(0), None);
        assert_eq!(process_of(1234), Some(1234));
        assert_eq!(process_of((3 << 22) + 1234), Some(1234));
        assert_eq!(process_of((-4097_i32).cast_unsigned()), None);
        assert_eq!(process_of(3 << 22), None);
    }

    #[test]
    fn a_living_process_has_a_name_and_a_dead_one_none() {
        let own = name_of(std::process::id()).unwrap();
        assert!((1..=15).contains(&own.len()), "{own}");
        assert_eq!(name_of(PROCESS_BITS), None);
    }
}
