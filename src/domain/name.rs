//! Turns a person's name into a part of a branch's name.

/// The longest result, in characters: a branch's name may have 256, and somebody has to read it.
const LONGEST: usize = 40;

/// Writes a name in lower-case letters, digits and single hyphens: `Ada Lovelace` is `ada-lovelace`. `None` when nothing is left.
///
/// Letters of other scripts are kept as they are, since Neon allows them, but for blanks, punctuation and symbols.
pub(crate) fn slug(name: &str) -> Option<String> {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase).take(1000) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let cut: String = slug.chars().take(LONGEST).collect();
    let cut = cut.trim_end_matches('-');
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_fits_into_a_branch_name() {
        assert_eq!(slug("Ada Lovelace").as_deref(), Some("ada-lovelace"));
        assert_eq!(slug("  J. R. R. /../ \"T\" ").as_deref(), Some("j-r-r-t"));
        assert_eq!(
            slug("Zoë O'Hara\u{1b}[31m").as_deref(),
            Some("zoë-o-hara-31m")
        );
        assert_eq!(slug("../.. {user}").as_deref(), Some("user"));
        assert_eq!(slug(" -- \n"), None);
        assert_eq!(slug(&"a b".repeat(900)).unwrap().chars().count(), 40);
    }
}
