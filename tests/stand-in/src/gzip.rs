//! Compressed answers, and one that is far larger than it looks.

use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use std::io::Write;

/// A body, compressed.
pub fn compress(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail; what is not compressed would be sent as it is.
    let written = encoder.write_all(body);
    let finished = encoder.finish();
    written.and(finished).unwrap_or_else(|_| body.to_vec())
}

/// Size of the piece of a bomb that is repeated.
const PIECE: usize = 1 << 20;

/// A small gzip file of a JSON array that holds so many bytes of white space.
///
/// One piece is compressed and then repeated, so that even a huge one is made at once.
pub fn bomb(bytes: u64) -> Vec<u8> {
    let white = vec![b' '; PIECE];
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut total = Crc::new();
    total.update(b"[");
    out.extend(deflate(b"[", FlushCompress::Full));
    let piece = deflate(&white, FlushCompress::Full);
    let mut sum = Crc::new();
    sum.update(&white);
    for _ in 0..bytes / PIECE as u64 {
        out.extend_from_slice(&piece);
        total.combine(&sum);
    }
    let rest = &white[..(bytes % PIECE as u64) as usize];
    let tail = [rest, b"]"].concat();
    total.update(&tail);
    out.extend(deflate(&tail, FlushCompress::Finish));
    out.extend(total.sum().to_le_bytes());
    out.extend(((bytes + 2) as u32).to_le_bytes());
    out
}

/// A part of a deflate stream: after a full flush another part can follow.
fn deflate(bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 100 + 128);
    let mut state = Compress::new(Compression::best(), false);
    // The room is enough for one call: white space becomes a thousandth of its size.
    let done = state.compress_vec(bytes, &mut out, flush);
    debug_assert!(done.is_ok() && state.total_in() == bytes.len() as u64);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    #[test]
    fn a_bomb_is_small_and_sound() {
        let size = 5 * PIECE as u64 + 77;
        let bomb = bomb(size);
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let mut text = String::new();
        GzDecoder::new(bomb.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text.len() as u64, size + 2);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let mut text = String::new();
        let packed = compress(b"{\"a\": 1}");
        GzDecoder::new(packed.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "{\"a\": 1}");
    }
}
