use super::*;

fn routes(files: &[(&str, &str)]) -> String {
    let reading = read_files(files, "");
    let paths: Vec<_> = reading.routes.into_iter().map(|route| route.path).collect();
    paths.join(" ")
}

#[test]
fn routes_that_calls_name_are_found() {
    let cases = [
        (
            "import express from 'express'; const app = express(); app.get('/health', (q, r) => r.send()); app.post('/x', f); app.get('/u/:id', f); app.get('title')",
            "/health",
        ),
        (
            "const express = require('express'); const app = express(); const api = express.Router(); api.get('/health', f); app.use('/api', cors(), api)",
            "/api/health",
        ),
        (
            "import { Router } from 'express'; const r = Router(); r.get('/lost', f)",
            "",
        ),
        (
            "import express from 'express'; const app = express(); app.route('/a').get(f)",
            "/a",
        ),
        (
            "import Fastify from 'fastify'; const app = Fastify({ logger: true }); app.get('/h', f); app.register(async (s) => { s.get('/i', f) }, { prefix: '/v1' })",
            "/h /v1/i",
        ),
        (
            "import { Hono } from 'hono'; const sub = new Hono().get('/a', f); const app = new Hono(); app.route('/api', sub); app.get('/', f)",
            "/ /api/a",
        ),
        (
            "import Router from '@koa/router'; import Koa from 'koa'; const r = new Router({ prefix: '/p' }); r.get('/h', f); const app = new Koa(); app.use(r.routes())",
            "/p/h",
        ),
        (
            "import express from 'express'; const app = express(); function add(a) { a.get('/in', f) } add(app)",
            "/in",
        ),
        (
            "import axios from 'axios'; axios.get('/health', o); // app.get('/x', f)",
            "",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(routes(&[("a.ts", text)]), expected, "{text}");
    }
    let apart = [
        (
            "app.js",
            "const express = require('express'); const app = express(); app.use('/api', require('./routes'))",
        ),
        (
            "routes/index.js",
            "const router = require('express').Router(); router.use('/v1', require('./v1')); module.exports = router",
        ),
        (
            "routes/v1.js",
            "const { Router } = require('express'); const router = Router(); router.get('/health', f); module.exports = router",
        ),
    ];
    assert_eq!(routes(&apart), "/api/v1/health");
}

#[test]
fn routes_that_decorators_name_are_found() {
    let controller = "@Controller('health') export class A { @Get() a() {} @Get('live') b() {} @Post('x') c() {} @Get(':id') d() {} }";
    assert_eq!(routes(&[("a.ts", controller)]), "/health /health/live");
    let main = "const app = await NestFactory.create(M); app.setGlobalPrefix('api', { exclude: ['health'] })";
    assert_eq!(
        routes(&[("a.ts", controller), ("m.ts", main)]),
        "/api/health/live /health"
    );
    let computed = "app.setGlobalPrefix(config.prefix)";
    assert_eq!(routes(&[("a.ts", controller), ("m.ts", computed)]), "");
}

#[test]
fn routes_that_places_name_are_found() {
    let get = "export async function GET() {}";
    let default = "export default function handler() {}";
    let files = [
        ("app/(x)/api/health/route.ts", get),
        (
            "src/app/api/ready/route.ts",
            "export { GET, POST } from '@/auth'",
        ),
        ("app/api/[id]/route.ts", get),
        ("app/api/post/route.ts", "export const POST = f"),
        ("pages/api/hello.ts", default),
        ("pages/api/index.js", default),
        ("pages/index.tsx", default),
        ("src/routes/live/+server.ts", get),
        (
            "server/api/users.get.ts",
            "export default defineEventHandler(f)",
        ),
        (
            "server/api/users.post.ts",
            "export default defineEventHandler(f)",
        ),
    ];
    assert_eq!(
        routes(&files),
        "/api/health /api/hello /api /api/users /api/ready /live"
    );
}
