use super::{opened, reading, reading_in};

const ENGINE: &str = "import os\nfrom sqlalchemy import create_engine, URL\nfrom sqlalchemy.ext.asyncio import create_async_engine\n";

#[test]
fn an_engine_is_found_with_the_variables_of_its_address() {
    for (text, wanted) in [
        ("create_engine(os.environ['A'])\n", "ByUrl A"),
        (
            "create_engine(url=os.getenv('A', 'sqlite:///x.db'))\n",
            "ByUrl A",
        ),
        (
            "create_engine(os.getenv('A') or os.getenv('B'))\n",
            "ByUrl A B",
        ),
        ("create_engine('sqlite:///x.db')\n", "Sqlite"),
        (
            "create_engine(os.getenv('A', 'mysql+pymysql://localhost/x'))\n",
            "MySql A",
        ),
        (
            "url = os.environ['A']\nif url.startswith('postgres://'):\n    url = url.replace('postgres://', 'postgresql://', 1)\nengine = create_engine(url)\n",
            "ByUrl A",
        ),
        (
            "create_engine(os.environ['A'].replace('postgres://', 'postgresql+psycopg://'))\n",
            "Postgres(Psycopg) A",
        ),
        ("create_async_engine(os.environ['A'])\n", "AsyncByUrl A"),
        (
            "create_async_engine(os.environ['A'].replace('postgresql://', 'postgresql+asyncpg://'))\n",
            "Postgres(Asyncpg) A",
        ),
        (
            "import re\ncreate_async_engine(re.sub(r'^postgresql:', 'postgresql+asyncpg:', os.environ['A']))\n",
            "Postgres(Asyncpg) A",
        ),
        (
            "create_async_engine('postgresql+asyncpg://' + os.environ['A'].split('://')[1])\n",
            "Postgres(Asyncpg) A",
        ),
        (
            "create_engine(f\"postgresql://{os.environ['U']}:{os.environ['P']}@{os.environ['H']}:{os.environ['O']}/{os.environ['D']}\")\n",
            "Postgres(Psycopg2) user=U password=P host=H port=O database=D",
        ),
        (
            "create_engine('postgresql+psycopg://%s:%s@%s/%s' % (os.environ['U'], os.environ['P'], os.environ['H'], os.environ['D']))\n",
            "Postgres(Psycopg) user=U password=P host=H database=D",
        ),
        (
            "create_engine('postgresql+asyncpg://{}:{}@{h}/x'.format(os.environ['U'], os.environ['P'], h=os.environ['H']))\n",
            "Postgres(Asyncpg) user=U password=P host=H",
        ),
        (
            "U = os.getenv('U')\nH = os.getenv('H', 'localhost')\ncreate_engine('postgresql://' + U + '@' + H + '/x')\n",
            "Postgres(Psycopg2) user=U host=H",
        ),
        (
            "create_engine(URL.create(drivername='postgresql+psycopg', username=os.environ['U'], host=os.environ['H'], database=os.environ['D']))\n",
            "Postgres(Psycopg) user=U host=H database=D",
        ),
        (
            "def url():\n    return os.environ['A']\nengine = create_engine(url())\n",
            "ByUrl A",
        ),
        (
            "create_engine(os.environ['A'].replace('postgresql+asyncpg://', 'postgresql+psycopg2://'))\n",
            "Postgres(Asyncpg) A",
        ),
        (
            "create_engine(os.environ['A'].replace('+asyncpg', ''))\n",
            "Postgres(Asyncpg) A",
        ),
        (
            "create_async_engine(os.environ['A'].replace('postgresql', 'postgresql+asyncpg'))\n",
            "Postgres(AsyncpgPlain) A",
        ),
        (
            "create_engine(os.environ['A'].replace('postgresql', 'postgresql+psycopg'))\n",
            "Postgres(Libpq) A",
        ),
        (
            "create_engine(f\"{os.environ['A']}?sslmode=require\")\n",
            "ByUrl A",
        ),
        (
            "create_engine(f\"mysql+pymysql://{os.environ['U']}@{os.environ['H']}/x\")\n",
            "MySql user=U host=H",
        ),
        ("create_engine(unknown())\n", "ByUrl"),
    ] {
        let text = format!("{ENGINE}{text}");
        assert_eq!(opened(&reading(&text)), [wanted], "{text}");
    }
}

