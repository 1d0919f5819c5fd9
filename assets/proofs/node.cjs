const url = process.env.NEONUP_PROOF_URL;
const fail = (text) => { console.error(text); process.exit(1); };
const find = (name, ...paths) => require.resolve(name, { paths: [...paths, process.cwd()] });
// Neon answers at port 443; a sandbox, at the port of the compute
const serverless = async ({ neon, neonConfig }) => {
  if (["localhost", "127.0.0.1"].includes(new URL(url).hostname)) neonConfig.fetchEndpoint = (host, port) => `https://${host}:${port}/sql`;
  await neon(url)`SELECT 1`;
};
const tries = [
  [() => find("pg"), async (pg) => { const c = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10000 }); await c.connect(); await c.query("SELECT 1"); await c.end(); }],
  [() => find("postgres"), async (postgres) => { const sql = postgres(url, { max: 1, connect_timeout: 10 }); await sql`SELECT 1`; await sql.end(); }],
  [() => find("@neondatabase/serverless"), serverless],
  [() => find("@neondatabase/serverless", find("@vercel/postgres")), serverless],
];
(async () => {
  for (const [place, connect] of tries) {
    let library;
    try { library = require(place()); } catch { continue; }
    try { await connect(library); } catch (error) { fail("failed:" + error.name + ":" + String(error.message).split("\n")[0]); }
    return console.log("connected");
  }
  fail("missing:pg");
})();
