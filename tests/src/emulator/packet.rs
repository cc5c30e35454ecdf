//! What the emulator must know of a frame: which flow it belongs to, and a checksum that its sender
//! left to hardware which a virtual link doesn't have. Pure functions on bytes.

const ETHERNET: usize = 14;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;

/// The flow of a numbered packet: those that jitter and loss apply to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Flow {
    /// IP protocol number.
    pub protocol: u8,
    /// Source and destination address, 2 x 4 or 2 x 16 bytes. Enough to tell flows of two runs apart
    /// in the same way, whatever ephemeral ports they got.
    pub addresses: Vec<u8>,
    /// Source and destination port of TCP and UDP, the identifier of an echo; else 0.
    pub ports: u32,
}

impl Flow {
    /// Whether it leads beyond this link's network: the lab's are a /24 and a /64 each, and link-local
    /// addresses stay whatever the rest of them says.
    pub fn leads_beyond(&self) -> bool {
        let (from, to) = self.addresses.split_at(self.addresses.len() / 2);
        let link_local = |address: &[u8]| address.len() == 16 && address.starts_with(&[0xfe, 0x80]);
        let network = if from.len() == 16 { 8 } else { 3 };
        from[..network] != to[..network] && !link_local(from) && !link_local(to)
    }
}

/// The flow of an IP unicast packet; `None` for everything that comes at the kernel's own whim: ARP,
/// neighbour and router discovery, multicast. Numbering those would shift all later draws.
pub fn flow(frame: &[u8]) -> Option<Flow> {
    // The group bit of the destination's hardware address.
    if frame.len() < ETHERNET || frame[0] & 1 == 1 {
        return None;
    }
    let ip = &frame[ETHERNET..];
    let (protocol, addresses, transport) = match (frame[12], frame[13]) {
        (0x08, 0x00) => {
            let header = 4 * usize::from(*ip.first()? & 0x0f);
            (*ip.get(9)?, ip.get(12..20)?, ip.get(header..)?)
        }
        (0x86, 0xdd) => (*ip.get(6)?, ip.get(8..40)?, ip.get(40..)?),
        _ => return None,
    };
    let at = |range: std::ops::Range<usize>| {
        transport
            .get(range)
            .map_or(0, |b| b.iter().fold(0, |n, x| n << 8 | u32::from(*x)))
    };
    let ports = match protocol {
        TCP | UDP => at(0..4),
        ICMP6 if (133..=137).contains(&at(0..1)) => return None,
        1 | ICMP6 => at(4..6),
        _ => 0,
    };
    Some(Flow {
        protocol,
        addresses: addresses.to_vec(),
        ports,
    })
}

/// Fills in the TCP or UDP checksum of an unfragmented packet. A packet from a local socket carries
/// only a partial one, because its sender expects the device to finish it.
pub fn finish_checksum(frame: &mut [u8]) {
    let Some((pseudo, range, protocol)) = transport(frame) else {
        return;
    };
    let field = range.start + if protocol == TCP { 16 } else { 6 };
    if field + 2 > range.end || (protocol == UDP && frame[field..field + 2] == [0, 0]) {
        return;
    }
    frame[field..field + 2].fill(0);
    let sum = pseudo + ones_sum(&frame[range]);
    let folded = !fold(sum);
    // UDP: zero means "no checksum", so a sum of zero is sent as its other form.
    let value = if folded == 0 && protocol == UDP {
        0xffff
    } else {
        folded
    };
    frame[field..field + 2].copy_from_slice(&value.to_be_bytes());
}

/// The sum of the pseudo header, where the transport packet lies, and its protocol.
fn transport(frame: &[u8]) -> Option<(u64, std::ops::Range<usize>, u8)> {
    let ip = frame.get(ETHERNET..)?;
    let (protocol, addresses, start, end) = match (frame[12], frame[13]) {
        (0x08, 0x00) => {
            let fragment = u16::from_be_bytes([*ip.get(6)?, *ip.get(7)?]);
            if fragment & 0x3fff != 0 {
                return None;
            }
            let total = usize::from(u16::from_be_bytes([*ip.get(2)?, *ip.get(3)?]));
            (
                *ip.get(9)?,
                ip.get(12..20)?,
                4 * usize::from(ip[0] & 0x0f),
                total,
            )
        }
        (0x86, 0xdd) => {
            let length = usize::from(u16::from_be_bytes([*ip.get(4)?, *ip.get(5)?]));
            (*ip.get(6)?, ip.get(8..40)?, 40, 40 + length)
        }
        _ => return None,
    };
    if (protocol != TCP && protocol != UDP) || end > ip.len() || start > end {
        return None;
    }
    let pseudo = ones_sum(addresses) + u64::from(protocol) + (end - start) as u64;
    Some((pseudo, ETHERNET + start..ETHERNET + end, protocol))
}

fn ones_sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(2);
    let last = words
        .remainder()
        .first()
        .map_or(0, |byte| u64::from(*byte) << 8);
    words
        .map(|w| u64::from(u16::from_be_bytes([w[0], w[1]])))
        .sum::<u64>()
        + last
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet + IPv4 + UDP 10.0.0.1:1000 -> 10.0.0.2:2000 "hello".
    fn udp4() -> Vec<u8> {
        let mut f = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        f.extend([
            0x45, 0, 0, 33, 0, 0, 0x40, 0, 64, UDP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
        ]);
        f.extend([0x03, 0xe8, 0x07, 0xd0, 0, 13, 0x12, 0x34]);
        f.extend(b"hello");
        f
    }

    /// The receiver's test: everything with the pseudo header adds up to all ones.
    fn verifies(frame: &[u8]) -> bool {
        let (pseudo, range, _) = transport(frame).unwrap();
        fold(pseudo + ones_sum(&frame[range])) == 0xffff
    }

    #[test]
    fn a_partial_checksum_is_finished_and_a_right_one_stays() {
        let mut frame = udp4();
        assert!(!verifies(&frame));
        finish_checksum(&mut frame);
        assert!(verifies(&frame));
        let right = frame.clone();
        finish_checksum(&mut frame);
        assert_eq!(frame, right);
    }

    #[test]
    fn no_checksum_fragments_and_short_frames_are_left_alone() {
        let mut none = udp4();
        none[40..42].fill(0);
        let mut fragment = udp4();
        fragment[20] = 0x20;
        for frame in [none, fragment, udp4()[..30].to_vec(), vec![0; 14]] {
            let mut after = frame.clone();
            finish_checksum(&mut after);
            assert_eq!(after, frame);
        }
    }

    #[test]
    fn only_ip_unicast_is_numbered() {
        let unicast = flow(&udp4()).unwrap();
        assert_eq!((unicast.protocol, unicast.ports), (UDP, 0x03e8_07d0));
        let mut multicast = udp4();
        multicast[0] = 1;
        let mut arp = udp4();
        arp[13] = 6;
        assert_eq!(flow(&multicast), None);
        assert_eq!(flow(&arp), None);
        assert_eq!(flow(&[0; 9]), None);
    }

    #[test]
    fn neighbour_discovery_is_not_numbered_but_an_echo_is() {
        let mut f = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd];
        f.extend([0x60, 0, 0, 0, 0, 8, ICMP6, 64]);
        f.extend([7; 32]);
        f.extend([128, 0, 0, 0, 0xab, 0xcd, 0, 1]);
        assert_eq!(flow(&f).unwrap().ports, 0xabcd);
        f[54] = 135;
        assert_eq!(flow(&f), None);
    }
}