#[test]
fn an_address_is_followed_through_settings() {
    const HEAD: &str = "from pydantic_settings import BaseSettings\nfrom pydantic import PostgresDsn, computed_field, field_validator, BaseModel\nfrom sqlalchemy import create_engine\n";
    for (text, wanted) in [
        (
            "class S(BaseSettings):\n    database_url: PostgresDsn\nsettings = S()\ncreate_engine(str(settings.database_url))\n",
            "ByUrl DATABASE_URL",
        ),
        (
            "class S(BaseSettings):\n    POSTGRES_SERVER: str\n    POSTGRES_PORT: int = 5432\n    POSTGRES_USER: str\n    POSTGRES_PASSWORD: str = ''\n    POSTGRES_DB: str = ''\n    @computed_field\n    @property\n    def URI(self) -> PostgresDsn:\n        return PostgresDsn.build(scheme='postgresql+psycopg', username=self.POSTGRES_USER, password=self.POSTGRES_PASSWORD, host=self.POSTGRES_SERVER, port=self.POSTGRES_PORT, path=self.POSTGRES_DB)\nsettings = S()\nengine = create_engine(str(settings.URI))\n",
            "Postgres(Psycopg) user=POSTGRES_USER password=POSTGRES_PASSWORD host=POSTGRES_SERVER port=POSTGRES_PORT database=POSTGRES_DB",
        ),
        (
            "class S(BaseSettings):\n    HOST: str\n    URI: PostgresDsn | None = None\n    @field_validator('URI', mode='before')\n    @classmethod\n    def build(cls, v, info):\n        if v:\n            return v\n        return PostgresDsn.build(scheme='postgresql', host=info.data.get('HOST'))\nengine = create_engine(str(S().URI))\n",
            "ByUrl URI host=HOST",
        ),
        (
            "class S(BaseSettings):\n    user: str\n    host: str\n    @property\n    def url(self):\n        return f'postgresql://{self.user}@{self.host}/x'\ndef get_settings(): return S()\nengine = create_engine(get_settings().url)\n",
            "Postgres(Psycopg2) user=USER host=HOST",
        ),
        (
            "class Db(BaseModel):\n    url: str\nclass S(BaseSettings):\n    model_config = {'env_nested_delimiter': '__'}\n    db: Db\nsettings = S()\nengine = create_engine(settings.db.url)\n",
            "ByUrl DB__URL",
        ),
    ] {
        let text = format!("{HEAD}{text}");
        assert_eq!(opened(&reading(&text)), [wanted], "{text}");
    }
}

/// The code, and what it opens.
const CLIENTS: &[(&str, &str)] = &[
    (
        "import os, psycopg2\npsycopg2.connect(os.environ['A'])\n",
        "Postgres(Libpq) A",
    ),
    (
        "import os, psycopg2\npsycopg2.connect(host=os.environ['H'], user=os.environ['U'], password=os.environ['P'], dbname=os.environ['D'], sslmode=os.getenv('S'))\n",
        "Postgres(Libpq) host=H user=U password=P database=D sslmode=S",
    ),
    (
        "import os, psycopg2\nconfig = {'host': os.environ['H'], 'database': os.environ['D']}\npsycopg2.connect(**config)\n",
        "Postgres(Libpq) host=H database=D",
    ),
    (
        "import os, psycopg2\npsycopg2.connect(f\"host={os.environ['H']} dbname={os.environ['D']}\")\n",
        "Postgres(Libpq) host=H database=D",
    ),
    (
        "import psycopg2\npsycopg2.connect()\n",
        "Postgres(Libpq) host=PGHOST port=PGPORT database=PGDATABASE user=PGUSER password=PGPASSWORD sslmode=PGSSLMODE",
    ),
    (
        "import os\nfrom psycopg2 import pool\npool.SimpleConnectionPool(1, 5, dsn=os.environ['A'])\n",
        "Postgres(Libpq) A",
    ),
    (
        "import os, psycopg\npsycopg.AsyncConnection.connect(os.environ['A'])\n",
        "Postgres(Libpq) A",
    ),
    (
        "import os\nfrom psycopg_pool import ConnectionPool\nConnectionPool(conninfo=os.environ['A'])\n",
        "Postgres(Libpq) A",
    ),
    (
        "import os, asyncpg\nasync def f():\n    await asyncpg.create_pool(dsn=os.environ['A'])\n",
        "Postgres(AsyncpgPlain) A",
    ),
    (
        "import os, databases\ndatabases.Database(os.environ['A'])\n",
        "Postgres(AsyncpgPlain) A",
    ),
    (
        "import databases\ndatabases.Database('sqlite:///x')\n",
        "Sqlite",
    ),
    (
        "import os\nfrom tortoise.contrib.fastapi import register_tortoise\nregister_tortoise(app, db_url=os.environ['A'])\n",
        "Postgres(AsyncpgPlain) A",
    ),
    (
        "import os\nfrom playhouse.db_url import connect\nconnect(os.environ['A'])\n",
        "Postgres(Libpq) A",
    ),
    (
        "import os, pymysql\npymysql.connect(host=os.environ['H'])\n",
        "MySql host=H",
    ),
    ("import sqlite3\nsqlite3.connect('x.db')\n", "Sqlite"),
    (
        "import os\nfrom motor.motor_asyncio import AsyncIOMotorClient\nAsyncIOMotorClient(os.environ['M'])\n",
        "MongoDb M",
    ),
    (
        "import os, pyodbc\npyodbc.connect(os.environ['C'])\n",
        "MicrosoftSql C",
    ),
    (
        "import os\nfrom flask_sqlalchemy import SQLAlchemy\napp.config['SQLALCHEMY_DATABASE_URI'] = os.environ['A']\n",
        "ByUrl A",
    ),
    (
        "import os\nfrom flask_sqlalchemy import SQLAlchemy\nclass Config:\n    SQLALCHEMY_DATABASE_URI = os.environ.get('A') or 'sqlite:///x'\n",
        "ByUrl A",
    ),
    (
        "import os\nfrom flask_sqlalchemy import SQLAlchemy\napp.config.update(SQLALCHEMY_DATABASE_URI=os.environ['A'])\n",
        "ByUrl A",
    ),
    (
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config(default='sqlite:///x')}\n",
        "Postgres(Django) DATABASE_URL",
    ),
    (
        "import os, dj_database_url\nDATABASES = {'default': dj_database_url.parse(os.environ['A'])}\n",
        "Postgres(Django) A",
    ),
    (
        "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db('A')}\n",
        "Postgres(Django) A",
    ),
    (
        "import os\nfrom django.x import y\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['D'], 'USER': os.getenv('U'), 'PASSWORD': os.getenv('P'), 'HOST': os.getenv('H', 'db'), 'PORT': 5432}}\n",
        "Postgres(Django) database=D user=U password=P host=H",
    ),
    (
        "from django.x import y\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n",
        "Sqlite",
    ),
    (
        "import os\nfrom django.x import y\nDATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'HOST': os.environ['H']}}\n",
        "MySql host=H",
    ),
    (
        "from alembic import context\nimport os\nconfig = context.config\nconfig.set_main_option('sqlalchemy.url', os.environ['A'])\n",
        "ByUrl A",
    ),
];

