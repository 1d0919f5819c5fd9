// Every driver of Node connects with a connection URI exactly as it was handed out: DIRECT and POOLED. The serverless driver is led to
// the sandbox by the two addresses that `neonup sandbox` prints, and then by the port of the compute itself.
// Prints `DRIVER KIND ok` for each; fails at the first that does not answer rightly.
const assert = require('assert');
const serverless = require('@neondatabase/serverless');
const { neon, neonConfig, Pool } = serverless;
const { sql: raw } = require('drizzle-orm');
const own = { fetchEndpoint: neonConfig.fetchEndpoint, wsProxy: neonConfig.wsProxy, useSecureWebSocket: true };
neonConfig.webSocketConstructor = require('ws');

const refused = async (work, code, message) => {
    let told;
    try { await work(); } catch (error) { told = error; }
    assert.ok(told, 'it is not refused');
    if (code) assert.equal(told.code, code);
    if (message) assert.match(told.message, message);
    return told;
};
const elsewhere = (uri, change) => { const url = new URL(uri); change(url); return url.toString(); };
const wrongPassword = (uri) => elsewhere(uri, (url) => { url.password = 'npg_wrongWrong1'; });
const wrongEndpoint = (uri) => elsewhere(uri, (url) => { url.searchParams.set('options', 'endpoint=ep-other-place-a1234567'); });

