//! From bytes to text: unpacks gzip, stops at a limit, refuses what is no text. It opens nothing.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::error::{LogError, Problem};

/// Longest text that is read, in bytes, unpacked.
pub const MAX_TEXT_BYTES: usize = evenkeel_core::trace::MAX_TEXT_BYTES;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The text of a source, unpacked when it is gzip.
///
/// # Errors
/// [`LogError`] when it cannot be read or unpacked, is too long, or is no text.
pub fn read(mut source: impl Read) -> Result<String, LogError> {
    let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
    let head = source
        .by_ref()
        .take(GZIP_MAGIC.len() as u64)
        .read_to_end(&mut magic);
    let read = |error| LogError::whole(Problem::Read(error));
    let _ = head.map_err(read)?;
    let packed = magic == GZIP_MAGIC;
    let whole = BufReader::new(Cursor::new(magic).chain(source));
    let most = MAX_TEXT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let result = if packed {
        let mut unpacked = MultiGzDecoder::new(whole).take(most);
        unpacked.read_to_end(&mut bytes)
    } else {
        whole.take(most).read_to_end(&mut bytes)
    };
    let _ = result.map_err(|error| match error.kind() {
        // A broken archive is bad input; a disk that fails is not.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            if packed =>
        {
            LogError::whole(Problem::Unpack(error))
        }
        _ => read(error),
    })?;
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(LogError::whole(Problem::TooLong));
    }
    text_of(bytes)
}

/// The bytes as text, or the line that is none.
fn text_of(bytes: Vec<u8>) -> Result<String, LogError> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let lines = error.as_bytes().iter().take(valid);
        let line = lines.filter(|byte| **byte == b'\n').count() + 1;
        LogError::at(line, Problem::NotText)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_and_plain_are_told_apart_by_their_first_bytes() {
        for (bytes, text) in [
            (b"# x\n".to_vec(), "# x\n"),
            (gzip(b"# x\n"), "# x\n"),
            (b"".to_vec(), ""),
            (b"#".to_vec(), "#"),
            ([gzip(b"1\n"), gzip(b"2\n")].concat(), "1\n2\n"),
        ] {
            assert_eq!(read(bytes.as_slice()).unwrap(), text);
        }
    }

    #[test]
    fn a_broken_archive_is_bad_input_and_a_failing_disk_is_not() {
        let mut broken = gzip(&[b'1'; 1000]);
        broken.truncate(broken.len() - 9);
        let error = read(broken.as_slice()).unwrap_err();
        assert!(!error.is_unreadable());
        assert!(error.about("f.gz").starts_with("f.gz cannot be unpacked: "));
        let error = read(Broken).unwrap_err();
        assert!(error.is_unreadable());
        assert_eq!(error.about("f"), "f cannot be read: broken");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let endless = read(io::repeat(b'1')).unwrap_err();
        assert!(endless.about("f").contains("f holds more than 64 MiB"));
        let bomb = gzip(&vec![b'1'; MAX_TEXT_BYTES + 1]);
        assert!(bomb.len() < MAX_TEXT_BYTES / 100);
        let error = read(bomb.as_slice()).unwrap_err();
        assert!(matches!(error.problem, Problem::TooLong));
    }

    #[test]
    fn bytes_that_are_no_text_name_their_line() {
        let error = read(&b"# a\n1 2\n\xff\n"[..]).unwrap_err();
        assert_eq!(error.about("f"), "f: line 3: this is not text");
    }
}
