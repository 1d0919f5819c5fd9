//! The modules of an application: the one that is started, and those of the repository that it imports, directly or not.
//!
//! Nothing is run. What is not in the repository is taken for a package.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::{
    core::proof::{Coverage, Unread},
    domain::{
        python::{
            imports::{imports_of, tells},
            parse::{Source, decode},
            syntax::{Class, Expr, ExprKind, Function, Import, Imported, Stmt, StmtKind},
        },
        source::{FileReader, join},
    },
};

/// The most modules that are read, so that a look ends: large applications have some hundred.
const MODULES: usize = 3000;

/// The most bytes of source that are read, in all.
const BYTES: usize = 32 * 1024 * 1024;

/// One module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Relative to the repository's root.
    pub file: String,
    /// Its dotted name, as it is imported.
    pub name: String,
    pub is_package: bool,
    pub text: String,
    pub body: Vec<Stmt>,
    /// Whether it is imported when the program runs, not only for types.
    pub runs: bool,
}

impl Module {
    /// The package that relative imports start from.
    fn package(&self) -> &str {
        if self.is_package {
            &self.name
        } else {
            self.name
                .rsplit_once('.')
                .map_or("", |(package, _)| package)
        }
    }

    /// The absolute name of the module that an import statement names.
    pub(crate) fn absolute(&self, import: &Import) -> String {
        if import.dots == 0 {
            return import.module.clone();
        }
        let mut package = self.package();
        for _ in 1..import.dots {
            package = package.rsplit_once('.').map_or("", |(package, _)| package);
        }
        match (package.is_empty(), import.module.is_empty()) {
            (_, true) => package.to_owned(),
            (true, false) => import.module.clone(),
            (false, false) => format!("{package}.{}", import.module),
        }
    }
}

/// The modules that were read.
#[derive(Debug)]
pub(crate) struct Graph {
    pub modules: Vec<Module>,
    by_name: HashMap<String, usize>,
    /// Modules of the project's own packages that are imported and not there, with the file and line of the import.
    pub missing: BTreeMap<String, (String, u32)>,
    pub coverage: Coverage,
    /// Where modules are imported whose names only running the program makes.
    pub dynamic: Option<(String, u32)>,
}

/// How much of an application is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All modules.
    All,
    /// Only the modules that make routes, and settings that may name their paths.
    Routes,
    /// Of modules in which nothing reads the environment, opens a database or answers, only the imports.
    Reads,
}

/// The most modules that are read for the routes alone: that is asked at every start of the program.
const ROUTE_MODULES: usize = 200;

/// What a module that makes routes, or names their paths, has in it.
const ROUTE_WORDS: &[&str] = &["FastAPI", "APIRouter", "include_router", "BaseSettings"];

/// A file with the name of its module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModuleFile {
    pub file: String,
    pub name: String,
    pub is_package: bool,
}

struct Loader<'a> {
    files: FileReader<'a>,
    extent: Extent,
    roots: Vec<String>,
    graph: Graph,
    by_file: HashMap<String, usize>,
    absent: BTreeSet<String>,
    bytes: usize,
    queue: VecDeque<usize>,
}

impl Graph {
    /// Reads a module and what it imports, from these folders. `None` where its file is not there.
    pub(crate) fn read(
        files: FileReader<'_>,
        roots: &[String],
        entry: &str,
        extent: Extent,
    ) -> Option<Self> {
        let mut loader = Loader::new(files, roots, extent);
        loader.load(entry, true)?;
        Some(loader.finish())
    }

    /// Reads these files; what they import is looked for among them from these folders.
    pub(crate) fn of(files: FileReader<'_>, roots: &[String], named: Vec<ModuleFile>) -> Self {
        let mut loader = Loader::new(files, roots, Extent::Reads);
        for module in named {
            loader.file(&module.name, module.file, module.is_package, true);
        }
        loader.finish()
    }

    /// The module of a name.
    pub(crate) fn module(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Module> {
        self.modules.get(at)
    }
}

impl<'a> Loader<'a> {
    fn new(files: FileReader<'a>, roots: &[String], extent: Extent) -> Self {
        Self {
            files,
            extent,
            roots: roots.to_vec(),
            graph: Graph {
                modules: Vec::new(),
                by_name: HashMap::new(),
                missing: BTreeMap::new(),
                coverage: Coverage::complete(),
                dynamic: None,
            },
            by_file: HashMap::new(),
            absent: BTreeSet::new(),
            bytes: 0,
            queue: VecDeque::new(),
        }
    }

