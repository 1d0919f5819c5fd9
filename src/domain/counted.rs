//! Numbers of things in a sentence.

/// So many of something, with its thousands apart: `1 table`, `1,200 tables`. `one` is a word whose plural ends in s.
pub(crate) fn counted(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let s = if number == 1 { "" } else { "s" };
    format!("{} {one}{s}", grouped(number))
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_them_is_not_several() {
        let counts = [0_u64, 1, 2, 1_234_567].map(|number| counted(number, "table"));
        assert_eq!(
            counts,
            ["0 tables", "1 table", "2 tables", "1,234,567 tables"]
        );
    }
}
