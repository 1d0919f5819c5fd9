use super::{keys, reading, reading_in};

#[test]
fn every_way_to_read_a_variable_is_found_with_its_name() {
    for (text, wanted) in [
        (
            "import os\nos.environ['A']\nos.environ.get('B')\nos.environ.get('C', 'd')\nos.getenv('D')\nos.getenv('E', default='x')\n",
            "A B C? D E?",
        ),
        (
            "from os import environ, getenv\nenviron['A']\ngetenv('B')\n",
            "A B",
        ),
        (
            "from os import environ as e, getenv as g\ne['A']\ng('B', '')\n",
            "A B?",
        ),
        ("import os as system\nsystem.environ['A']\n", "A"),
        (
            "import os\nenv = os.environ\nenv['A']\nenv.get('B')\n",
            "A B",
        ),
        (
            "from decouple import config as usual, Config, RepositoryEnv\ndef get_config():\n    if x:\n        return Config(RepositoryEnv('.env'))\n    return usual\nconfig = get_config()\nconfig('A')\nconfig('B', default=None)\n",
            "A B?",
        ),
        // what is set is not read
        (
            "import os\nos.environ['A'] = 'x'\nos.environ.setdefault('B', 'x')\ndel os.environ['C']\n",
            "",
        ),
        // comments, texts, and other things of the same name
        (
            "import os\n# os.environ['A']\n'''\nos.environ['B']\n'''\nx = \"os.getenv('C')\"\n",
            "",
        ),
        (
            "environ = {}\nenviron['A']\ndef getenv(x): return 1\ngetenv('B')\n",
            "",
        ),
        (
            "class Options:\n    KEY = 'x'\noptions = Options()\noptions.KEY\n",
            "",
        ),
        // what is taken instead, and what is asked for first
        (
            "import os\na = os.getenv('A') or 'x'\nb = 'x' or os.getenv('B')\nc = os.environ['C'] or 'x'\n",
            "A? B C",
        ),
        (
            "import os\nif os.getenv('A'):\n    x = os.environ['A']\nif os.environ.get('B') == 'x':\n    pass\ny = 1 if 'C' in os.environ else 2\n",
            "A? A? B? C?",
        ),
        (
            "import os\nx = os.environ['A'] if 'A' in os.environ else None\n",
            "A?",
        ),
        (
            "import os\nx = int(os.getenv('A'))\ny = bool(os.getenv('B'))\n",
            "A B?",
        ),
        // helpers of the code
        (
            "import os\ndef need(name):\n    return os.environ[name]\ndef maybe(name, default=None):\n    return os.environ.get(name, default)\nneed('A')\nmaybe('B')\nmaybe('C', 'x')\n",
            "A B C?",
        ),
        (
            "import os\nfor name in ('A', 'B'):\n    os.environ[name]\n",
            "A B",
        ),
        (
            "import os\nPREFIX = 'APP_'\nos.environ[PREFIX + 'A']\nos.environ[f'{PREFIX}B']\n",
            "APP_A APP_B",
        ),
        // names that no env file could hold
        (
            "import os\nos.environ['']\nos.environ['a b']\nos.environ['1']\nos.environ[x]\n",
            "",
        ),
    ] {
        assert_eq!(keys(&reading(text)), wanted, "{text}");
    }
}

#[test]
fn every_reader_of_a_package_is_known() {
    for (text, wanted) in [
        (
            "import environ\nenv = environ.Env(DEBUG=(bool, False))\nenv('A')\nenv('DEBUG')\nenv.bool('B', default=False)\nenv.db()\nenv.db('C')\nenv.db_url('D', default='sqlite:///x')\nenv.list('E')\nenv.read_env('.env')\nenv.cache('F')\n",
            "A DEBUG? B? DATABASE_URL C D? E F",
        ),
        (
            "from decouple import config\nconfig('A')\nconfig('B', default=1, cast=int)\n",
            "A B?",
        ),
        (
            "from decouple import Config, RepositoryEnv\nconfig = Config(RepositoryEnv('x.env'))\nconfig('A')\n",
            "A",
        ),
        (
            "import dj_database_url\ndj_database_url.config()\ndj_database_url.config(env='A', default='sqlite:///x')\n",
            "DATABASE_URL A?",
        ),
        (
            "from environs import Env\nenv = Env()\nenv.read_env()\nenv('A')\nenv.str('B')\nenv.int('C', 1)\nenv.dj_db_url('D')\n",
            "A B C? D",
        ),
        (
            "from starlette.config import Config\nconfig = Config('.env')\nconfig('A')\nconfig('B', cast=bool, default=False)\n",
            "A B?",
        ),
        (
            "from dotenv import dotenv_values\nvalues = dotenv_values('.env')\nvalues['A']\nvalues.get('B')\n",
            "A B",
        ),
        // a configuration of another kind
        (
            "from configparser import ConfigParser\nconfig = ConfigParser()\nconfig['A']\nconfig.get('A', 'B')\n",
            "",
        ),
        ("config = {}\nconfig('A')\n", ""),
    ] {
        assert_eq!(keys(&reading(text)), wanted, "{text}");
    }
}

