use super::reading_in;

/// The files that a module in `backend/app/core/config.py` loads, with the number of keys where others are refused.
fn loaded(text: &str, others: &[(&str, &str)]) -> Vec<String> {
    let mut modules = vec![
        ("backend/app/core/config.py", text),
        ("backend/app/__init__.py", ""),
    ];
    modules.push(("backend/app/core/__init__.py", ""));
    modules.extend(others);
    reading_in("backend", &modules)
        .files
        .into_iter()
        .map(|file| match file.only {
            None => file.path,
            Some(only) => format!(
                "{} only {}",
                file.path,
                only.into_iter().collect::<Vec<_>>().join(" ")
            ),
        })
        .collect()
}

#[test]
fn an_env_file_is_found_where_the_code_looks_for_it() {
    const SETTINGS: &str = "from pydantic_settings import BaseSettings, SettingsConfigDict\nfrom pathlib import Path\nimport os\n";
    for (text, wanted) in [
        (
            "from dotenv import load_dotenv\nload_dotenv()\n",
            &["backend/.env"][..],
        ),
        (
            "from dotenv import load_dotenv, find_dotenv\nload_dotenv(find_dotenv())\nload_dotenv(find_dotenv('.env.local'))\n",
            &["backend/.env", "backend/.env.local"],
        ),
        (
            "from dotenv import load_dotenv\nload_dotenv('.env.dev')\nload_dotenv(dotenv_path='../x.env')\n",
            &["backend/.env.dev", "x.env"],
        ),
        (
            "from dotenv import load_dotenv\nfrom pathlib import Path\nBASE = Path(__file__).resolve().parent.parent\nload_dotenv(BASE / '.env')\nload_dotenv(Path(__file__).parents[3] / '.env')\n",
            &["backend/app/.env", ".env"],
        ),
        (
            "import os, dotenv\nbasedir = os.path.abspath(os.path.dirname(__file__))\ndotenv.load_dotenv(os.path.join(basedir, '.env'))\n",
            &["backend/app/core/.env"],
        ),
        (
            "import environ, os\nBASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\nenviron.Env.read_env(os.path.join(BASE_DIR, '.env'))\nenv = environ.Env()\nenv.read_env(str(BASE_DIR + '/.envs'))\nenviron.Env.read_env()\n",
            &[
                "backend/app/.env",
                "backend/app/.envs",
                "backend/app/core/.env",
            ],
        ),
        (
            "from decouple import config, Config, RepositoryEnv\nconfig('A')\nother = Config(RepositoryEnv('other.env'))\n",
            &["backend/.env", "backend/other.env"],
        ),
        (
            "from starlette.config import Config\nconfig = Config('.env')\n",
            &["backend/.env"],
        ),
        (
            "import os\nfrom dotenv import load_dotenv\nload_dotenv(os.getenv('ENV_FILE', '.env.default'))\nload_dotenv(unknown)\nload_dotenv(f'.env.{unknown}')\nload_dotenv('/etc/app.env')\n",
            &["backend/.env.default"],
        ),
        (
            "# load_dotenv()\ndef load_dotenv(): pass\nload_dotenv()\n",
            &[],
        ),
    ] {
        assert_eq!(loaded(text, &[]), wanted, "{text}");
    }
    for (text, wanted) in [
        // the second version of pydantic refuses what isn't a field, unless it is told otherwise
        (
            "class S(BaseSettings):\n    a: str\n    b: str = ''\n    model_config = SettingsConfigDict(env_file='.env')\n",
            &["backend/.env only A B"][..],
        ),
        (
            "class S(BaseSettings):\n    a: str\n    model_config = SettingsConfigDict(env_file=('.env', '.env.local'), extra='ignore')\n",
            &["backend/.env", "backend/.env.local"],
        ),
        (
            "class S(BaseSettings):\n    a: str\n    class Config:\n        env_file = Path(__file__).parent / '../../.env'\n        extra = 'allow'\n",
            &["backend/.env"],
        ),
        (
            "class S(BaseSettings):\n    a: str\ns = S(_env_file='x.env')\n",
            &["backend/x.env only A"],
        ),
        (
            "ENV = os.path.join(os.path.dirname(__file__), '.env')\nclass S(BaseSettings):\n    a: str\n    model_config = SettingsConfigDict(env_file=ENV, extra='ignore')\n",
            &["backend/app/core/.env"],
        ),
    ] {
        let text = format!("{SETTINGS}{text}");
        assert_eq!(loaded(&text, &[]), wanted, "{text}");
    }
    // the first passes over it
    assert_eq!(
        loaded(
            "from pydantic import BaseSettings\nclass S(BaseSettings):\n    a: str\n    class Config:\n        env_file = '.env'\n",
            &[]
        ),
        ["backend/.env"]
    );
}

#[test]
fn a_file_that_is_searched_for_is_the_one_that_is_there() {
    let text = "from dotenv import load_dotenv\nload_dotenv()\n";
    for (there, wanted) in [
        ("backend/app/.env", "backend/app/.env"),
        (".env", ".env"),
        (".env.example", ".env"),
        ("backend/app/core/.env.example", "backend/app/core/.env"),
    ] {
        assert_eq!(loaded(text, &[(there, "")]), [wanted], "{there}");
    }
}
