//! Where the code of an application opens its database at an address of its own, and the edit that makes it read the environment.

use crate::{
    domain::{
        javascript,
        own_address::{self, AddressLiteral},
        python::{self, Dependencies},
        reading::{DatabaseOpening, Reading, Spot},
        source::{Reader, join},
    },
    project::detect::{
        candidates, code,
        manifests::Language,
        package::Package,
        tree::{Tree, with_folders_above},
    },
};

/// An address that the code itself holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OwnAddress {
    /// Where it is opened.
    pub at: Spot,
    /// Whether it leads to another machine.
    pub foreign: bool,
    /// The change of one file after which the code reads it from the environment.
    pub edit: Option<AddressEdit>,
}

/// A change of one file.
#[derive(PartialEq, Eq)]
pub(crate) struct AddressEdit {
    pub path: String,
    pub old: String,
    /// The old text without its passwords, line by line the same.
    pub shown: String,
    pub new: String,
    /// The literals, by their places in the old text.
    replacements: Vec<AddressLiteral>,
    /// Whether it loads the env file, too.
    loads: bool,
}

impl std::fmt::Debug for AddressEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddressEdit")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl AddressEdit {
    /// The edit in a text that has other changes of the same file already; `None` where they meet.
    pub(crate) fn with(&self, text: &str) -> Option<String> {
        let replacements: Option<Vec<_>> = self
            .replacements
            .iter()
            .map(|replacement| {
                let literal = self.old.get(replacement.span.clone())?;
                let mut places = text.match_indices(literal);
                let (start, _) = places.next()?;
                places.next().is_none().then(|| AddressLiteral {
                    span: start..start + literal.len(),
                    ..replacement.clone()
                })
            })
            .collect();
        edited(&self.path, text, &replacements?, self.loads)
    }
}

/// Packages that load an env file by themselves.
const LOADERS: &[&str] = &[
    "next",
    "nuxt",
    "vite",
    "@sveltejs/kit",
    "astro",
    "@nestjs/config",
];

/// The address that the code of the application in a folder holds itself. One that leads to another machine is given before others.
pub(crate) fn own_address(files: &[String], read: Reader<'_>, dir: &str) -> Option<OwnAddress> {
    let tree = Tree::new(files, read);
    let (dir, language) = with_folders_above(dir)
        .into_iter()
        .find_map(|folder| Some((folder, candidates::at(&tree, folder)?.proposal.language)))
        .unwrap_or((dir, None));
    let of = |tree: &Tree<'_>| match language {
        Some(language) => code::read(tree, dir, Some(language)),
        None => code::read_all(tree, dir),
    };
    let reading = of(&tree);
    let foreign = |opening: &&DatabaseOpening| opening.written.iter().any(|part| part.foreign);
    let fixed: Vec<_> = own_address::fixed(&reading).collect();
    let first = fixed
        .iter()
        .copied()
        .find(foreign)
        .or_else(|| fixed.first().copied())?;
    let edit = own_address::replacements(fixed.iter().copied()).and_then(|(path, replacements)| {
        let loads = |reading: &Reading| reading.files.is_empty() && has_loader(&tree, dir, &path);
        let edit = propose(read, &path, &replacements, loads(&reading))?;
        // only what the same readers then find in the environment
        let new: Reader<'_> = &|file| {
            if file == edit.path {
                Some(edit.new.clone())
            } else {
                read(file)
            }
        };
        let after = of(&Tree::new(files, new));
        own_address::fixed(&after).next().is_none().then_some(edit)
    });
    Some(OwnAddress {
        at: first.at.clone(),
        foreign: foreign(&first),
        edit,
    })
}

fn propose(
    read: Reader<'_>,
    path: &str,
    replacements: &[AddressLiteral],
    loads: bool,
) -> Option<AddressEdit> {
    let old = read(path)?;
    Some(AddressEdit {
        new: edited(path, &old, replacements, loads)?,
        shown: own_address::hidden(&old, replacements)?,
        replacements: replacements.to_vec(),
        loads,
        path: path.to_owned(),
        old,
    })
}

