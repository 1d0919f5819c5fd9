mod addresses;
mod files;
mod keys;
mod paths;

use crate::domain::{
    python::reads::read,
    reading::{DatabaseOpening, Reading},
};

/// Reads modules whose paths begin with the application's folder.
fn reading_in(dir: &str, modules: &[(&str, &str)]) -> Reading {
    let files = |path: &str| {
        let found = modules.iter().find(|(name, _)| *name == path);
        Ok(found.map(|(_, text)| text.as_bytes().to_vec()))
    };
    let paths: Vec<String> = modules
        .iter()
        .filter(|(name, _)| {
            std::path::Path::new(name)
                .extension()
                .is_some_and(|end| end == "py")
        })
        .map(|(name, _)| (*name).to_owned())
        .collect();
    read(&files, dir, &paths)
}

fn reading(text: &str) -> Reading {
    reading_in("", &[("app.py", text)])
}

/// `KEY` for one that is required, `KEY?` for another, in the order of lines.
fn keys(reading: &Reading) -> String {
    let keys: Vec<_> = reading
        .reads
        .iter()
        .map(|read| format!("{}{}", read.key, if read.required { "" } else { "?" }))
        .collect();
    keys.join(" ")
}

/// `Server KEY KEY part=KEY`.
fn opening(opening: &DatabaseOpening) -> String {
    let mut shown = format!("{:?}", opening.server);
    for key in &opening.keys {
        shown = format!("{shown} {key}");
    }
    for (key, part) in &opening.parts {
        shown = format!("{shown} {}={key}", part.name());
    }
    shown
}

fn opened(reading: &Reading) -> Vec<String> {
    reading.opens.iter().map(opening).collect()
}

#[test]
fn what_is_too_much_or_unreadable_is_said() {
    let files = |path: &str| match path {
        "a.py" => Err("permission denied".to_owned()),
        _ => Ok(Some(b"import os\nos.environ['X']\n".to_vec())),
    };
    let many: Vec<String> = (0..3100).map(|number| format!("m{number}.py")).collect();
    let mut paths = vec!["a.py".to_owned()];
    paths.extend(many);
    let found = read(&files, "", &paths);
    assert!(!found.coverage.is_complete());
    let why: Vec<_> = found
        .coverage
        .unread()
        .iter()
        .map(|unread| unread.why.as_str())
        .collect();
    assert!(why.contains(&"permission denied"), "{why:?}");
    assert!(why.iter().any(|why| why.contains("3000")), "{why:?}");
}

proptest::proptest! {
    #[test]
    fn no_code_makes_it_fail(parts in proptest::collection::vec(proptest::sample::select(vec![
        "import os\n", "from os import environ as e\n", "os.environ", "e", "[", "]", "(", ")", "\"A\"", "'", "\"\"\"",
        "class S(BaseSettings):\n", "    x: str = ", "Field(", "alias=", "env", ".get", ", ", "\n", " + ", " % ", "f\"{", "}\"",
        "://", "@", "create_engine", "urlpatterns = ", "path(", "include(", "x", " = ", "def f(x):\n", "    return ", "lambda: ",
        "__file__", ".parent", " / ", "load_dotenv", "\u{e000}", "é", "\\", "# ",
        "from pydantic_settings import BaseSettings\n", "from sqlalchemy import create_engine\n", "from dotenv import load_dotenv\n",
    ]), 0..40)) {
        let text = parts.concat();
        let found = reading(&text);
        for read in &found.reads {
            proptest::prop_assert!(!read.key.is_empty());
        }
    }
}
