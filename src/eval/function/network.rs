//! IPv4 and IPv6 addresses, alone, with a prefix length, and inside text.

use super::{integer, string};
use crate::eval::convert;
use crate::ir::{Dynamic, Type, Value};

/// An IPv4 address with the length of its prefix: 32 when it is written without.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// The address.
    pub bits: u32,
    /// 0 to 32.
    pub prefix: u8,
}

impl Address {
    /// Reads `a.b.c.d` or `a.b.c.d/n`.
    ///
    /// <https://learn.microsoft.com/kusto/query/parse-ipv4-function>
    pub fn parse(text: &str) -> Option<Address> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, whole(prefix, 32)?),
            None => (text.trim(), 32),
        };
        let mut octets = address.split('.');
        let mut bits = 0;
        for _ in 0..4 {
            bits = bits << 8 | u32::from(whole(octets.next()?, 255)?);
        }
        octets.next().is_none().then_some(Address { bits, prefix })
    }

    /// Whether both lie in one network of the shortest of their prefixes and `prefix`.
    pub fn shares_network(self, other: Address, prefix: u8) -> bool {
        let prefix = self.prefix.min(other.prefix).min(prefix);
        masked(self.bits, prefix) == masked(other.bits, prefix)
    }

    /// The network's address.
    pub fn network(self) -> u32 {
        masked(self.bits, self.prefix)
    }
}

fn masked(bits: u32, prefix: u8) -> u32 {
    bits & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// One to three digits up to `most`.
fn whole(digits: &str, most: u16) -> Option<u8> {
    let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u16 = plain.then(|| digits.parse().ok()).flatten()?;
    u8::try_from(number).ok().filter(|_| number <= most)
}

fn prefix_argument(prefix: Option<&Value>, most: i64) -> Option<u8> {
    match prefix {
        None => u8::try_from(most).ok(),
        Some(prefix) => {
            integer(prefix).filter(|prefix| (0..=most).contains(prefix)).and_then(|p| u8::try_from(p).ok())
        }
    }
}

/// The network's address as a number: <https://learn.microsoft.com/kusto/query/parse-ipv4-function>
pub fn parse_ipv4(text: &Value) -> Value {
    match Address::parse(&convert::text(text)) {
        Some(address) => Value::Long(i64::from(address.network())),
        None => Value::Null(Type::Long),
    }
}

/// <https://learn.microsoft.com/kusto/query/parse-ipv4-mask-function>
pub fn parse_ipv4_mask(text: &Value, prefix: &Value) -> Value {
    match (Address::parse(&convert::text(text)), prefix_argument(Some(prefix), 32)) {
        (Some(address), Some(prefix)) => Value::Long(i64::from(masked(address.bits, prefix.min(address.prefix)))),
        _ => Value::Null(Type::Long),
    }
}

/// The order of two addresses under the shortest prefix: -1, 0 or 1.
///
/// <https://learn.microsoft.com/kusto/query/ipv4-compare-function>
pub fn ipv4_compare(left: &Value, right: &Value, prefix: Option<&Value>) -> Value {
    let parsed =
        (Address::parse(&convert::text(left)), Address::parse(&convert::text(right)), prefix_argument(prefix, 32));
    let (Some(left), Some(right), Some(prefix)) = parsed else { return Value::Null(Type::Long) };
    let prefix = prefix.min(left.prefix).min(right.prefix);
    Value::Long(masked(left.bits, prefix).cmp(&masked(right.bits, prefix)) as i64)
}

/// <https://learn.microsoft.com/kusto/query/ipv4-is-match-function>
pub fn ipv4_is_match(left: &Value, right: &Value, prefix: Option<&Value>) -> Value {
    is_zero(ipv4_compare(left, right, prefix))
}

fn is_zero(order: Value) -> Value {
    match order {
        Value::Long(order) => Value::Bool(order == 0),
        _ => Value::Null(Type::Bool),
    }
}

/// <https://learn.microsoft.com/kusto/query/ipv4-netmask-suffix-function>
pub fn ipv4_netmask_suffix(text: &Value) -> Value {
    match Address::parse(&convert::text(text)) {
        Some(address) => Value::Long(i64::from(address.prefix)),
        None => Value::Null(Type::Long),
    }
}

/// The network of an address, without or with its prefix length; empty when there is none.
///
/// <https://learn.microsoft.com/kusto/query/format-ipv4-function>
/// <https://learn.microsoft.com/kusto/query/format-ipv4-mask-function>
pub fn format_ipv4(address: &Value, prefix: Option<&Value>, with_prefix: bool) -> Value {
    let parsed = match address {
        Value::Int(_) | Value::Long(_) => {
            integer(address).and_then(|bits| u32::try_from(bits).ok()).map(|bits| Address { bits, prefix: 32 })
        }
        other => Address::parse(&convert::text(other)),
    };
    let (Some(address), Some(prefix)) = (parsed, prefix_argument(prefix, 32)) else { return string("") };
    let prefix = prefix.min(address.prefix);
    let network = std::net::Ipv4Addr::from_bits(masked(address.bits, prefix));
    string(if with_prefix { format!("{network}/{prefix}") } else { network.to_string() })
}

/// An address of either family in 128 bits, with the length of its prefix in them.
fn parse_either(text: &str) -> Option<(u128, u8)> {
    if let Some(address) = Address::parse(text) {
        let mapped = std::net::Ipv4Addr::from_bits(address.bits).to_ipv6_mapped();
        return Some((mapped.to_bits(), 96 + address.prefix));
    }
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, whole(prefix, 128)?),
        None => (text.trim(), 128),
    };
    let address: std::net::Ipv6Addr = address.parse().ok()?;
    Some((address.to_bits(), prefix))
}

