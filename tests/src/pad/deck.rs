//! What a Steam Deck's built-in controller says of itself to who opens its device, as the kernel's
//! `hid-steam` driver has it (Linux 6.18, `drivers/hid/hid-steam.c`), and its events as bytes. Pure.

/// `EV_KEY` and `EV_ABS` (linux/input-event-codes.h).
const EV_KEY: u16 = 1;
const EV_ABS: u16 = 3;
/// `EVIOCGID`, `EVIOCGNAME`, `EVIOCGBIT(0)` and `EVIOCGABS(0)` by their number alone (linux/input.h).
const GET_ID: u8 = 0x02;
const GET_NAME: u8 = 0x06;
const GET_BITS: u8 = 0x20;
const GET_ABS: u8 = 0x40;
/// The letter of all of them.
const INPUT: u8 = b'E';

const NAME: &[u8] = b"Steam Deck\0";
/// Bus (USB), vendor, product and version: SDL's list of controllers knows it by these.
const ID: [u16; 4] = [0x03, 0x28de, 0x1205, 0x0111];

/// The buttons it has, by the kernel's numbers.
pub mod key {
    /// A, at the bottom.
    pub const A: u16 = 0x130;
    /// B, at the right.
    pub const B: u16 = 0x131;
    /// X, at the left.
    pub const X: u16 = 0x133;
    /// Y, at the top.
    pub const Y: u16 = 0x134;
    /// The left shoulder.
    pub const L1: u16 = 0x136;
    /// The right shoulder.
    pub const R1: u16 = 0x137;
    /// The D-pad.
    pub const UP: u16 = 0x220;
    /// See [`UP`].
    pub const DOWN: u16 = 0x221;
    /// See [`UP`].
    pub const LEFT: u16 = 0x222;
    /// See [`UP`].
    pub const RIGHT: u16 = 0x223;
}

/// The sticks, by the kernel's numbers; to the right and down is positive.
pub mod axis {
    /// The left stick, left to right.
    pub const X: u16 = 0x00;
    /// The left stick, up to down.
    pub const Y: u16 = 0x01;
}

/// As far as a stick goes.
pub const FULL: i32 = 32767;

const KEYS: [u16; 24] = [
    0x121, 0x122, 0x126, 0x130, 0x131, 0x133, 0x134, 0x136, 0x137, 0x138, 0x139, 0x13a, 0x13b,
    0x13c, 0x13d, 0x13e, 0x220, 0x221, 0x222, 0x223, 0x224, 0x225, 0x226, 0x227,
];
/// The sticks, the trackpads and the triggers.
const AXES: [u16; 10] = [0x00, 0x01, 0x03, 0x04, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15];
/// The triggers begin at zero.
const TRIGGERS: [u16; 2] = [0x14, 0x15];

/// The answer to an ioctl, filled up or cut to the `room` bytes that were offered; `None` for one it
/// does not know.
pub fn answer(command: u32, room: usize) -> Option<Vec<u8>> {
    let (number, letter) = (command as u8, (command >> 8) as u8);
    if letter != INPUT {
        return None;
    }
    let mut bytes = match number {
        GET_ID => ID.iter().flat_map(|part| part.to_ne_bytes()).collect(),
        GET_NAME => NAME.to_vec(),
        GET_BITS..GET_ABS => match u16::from(number - GET_BITS) {
            EV_KEY => bits(&KEYS, room),
            EV_ABS => bits(&AXES, room),
            _ => Vec::new(),
        },
        GET_ABS..0x80 => range(u16::from(number - GET_ABS))?,
        _ => return None,
    };
    bytes.resize(room, 0);
    Some(bytes)
}

/// A bit for each number.
fn bits(numbers: &[u16], room: usize) -> Vec<u8> {
    let mut bytes = vec![0; room];
    for number in numbers.iter().map(|number| usize::from(*number)) {
        if let Some(byte) = bytes.get_mut(number / 8) {
            *byte |= 1 << (number % 8);
        }
    }
    bytes
}

/// Value, smallest, largest, fuzz, dead zone and resolution of an axis.
fn range(axis: u16) -> Option<Vec<u8>> {
    if !AXES.contains(&axis) {
        return None;
    }
    let least = if TRIGGERS.contains(&axis) { 0 } else { -FULL };
    let values = [0, least, FULL, 0, 0, 0];
    Some(
        values
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect(),
    )
}

/// A button going down or up, and the end of the report, as they are read from the device.
pub fn button(code: u16, down: bool) -> Vec<u8> {
    report(EV_KEY, code, i32::from(down))
}

/// An axis at a value, and the end of the report.
pub fn stick(code: u16, value: i32) -> Vec<u8> {
    report(EV_ABS, code, value)
}

fn report(kind: u16, code: u16, value: i32) -> Vec<u8> {
    let mut bytes = event(kind, code, value);
    bytes.extend(event(0, 0, 0));
    bytes
}

fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
    // The time, which nobody asks for.
    let mut bytes = vec![0; 16];
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(code.to_ne_bytes());
    bytes.extend(value.to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(number: u8, room: u32) -> u32 {
        2 << 30 | room << 16 | u32::from(INPUT) << 8 | u32::from(number)
    }

    #[test]
    fn it_names_itself_as_sdls_list_knows_it() {
        let id = answer(command(GET_ID, 8), 8).unwrap();
        assert_eq!(id, [3, 0, 0xde, 0x28, 0x05, 0x12, 0x11, 0x01]);
    }

    #[test]
    fn every_button_and_axis_has_its_bit_and_axes_their_range() {
        let keys = answer(command(GET_BITS + 1, 96), 96).unwrap();
        let count: u32 = keys.iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(count as usize, KEYS.len());
        assert_ne!(keys[usize::from(key::Y / 8)] & (1 << (key::Y % 8)), 0);
        let stick = answer(command(GET_ABS, 24), 24).unwrap();
        assert_eq!(stick[4..8], (-FULL).to_ne_bytes());
        assert!(answer(command(GET_ABS + 2, 24), 24).is_none());
        assert!(answer(0x5401, 0).is_none(), "a terminal's question");
    }
}