const drivers = {
    async pg(uri) {
        const client = new (require('pg').Client)({ connectionString: uri });
        await client.connect();
        assert.equal((await client.query('select 40 + $1::int as n', [2])).rows[0].n, 42);
        await client.end();
        const Client = require('pg').Client;
        await refused(() => new Client({ connectionString: wrongPassword(uri) }).connect(), '28P01');
        await refused(() => new Client({ connectionString: wrongEndpoint(uri) }).connect(), null, /endpoint could not be found/);
    },
    async 'postgres.js'(uri) {
        const sql = require('postgres')(uri, { max: 2 });
        assert.equal((await sql`select 40 + ${2}::int as n`)[0].n, 42);
        await sql.end();
    },
    async 'serverless http'(uri) {
        const sql = neon(uri);
        assert.equal((await sql`select 40 + ${2}::int as n`)[0].n, 42);
        const many = await sql.query("select g, 'ü\"' as t, null as nothing, '{\"a\":[1]}'::jsonb as j, true as b, array[1,2] as l, 1.5::float8 as f, 9007199254740993 as big from generate_series(1, 3) g");
        assert.deepEqual(many[2], { g: 3, t: 'ü"', nothing: null, j: { a: [1] }, b: true, l: [1, 2], f: 1.5, big: '9007199254740993' });
        const [given] = await sql`select ${[1, 2, null]}::int[] as l, ${{ a: 'x' }}::jsonb as j, ${new Date(0)}::timestamptz as at, ${Buffer.from([0, 255])}::bytea as bytes`;
        assert.deepEqual([given.l, given.j, given.at.getTime(), [...given.bytes]], [[1, 2, null], { a: 'x' }, 0, [0, 255]]);
        const full = await sql.query('select 1 as one', [], { fullResults: true, arrayMode: true });
        assert.deepEqual([full.rows, full.command, full.rowCount, full.rowAsArray], [[[1]], 'SELECT', 1, true]);
        assert.deepEqual([full.fields[0].name, full.fields[0].dataTypeID], ['one', 23]);
        assert.deepEqual(await sql.query('select 1 where false'), []);
        const [, made, counted] = await sql.transaction([
            sql`create table if not exists driven (id int primary key)`,
            sql`insert into driven select g from generate_series(1, 3) g on conflict do nothing`,
            sql`select count(*)::int as c from driven`,
        ], { isolationLevel: 'Serializable', fullResults: true });
        assert.equal(made.command, 'INSERT');
        assert.equal(counted.rows[0].c, 3);
        const [modes] = await sql.transaction([sql`select current_setting('transaction_read_only') as ro, current_setting('transaction_isolation') as level`], { readOnly: true, isolationLevel: 'RepeatableRead' });
        assert.deepEqual(modes[0], { ro: 'on', level: 'repeatable read' });
        await refused(() => sql.transaction([sql`delete from driven`], { readOnly: true }), '25006');
        await refused(() => sql.transaction([sql`delete from driven`, sql`select 1 / 0`]), '22012');
        assert.equal((await sql`select count(*)::int as c from driven`)[0].c, 3);
        const double = await refused(() => sql`insert into driven values (1)`, '23505', /duplicate key/);
        assert.deepEqual([double.severity, double.constraint, double.table], ['ERROR', 'driven_pkey', 'driven']);
        assert.equal((await refused(() => sql`select * from no_such_table`, '42P01')).position, '15');
        await refused(() => neon(wrongPassword(uri))`select 1`, null, /password authentication failed for user 'neondb_owner'/);
        await refused(() => neon(wrongEndpoint(uri))`select 1`, null, /endpoint could not be found/);
        await refused(() => neon(uri, { authToken: 'x' })`select 1`, null, /required password/);
        await refused(() => sql`copy driven from stdin`);
        await refused(() => sql`copy driven to stdout`);
    },
    async 'serverless websocket'(uri) {
        const pool = new Pool({ connectionString: uri, max: 2 });
        const client = await pool.connect();
        await client.query('begin');
        assert.equal((await client.query('select 40 + $1::int as n', [2])).rows[0].n, 42);
        assert.equal((await client.query("select length(repeat('x', 3000000)) as l, repeat('x', 3000000) as x")).rows[0].x.length, 3000000);
        assert.equal((await client.query('select length($1) as l', ['y'.repeat(3000000)])).rows[0].l, 3000000);
        await refused(() => client.query('select * from no_such_table'), '42P01');
        await client.query('rollback');
        client.release();
        await pool.end();
        const wrong = new Pool({ connectionString: wrongPassword(uri) });
        wrong.on('error', () => {});
        await refused(() => wrong.query('select 1'), '28P01');
        await wrong.end();
    },
    async 'drizzle node-postgres'(uri) {
        const { Client } = require('pg');
        const client = new Client({ connectionString: uri });
        await client.connect();
        const db = require('drizzle-orm/node-postgres').drizzle(client);
        assert.equal((await db.execute(raw`select 40 + ${2}::int as n`)).rows[0].n, 42);
        await client.end();
    },
    async 'drizzle neon-http'(uri) {
        const { drizzle } = require('drizzle-orm/neon-http');
        const { pgTable, integer, text } = require('drizzle-orm/pg-core');
        const db = drizzle(neon(uri));
        await db.execute(raw`create table if not exists drizzled (id int primary key, name text)`);
        const table = pgTable('drizzled', { id: integer('id').primaryKey(), name: text('name') });
        await db.insert(table).values({ id: 1, name: 'one' }).onConflictDoNothing();
        assert.deepEqual(await db.select().from(table), [{ id: 1, name: 'one' }]);
        const both = await db.batch([db.select().from(table), db.select({ name: table.name }).from(table)]);
        assert.deepEqual(both[1], [{ name: 'one' }]);
    },
    async 'drizzle neon-serverless'(uri) {
        const pool = new Pool({ connectionString: uri });
        const db = require('drizzle-orm/neon-serverless').drizzle(pool);
        const n = await db.transaction(async (tx) => (await tx.execute(raw`select 40 + ${2}::int as n`)).rows[0].n);
        assert.equal(n, 42);
        await pool.end();
    },
};

const kinds = [['direct', process.env.DIRECT], ['pooled', process.env.POOLED]];
// drizzle comes last: it changes how the driver below it reads some types
(async () => {
    for (const [name, drive] of Object.entries(drivers)) {
        const ways = /serverless|neon/.test(name) ? ['api', 'compute'] : [''];
        for (const [kind, uri] of kinds) for (const way of ways) {
            Object.assign(neonConfig, own);
            if (way === 'api') {
                neonConfig.fetchEndpoint = process.env.NEON_FETCH_ENDPOINT;
                Object.assign(neonConfig, { wsProxy: process.env.NEON_WS_PROXY, useSecureWebSocket: false });
            } else if (way === 'compute') {
                neonConfig.fetchEndpoint = (host, port) => `https://${host}:${port}/sql`;
                neonConfig.wsProxy = (host, port) => `${host}:${port}/v2`;
            }
            try { await drive(uri); } catch (error) { error.message = `${name} ${kind} ${way}: ${error.message}`; throw error; }
            console.log(`${name} ${kind}${way && ` ${way}`} ok`);
        }
    }
})().catch((error) => { console.error(error); process.exit(1); });
