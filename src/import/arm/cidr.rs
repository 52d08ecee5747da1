//! `parseCidr`, `cidrSubnet` and `cidrHost`.

use super::values::{Args, object, text};
use crate::import::json::{Json, Value};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    rc::Rc,
};

/// An address range: first address as a number, length, bits of an address.
struct Range {
    first: u128,
    length: u32,
    bits: u32,
}

impl Range {
    fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address range");
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let (number, bits) = match address.parse::<IpAddr>().map_err(|_| wrong())? {
            IpAddr::V4(a) => (u128::from(u32::from(a)), 32),
            IpAddr::V6(a) => (u128::from(a), 128),
        };
        let length: u32 = length.parse().ok().filter(|l| *l <= bits).ok_or_else(wrong)?;
        let range = Self { first: number, length, bits };
        Ok(Self { first: number & !range.rest(), ..range })
    }

    /// The bits that tell addresses of the range apart.
    fn rest(&self) -> u128 {
        match self.bits - self.length {
            128 => u128::MAX,
            free => (1 << free) - 1,
        }
    }

    fn address(&self, number: u128) -> String {
        match self.bits {
            32 => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).to_string(),
            _ => Ipv6Addr::from(number).to_string(),
        }
    }
}

pub(super) fn parse(args: &Args<'_>) -> Result<Value, String> {
    let range = Range::read(args.text(0)?)?;
    let last = range.first | range.rest();
    let (first_usable, last_usable) = match range.rest() {
        0 | 1 => (range.first, last),
        _ => (range.first + 1, last - u128::from(range.bits == 32)),
    };
    let mask = !range.rest() & if range.bits == 32 { u128::from(u32::MAX) } else { u128::MAX };
    let field = |k: &str, v: u128| (Rc::from(k), Json::text(&range.address(v), args.span));
    Ok(object(vec![
        field("network", range.first),
        field("netmask", mask),
        field("broadcast", last),
        field("firstUsable", first_usable),
        field("lastUsable", last_usable),
        (Rc::from("cidr"), Json::new(Value::Int(range.length.into()), args.span)),
    ]))
}

pub(super) fn subnet(args: &Args<'_>) -> Result<Value, String> {
    let range = Range::read(args.text(0)?)?;
    let (length, index) = (args.number(1)?, args.number(2)?);
    let wrong = || format!("it has no /{length} with index {index}");
    let length = u32::try_from(length).ok().filter(|l| *l >= range.length && *l <= range.bits).ok_or_else(wrong)?;
    let index = u128::try_from(index).map_err(|_| wrong())?;
    let width = length - range.length;
    if width < 128 && index >> width != 0 {
        return Err(wrong());
    }
    let shift = range.bits - length;
    let offset = if shift == 128 { 0 } else { index << shift };
    Ok(text(&format!("{}/{length}", range.address(range.first | offset))))
}

pub(super) fn host(args: &Args<'_>) -> Result<Value, String> {
    let range = Range::read(args.text(0)?)?;
    let index = args.number(1)?;
    // The first host is the address after that of the network.
    let number = u128::try_from(index).ok().and_then(|i| range.first.checked_add(i + 1));
    match number.filter(|n| n & !range.rest() == range.first) {
        Some(number) => Ok(text(&range.address(number))),
        None => Err(format!("it has no host with index {index}")),
    }
}
