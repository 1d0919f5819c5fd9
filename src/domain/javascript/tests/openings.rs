use super::*;

const CLIENTS: &[(&str, &str)] = &[
    (
        "import { Pool } from 'pg'; new Pool({ connectionString: process.env.A, ssl: process.env.S })",
        "pg(A)",
    ),
    (
        "import pg from 'pg'; const { Pool } = pg; new Pool({ connectionString: process.env.A })",
        "pg(A)",
    ),
    (
        "const { Client } = require('pg'); new Client(process.env.A)",
        "pg(A)",
    ),
    (
        "import * as pg from 'pg'; new pg.Pool({ connectionString: `${process.env.A}?x=1` })",
        "pg(A)",
    ),
    (
        "import { Pool } from 'pg'; new Pool({ host: process.env.H, port: Number(process.env.P || 5432), user: process.env.U, password: process.env.W, database: process.env.D })",
        "pg(H=Host,P=Port,U=User,W=Password,D=Database)",
    ),
    (
        "import { Pool } from 'pg'; new Pool()",
        "pg(PGHOST=Host,PGDATABASE=Database,PGUSER=User,PGPASSWORD=Password)",
    ),
    (
        "import { Pool } from 'other'; new Pool({ connectionString: process.env.A })",
        "",
    ),
    ("import type { Pool } from 'pg'; let p: Pool", ""),
    (
        "import postgres from 'postgres'; postgres(process.env.A!, { max: 1 })",
        "drizzle(A)",
    ),
    (
        "import postgres from 'postgres'; const url = process.env.A ?? process.env.B; postgres(url)",
        "drizzle(A,B)",
    ),
    (
        "import postgres from 'postgres'; postgres(`postgres://${process.env.U}:${process.env.W}@${process.env.H}:${process.env.P}/${process.env.D}?sslmode=${process.env.S}`)",
        "drizzle(U=User,W=Password,H=Host,P=Port,D=Database,S=SslMode)",
    ),
    (
        "import postgres from 'postgres'; postgres('postgres://' + process.env.U + ':x@' + process.env.H + '/d')",
        "drizzle(U=User,H=Host)",
    ),
    (
        "import { neon } from '@neondatabase/serverless'; neon(process.env.A!)",
        "drizzle(A)",
    ),
    (
        "import { Pool } from '@neondatabase/serverless'; new Pool({ connectionString: process.env.A })",
        "drizzle(A)",
    ),
    (
        "import { sql } from '@vercel/postgres'; sql`SELECT 1`",
        "drizzle(POSTGRES_URL)",
    ),
    (
        "import { createPool } from '@vercel/postgres'; createPool({ connectionString: process.env.A })",
        "drizzle(A)",
    ),
    (
        "import { drizzle } from 'drizzle-orm/neon-http'; drizzle(process.env.A!)",
        "drizzle(A)",
    ),
    (
        "import { drizzle } from 'drizzle-orm/node-postgres'; drizzle({ connection: { connectionString: process.env.A } })",
        "drizzle(A)",
    ),
    (
        "import { drizzle } from 'drizzle-orm/mysql2'; drizzle(process.env.A)",
        "mysql(A)",
    ),
    (
        "import { drizzle } from 'drizzle-orm/libsql'; drizzle({ connection: { url: process.env.A, authToken: process.env.T } })",
        "sqlite(A)",
    ),
    (
        "import { drizzle } from 'drizzle-orm/pglite'; drizzle()",
        "",
    ),
    (
        "import { Sequelize } from 'sequelize'; new Sequelize(process.env.A, { dialect: 'postgres' })",
        "pg(A)",
    ),
    (
        "import { Sequelize } from 'sequelize'; new Sequelize(process.env.D, process.env.U, process.env.W, { host: process.env.H, dialect: 'mysql' })",
        "mysql(D=Database,U=User,W=Password,H=Host)",
    ),
    (
        "import { Sequelize } from 'sequelize'; new Sequelize(process.env.A)",
        "url(A)",
    ),
    (
        "module.exports = { development: { use_env_variable: 'A', dialect: 'postgres' }, test: { use_env_variable: 'T', dialect: 'postgres' }, 'production': { use_env_variable: 'P' } }",
        "pg(A)",
    ),
    ("module.exports = { use_env_variable: 'A' }", "url(A)"),
    (
        "import { DataSource } from 'typeorm'; new DataSource({ type: 'postgres', url: process.env.A })",
        "pg(A)",
    ),
    (
        "import { DataSource, DataSourceOptions } from 'typeorm'; const o: DataSourceOptions = { type: 'mysql', host: process.env.H }; export default new DataSource(o)",
        "mysql(H=Host)",
    ),
    (
        "import { TypeOrmModule } from '@nestjs/typeorm'; TypeOrmModule.forRoot({ type: 'postgres', host: process.env.H })",
        "pg(H=Host)",
    ),
    (
        "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigService } from '@nestjs/config';\nTypeOrmModule.forRootAsync({ inject: [ConfigService], useFactory: (config: ConfigService) => ({ type: 'postgres', host: config.get('DB_HOST'), url: config.getOrThrow('A') }) })",
        "pg(A,DB_HOST=Host)",
    ),
    (
        "import knex from 'knex'; knex({ client: 'pg', connection: process.env.A })",
        "pg(A)",
    ),
    (
        "const knex = require('knex')({ client: 'mysql2', connection: { host: process.env.H } })",
        "mysql(H=Host)",
    ),
    (
        "import knex from 'knex'; knex({ client: 'better-sqlite3', connection: { filename: 'x' } })",
        "sqlite()",
    ),
    (
        "import { Kysely, PostgresDialect } from 'kysely'; import { Pool } from 'pg'; new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: process.env.A }) }) })",
        "pg(A)",
    ),
    (
        "import { MikroORM } from '@mikro-orm/postgresql'; MikroORM.init({ clientUrl: process.env.A })",
        "pg(A)",
    ),
    (
        "import mysql from 'mysql2/promise'; mysql.createPool({ uri: process.env.A })",
        "mysql(A)",
    ),
    (
        "import Database from 'better-sqlite3'; new Database(process.env.A)",
        "sqlite(A)",
    ),
    (
        "import { createClient } from '@libsql/client'; createClient({ url: process.env.A })",
        "sqlite(A)",
    ),
    (
        "import mongoose from 'mongoose'; mongoose.connect(process.env.A)",
        "mongo(A)",
    ),
    (
        "import { MongoClient } from 'mongodb'; new MongoClient(process.env.A)",
        "mongo(A)",
    ),
    (
        "const sql = require('mssql'); sql.connect({ server: process.env.H })",
        "mssql(H=Host)",
    ),
    (
        "const pgp = require('pg-promise')(); const db = pgp(process.env.A)",
        "pg(A)",
    ),
    (
        "import { postgresAdapter } from '@payloadcms/db-postgres'; export default { db: postgresAdapter({ pool: { connectionString: process.env.A || '' } }) }",
        "pg(A)",
    ),
    (
        "import { config } from '@keystone-6/core'; export default config({ db: { provider: 'postgresql', url: process.env.A } })",
        "prisma(A)",
    ),
    (
        "// new Pool()\nimport { Pool } from 'pg'; const s = 'new Pool()'",
        "",
    ),
];