fn masked_128(bits: u128, prefix: u8) -> u128 {
    bits & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

/// In full length, the network of a prefix; empty when there is none.
///
/// <https://learn.microsoft.com/kusto/query/parse-ipv6-function>
pub fn parse_ipv6(text: &Value) -> Value {
    let Some((bits, prefix)) = parse_either(&convert::text(text)) else { return string("") };
    string(full_ipv6(masked_128(bits, prefix)))
}

fn full_ipv6(bits: u128) -> String {
    std::net::Ipv6Addr::from_bits(bits).segments().map(|segment| format!("{segment:04x}")).join(":")
}

/// <https://learn.microsoft.com/kusto/query/ipv6-compare-function>
pub fn ipv6_compare(left: &Value, right: &Value, prefix: Option<&Value>) -> Value {
    let parsed =
        (parse_either(&convert::text(left)), parse_either(&convert::text(right)), prefix_argument(prefix, 128));
    let (Some((left, left_prefix)), Some((right, right_prefix)), Some(prefix)) = parsed else {
        return Value::Null(Type::Long);
    };
    let prefix = prefix.min(left_prefix).min(right_prefix);
    Value::Long(masked_128(left, prefix).cmp(&masked_128(right, prefix)) as i64)
}

/// <https://learn.microsoft.com/kusto/query/ipv6-is-match-function>
pub fn ipv6_is_match(left: &Value, right: &Value, prefix: Option<&Value>) -> Value {
    is_zero(ipv6_compare(left, right, prefix))
}

/// The network of an address under the shorter of its prefix and that one; empty when there is none.
///
/// <https://learn.microsoft.com/kusto/query/parse-ipv6-mask-function>
pub fn parse_ipv6_mask(text: &Value, prefix: &Value) -> Value {
    match (parse_either(&convert::text(text)), prefix_argument(Some(prefix), 128)) {
        (Some((bits, own)), Some(prefix)) => string(full_ipv6(masked_128(bits, own.min(prefix)))),
        _ => string(""),
    }
}

/// Whether an address lies in a network: <https://learn.microsoft.com/kusto/query/ipv6-is-in-range-function>
pub fn ipv6_is_in_range(text: &Value, range: &Value) -> Value {
    match (parse_either(&convert::text(text)), parse_either(&convert::text(range))) {
        (Some((bits, _)), Some((network, prefix))) => {
            Value::Bool(masked_128(bits, prefix) == masked_128(network, prefix))
        }
        _ => Value::Null(Type::Bool),
    }
}

/// Whether an address lies in one of several networks, given one by one or as an array.
///
/// <https://learn.microsoft.com/kusto/query/ipv6-is-in-any-range-function>
pub fn ipv6_is_in_any_range(text: &Value, ranges: &[&Value]) -> Value {
    let each = |range: &Value| match range {
        Value::Dynamic(Dynamic::Array(ranges)) => ranges
            .iter()
            .any(|range| ipv6_is_in_range(text, &convert::from_dynamic(range.clone())) == Value::Bool(true)),
        range => ipv6_is_in_range(text, range) == Value::Bool(true),
    };
    match parse_either(&convert::text(text)) {
        Some(_) => Value::Bool(ranges.iter().any(|range| each(range))),
        None => Value::Null(Type::Bool),
    }
}

/// The fewest networks that make up the addresses from one to another.
///
/// <https://learn.microsoft.com/kusto/query/ipv4-range-to-cidr-list-function>
pub fn ipv4_range_to_cidr_list(from: &Value, to: &Value) -> Value {
    let addresses = (Address::parse(&convert::text(from)), Address::parse(&convert::text(to)));
    let (Some(from), Some(to)) = addresses else { return Value::Null(Type::Dynamic) };
    let (mut at, end) = (u64::from(from.bits), u64::from(to.bits) + 1);
    let mut networks = Vec::new();
    while at < end {
        // As large as its first address allows, and as what is left allows.
        let aligned = at.trailing_zeros().min(32);
        let size = aligned.min((end - at).ilog2());
        let address = std::net::Ipv4Addr::from_bits(u32::try_from(at).unwrap_or(u32::MAX));
        networks.push(Dynamic::String(format!("{address}/{}", 32 - size)));
        at += 1 << size;
    }
    Value::Dynamic(Dynamic::Array(networks))
}

/// Whether text holds an IPv4 address, or one that begins with a prefix, set off by characters that are neither
/// letters nor digits. A prefix must end with a dot or be a whole address.
///
/// <https://learn.microsoft.com/kusto/query/has-ipv4-function>
/// <https://learn.microsoft.com/kusto/query/has-ipv4-prefix-function>
pub fn has_ipv4(text: &str, wanted: &str, prefix: bool) -> bool {
    let octets = wanted.trim_end_matches('.').split('.').count();
    let whole_address = Address::parse(wanted).is_some() && !wanted.contains('/');
    let valid = whole_address
        || (prefix
            && wanted.ends_with('.')
            && octets < 4
            && wanted.trim_end_matches('.').split('.').all(|octet| whole(octet, 255).is_some()));
    valid && addresses(text).any(|found| if whole_address { found == wanted } else { found.starts_with(wanted) })
}

/// The IPv4 addresses in a text that are set off.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    (0..bytes.len()).filter_map(move |start| {
        let free =
            bytes[start].is_ascii_digit() && !text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
        let length = free.then(|| address_length(&bytes[start..])).flatten()?;
        let set_off = !text[start + length..].chars().next().is_some_and(char::is_alphanumeric);
        set_off.then(|| &text[start..start + length])
    })
}

/// The length of the address that a text begins with.
fn address_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for octet in 0..4 {
        if octet > 0 {
            at += usize::from(bytes.get(at) == Some(&b'.')).checked_sub(1).map(|_| 1)?;
        }
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        whole(std::str::from_utf8(&bytes[at..at + digits]).ok()?, 255)?;
        at += digits;
    }
    Some(at)
}
