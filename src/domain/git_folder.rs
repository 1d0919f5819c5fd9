//! Whether a name is that of git's own folder.

/// Whether a part of a path is git's own folder: file systems that fold case or drop characters find it under other spellings. These
/// are the ones that git itself refuses to check out (`core.protectNTFS`, `core.protectHFS`).
pub(crate) fn is_git_folder(part: &str) -> bool {
    // a stream of NTFS (`.git::$INDEX_ALLOCATION`) leads to the same folder
    let name = part.split(':').next().unwrap_or_default();
    // HFS+ drops invisible characters
    let name: String = name.chars().filter(|c| !is_dropped(*c)).collect();
    // Windows drops dots and spaces at the end
    let name = name.trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || is_short_name(name)
}

/// The name of eight characters that Windows gives to `.git`.
fn is_short_name(name: &str) -> bool {
    name.split_once('~').is_some_and(|(stem, number)| {
        stem.eq_ignore_ascii_case("git")
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

const fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_gits_folder_are_known() {
        for name in [
            ".git",
            ".GIT",
            ".gIt.",
            ".git . ",
            ".git::$INDEX_ALLOCATION",
            "git~1",
            "GIT~2",
            ".g\u{200c}it",
            "\u{feff}.git",
        ] {
            assert!(is_git_folder(name), "{name:?}");
        }
        for name in [
            ".gitignore",
            ".github",
            "git",
            "git~",
            "git~x",
            "",
            ".env",
            "a.git",
            ".git-x",
        ] {
            assert!(!is_git_folder(name), "{name:?}");
        }
    }
}
