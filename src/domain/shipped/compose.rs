//! What a compose file builds: images whose context may be another folder than their Dockerfile's.

/// The most lines of a compose file that are read.
const LINES: usize = 4000;

/// An image that a compose file builds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Build {
    /// The folder that is sent along, relative to the compose file's: empty, or with a `/` at its end.
    pub context: String,
    /// The Dockerfile, relative to the context.
    pub dockerfile: String,
}

/// Reads `build: folder`, and `build:` with `context:` and `dockerfile:` below it. A context that is a URL, leads out of the folder, or
/// holds a variable is not known, and left out.
pub(crate) fn builds(text: &str) -> Vec<Build> {
    let mut all = Vec::new();
    // the indentation of a `build:` that has lines below it
    let mut open: Option<(usize, String, String)> = None;
    for line in text.lines().take(LINES) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indentation = line.len() - content.len();
        if let Some((level, context, dockerfile)) = &mut open {
            if indentation > *level {
                if let Some(given) = value(content, "context") {
                    *context = given;
                } else if let Some(given) = value(content, "dockerfile") {
                    *dockerfile = given;
                }
                continue;
            }
            all.extend(build(context, dockerfile));
            open = None;
        }
        match value(content, "build") {
            Some(given) if given.is_empty() => {
                open = Some((indentation, ".".to_owned(), String::new()));
            }
            Some(given) => all.extend(build(&given, "")),
            None => {}
        }
    }
    if let Some((_, context, dockerfile)) = open {
        all.extend(build(&context, &dockerfile));
    }
    all
}

/// The value of a key, without quotes and comment.
fn value(line: &str, key: &str) -> Option<String> {
    let rest = line.strip_prefix(key)?.strip_prefix(':')?;
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let rest = rest.split(" #").next().unwrap_or_default().trim();
    Some(rest.trim_matches(|c| matches!(c, '"' | '\'')).to_owned())
}

fn build(context: &str, dockerfile: &str) -> Option<Build> {
    let plain = |path: &str| {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let known = !path.contains(['$', '{', ':', '\\', '*', '&'])
            && !path.starts_with('/')
            && path.split('/').all(|part| part != "..");
        let path = if path == "." { "" } else { path };
        known.then(|| path.to_owned())
    };
    let mut context = plain(context)?;
    if !context.is_empty() {
        context.push('/');
    }
    let mut dockerfile = plain(dockerfile)?;
    if dockerfile.is_empty() {
        "Dockerfile".clone_into(&mut dockerfile);
    }
    Some(Build {
        context,
        dockerfile,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contexts_of_a_compose_file_are_read() {
        let text = "services:\n  web:\n    build: ./web  # the site\n  api:\n    build:\n      # all of it\n      context: .\n      dockerfile: docker/api.Dockerfile\n      args:\n        A: b\n    image: api\n  worker:\n    build:\n      dockerfile: \"worker.Dockerfile\"\n  remote:\n    build: https://example.com/x.git\n  above:\n    build: ../other\n  variable:\n    build: ${FOLDER}\n  last:\n    build: .\n";
        let found: Vec<_> = builds(text)
            .into_iter()
            .map(|build| (build.context, build.dockerfile))
            .collect();
        let expected = [
            ("web/", "Dockerfile"),
            ("", "docker/api.Dockerfile"),
            ("", "worker.Dockerfile"),
            ("", "Dockerfile"),
        ];
        assert_eq!(
            found,
            expected.map(|(context, file)| (context.to_owned(), file.to_owned()))
        );
        assert_eq!(builds("# build: .\nrebuild: .\nbuild:tag: .\n"), []);
    }
}