fn edited(path: &str, text: &str, replacements: &[AddressLiteral], loads: bool) -> Option<String> {
    match Language::of_source(path)? {
        Language::Python => python::read_address(text, replacements, loads),
        Language::JavaScript => javascript::read_address(path, text, replacements, loads),
    }
}

/// Whether the project's packages hold the library that loads an env file when the code calls it.
fn has_loader(tree: &Tree<'_>, dir: &str, path: &str) -> bool {
    match Language::of_source(path) {
        Some(Language::Python) => {
            Dependencies::nearest(&|path| tree.read(path), dir).has("python-dotenv")
        }
        Some(Language::JavaScript) => Package::read(tree, dir)
            .filter(|_| tree.has(&join(dir, "package.json")))
            .is_some_and(|package| package.has_any(&["dotenv"]) && !package.has_any(LOADERS)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &str = "requirements.txt";
    const NODE: &str = "package.json";

    /// What is found in these files, with their manifest first.
    fn found(files: &[(&str, &str)]) -> Option<OwnAddress> {
        let names: Vec<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let read = |path: &str| {
            let text = files.iter().find(|(known, _)| *known == path);
            text.map(|(_, text)| (*text).to_owned())
        };
        own_address(&names, &read, "")
    }

    fn edited(files: &[(&str, &str)]) -> String {
        let own = found(files).unwrap();
        own.edit.unwrap().new
    }

    #[test]
    fn an_address_that_stands_once_is_read_from_the_environment() {
        for (manifest, packages, path, old, new) in [
            (
                PYTHON,
                "fastapi\nsqlalchemy\npsycopg2\n",
                "database.py",
                "from sqlalchemy import create_engine\n\nURL = \"postgresql://u:hunter2@localhost/db\"\nengine = create_engine(URL)\n",
                "import os\nfrom sqlalchemy import create_engine\n\nURL = os.environ[\"DATABASE_URL\"]\nengine = create_engine(URL)\n",
            ),
            // put together of constants
            (
                PYTHON,
                "fastapi\nsqlalchemy\npsycopg2\n",
                "database.py",
                "import os\nfrom sqlalchemy import create_engine\nP = 'hunter2'\nengine = create_engine(f\"postgresql://u:{P}@localhost/db\")\n",
                "import os\nfrom sqlalchemy import create_engine\nP = 'hunter2'\nengine = create_engine(os.environ[\"DATABASE_URL\"])\n",
            ),
            (
                NODE,
                "{\"dependencies\": {\"pg\": \"8\"}}",
                "db.js",
                "const { Pool } = require('pg');\nconst p = \"hunter2\";\nmodule.exports = new Pool({ connectionString: `postgres://u:${p}@localhost/db` });\n",
                "const { Pool } = require('pg');\nconst p = \"hunter2\";\nmodule.exports = new Pool({ connectionString: process.env.DATABASE_URL });\n",
            ),
            // in parts, with python-dotenv at hand
            (
                PYTHON,
                "flask\npsycopg2\npython-dotenv\n",
                "app.py",
                "\"\"\"An app.\"\"\"\nimport psycopg2\n\nc = psycopg2.connect(host='localhost', dbname='db', user='u', password='hunter2', port=5432)\n",
                "\"\"\"An app.\"\"\"\nimport os\nfrom dotenv import load_dotenv\nimport psycopg2\n\nload_dotenv()\n\nc = psycopg2.connect(host=os.environ[\"PGHOST\"], dbname=os.environ[\"PGDATABASE\"], user=os.environ[\"PGUSER\"], \
                 password=os.environ[\"PGPASSWORD\"], port=int(os.environ[\"PGPORT\"]))\n",
            ),
            // Django's, with what the file has already
            (
                PYTHON,
                "django\npython-decouple\npsycopg2\n",
                "settings.py",
                "from decouple import config\nfrom django.urls import path\nSECRET_KEY = config('SECRET_KEY')\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'db', 'USER': 'u', 'PASSWORD': 'hunter2', 'HOST': 'localhost'}}\n",
                "from decouple import config\nfrom django.urls import path\nSECRET_KEY = config('SECRET_KEY')\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': config(\"PGDATABASE\"), 'USER': config(\"PGUSER\"), 'PASSWORD': config(\"PGPASSWORD\"), 'HOST': config(\"PGHOST\")}}\n",
            ),
            (
                NODE,
                "{\"dependencies\": {\"pg\": \"8\", \"express\": \"4\"}}",
                "db.js",
                "const { Pool } = require('pg');\nmodule.exports = new Pool({ user: 'u', host: 'localhost', database: 'db', password: 'hunter2', port: 5432 });\n",
                "const { Pool } = require('pg');\nmodule.exports = new Pool({ user: process.env.PGUSER, host: process.env.PGHOST, database: process.env.PGDATABASE, password: process.env.PGPASSWORD, port: Number(process.env.PGPORT) });\n",
            ),
            (
                NODE,
                "{\"dependencies\": {\"pg\": \"8\", \"dotenv\": \"16\"}}",
                "src/db.ts",
                "// the pool\nimport { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: 'postgres://u:hunter2@localhost/db' });\n",
                "// the pool\nimport \"dotenv/config\";\nimport { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL! });\n",
            ),
        ] {
            assert_eq!(edited(&[(manifest, packages), (path, old)]), new);
            let own = found(&[(manifest, packages), (path, old)]).unwrap();
            assert!(!own.foreign, "{old}");
            let edit = own.edit.unwrap();
            assert!(!format!("{edit:?}").contains("hunter2"));
            assert_eq!(edit.shown.lines().count(), old.lines().count());
            assert!(!edit.shown.contains("hunter2"), "{}", edit.shown);
        }
    }

    #[test]
    fn what_stands_in_several_places_is_left_to_a_person() {
        for code in [
            // two databases
            "from sqlalchemy import create_engine\na = create_engine('postgresql://u:p@localhost/a')\nb = create_engine('postgresql://u:p@localhost/b')\n",
            // put together at run time
            "from sqlalchemy import create_engine\nengine = create_engine(address())\n",
        ] {
            let own = found(&[(PYTHON, "fastapi\nsqlalchemy\npsycopg2\n"), ("db.py", code)]);
            assert_eq!(own.unwrap().edit, None, "{code}");
        }
        let two = found(&[
            (PYTHON, "fastapi\nsqlalchemy\npsycopg2\n"),
            (
                "main.py",
                "from sqlalchemy import create_engine\nfrom settings import URL\nengine = create_engine(URL)\n",
            ),
            ("settings.py", "URL = 'postgresql://u:p@localhost/a'\n"),
            (
                "other.py",
                "import psycopg2\npsycopg2.connect('postgresql://u:p@db.example.com/a')\n",
            ),
        ]);
        let two = two.unwrap();
        assert!(two.edit.is_none());
        // the one on another machine is told
        assert!(two.foreign);
        assert_eq!(two.at.file, "other.py");
    }

    #[test]
    fn an_address_from_the_environment_is_none_of_its_own() {
        for code in [
            "import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DATABASE_URL'])\n",
            "import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.getenv('DATABASE_URL', 'postgresql://u:p@db.example.com/a'))\n",
            "from sqlalchemy import create_engine\nengine = create_engine('sqlite:///x.db')\n",
        ] {
            let own = found(&[(PYTHON, "fastapi\nsqlalchemy\npsycopg2\n"), ("db.py", code)]);
            assert_eq!(own, None, "{code}");
        }
    }
}