#[test]
fn each_client_opens_its_server() {
    for (text, expected) in CLIENTS {
        assert_eq!(opens(&read_one(text)), *expected, "{text}");
    }
}

#[test]
fn the_address_is_followed_through_files() {
    let cases: [(&[(&str, &str)], &str); 7] = [
        (
            &[
                (
                    "app/src/db.ts",
                    "import { drizzle } from 'drizzle-orm/postgres-js'; import postgres from 'postgres'; import { env } from '@/env';\nexport const db = drizzle(postgres(env.DATABASE_URL))",
                ),
                (
                    "app/src/env.ts",
                    "import { createEnv } from '@t3-oss/env-nextjs'; export const env = createEnv({ server: { DATABASE_URL: z.string() } })",
                ),
            ],
            "drizzle(DATABASE_URL) drizzle(DATABASE_URL)",
        ),
        (
            &[
                (
                    "app/src/db.js",
                    "const { Pool } = require('pg'); const config = require('./config'); module.exports = new Pool(config.db)",
                ),
                (
                    "app/src/config/index.js",
                    "module.exports = { db: { connectionString: process.env.A } }",
                ),
            ],
            "pg(A)",
        ),
        (
            &[
                (
                    "app/tsconfig.json",
                    "{ // paths\n \"compilerOptions\": { \"paths\": { \"#cfg/*\": [\"./settings/*\"] }, }, }",
                ),
                (
                    "app/db.ts",
                    "import { Pool } from 'pg'; import cfg from '#cfg/db.js'; new Pool({ connectionString: cfg.url })",
                ),
                (
                    "app/settings/db.ts",
                    "const url = process.env.A; export default { url }",
                ),
            ],
            "pg(A)",
        ),
        (
            &[
                (
                    "packages/env/package.json",
                    "{\"name\": \"@acme/env\", \"exports\": {\".\": {\"import\": \"./src/main.ts\"}}}",
                ),
                ("packages/env/src/main.ts", "export * from './vars'"),
                (
                    "packages/env/src/vars.ts",
                    "export const { A } = process.env",
                ),
                (
                    "app/db.ts",
                    "import { Pool } from 'pg'; import { A } from '@acme/env'; new Pool({ connectionString: A })",
                ),
            ],
            "pg(A)",
        ),
        (
            &[(
                "app/a.ts",
                "import { Pool } from 'pg'; const get = () => { const { A } = process.env; return { connectionString: A } }; new Pool(get())",
            )],
            "pg(A)",
        ),
        (
            &[(
                "app/a.ts",
                "import { Pool } from 'pg'; const s = z.object({ A: z.string() }); const env = s.parse(process.env); new Pool({ connectionString: env.A })",
            )],
            "pg(A)",
        ),
        (
            &[(
                "app/a.ts",
                "import { Pool } from 'pg'; const r = z.object({ A: z.string() }).safeParse(process.env); new Pool({ connectionString: r.data.A })",
            )],
            "pg(A)",
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(opens(&read_files(files, "app")), expected, "{files:?}");
    }
}

#[test]
fn prisma_opens_what_its_schema_says() {
    let client = "import { PrismaClient } from '@prisma/client'; new PrismaClient()";
    let schema = "datasource db {\n provider = \"postgresql\"\n url = env(\"A\")\n}";
    let of = |code: &str, schema: &str| {
        opens(&read_files(
            &[("src/db.ts", code), ("prisma/schema.prisma", schema)],
            "",
        ))
    };
    assert_eq!(of(client, schema), "prisma(A)");
    assert_eq!(
        of(client, &schema.replace("postgresql", "mysql")),
        "mysql(A)"
    );
    assert_eq!(of(client, ""), "url()");
    let adapter = "import { PrismaClient } from './generated/prisma/client'; import { PrismaPg } from '@prisma/adapter-pg';\nconst adapter = new PrismaPg({ connectionString: process.env.B }); new PrismaClient({ adapter })";
    assert_eq!(
        of(adapter, "datasource db { provider = \"postgresql\" }"),
        "prisma(B) prisma(B)"
    );
    let named = "import { PrismaClient } from '@prisma/client'; new PrismaClient({ datasources: { db: { url: process.env.B } } })";
    assert_eq!(of(named, schema), "prisma(B)");
}

#[test]
fn configurations_by_convention_open_what_they_name() {
    let cases = [
        (
            "drizzle.config.ts",
            "import { defineConfig } from 'drizzle-kit'; export default defineConfig({ dialect: 'postgresql', dbCredentials: { url: process.env.A! } })",
            "drizzle(A)",
        ),
        (
            "drizzle.config.ts",
            "export default { schema: 'x', driver: 'pg', dbCredentials: { connectionString: process.env.A } } satisfies Config",
            "drizzle(A)",
        ),
        (
            "drizzle.config.ts",
            "import { defineConfig } from 'drizzle-kit'; export default defineConfig({ dialect: 'turso', dbCredentials: { url: process.env.A! } })",
            "sqlite(A)",
        ),
        (
            "drizzle.config.ts",
            "import { defineConfig } from 'drizzle-kit'; export default defineConfig({ dialect: 'mysql', dbCredentials: { host: process.env.H } })",
            "mysql(H=Host)",
        ),
        (
            "knexfile.js",
            "module.exports = { development: { client: 'pg', connection: process.env.A }, production: { client: 'pg', connection: { connectionString: process.env.B } } }",
            "pg(A) pg(B)",
        ),
        (
            "ormconfig.js",
            "module.exports = { type: 'postgres', url: process.env.A }",
            "pg(A)",
        ),
    ];
    for (file, text, expected) in cases {
        assert_eq!(opens(&read_files(&[(file, text)], "")), expected, "{text}");
    }
}
