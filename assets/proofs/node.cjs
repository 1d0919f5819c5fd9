const url = process.env.NEONUP_PROOF_URL;
const fail = (text) => { console.error(text); process.exit(1); };
const tries = [
  ["pg", async (pg) => { const c = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10000 }); await c.connect(); await c.query("SELECT 1"); await c.end(); }],
  ["postgres", async (postgres) => { const sql = postgres(url, { max: 1, connect_timeout: 10 }); await sql`SELECT 1`; await sql.end(); }],
];
(async () => {
  for (const [name, connect] of tries) {
    let library;
    try { library = require(require.resolve(name, { paths: [process.cwd()] })); } catch { continue; }
    try { await connect(library); } catch (error) { fail("failed:" + error.name + ":" + String(error.message).split("\n")[0]); }
    return console.log("connected");
  }
  fail("missing:pg");
})();
