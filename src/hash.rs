//! SHA-256 in hexadecimal, of single texts and of lists of them.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The hash of these bytes.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of these parts in this order; where one ends and the next begins counts too.
pub fn sha256_of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes any text");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha256() {
        // From FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_borders_of_parts_count() {
        assert_ne!(sha256_of_parts(["a", "bc"]), sha256_of_parts(["ab", "c"]));
        assert_ne!(sha256_of_parts(["a", ""]), sha256_of_parts(["a"]));
    }
}
