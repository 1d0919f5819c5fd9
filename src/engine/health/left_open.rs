//! Keys that are left for a person to fill in, and that the application's log names where it does not start.

use crate::{
    domain::{dotenv::Document, sensitive},
    engine::context::Cx,
    project::settings::KeySpec,
};

/// The most keys that are named in one sentence.
const MOST_NAMED: usize = 5;

/// The keys that a person has to fill in, are not filled in, and stand in the output; with the file that they belong into.
pub(super) fn named_in(cx: &Cx, output: &str) -> Option<(Vec<String>, String)> {
    cx.settings.env.iter().find_map(|target| {
        let path = cx.settings.path(&target.file);
        let bytes = cx.ports.files.read(&path).ok().flatten();
        let document = Document::parse(&bytes.unwrap_or_default());
        let is_open = |key: &str| {
            document.get(key).is_none_or(|value| {
                value.expose().is_empty() || sensitive::looks_like_placeholder(value.expose())
            })
        };
        let keys: Vec<String> = target
            .keys
            .iter()
            .filter(|(key, spec)| *spec == KeySpec::ByHand && is_open(key) && is_word(output, key))
            .map(|(key, _)| key.clone())
            .take(MOST_NAMED)
            .collect();
        (!keys.is_empty()).then(|| (keys, target.file.clone()))
    })
}

/// Whether a key stands in a text by itself: `S3_BUCKET` does not in `OLD_S3_BUCKET_NAME`.
fn is_word(text: &str, key: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(key).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + key.len()..)
            .and_then(|after| after.chars().next());
        !before.is_some_and(inner) && !after.is_some_and(inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_where_it_stands_by_itself() {
        for (text, named) in [
            ("KeyError: 'S3_BUCKET'", true),
            ("\"path\": [\n  \"S3_BUCKET\"\n]", true),
            ("S3_BUCKET", true),
            ("OLD_S3_BUCKET", false),
            ("S3_BUCKET_NAME", false),
            ("", false),
        ] {
            assert_eq!(is_word(text, "S3_BUCKET"), named, "{text}");
        }
    }
}