    fn finish(mut self) -> Graph {
        while let Some(at) = self.queue.pop_front() {
            self.follow(at);
        }
        self.graph
    }

    fn leave_out(&mut self, what: &str, why: &str) {
        self.graph.coverage.leave_out(Unread {
            what: what.to_owned(),
            why: why.to_owned(),
            hint: String::new(),
        });
    }

    /// Reads the module of a name with the packages above it, unless that was done.
    fn load(&mut self, name: &str, runs: bool) -> Option<usize> {
        if let Some(at) = self.graph.module(name) {
            self.note_run(at, runs);
            return Some(at);
        }
        if self.absent.contains(name) {
            return None;
        }
        if let Some((package, _)) = name.rsplit_once('.') {
            self.load(package, runs);
        }
        let path = name.replace('.', "/");
        let roots = self.roots.clone();
        for root in &roots {
            let base = join(root, &path);
            for (file, is_package) in [
                (format!("{base}/__init__.py"), true),
                (format!("{base}.py"), false),
            ] {
                if let Some(at) = self.file(name, file, is_package, runs) {
                    return Some(at);
                }
            }
        }
        self.absent.insert(name.to_owned());
        None
    }

    /// A module that was loaded for its types alone may run after all.
    fn note_run(&mut self, at: usize, runs: bool) {
        if let Some(module) = self.graph.modules.get_mut(at)
            && runs
            && !module.runs
        {
            module.runs = true;
            self.queue.push_back(at);
        }
    }

    fn file(&mut self, name: &str, file: String, is_package: bool, runs: bool) -> Option<usize> {
        if let Some(at) = self.by_file.get(&file).copied() {
            self.graph.by_name.insert(name.to_owned(), at);
            self.note_run(at, runs);
            return Some(at);
        }
        let bytes = match (self.files)(&file) {
            Ok(None) => return None,
            Ok(Some(bytes)) => Ok(bytes),
            Err(why) => Err(why),
        };
        let limit = match self.extent {
            Extent::All | Extent::Reads => MODULES,
            Extent::Routes => ROUTE_MODULES,
        };
        if self.graph.modules.len() >= limit {
            self.leave_out(&file, &format!("it is beyond the limit of {limit} files"));
            return None;
        }
        let size = bytes.as_ref().map_or(0, Vec::len);
        self.bytes = self.bytes.saturating_add(size);
        let source = match bytes {
            Err(why) => {
                self.leave_out(&file, &why);
                Source::unreadable("")
            }
            Ok(_) if self.bytes > BYTES => {
                Source::unreadable("the application has more than 32 MB of source")
            }
            Ok(bytes) => match decode(bytes) {
                Ok(text) if self.is_left_out(&text) => Source::empty(),
                Ok(text) if self.extent == Extent::Reads && !tells(&text) => {
                    Source::parse(imports_of(&text))
                }
                Ok(text) => Source::parse(text),
                Err(why) => Source::unreadable(why),
            },
        };
        if let Some((line, why)) = source.unread.filter(|(_, why)| !why.is_empty()) {
            let what = if line > 1 {
                format!("{file}:{line}")
            } else {
                file.clone()
            };
            self.leave_out(&what, why);
        }
        let at = self.graph.modules.len();
        self.by_file.insert(file.clone(), at);
        self.graph.by_name.insert(name.to_owned(), at);
        self.graph.modules.push(Module {
            file,
            name: name.to_owned(),
            is_package,
            text: source.text,
            body: source.body,
            runs,
        });
        self.queue.push_back(at);
        Some(at)
    }

    fn is_left_out(&self, text: &str) -> bool {
        self.extent == Extent::Routes && !ROUTE_WORDS.iter().any(|word| text.contains(word))
    }

