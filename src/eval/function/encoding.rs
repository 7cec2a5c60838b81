//! Text and bytes in other clothes: base64, compressed text, Punycode, code points.

use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

use super::dynamic::{NULL, array, of_array};
use super::string;
use super::text::{base64_bytes, base64_text};
use crate::eval::convert;
use crate::ir::{Dynamic, Type, Value};

/// Bytes as base64; empty when an element is no byte.
///
/// <https://learn.microsoft.com/kusto/query/base64-encode-fromarray-function>
pub fn base64_encode_array(bytes: &Value) -> Value {
    let byte = |element: &Dynamic| match element {
        Dynamic::Long(number) => u8::try_from(*number).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = array(bytes).and_then(|bytes| bytes.iter().map(byte).collect());
    string(base64_text(&bytes.unwrap_or_default()))
}

/// The order of a GUID's bytes is Microsoft's: the first three groups have their least byte first.
///
/// <https://learn.microsoft.com/kusto/query/base64-decode-toguid-function>
pub fn base64_decode_guid(text: &Value) -> Value {
    let bytes = base64_bytes(&convert::text(text)).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    bytes.map_or(Value::Null(Type::Guid), |bytes| Value::Guid(uuid::Uuid::from_bytes_le(bytes)))
}

/// <https://learn.microsoft.com/kusto/query/base64-encode-fromguid-function>
pub fn base64_encode_guid(id: &Value) -> Value {
    match convert::convert(id, Type::Guid) {
        Value::Guid(id) => string(base64_text(&id.to_bytes_le())),
        _ => string(""),
    }
}

/// A few bytes can be the compressed form of very many.
const MOST_BYTES: usize = 16 << 20;

/// What base64 text holds, compressed; empty when it is not such text, or would be longer than a value can be.
///
/// <https://learn.microsoft.com/kusto/query/gzip-base64-decompress>
pub fn gzip_decompress(text: &Value) -> Value {
    decompressed(text, |bytes| decompress_to_vec_with_limit(gzip_body(bytes)?, MOST_BYTES).ok())
}

/// <https://learn.microsoft.com/kusto/query/zlib-base64-decompress-function>
pub fn zlib_decompress(text: &Value) -> Value {
    decompressed(text, |bytes| decompress_to_vec_zlib_with_limit(bytes, MOST_BYTES).ok())
}

fn decompressed(text: &Value, decompress: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Value {
    let bytes = base64_bytes(&convert::text(text)).and_then(|bytes| decompress(&bytes));
    string(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default())
}

/// What follows the header of RFC 1952: ten bytes, then what its flags announce.
fn gzip_body(bytes: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = bytes.split_first_chunk::<10>()?;
    let [0x1f, 0x8b, 8, flags, ..] = *header else { return None };
    let text = |rest: &[u8]| rest.iter().position(|byte| *byte == 0).map(|end| end + 1);
    if flags & 4 != 0 {
        let (length, extra) = rest.split_first_chunk::<2>()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    if flags & 8 != 0 {
        rest = rest.get(text(rest)?..)?;
    }
    if flags & 16 != 0 {
        rest = rest.get(text(rest)?..)?;
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

/// <https://learn.microsoft.com/kusto/query/punycode-from-string-function>
pub fn punycode_encode(text: &Value) -> Value {
    string(punycode::encode(&convert::text(text)).unwrap_or_default())
}

/// <https://learn.microsoft.com/kusto/query/punycode-to-string-function>
pub fn punycode_decode(text: &Value) -> Value {
    string(punycode::decode(&convert::text(text)).unwrap_or_default())
}

/// <https://learn.microsoft.com/kusto/query/unicode-codepoints-from-string-function>
pub fn codepoints_from_string(text: &Value) -> Value {
    if text.is_null() {
        return NULL;
    }
    of_array(convert::text(text).chars().map(|letter| Dynamic::Long(i64::from(u32::from(letter)))).collect())
}
