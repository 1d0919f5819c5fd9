//! Checks whether `main.py` creates its tables and has a health route, and proposes the exact change that adds what is missing.

use crate::domain::python::{
    app::PythonApp,
    source::{code_lines, first_line},
};

/// What `main.py` does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(crate) struct MainFacts {
    /// The line of `FastAPI(`.
    pub app: Option<u32>,
    /// Whether the tables are created on start-up.
    pub create_all: bool,
    /// The line of the health route's decorator.
    pub health: Option<u32>,
    /// Whether the health route queries the database.
    pub health_queries: bool,
    /// Whether routes come from other modules, where the health route may stand.
    pub routers: bool,
    /// Whether the `.env` is loaded before the session module is imported.
    pub loads_env_first: bool,
}

/// The line indexes of a top-level function with its decorators.
struct FunctionBlock {
    start: usize,
    end: usize,
}

/// Judges `main.py`. `session` is the session module's text, which may hold the function that creates the tables.
pub(crate) fn judge_main(text: &str, session: Option<&str>, health_path: &str) -> MainFacts {
    let calls_creator = || {
        let session = session.unwrap_or_default();
        let creates = first_line(session, &["create_all"]).is_some();
        creates
            && session.lines().any(|line| {
                line.trim_start()
                    .trim_start_matches("async ")
                    .strip_prefix("def ")
                    .and_then(|rest| rest.split('(').next())
                    .is_some_and(|name| {
                        name != "get_session"
                            && code_lines(text).any(|(_, line)| line.contains(&format!("{name}(")))
                    })
            })
    };
    let health = health_block(text, health_path);
    let lines: Vec<&str> = text.lines().collect();
    let loads = first_line(text, &["load_dotenv("]);
    let imports_db = code_lines(text)
        .find(|(_, line)| {
            (line.starts_with("from ") || line.starts_with("import "))
                && [
                    "db", "database", "session", "models", "routers", "routes", "api",
                ]
                .iter()
                .any(|word| {
                    line.split(|c: char| !c.is_alphanumeric())
                        .any(|part| part == *word)
                })
        })
        .map(|(number, _)| number);
    MainFacts {
        app: first_line(text, &["FastAPI("]),
        create_all: first_line(text, &["metadata.create_all"]).is_some() || calls_creator(),
        health: health
            .as_ref()
            .and_then(|block| u32::try_from(block.start + 1).ok()),
        health_queries: health.is_some_and(|block| {
            let body = lines
                .get(block.start..block.end)
                .unwrap_or_default()
                .join("\n");
            [
                "execute(",
                "exec(",
                "SELECT 1",
                "select 1",
                "ping",
                "check_database",
                "check_db",
            ]
            .iter()
            .any(|needle| body.contains(needle))
        }),
        routers: first_line(text, &["include_router("]).is_some(),
        loads_env_first: loads
            .is_some_and(|loads| imports_db.is_none_or(|imports| loads < imports)),
    }
}

/// The route of this path: decorators and function.
fn health_block(text: &str, path: &str) -> Option<FunctionBlock> {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| {
        line.starts_with('@')
            && (line.contains(".get(") || line.contains(".api_route("))
            && [format!("\"{path}\""), format!("'{path}'")]
                .iter()
                .any(|path| line.contains(path.as_str()))
    })?;
    let body = lines
        .iter()
        .enumerate()
        .skip(start)
        .find(|(_, line)| line.starts_with("def ") || line.starts_with("async def "))
        .map(|(index, _)| index + 1)?;
    // the function goes on while lines are indented, blank, or close its parameter list
    let mut end = body;
    for (index, line) in lines.iter().enumerate().skip(body) {
        if line.starts_with([' ', '\t', ')']) {
            end = index + 1;
        } else if !line.trim().is_empty() {
            break;
        }
    }
    Some(FunctionBlock { start, end })
}

/// Adds what is missing to `main.py`; `None` where nothing is, or where there is no safe place for it. `models` is a module to
/// import, so that its tables are known.
pub(crate) fn propose_main(
    text: &str,
    app: &PythonApp,
    facts: &MainFacts,
    health_path: &str,
    models: Option<&str>,
) -> Option<String> {
    facts.app?;
    let add_tables = !facts.create_all;
    let add_health = facts.health.is_none() && !facts.routers;
    let replace_health = facts.health.is_some() && !facts.health_queries;
    if !add_tables && !add_health && !replace_health {
        return None;
    }
    let mut editor = MainEditor {
        lines: text.lines().map(str::to_owned).collect(),
        imports: Vec::new(),
    };
    let health = route(&app.variable, health_path);
    if replace_health && let Some(block) = health_block(text, health_path) {
        editor.lines.splice(block.start..block.end, health.clone());
    } else if add_health {
        let main = editor
            .lines
            .iter()
            .position(|line| line.starts_with("if __name__"));
        let mut block = vec![String::new(), String::new()];
        block.extend(health);
        match main {
            Some(at) => {
                let before = at
                    - editor
                        .lines
                        .iter()
                        .take(at)
                        .rev()
                        .take_while(|line| line.is_empty())
                        .count();
                block.extend([String::new(), String::new()]);
                editor.lines.splice(before..at, block);
            }
            None => editor.lines.extend(block),
        }
    }
    if add_health || replace_health {
        editor.import("fastapi", &["Depends", "HTTPException"]);
        editor.import("sqlalchemy", &["text"]);
        editor.import("sqlmodel", &["Session"]);
        editor.import(&app.sibling("db"), &["get_session"]);
    }
    if add_tables {
        if !editor.add_tables(&app.variable) {
            return None;
        }
        editor.import("sqlmodel", &["SQLModel"]);
        editor.import(&app.sibling("db"), &["engine"]);
        if let Some(models) = models
            && !editor.lines.iter().any(|line| {
                (line.starts_with("from ") || line.starts_with("import "))
                    && line.contains("models")
            })
        {
            editor.imports.push(format!(
                "import {models}  # noqa: F401  (fills SQLModel.metadata)"
            ));
        }
    }
    editor.place_imports();
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = editor.lines.join(end);
    out.push_str(end);
    Some(out)
}