#[test]
fn every_client_is_known_with_the_form_that_it_wants() {
    for (text, wanted) in CLIENTS {
        assert_eq!(opened(&reading(text)), [*wanted], "{text}");
    }
    // other things of the same names
    let none = "import signals\nsignals.connect('A')\nsocket.connect('B')\nclass Database: pass\nDatabase('x')\n";
    assert_eq!(opened(&reading(none)), Vec::<String>::new());
}

#[test]
fn what_opens_it_and_what_holds_the_address_may_be_in_other_modules() {
    let found = reading_in(
        "",
        &[
            (
                "src/config.py",
                "import os\nclass Config:\n    def __init__(self):\n        self.url = os.environ['A']\nconfig = Config()\n",
            ),
            (
                "src/db.py",
                "from src.config import config\nfrom sqlalchemy import create_engine as make\nengine = make(config.url)\n",
            ),
        ],
    );
    assert_eq!(opened(&found), ["ByUrl A"]);
    assert_eq!(found.opens[0].at.file, "src/db.py");
}

#[test]
fn a_helper_reads_for_an_address_what_its_own_call_names_and_no_other() {
    let django = "import os\nfrom django.core.exceptions import ImproperlyConfigured\n\
        def secret(name, default=None):\n    if path := os.getenv(name + '_FILE'):\n        return open(path).read()\n    return os.getenv(name, default)\n\
        SECRET_KEY = secret('SECRET_KEY')\nPAYMENTS = secret('PAYMENTS_TOKEN', '')\n\
        DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.getenv('DB_HOST'), 'PASSWORD': secret('DB_PASSWORD', '')}}\n";
    assert_eq!(
        opened(&reading(django)),
        ["Postgres(Django) host=DB_HOST password=DB_PASSWORD"]
    );
    // one helper in another, and by the parameter's name
    let through = "import os\nfrom sqlalchemy import create_engine\n\
        def get(name): return os.environ[name]\ndef twice(key): return get(name=key)\n\
        token = twice('A_TOKEN')\nother = get('OTHER')\nengine = create_engine(twice('A'))\n";
    assert_eq!(opened(&reading(through)), ["ByUrl A"]);
    // what only hands on its argument
    let settings = "from pydantic import SecretStr\nfrom pydantic_settings import BaseSettings\nfrom sqlalchemy import create_engine\n\
        class Settings(BaseSettings):\n    db_password: SecretStr = SecretStr('x')\n    redis_password: SecretStr = SecretStr('x')\n    db_host: str = 'x'\n\
        def plain(value):\n    if isinstance(value, SecretStr):\n        return value.get_secret_value()\n    return value\n\
        s = Settings()\nredis = plain(s.redis_password)\n\
        engine = create_engine(f'postgresql+psycopg://u:{plain(s.db_password)}@{s.db_host}/d')\n";
    assert_eq!(
        opened(&reading(settings)),
        ["Postgres(Psycopg) password=DB_PASSWORD host=DB_HOST"]
    );
}
