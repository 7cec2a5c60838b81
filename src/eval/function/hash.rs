//! Hashes of a value's text, as lower-case hexadecimal digits, and the engine's own hash, a number.

use sha2::{Digest, Sha256};

use super::{integer, string};
use crate::eval::convert;
use crate::ir::{Type, Value};

/// <https://learn.microsoft.com/kusto/query/hash-sha256-function>
pub fn sha256(value: &Value) -> Value {
    hexadecimal(&Sha256::digest(convert::text(value).as_bytes()))
}

/// <https://learn.microsoft.com/kusto/query/hash-sha1-function>
pub fn sha1(value: &Value) -> Value {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded(convert::text(value).as_bytes(), u64::to_be_bytes).chunks_exact(64) {
        let mut words = [0u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for at in 16..80 {
            words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in words.iter().enumerate() {
            let (mixed, constant) = match round {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6u32),
            };
            let next =
                a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    hexadecimal(&state.map(u32::to_be_bytes).concat())
}

/// <https://learn.microsoft.com/kusto/query/hash-md5-function>
pub fn md5(value: &Value) -> Value {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(convert::text(value).as_bytes(), u64::to_le_bytes).chunks_exact(64) {
        let word =
            |at: usize| u32::from_le_bytes([block[4 * at], block[4 * at + 1], block[4 * at + 2], block[4 * at + 3]]);
        let [mut a, mut b, mut c, mut d] = state;
        for round in 0..64 {
            let (mixed, at) = match round {
                0..16 => ((b & c) | (!b & d), round),
                16..32 => ((d & b) | (!d & c), (5 * round + 1) % 16),
                32..48 => (b ^ c ^ d, (3 * round + 5) % 16),
                _ => (c ^ (b | !d), 7 * round % 16),
            };
            // RFC 1321 defines the constants by the sine of whole radians.
            let constant = (((round + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
            let sum = a.wrapping_add(mixed).wrapping_add(constant).wrapping_add(word(at));
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(SHIFTS[round / 16][round % 4])));
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_add(part);
        }
    }
    hexadecimal(&state.map(u32::to_le_bytes).concat())
}

/// XxHash of a text's bytes, or of an instant's eight with the least first; its remainder for a second argument.
///
/// The documentation has an example of these two types; what is hashed of others it does not say, so those are not
/// asked for. <https://learn.microsoft.com/kusto/query/hash-function>
pub fn xxhash64(value: &Value, modulus: Option<&Value>) -> Value {
    let hash = match value {
        Value::String(text) => xxhash_rust::xxh64::xxh64(text.as_bytes(), 0),
        Value::DateTime(ticks) => xxhash_rust::xxh64::xxh64(&ticks.to_le_bytes(), 0),
        _ => return Value::Null(Type::Long),
    }
    .cast_signed();
    match modulus.map(integer) {
        None => Value::Long(hash),
        Some(Some(modulus)) if modulus > 0 => Value::Long(hash.rem_euclid(modulus)),
        Some(_) => Value::Null(Type::Long),
    }
}

/// The message, a one bit, zeros, and its length in bits, in blocks of 64 bytes.
fn padded(message: &[u8], length: impl Fn(u64) -> [u8; 8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    bytes.extend(length(message.len() as u64 * 8));
    bytes
}

fn hexadecimal(bytes: &[u8]) -> Value {
    string(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_agree_with_the_emulator_and_the_rfc() {
        // Longer than a block, so that the state is carried on; RFC 1321 has this one.
        let long = string("12345678901234567890123456789012345678901234567890123456789012345678901234567890");
        assert_eq!(md5(&long), string("57edf4a22be3c955ac49da2e2107b67a"));
        assert_eq!(md5(&string("")), string("d41d8cd98f00b204e9800998ecf8427e"));
        let new_year = Value::DateTime(crate::eval::time::parse_instant("2020-01-01").unwrap());
        assert_eq!(sha1(&string("World")), string("70c07ec18ef89c5309bbb0937f3a6342411e1fdd"));
        assert_eq!(sha1(&new_year), string("e903e533f4d636b4fc0dcf3cf81e7b7f330de776"));
        let of_2015 = Value::DateTime(crate::eval::time::parse_instant("2015-01-01").unwrap());
        assert_eq!(xxhash64(&of_2015, None), Value::Long(1_380_966_698_541_616_202));
        assert_eq!(xxhash64(&string("World"), None), Value::Long(1_846_988_464_401_551_951));
        assert_eq!(xxhash64(&string("World"), Some(&Value::Long(100))), Value::Long(51));
        assert_eq!(sha256(&new_year), string("ba666752dc1a20eb750b0eb64e780cc4c968bc9fb8813461c1d7e750f302d71d"));
    }
}
