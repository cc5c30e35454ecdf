//! The kernel's counter files as text, and the numbers in them. It opens nothing.

/// The counters of an interface, as `/proc/net/dev` has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Device {
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bad frames received.
    pub rx_errors: u64,
    /// Received frames dropped.
    pub rx_dropped: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Frames that could not be sent.
    pub tx_errors: u64,
    /// Frames to be sent that were dropped.
    pub tx_dropped: u64,
}

/// The row of `interface` in `/proc/net/dev`.
pub fn device(text: &str, interface: &str) -> Option<Device> {
    let rows = text.lines().filter_map(|line| line.split_once(':'));
    let (_, row) = { rows }.find(|(name, _)| name.trim() == interface)?;
    let mut numbers = [0; 16];
    let mut words = row.split_whitespace();
    for number in &mut numbers {
        *number = words.next()?.parse().ok()?;
    }
    // The kernel adds overruns to the errors and missed frames to the drops, in both directions.
    let [
        rx_bytes,
        _,
        rx_errors,
        rx_dropped,
        _,
        _,
        _,
        _,
        tx_bytes,
        _,
        tx_errors,
        tx_dropped,
        ..,
    ] = numbers;
    Some(Device {
        rx_bytes,
        rx_errors,
        rx_dropped,
        tx_bytes,
        tx_errors,
        tx_dropped,
    })
}

/// Packets dropped and times squeezed in `/proc/net/softnet_stat`, all processors together. Each row
/// is a processor's; the second and third column count, in hexadecimal.
pub fn softnet(text: &str) -> Option<(u64, u64)> {
    let (mut dropped, mut squeezed) = (0_u64, 0_u64);
    let mut rows = 0;
    for line in text.lines() {
        let mut words = line.split_whitespace().skip(1);
        let mut column = || u64::from_str_radix(words.next()?, 16).ok();
        dropped += column()?;
        squeezed += column()?;
        rows += 1;
    }
    (rows > 0).then_some((dropped, squeezed))
}

/// The total of the row `some` or `full` in a file of `/proc/pressure`, in microseconds.
pub fn pressure(text: &str, row: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(row))?;
    let words = line.split_whitespace();
    let mut totals = words.filter_map(|word| word.strip_prefix("total="));
    totals.next()?.parse().ok()
}

/// A file that holds one number.
pub fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1270   13    0    0    0     0          0         0     1270      13    0    0    0     0       0          0
 wlan0:59188843  48321    2    7    0     1          0        12  2204417   30311    3    9    0     0       4          0
wlan0x:1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
";

    #[test]
    fn an_interface_is_found_by_its_whole_name() {
        let device = device(DEV, "wlan0").unwrap();
        assert_eq!(
            device,
            Device {
                rx_bytes: 59_188_843,
                rx_errors: 2,
                rx_dropped: 7,
                tx_bytes: 2_204_417,
                tx_errors: 3,
                tx_dropped: 9,
            }
        );
        assert_eq!(super::device(DEV, "wlan"), None);
        assert_eq!(super::device(DEV, "face |bytes"), None);
    }

    #[test]
    fn processors_are_added_up_in_hexadecimal() {
        let text = "0001d97b 0000000a 00000010 00000000 00000000\n00f02a1c 00000001 0000000f\n";
        assert_eq!(softnet(text), Some((11, 31)));
        assert_eq!(softnet(""), None);
        assert_eq!(softnet("0001\n"), None);
    }

    #[test]
    fn the_total_of_the_row_asked_for_is_taken() {
        let text = "some avg10=4.14 avg60=2.76 avg300=2.30 total=13215255890\n\
                    full avg10=0.00 avg60=0.00 avg300=0.00 total=176707411\n";
        assert_eq!(pressure(text, "some"), Some(13_215_255_890));
        assert_eq!(pressure(text, "full"), Some(176_707_411));
        assert_eq!(pressure("some avg10=0.00\n", "some"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_reader(text in any::<String>()) {
            let _ = (device(&text, "lo"), softnet(&text), pressure(&text, "some"), number(&text));
        }
    }
}
