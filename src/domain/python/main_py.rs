//! Proposes the exact change to the application's module that adds what is missing: tables on start-up, a health route.

use std::collections::BTreeSet;

use crate::domain::python::{
    app::Entry,
    graph::Module,
    judge::{Deduction, Judgement, Symbol},
    parse::Source,
    routes::yield_of,
    syntax::{Argument, Expr, ExprKind, Function, Imported, Span, Stmt, StmtKind, argument},
};

/// What is to be added.
#[derive(Debug, Clone)]
pub(crate) struct WantedCode<'a> {
    /// Whether the tables are to be created on start-up.
    pub tables: bool,
    /// The path of a health route to add, or to fix.
    pub health: Option<&'a str>,
    /// Whether models and sessions are those of `SQLModel`.
    pub sqlmodel: bool,
    /// A module to import, so that its tables are known.
    pub models: Option<String>,
    /// The module that is about to be written, with `engine` and `get_session` in it.
    pub new_session: Option<String>,
}

/// A change at a place of the text.
struct TextEdit {
    start: usize,
    end: usize,
    text: String,
}

/// The application's module while it is changed.
struct Editor<'a> {
    module: &'a Module,
    edits: Vec<TextEdit>,
    imports: Vec<String>,
    known: BTreeSet<&'a str>,
}

/// The application's module with the change; `None` where there is no safe place for it.
pub(crate) fn propose_main(
    entry: &Entry,
    judgement: &Judgement,
    wanted: &WantedCode<'_>,
) -> Option<String> {
    let module = entry.graph.get(entry.graph.module(&entry.app.module)?)?;
    let (statement, arguments, callee) = app_of(module, &entry.app.variable)?;
    let (engine, get_session) = match (&judgement.engine, &wanted.new_session) {
        (Some((engine, false)), _) => (engine.clone(), judgement.get_session.clone()),
        (None, Some(new)) if judgement.session.is_none() => {
            let symbol = |name: &str| Symbol {
                module: new.clone(),
                name: name.to_owned(),
            };
            (symbol("engine"), Some(symbol("get_session")))
        }
        _ => return None,
    };
    let mut editor = Editor {
        module,
        edits: Vec::new(),
        imports: Vec::new(),
        known: known_names(&module.body),
    };
    if let Some(path) = wanted.health {
        editor.health(
            &entry.app.variable,
            path,
            judgement,
            (&engine, get_session.as_ref()),
            wanted.sqlmodel,
        )?;
    }
    if wanted.tables {
        let base = match &judgement.tables {
            Some(base) => base.clone(),
            None if wanted.sqlmodel => Symbol {
                module: "sqlmodel".to_owned(),
                name: "SQLModel".to_owned(),
            },
            None => return None,
        };
        let create = format!("{}.metadata.create_all({})", base.name, engine.name);
        editor.tables(statement, arguments, callee, &create, &engine.name)?;
        editor.import(&base);
        editor.import(&engine);
        if let Some(models) = &wanted.models {
            editor.imports.push(format!(
                "import {models}  # noqa: F401  (fills the metadata)"
            ));
        }
    }
    if editor.edits.is_empty() {
        return None;
    }
    editor.finish()
}

/// The statement that makes the application, its arguments and the end of the called name.
fn app_of<'a>(module: &'a Module, variable: &str) -> Option<(&'a Stmt, &'a [Argument], usize)> {
    module.body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign {
            targets,
            value:
                Some(Expr {
                    kind: ExprKind::Call(callee, arguments),
                    ..
                }),
            ..
        } if callee.last_name() == Some("FastAPI")
            && targets
                .iter()
                .any(|target| target.dotted().as_deref() == Some(variable)) =>
        {
            Some((stmt, arguments.as_slice(), callee.span.end))
        }
        _ => None,
    })
}

/// The names that a module's top imports or makes.
fn known_names(body: &[Stmt]) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for stmt in body {
        match &stmt.kind {
            StmtKind::Import(imports) => {
                for import in imports {
                    if let Imported::Name(_, name) | Imported::Module(Some(name)) = &import.what {
                        names.insert(name.as_str());
                    }
                }
            }
            StmtKind::Class(class) => {
                names.insert(class.name.as_str());
            }
            StmtKind::Assign { targets, .. } => {
                names.extend(targets.iter().filter_map(Expr::last_name));
            }
            _ => {}
        }
    }
    names
}

