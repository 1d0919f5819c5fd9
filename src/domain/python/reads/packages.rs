//! The packages from outside of the repository that an application imports.

use std::collections::BTreeMap;

use crate::domain::{
    python::{
        graph::{Graph, is_type_checking},
        syntax::{Import, Imported, Stmt, StmtKind},
    },
    reading::Spot,
    source::{FileReader, join},
};

/// The packages that its modules import when they are imported themselves, with the first place of each. An import that may fail
/// (`try`), that is for types alone, or that a function does when it is called, is none of them.
pub(super) fn packages(
    files: FileReader<'_>,
    graph: &Graph,
    roots: &[String],
) -> Vec<(String, Spot)> {
    let mut found: BTreeMap<String, (usize, Spot)> = BTreeMap::new();
    let mut own: BTreeMap<String, bool> = BTreeMap::new();
    for (at, module) in graph.modules.iter().enumerate() {
        each(&module.body, &mut |import, line| {
            if import.dots > 0 {
                return;
            }
            let top = import.module.split('.').next().unwrap_or_default();
            if top.is_empty() || STANDARD.binary_search(&top).is_ok() || found.contains_key(top) {
                return;
            }
            let local = graph.module(&module.absolute(import)).is_some()
                || graph.module(top).is_some()
                || *own
                    .entry(import.module.clone())
                    .or_insert_with(|| is_local(files, roots, import));
            if !local {
                found.insert(
                    top.to_owned(),
                    (
                        at,
                        Spot {
                            file: module.file.clone(),
                            line,
                        },
                    ),
                );
            }
        });
    }
    let mut all: Vec<_> = found.into_iter().collect();
    all.sort_by_key(|(_, (at, spot))| (*at, spot.line));
    all.into_iter()
        .map(|(name, (_, spot))| (name, spot))
        .collect()
}

fn each(body: &[Stmt], see: &mut dyn FnMut(&Import, u32)) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Import(imports) => {
                for import in imports {
                    see(import, stmt.span.line);
                }
            }
            StmtKind::If(branches) => {
                for (test, body) in branches {
                    if !test.as_ref().is_some_and(is_type_checking) {
                        each(body, see);
                    }
                }
            }
            StmtKind::Try {
                body,
                handlers,
                rest,
            } => {
                if handlers.is_empty() {
                    each(body, see);
                }
                each(rest, see);
            }
            StmtKind::With { body, .. } => each(body, see),
            _ => {}
        }
    }
}

/// Whether what is imported lies in the repository, beside the application's own files.
fn is_local(files: FileReader<'_>, roots: &[String], import: &Import) -> bool {
    let mut paths = vec![import.module.replace('.', "/")];
    if let Imported::Name(name, _) = &import.what {
        paths.push(format!("{}/{name}", import.module.replace('.', "/")));
    }
    if let Some((top, _)) = import.module.split_once('.') {
        paths.push(top.to_owned());
    }
    roots.iter().any(|root| {
        paths.iter().any(|path| {
            [format!("{path}.py"), format!("{path}/__init__.py")]
                .iter()
                .any(|file| !matches!(files(&join(root, file)), Ok(None)))
        })
    })
}

/// The modules of Python's own library, in the order of bytes; those of older versions too.
const STANDARD: &[&str] = &[
    "__future__",
    "_thread",
    "_typeshed",
    "abc",
    "aifc",
    "annotationlib",
    "antigravity",
    "argparse",
    "array",
    "ast",
    "asynchat",
    "asyncio",
    "asyncore",
    "atexit",
    "audioop",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "cProfile",
    "calendar",
    "cgi",
    "cgitb",
    "chunk",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorsys",
    "compileall",
    "compression",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "crypt",
    "csv",
    "ctypes",
    "curses",
    "dataclasses",
    "datetime",
    "dbm",
    "decimal",
    "difflib",
    "dis",
    "distutils",
    "doctest",
    "email",
    "encodings",
    "ensurepip",
    "enum",
    "errno",
    "faulthandler",
    "fcntl",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "idlelib",
    "imaplib",
    "imghdr",
    "imp",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "lib2to3",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "mailbox",
    "mailcap",
    "marshal",
    "math",
    "mimetypes",
    "mmap",
    "modulefinder",
    "msilib",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nis",
    "nntplib",
    "nt",
    "ntpath",
    "nturl2path",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "ossaudiodev",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pipes",
    "pkgutil",
    "platform",
    "plistlib",
    "poplib",
    "posix",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "pyexpat",
    "queue",
    "quopri",
    "random",
    "re",
    "readline",
    "reprlib",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "sndhdr",
    "socket",
    "socketserver",
    "spwd",
    "sqlite3",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "sunau",
    "symtable",
    "sys",
    "sysconfig",
    "syslog",
    "tabnanny",
    "tarfile",
    "telnetlib",
    "tempfile",
    "termios",
    "textwrap",
    "this",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "trace",
    "traceback",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uu",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xdrlib",
    "xml",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
];

#[cfg(test)]
mod tests {
    use super::STANDARD;

    #[test]
    fn the_list_is_in_order() {
        assert!(STANDARD.is_sorted());
    }
}