    /// Loads what a module imports.
    fn follow(&mut self, at: usize) {
        let Some(module) = self.graph.modules.get(at) else {
            return;
        };
        let runs = module.runs;
        let mut wanted = Vec::new();
        collect(&module.body, runs, &mut |import, line, runs| {
            wanted.push((module.absolute(import), import.what.clone(), line, runs));
        });
        let file = module.file.clone();
        let mut by_name = Vec::new();
        visit(&module.body, &mut |expr| {
            by_name.extend(dynamic_import(expr).map(|name| (name, expr.span.line)));
        });
        for (name, what, line, runs) in wanted {
            let found = if name.is_empty() {
                None
            } else {
                self.load(&name, runs)
            };
            if let Imported::Name(member, _) = &what {
                let below = join_name(&name, member);
                // a name of the module itself comes first, but what may be a module is read all the same
                let is_package = found
                    .and_then(|at| self.graph.get(at))
                    .is_none_or(|module| module.is_package);
                if is_package && self.load(&below, runs).is_some() {
                    continue;
                }
            }
            if found.is_none() && self.is_own(&name) {
                self.graph
                    .missing
                    .entry(name)
                    .or_insert_with(|| (file.clone(), line));
            }
        }
        for (name, line) in by_name {
            match name {
                ByName::Module(name) => {
                    self.load(&name, runs);
                }
                ByName::Unknown => {
                    self.graph
                        .dynamic
                        .get_or_insert_with(|| (file.clone(), line));
                }
            }
        }
    }

    /// Whether a module that was not found belongs to a package of the project.
    fn is_own(&self, name: &str) -> bool {
        let Some((top, _)) = name.split_once('.') else {
            return false;
        };
        self.graph
            .modules
            .iter()
            .any(|module| module.name == top || module.name.starts_with(&format!("{top}.")))
    }
}

fn join_name(module: &str, name: &str) -> String {
    if module.is_empty() {
        name.to_owned()
    } else {
        format!("{module}.{name}")
    }
}

/// An import whose module is an argument.
enum ByName {
    Module(String),
    /// Its name is made while the program runs.
    Unknown,
}

/// What `import_module(…)` imports.
fn dynamic_import(expr: &Expr) -> Option<ByName> {
    let ExprKind::Call(callee, arguments) = &expr.kind else {
        return None;
    };
    if !matches!(callee.last_name(), Some("import_module" | "__import__")) {
        return None;
    }
    let name = arguments.first()?.value.text();
    Some(name.map_or(ByName::Unknown, |name| {
        ByName::Module(name.trim_start_matches('.').to_owned())
    }))
}

/// Shows every import of a body, those in functions and classes included, and whether it is done when the program runs.
fn collect(body: &[Stmt], runs: bool, see: &mut dyn FnMut(&Import, u32, bool)) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Import(imports) => {
                for import in imports {
                    see(import, stmt.span.line, runs);
                }
            }
            StmtKind::Function(Function { body, .. }) | StmtKind::Class(Class { body, .. }) => {
                collect(body, runs, see);
            }
            StmtKind::If(branches) => {
                let types = branches
                    .first()
                    .and_then(|(test, _)| test.as_ref())
                    .is_some_and(is_type_checking);
                for (at, (_, body)) in branches.iter().enumerate() {
                    collect(body, runs && !(types && at == 0), see);
                }
            }
            _ => {
                for body in stmt.blocks() {
                    collect(body, runs, see);
                }
            }
        }
    }
}

/// Shows the module of every import of a body, as it is written.
pub(crate) fn imports(body: &[Stmt], see: &mut dyn FnMut(&str)) {
    collect(body, true, &mut |import, _, _| see(&import.module));
}

/// Whether a test is `TYPE_CHECKING`.
pub(crate) fn is_type_checking(test: &Expr) -> bool {
    test.last_name() == Some("TYPE_CHECKING")
}

/// Shows every expression of a body, those in functions and classes included.
pub(crate) fn visit<'a>(body: &'a [Stmt], see: &mut dyn FnMut(&'a Expr)) {
    for stmt in body {
        for expr in stmt.exprs() {
            expr.visit(see);
        }
        match &stmt.kind {
            StmtKind::Function(Function { body, .. }) | StmtKind::Class(Class { body, .. }) => {
                visit(body, see);
            }
            _ => {
                for body in stmt.blocks() {
                    visit(body, see);
                }
            }
        }
    }
}