#[test]
fn names_are_followed_through_the_modules_of_the_application() {
    let found = reading_in(
        "backend",
        &[
            ("backend/app/__init__.py", ""),
            (
                "backend/app/base.py",
                "import environ\nenv = environ.Env()\n",
            ),
            (
                "backend/app/settings.py",
                "from .base import env as read\nread('A')\nread.bool('B', False)\n",
            ),
            ("backend/app/more.py", "from app.base import *\nenv('C')\n"),
        ],
    );
    assert_eq!(keys(&found), "C A B?");
    assert_eq!(found.reads[1].at.file, "backend/app/settings.py");
    assert_eq!(found.reads[1].at.line, 2);
}

#[test]
fn fields_of_settings_are_read_under_the_names_that_pydantic_gives_them() {
    const HEAD: &str = "from pydantic_settings import BaseSettings, SettingsConfigDict\nfrom pydantic import Field, BaseModel, AliasChoices, PostgresDsn\nfrom typing import Annotated, ClassVar, Optional\n";
    const OLD: &str = "from pydantic import BaseSettings, Field\nfrom typing import Optional\n";
    for (head, text, wanted) in [
        (
            HEAD,
            "class S(BaseSettings):\n    database_url: PostgresDsn\n    debug: bool = False\n    name: Optional[str] = None\n    other: Optional[str]\n    kind: ClassVar[str] = 'x'\n    _own: str = 'x'\n    plain = 1\n    model_config = SettingsConfigDict(env_file='.env')\n    @property\n    def url(self): return 1\n",
            "DATABASE_URL DEBUG? NAME? OTHER",
        ),
        (
            HEAD,
            "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n    host: str\n    port: int = Field(5432)\n    name: str = Field(..., alias='DB_NAME')\n    user: str = Field(validation_alias=AliasChoices('DB_USER', 'PGUSER'))\n    word: Annotated[str, Field(alias='WORD')]\n    ids: list[str] = Field(default_factory=list)\n",
            "APP_HOST APP_PORT? DB_NAME DB_USER PGUSER? WORD APP_IDS?",
        ),
        (
            HEAD,
            "class S(BaseSettings):\n    model_config = {'case_sensitive': True}\n    Mixed_Name: str\n",
            "Mixed_Name",
        ),
        (
            HEAD,
            "class Db(BaseModel):\n    host: str\n    port: int = 5432\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_nested_delimiter='__')\n    db: Db\n",
            "DB__HOST DB__PORT?",
        ),
        (
            HEAD,
            "class Base(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='A_')\n    x: str\nclass S(Base):\n    y: str\n",
            "A_X A_Y",
        ),
        (
            HEAD,
            "class Db(BaseSettings):\n    url: str\nclass S(BaseSettings):\n    db: Db = Db()\n    key: str\n",
            "URL KEY",
        ),
        (
            HEAD,
            "class S(BaseModel):\n    x: str\nclass T:\n    y: str\n",
            "",
        ),
        (
            OLD,
            "class S(BaseSettings):\n    x: str = Field(..., env='A')\n    y: Optional[str]\n    z = 'q'\n    w: str\n    class Config:\n        env_prefix = 'P_'\n        fields = {'w': {'env': ['W', 'WW']}}\n",
            "A P_Y? P_Z? W WW?",
        ),
    ] {
        let text = format!("{head}{text}");
        assert_eq!(keys(&reading(&text)), wanted, "{text}");
    }
}
