//! IPv4 networks as regular expressions, for fields that hold addresses as text.
//!
//! Written in what all dialects share: groups, alternatives, bracketed ranges, `?`.

use crate::ir::Network;

/// Any number from 0 to 255, without leading zeros.
const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

/// The pattern of the addresses in a network, a whole value long. An address may carry a mask behind a slash, as
/// KQL allows, as long as it is no shorter than the network's own.
///
/// <https://learn.microsoft.com/kusto/query/ipv4-is-in-range-function>
pub(crate) fn pattern(network: &Network) -> String {
    let octets = network.address.octets();
    let mut parts = Vec::with_capacity(4);
    for (index, octet) in octets.into_iter().enumerate() {
        let bits = u32::from(network.prefix).saturating_sub(8 * u32::try_from(index).expect("four octets")).min(8);
        parts.push(match bits {
            8 => octet.to_string(),
            0 => OCTET.to_owned(),
            bits => {
                let last = octet | (0xff_u8 >> bits);
                grouped(range(octet, last))
            }
        });
    }
    format!("{}(/{})?", parts.join("\\."), grouped(range(network.prefix, 32)))
}

fn grouped(alternatives: Vec<String>) -> String {
    match alternatives.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join("|")),
    }
}

/// Alternatives that match the numbers from `first` to `last`: runs of last digits, behind runs of leading ones.
fn range(first: u8, last: u8) -> Vec<String> {
    // The tens of a number, and the last digits that may follow them; equal neighbours of one hundred are one run.
    let mut runs: Vec<(u8, u8, u8, u8)> = Vec::new();
    for tens in first / 10..=last / 10 {
        let low = if tens == first / 10 { first % 10 } else { 0 };
        let high = if tens == last / 10 { last % 10 } else { 9 };
        match runs.last_mut() {
            Some((from, to, l, h)) if (*l, *h) == (low, high) && *from > 0 && *to / 10 == tens / 10 => *to = tens,
            _ => runs.push((tens, tens, low, high)),
        }
    }
    let digits = |low: u8, high: u8| if low == high { low.to_string() } else { format!("[{low}-{high}]") };
    let spell = |(from, to, low, high): (u8, u8, u8, u8)| {
        let hundred = if from >= 10 { (from / 10).to_string() } else { String::new() };
        let tens = if to == 0 { String::new() } else { digits(from % 10, to % 10) };
        format!("{hundred}{tens}{}", digits(low, high))
    };
    runs.into_iter().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Origins;

    fn network(address: [u8; 4], prefix: u8) -> Network {
        Network { address: address.into(), prefix, origins: Origins::none() }
    }

    #[test]
    fn patterns_match_just_the_addresses_of_a_network() {
        for (address, prefix) in [
            ([10, 0, 0, 0], 8),
            ([172, 16, 0, 0], 12),
            ([192, 168, 1, 0], 24),
            ([192, 168, 1, 1], 32),
            ([0, 0, 0, 0], 0),
            ([8, 8, 8, 128], 25),
            ([100, 64, 0, 0], 10),
        ] {
            let network = network(address, prefix);
            let pattern = regex::Regex::new(&format!("^({})$", pattern(&network))).expect("valid");
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let base = u32::from(network.address);
            let candidates = [base, base | !mask, base.wrapping_sub(1), (base | !mask).wrapping_add(1)]
                .into_iter()
                .chain((0..2000_u32).map(|step| step.wrapping_mul(0x9e37_79b9)));
            for candidate in candidates {
                let address = std::net::Ipv4Addr::from(candidate).to_string();
                assert_eq!(pattern.is_match(&address), candidate & mask == base, "{address} in {}", network.cidr());
            }
        }
    }

    #[test]
    fn addresses_may_carry_a_mask() {
        let pattern = regex::Regex::new(&format!("^({})$", pattern(&network([10, 0, 0, 0], 8)))).expect("valid");
        for (text, expected) in
            [("10.1.2.3/24", true), ("10.1.2.3/8", true), ("10.1.2.3/33", false), ("10.1.2.3/", false)]
        {
            assert_eq!(pattern.is_match(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_in_no_network() {
        let pattern = regex::Regex::new(&format!("^({})$", pattern(&network([0, 0, 0, 0], 0)))).expect("valid");
        for text in ["", "10.1.2", "10.1.2.256", "2001:db8::1", "not-an-ip", "10.1.2.3.4"] {
            assert!(!pattern.is_match(text), "{text}");
        }
    }
}
