//! A migration command that connects to an address of its own: it is not run, since it would change, or ask, another database.

use crate::{
    core::{code::Code, finding::Finding},
    domain::source::join,
    engine::{context::Cx, trust},
};

/// Reports that the command takes its address from a file, with the line that makes it take the env file's.
pub(super) fn finding(cx: &Cx) -> Option<Finding> {
    let fixed = trust::fixed_address(&cx.settings, &cx.ports)?;
    let dir = cx.settings.schema_dir();
    let (file, script) = (join(dir, &fixed.file), join(dir, &fixed.script));
    let value = match cx.settings.url_key() {
        Some((_, key, ..)) => format!("os.environ[\"{key}\"].replace(\"%\", \"%%\")"),
        None => "the URL that the app uses".to_owned(),
    };
    let place = fixed.after.map_or_else(
        || "before it uses the settings".to_owned(),
        |line| format!("below line {line}"),
    );
    let finding = Finding::new(
        Code::SchemaNotDetermined,
        format!("Alembic connects to the address in `{file}`, not to this project's database, so it wasn't run"),
    )
    .detail(format!(
        "line {} of `{file}` contains it, and `{script}` doesn't read a variable instead",
        fixed.line
    ))
    .hint(format!(
        "add to {script}, {place}: config.set_main_option(\"sqlalchemy.url\", {value}), and `import os` at its top"
    ))
    .path(script);
    Some(match fixed.after {
        Some(line) => finding.line(line),
        None => finding,
    })
}