fn route(app: &str, path: &str) -> Vec<String> {
    [
        format!("@{app}.get(\"{path}\")"),
        "def health_check(session: Session = Depends(get_session)) -> dict[str, str]:".to_owned(),
        "    \"\"\"Says whether the database answers.\"\"\"".to_owned(),
        "    try:".to_owned(),
        "        session.connection().execute(text(\"SELECT 1\"))".to_owned(),
        "    except Exception as error:".to_owned(),
        "        raise HTTPException(status_code=503, detail=\"Database unavailable\") from error"
            .to_owned(),
        "    return {\"status\": \"healthy\", \"database\": \"connected\"}".to_owned(),
    ]
    .into()
}

/// `main.py` while it is changed.
struct MainEditor {
    lines: Vec<String>,
    imports: Vec<String>,
}

impl MainEditor {
    /// Imports names from a module, as far as they aren't there yet.
    fn import(&mut self, module: &str, names: &[&str]) {
        let have = |name: &&&str| {
            let word = |line: &String| {
                line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|part| part == **name)
            };
            !import_lines(&self.lines).any(word) && !self.imports.iter().any(word)
        };
        let missing: Vec<&str> = names.iter().filter(have).copied().collect();
        if missing.is_empty() {
            return;
        }
        let names = missing.join(", ");
        let head = format!("from {module} import ");
        match self.imports.iter_mut().find(|line| line.starts_with(&head)) {
            Some(line) => line.extend([", ", &names]),
            None => self.imports.push(format!("{head}{names}")),
        }
    }

    /// Adds `create_all` to the lifespan, or adds a lifespan.
    fn add_tables(&mut self, app: &str) -> bool {
        let statement = "SQLModel.metadata.create_all(engine)";
        let lifespan = self.lines.iter().position(|line| {
            line.trim_start_matches("async ").starts_with("def ") && line.contains("lifespan")
        });
        if let Some(start) = lifespan {
            let Some(at) = self
                .lines
                .iter()
                .enumerate()
                .skip(start)
                .find(|(_, line)| line.trim_start().starts_with("yield"))
                .map(|(index, _)| index)
            else {
                return false;
            };
            let indent: String = self
                .lines
                .get(at)
                .map(|line| line.chars().take_while(|c| c.is_whitespace()).collect())
                .unwrap_or_default();
            self.lines.insert(at, format!("{indent}{statement}"));
            return true;
        }
        let created = self.lines.iter().position(|line| {
            line.split_once('=').is_some_and(|(name, call)| {
                name.split(':').next().unwrap_or(name).trim() == app
                    && call.trim_start().starts_with("FastAPI(")
            })
        });
        let Some(at) = created else {
            return false;
        };
        // start-up events of the older kind would no longer run beside a lifespan
        if self.lines.iter().any(|line| line.contains(".on_event(")) {
            return false;
        }
        if let Some(line) = self.lines.get_mut(at) {
            let after = line
                .split_once("FastAPI(")
                .map(|(_, after)| after.trim())
                .unwrap_or_default();
            let comma = if after.starts_with(')') || after.is_empty() {
                ""
            } else {
                ", "
            };
            let with = if after.is_empty() {
                // the arguments follow on lines of their own
                "FastAPI(\n    lifespan=lifespan,".to_owned()
            } else {
                format!("FastAPI(lifespan=lifespan{comma}")
            };
            *line = line.replacen("FastAPI(", &with, 1);
        }
        let block = [
            "@asynccontextmanager",
            &format!("async def lifespan({app}: FastAPI) -> AsyncIterator[None]:"),
            "    \"\"\"Creates missing tables on start-up, and closes the connections at the end.\"\"\"",
            &format!("    {statement}"),
            "    yield",
            "    engine.dispose()",
            "",
            "",
        ]
        .map(str::to_owned);
        self.lines.splice(at..at, block);
        self.import("collections.abc", &["AsyncIterator"]);
        self.import("contextlib", &["asynccontextmanager"]);
        true
    }

    /// Inserts the new imports after the last top-level import.
    fn place_imports(&mut self) {
        if self.imports.is_empty() {
            return;
        }
        let mut at = 0;
        let mut open = false;
        for (index, line) in self.lines.iter().enumerate() {
            let begins = line.starts_with("import ") || line.starts_with("from ");
            if begins || open {
                open = if begins {
                    line.contains('(') && !line.contains(')')
                } else {
                    !line.contains(')')
                };
                at = index + 1;
            }
        }
        let imports = std::mem::take(&mut self.imports);
        self.lines.splice(at..at, imports);
    }
}

/// The lines of top-level imports, those in parentheses included.
fn import_lines(lines: &[String]) -> impl Iterator<Item = &String> {
    let mut open = false;
    lines.iter().filter(move |line| {
        let begins = line.starts_with("import ") || line.starts_with("from ");
        let inside = open;
        if begins {
            open = line.contains('(') && !line.contains(')');
        } else if open {
            open = !line.contains(')');
        }
        begins || inside
    })
}
