//! Values for keys that only a person can fill in, for one run of a program: it may refuse to start without them, and they have nothing to
//! do with the database. They are never written.

use std::time::Duration;

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
        secret::Secret,
    },
    domain::{dotenv::Document, sensitive},
    engine::context::Cx,
    ports::process::{CommandExit, CommandSpec, ProcessError},
    project::settings::{EnvTarget, KeySpec},
};

/// The most keys that are named in one sentence.
const MOST_NAMED: usize = 5;

/// The keys of an env file that are left for a person, and are not filled in yet.
pub(super) struct OpenKeys {
    pub file: String,
    pub keys: Vec<String>,
}

/// The keys that a person has to fill in and hasn't, for each file that has some.
fn open(cx: &Cx) -> Vec<OpenKeys> {
    let of_target = |target: &EnvTarget| {
        let path = cx.settings.path(&target.file);
        let bytes = cx.ports.files.read(&path).ok().flatten();
        let document = Document::parse(&bytes.unwrap_or_default());
        let is_open = |key: &str| {
            document.get(key).is_none_or(|value| {
                value.expose().is_empty() || sensitive::looks_like_placeholder(value.expose())
            })
        };
        let by_hand = target
            .keys
            .iter()
            .filter(|(key, spec)| *spec == KeySpec::ByHand && is_open(key));
        OpenKeys {
            file: target.file.clone(),
            keys: by_hand.map(|(key, _)| key.clone()).collect(),
        }
    };
    let found = cx.settings.env.iter().map(of_target);
    found.filter(|open| !open.keys.is_empty()).collect()
}

/// The keys that a person has to fill in, are not filled in, and stand in the output of a program.
pub(super) fn named_in(cx: &Cx, output: &str) -> Option<OpenKeys> {
    open(cx).into_iter().find_map(|open| {
        let named = open.keys.into_iter().filter(|key| is_word(output, key));
        let keys: Vec<_> = named.take(MOST_NAMED).collect();
        (!keys.is_empty()).then_some(OpenKeys { keys, ..open })
    })
}

/// Values for the open keys of the application's env file, with what says that a program got them; `None` where all are filled in.
pub(super) fn variables(cx: &Cx, code: Code) -> Option<(Vec<(String, Secret)>, Finding)> {
    let file = cx.settings.connection_file()?;
    let open = open(cx).into_iter().find(|open| open.file == *file)?;
    let named: Vec<_> = open.keys.iter().take(MOST_NAMED).collect();
    let more = open.keys.len() - named.len();
    let mut list = named
        .into_iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    let what = if code == Code::SchemaStandIn {
        "the migration command"
    } else {
        "the app"
    };
    let finding = Finding::new(
        code,
        format!("{what} fails without {list}, so neonup ran it with made-up values"),
    )
    .severity(Severity::Warning)
    .path(file)
    .detail("that was for this run only: nothing was written, and nothing shows that the real values work")
    .hint(format!("fill in the keys in {file} before you start the app yourself"));
    let variables = open
        .keys
        .into_iter()
        .map(|key| {
            let value = Secret::new(made_up(&key));
            (key, value)
        })
        .collect();
    Some((variables, finding))
}

/// Runs a command of the migration tool; once more with made-up values where it fails for want of keys that only a person can fill in.
pub(super) async fn run(
    cx: &Cx,
    mut spec: CommandSpec,
    limit: Duration,
) -> Result<CommandExit, ProcessError> {
    let first = cx.ports.process.run(&spec, limit).await?;
    if first.code == Some(0) || named_in(cx, &first.output).is_none() {
        return Ok(first);
    }
    let Some((variables, finding)) = variables(cx, Code::SchemaStandIn) else {
        return Ok(first);
    };
    spec.env.extend(variables);
    let second = cx.ports.process.run(&spec, limit).await?;
    if second.code != Some(0) && named_in(cx, &second.output).is_some() {
        return Ok(first);
    }
    cx.tell(finding);
    Ok(second)
}

/// A value of the kind that a key's name asks for.
fn made_up(key: &str) -> &'static str {
    let upper = key.to_ascii_uppercase();
    let last = upper.rsplit('_').next().unwrap_or(&upper);
    match last {
        "PORT" | "TIMEOUT" | "TTL" | "LIMIT" | "SIZE" | "COUNT" | "SECONDS" | "MINUTES"
        | "HOURS" | "DAYS" => "1",
        "HOST" | "HOSTNAME" | "SERVER" | "DOMAIN" => "localhost",
        "URL" | "URI" | "ENDPOINT" | "ORIGIN" | "ORIGINS" => "http://localhost",
        "EMAIL" | "FROM" | "SENDER" => "nobody@localhost",
        "DEBUG" | "ENABLED" | "TLS" | "SSL" => "false",
        _ => "made-up-value",
    }
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

    #[test]
    fn a_made_up_value_is_of_the_kind_that_its_key_asks_for() {
        for (key, value) in [
            ("EMAIL_PORT", "1"),
            ("EMAIL_HOST", "localhost"),
            ("EMAIL_HOST_USER", "made-up-value"),
            ("STRIPE_SECRET_KEY", "made-up-value"),
            ("WEBHOOK_URL", "http://localhost"),
            ("DEFAULT_FROM_EMAIL", "nobody@localhost"),
        ] {
            assert_eq!(made_up(key), value, "{key}");
        }
    }
}
