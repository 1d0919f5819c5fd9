// Neon's MCP server (npm package `@neondatabase/mcp-server-neon`) against a sandbox, over standard input and output as an assistant
// starts it: NEON_API_HOST, NEON_API_KEY, NEON_FETCH_ENDPOINT, and MCP_MODULES, the folder of its packages.
// Prints `TOOL ok` for each that does its work, and `TOOL refused: WHY` where Neon's service is not there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const packages = process.env.MCP_MODULES;
const folder = mkdtempSync(join(tmpdir(), 'neonup-mcp-'));
// the line that every program with Neon's serverless driver needs beside a sandbox
const driver = pathToFileURL(join(packages, '@neondatabase/serverless/index.mjs'));
const preload = join(folder, 'preload.mjs');
writeFileSync(preload, `import { neonConfig } from ${JSON.stringify(driver.href)};\nneonConfig.fetchEndpoint = process.env.NEON_FETCH_ENDPOINT;\n`);
const server = spawn(process.execPath, [
    '--import', pathToFileURL(preload).href,
    join(packages, '@neondatabase/mcp-server-neon/dist/index.js'),
    'start', process.env.NEON_API_KEY, '--no-analytics',
], { cwd: folder, env: { ...process.env, SENTRY_DSN: '', ANALYTICS_WRITE_KEY: '' }, stdio: ['pipe', 'pipe', 'inherit'] });

const waiting = new Map();
createInterface({ input: server.stdout }).on('line', (line) => {
    const answer = JSON.parse(line);
    waiting.get(answer.id)?.(answer);
});
server.on('exit', (code) => waiting.forEach((told) => told({ error: { message: `the server ended with ${code}` } })));
let last = 0;
const ask = async (method, params) => {
    const id = ++last;
    const answer = new Promise((told) => waiting.set(id, told));
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
};
const call = (name, params) => ask('tools/call', { name, arguments: { params } });
const text = (result) => result.content.map((part) => part.text).join('\n');
const tool = async (name, params = {}) => {
    const result = await call(name, params);
    assert.ok(!result.isError, `${name}: ${text(result)}`);
    console.log(`${name} ok`);
    return text(result);
};
const locked = async (name, params) => {
    const result = await call(name, params);
    assert.ok(!result.isError || /423/.test(text(result)), `${name}: ${text(result)}`);
    return result.isError;
};
const refused = async (name, params, words) => {
    const result = await call(name, params).catch((error) => ({ isError: true, content: [{ text: error.message }] }));
    assert.ok(result.isError, `${name}: ${text(result)}`);
    assert.match(text(result), words, name);
    console.log(`${name} refused: ${text(result).split('\n')[0]}`);
};

try {
    await ask('initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'test', version: '1' } });
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    console.log((await ask('tools/list', {})).tools.map((one) => one.name).join(' '));
    const made = await tool('create_project', { name: 'by-mcp' });
    const projectId = /project_id is "?([a-z]+-[a-z]+-\d+)|"?((?:[a-z]+-){2}[0-9a-z]+)"?/.exec(made).slice(1).find(Boolean);
    assert.match(await tool('list_projects'), /by-mcp/);
    await tool('list_organizations');
    await tool('list_shared_projects');
    assert.match(await tool('describe_project', { projectId }), /by-mcp/);
    await tool('run_sql', { projectId, sql: 'create table item (id int primary key, name text not null)' });
    await tool('run_sql_transaction', { projectId, sqlStatements: ["insert into item values (1, 'one')", "insert into item values (2, 'two')"] });
    assert.match(await tool('run_sql', { projectId, sql: 'select count(*)::int as many from item' }), /"many": ?2/);
    assert.match(await tool('get_database_tables', { projectId }), /item/);
    const described = await tool('describe_table_schema', { projectId, tableName: 'item' });
    assert.match(described, /name[\s\S]*text/);
    assert.match(described, /item_pkey/);
    assert.match(await tool('explain_sql_statement', { projectId, sql: 'select * from item', analyze: false }), /Seq Scan/);
    // an option of `explain` that only Neon's own Postgres has
    await refused('explain_sql_statement', { projectId, sql: 'select * from item', analyze: true }, /filecache/i);
    assert.match(await tool('get_connection_string', { projectId }), /postgresql:\/\/neondb_owner:npg_/);
    const branched = await tool('create_branch', { projectId, branchName: 'dev' });
    const branchId = /br-[a-z0-9-]+/.exec(branched)[0];
    assert.match(await tool('describe_branch', { projectId, branchId }), /item/);
    assert.match(await tool('list_branch_computes', { projectId }), /read_write/);
    await tool('run_sql', { projectId, branchId, sql: 'drop table item' });
    await tool('reset_from_parent', { projectId, branchIdOrName: 'dev' });
    assert.match(await tool('get_database_tables', { projectId, branchId }), /item/);
    const prepared = await tool('prepare_database_migration', { projectId, migrationSql: 'alter table item add column price int' });
    const migrationId = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(prepared)[0];
    await tool('complete_database_migration', { migrationId });
    assert.match(await tool('describe_table_schema', { projectId, tableName: 'item' }), /price/);
    await refused('list_slow_queries', { projectId }, /pg_stat_statements/);
    await refused('provision_neon_auth', { projectId }, /./);
    await tool('delete_branch', { projectId, branchId });
    // as Neon does, a call that comes too early is refused, and the server doesn't repeat it
    while (await locked('delete_project', { projectId })) await sleep(200);
    console.log('delete_project ok');
    console.log('all tools ok');
} catch (error) {
    console.error(error);
    process.exitCode = 1;
} finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
}