fn functions(body: &[Stmt]) -> impl Iterator<Item = &Function> {
    body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) => Some(function),
        _ => None,
    })
}

impl<'a> Editor<'a> {
    fn insert(&mut self, at: usize, text: String) {
        self.edits.push(TextEdit {
            start: at,
            end: at,
            text,
        });
    }

    /// The start of the line that a place is in.
    fn line_start(&self, at: usize) -> usize {
        self.module
            .text
            .get(..at)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |end| end + 1)
    }

    /// The end of the line that a place is in, with its line break.
    fn line_end(&self, at: usize) -> usize {
        self.module
            .text
            .get(at..)
            .and_then(|after| after.find('\n'))
            .map_or(self.module.text.len(), |end| at + end + 1)
    }

    fn import_name(&mut self, module: &str, name: &str) {
        self.import(&Symbol {
            module: module.to_owned(),
            name: name.to_owned(),
        });
    }

    /// Imports a name, unless it is there.
    fn import(&mut self, symbol: &Symbol) {
        if self.known.contains(symbol.name.as_str()) || symbol.module == self.module.name {
            return;
        }
        let head = format!("from {} import ", symbol.module);
        match self.imports.iter_mut().find(|line| line.starts_with(&head)) {
            Some(line) if line.split([' ', ',']).any(|name| name == symbol.name) => {}
            Some(line) => line.extend([", ", &symbol.name]),
            None => self.imports.push(format!("{head}{}", symbol.name)),
        }
    }

    /// Adds a health route, or puts one in the place of one that does not ask.
    fn health(
        &mut self,
        app: &str,
        path: &str,
        judgement: &Judgement,
        (engine, get_session): (&Symbol, Option<&Symbol>),
        sqlmodel: bool,
    ) -> Option<()> {
        let mut route = vec![format!("@{app}.get(\"{path}\")")];
        if let Some(get_session) = get_session {
            route.extend([
                format!(
                    "def health_check(session: Session = Depends({})) -> dict[str, str]:",
                    get_session.name
                ),
                "    \"\"\"Reports whether the database answers.\"\"\"".to_owned(),
                "    try:".to_owned(),
                "        session.connection().execute(text(\"SELECT 1\"))".to_owned(),
            ]);
            self.import_name("fastapi", "Depends");
            self.import(get_session);
            let session = if sqlmodel {
                "sqlmodel"
            } else {
                "sqlalchemy.orm"
            };
            self.import_name(session, "Session");
        } else {
            route.extend([
                "def health_check() -> dict[str, str]:".to_owned(),
                "    \"\"\"Reports whether the database answers.\"\"\"".to_owned(),
                "    try:".to_owned(),
                format!("        with {}.connect() as connection:", engine.name),
                "            connection.execute(text(\"SELECT 1\"))".to_owned(),
            ]);
            self.import(engine);
        }
        route.extend([
            "    except Exception as error:".to_owned(),
            "        raise HTTPException(status_code=503, detail=\"Database unavailable\") from error"
                .to_owned(),
            "    return {\"status\": \"healthy\", \"database\": \"connected\"}".to_owned(),
        ]);
        self.import_name("fastapi", "HTTPException");
        self.import_name("sqlalchemy", "text");
        let route = route.join("\n");
        if let Some(health) = &judgement.health {
            if health.spot.file != self.module.file || matches!(health.asks, Deduction::Yes(_)) {
                return None;
            }
            let old = functions(&self.module.body).find(|function| {
                function
                    .decorators
                    .iter()
                    .any(|decorator| decorator.span.line == health.spot.line)
            })?;
            let declared = old
                .decorators
                .iter()
                .any(|decorator| match &decorator.kind {
                    ExprKind::Call(callee, _) => callee.dotted() == Some(format!("{app}.get")),
                    _ => false,
                });
            if !declared {
                return None;
            }
            self.edits.push(TextEdit {
                start: old.span.start,
                end: old.span.end,
                text: route,
            });
            return Some(());
        }
        let main = self.module.body.iter().find(|stmt| match &stmt.kind {
            StmtKind::If(branches) => branches
                .first()
                .and_then(|(test, _)| test.as_ref())
                .is_some_and(|test| test.mentions(&["__name__"])),
            _ => false,
        });
        if let Some(main) = main {
            let at = main.span.start;
            self.insert(at, format!("{route}\n\n\n"));
        } else {
            let text = &self.module.text;
            let gap = if text.ends_with('\n') {
                "\n\n"
            } else {
                "\n\n\n"
            };
            self.insert(text.len(), format!("{gap}{route}\n"));
        }
        Some(())
    }

    /// Creates the tables in the lifespan, or adds a lifespan.
    fn tables(
        &mut self,
        statement: &Stmt,
        arguments: &'a [Argument],
        callee_end: usize,
        create: &str,
        engine: &str,
    ) -> Option<()> {
        if let Some(lifespan) = argument(arguments, None, "lifespan") {
            let name = lifespan.dotted()?;
            let function = functions(&self.module.body).find(|function| function.name == name)?;
            let Span { start, .. } = yield_of(function)?;
            let line = self.line_start(start);
            let indent = self.module.text.get(line..start)?.to_owned();
            if !indent.trim().is_empty() {
                return None;
            }
            self.insert(start, format!("{create}\n{indent}"));
            return Some(());
        }
        // start-up functions of the older kind would no longer run beside a lifespan
        let older = argument(arguments, None, "on_startup").is_some()
            || functions(&self.module.body).any(|function| {
                function
                    .decorators
                    .iter()
                    .any(|decorator| decorator.mentions(&["on_event"]))
            });
        if older || self.known.contains("lifespan") {
            return None;
        }
        let text = &self.module.text;
        let open = callee_end + text.get(callee_end..)?.find('(')? + 1;
        let after = text.get(open..)?;
        let added = if after.starts_with(['\n', '\r']) {
            let first = arguments.first()?;
            let indent = text.get(self.line_start(first.value.span.start)..)?;
            let indent: String = indent
                .chars()
                .take_while(|c| matches!(c, ' ' | '\t'))
                .collect();
            format!("\n{indent}lifespan=lifespan,")
        } else if arguments.is_empty() {
            "lifespan=lifespan".to_owned()
        } else {
            "lifespan=lifespan, ".to_owned()
        };
        self.insert(open, added);
        let at = self.line_start(statement.span.start);
        self.insert(
            at,
            [
                "@asynccontextmanager",
                "async def lifespan(_: FastAPI) -> AsyncIterator[None]:",
                "    \"\"\"Creates missing tables on start-up and closes the connections at the end.\"\"\"",
                &format!("    {create}"),
                "    yield",
                &format!("    {engine}.dispose()"),
                "",
                "",
                "",
            ]
            .join("\n"),
        );
        self.import_name("collections.abc", "AsyncIterator");
        self.import_name("contextlib", "asynccontextmanager");
        self.import_name("fastapi", "FastAPI");
        Some(())
    }

    /// Puts the imports below the others, and makes the changes.
    fn finish(mut self) -> Option<String> {
        if !self.imports.is_empty() {
            let last = self
                .module
                .body
                .iter()
                .filter(|stmt| matches!(stmt.kind, StmtKind::Import(_)))
                .map(|stmt| stmt.span.end)
                .max();
            let docstring = self.module.body.first().filter(|stmt| match &stmt.kind {
                StmtKind::Expr(exprs) => exprs.iter().any(|expr| expr.text().is_some()),
                _ => false,
            });
            let at = last
                .or_else(|| docstring.map(|stmt| stmt.span.end))
                .map_or(0, |end| self.line_end(end));
            let imports = std::mem::take(&mut self.imports);
            self.insert(at, format!("{}\n", imports.join("\n")));
        }
        let windows = self.module.text.contains("\r\n");
        self.edits.sort_by_key(|edit| edit.start);
        let mut new = String::new();
        let mut end = 0;
        for edit in &self.edits {
            new.push_str(self.module.text.get(end..edit.start)?);
            if windows {
                new.push_str(&edit.text.replace('\n', "\r\n"));
            } else {
                new.push_str(&edit.text);
            }
            end = edit.end;
        }
        new.push_str(self.module.text.get(end..)?);
        // what cannot be read afterwards is not proposed
        Source::parse(new.clone()).unread.is_none().then_some(new)
    }
}
