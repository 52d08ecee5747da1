//! Calendar dates.

use super::{Context, Decode, Node, Shape, Value};
use std::{fmt, str::FromStr};

/// A day of the Gregorian calendar; dates compare by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day that lies this many days after 1970-01-01.
    #[must_use]
    pub fn from_days(days: u64) -> Self {
        // Counts in eras of 400 years that begin in March, so that a leap day is the last of its year.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Self {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day).unwrap_or(31),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = String;

    /// Reads `2027-01-31`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a date such as 2027-01-31");
        let mut parts = text.split('-');
        let mut part = |length: usize| -> Option<u16> {
            let digits = parts.next().filter(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse().ok()
        };
        let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return Err(wrong()) };
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return Err(wrong()),
        };
        if parts.next().is_some() || !(1..=days).contains(&day) {
            return Err(wrong());
        }
        let small = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
        Ok(Self { year, month: small(month), day: small(day) })
    }
}

impl Decode for Date {
    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let Value::Text { text, .. } = &node.value else {
            context.wrong_type(node, "a date such as 2027-01-31");
            return None;
        };
        text.parse().map_err(|error| context.bad_value(node.span, error, "write year, month and day")).ok()
    }

    fn shape() -> Shape {
        Shape::Text("date as `2027-01-31`")
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_texts_agree() {
        for (days, text) in [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_819, "2027-01-01")] {
            assert_eq!(Date::from_days(days).to_string(), text);
            assert_eq!(text.parse::<Date>(), Ok(Date::from_days(days)));
        }
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for text in ["2027-02-29", "2100-02-29", "2027-13-01", "2027-00-01", "2027-1-1", "2027-01-01-01", "+027-01-01"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("2028-02-29".parse::<Date>().is_ok());
    }
}
