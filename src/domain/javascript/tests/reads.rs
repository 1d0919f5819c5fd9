use super::*;

#[test]
fn each_way_to_read_a_variable_is_found() {
    let cases = [
        // plainly
        ("f(process.env.A)", "A"),
        (
            "f(process.env['A'], process.env[\"B\"], process.env[`C`])",
            "A B C",
        ),
        ("f(process?.env?.A)", "A"),
        ("f(globalThis.process.env.A)", "A"),
        (
            "f(process.env.A!, process.env.B as string, <string>process.env.C)",
            "A B C",
        ),
        ("f(import.meta.env.VITE_A, import.meta.env.DEV)", "VITE_A"),
        ("f(Bun.env.A, Deno.env.get('B'))", "A B"),
        ("import { env } from 'node:process'; f(env.A)", "A"),
        ("import process from 'process'; f(process.env.A)", "A"),
        (
            "import * as process from 'node:process'; f(process.env.A)",
            "A",
        ),
        ("const p = require('process'); f(p.env.A)", "A"),
        // by other names
        ("const env = process.env; f(env.A, env['B'])", "A B"),
        (
            "const { A, B: b, C = 'd', ...rest } = process.env; f(rest.D)",
            "A B C? D",
        ),
        ("const { env } = process; f(env.A)", "A"),
        ("const { env: { A, B = 'b' } } = process;", "A B?"),
        ("let env; env = process.env; f(env.A)", "A"),
        ("function f(env) { return env.A } f(process.env)", ""),
        ("const env = { A: 1 }; f(env.A)", ""),
        ("{ const process = { env: {} }; f(process.env.A) }", ""),
        // in templates, JSX and classes
        ("f(`x ${process.env.A} y`)", "A"),
        (
            "class C { a = process.env.A; static b = process.env.B; m() { return process.env.C } }",
            "A B C",
        ),
        // not read
        (
            "// process.env.A\n/* process.env.B */ f('process.env.C', /process.env.D/, `process.env.E`)",
            "",
        ),
        (
            "process.env.A = 'x'; delete process.env.B; process.env['C'] = 'y'",
            "",
        ),
        (
            "type X = typeof process.env.A; interface Y { a: typeof process.env.B }",
            "",
        ),
        (
            "declare global { namespace NodeJS { interface ProcessEnv { A: string } } }",
            "",
        ),
        ("f(other.process.env.A)", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(reads(&read_one(text)), expected, "{text}");
    }
}

#[test]
fn a_variable_that_code_can_do_without_is_not_required() {
    let cases = [
        (
            "f(process.env.A ?? 'a', process.env.B || 'b', (process.env.C) ?? 1)",
            "A? B? C?",
        ),
        ("f(process.env.A || process.env.B)", "A? B"),
        ("f(process.env.A ?? (() => { throw new Error() })())", "A"),
        ("f(process.env.A?.split(','))", "A?"),
        ("process.env.A ??= 'x'", "A?"),
        ("if (process.env.A) f()", "A?"),
        ("if (!process.env.A) { throw new Error() }", "A"),
        ("if (!process.env.A) process.exit(1)", "A"),
        ("if (!process.env.A) { warn() }", "A?"),
        (
            "if (process.env.A === undefined || !process.env.B) throw 1",
            "A B",
        ),
        ("if (process.env.A === 'production') throw 1", "A?"),
        (
            "f(process.env.A ? 1 : 2, process.env.B && g(), !!process.env.C, Boolean(process.env.D))",
            "A? B? C? D?",
        ),
        (
            "f(process.env.A === 'x' ? 1 : 2, process.env.B == null ? 1 : 2)",
            "A? B?",
        ),
        ("switch (process.env.A) { case 'x': }", "A?"),
        ("const a = process.env.A; if (!a) throw new Error('A')", "A"),
        ("const a = process.env.A; if (a) f(a)", "A?"),
        ("const a = process.env.A; f(a ?? 'x')", "A?"),
        ("const a = process.env.A; f(a)", "A"),
        (
            "const { A, B } = process.env; if (!A) throw 1; if (B) f(B)",
            "A B?",
        ),
        (
            "assert(process.env.A); invariant(process.env.B, 'B')",
            "A B",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(reads(&read_one(text)), expected, "{text}");
    }
}

#[test]
fn helpers_and_lists_that_name_variables_are_followed() {
    let cases = [
        (
            "function need(name: string): string { const v = process.env[name]; if (!v) throw new Error(name); return v }\nf(need('A'))",
            "A",
        ),
        (
            "const get = (name, other) => process.env[name] ?? other; f(get('A', 'x'), get('B'))",
            "A? B",
        ),
        (
            "const get = (k) => process.env[k]; f(get('A') || 'x')",
            "A?",
        ),
        (
            "for (const k of ['A', 'B']) if (!process.env[k]) throw new Error(k)",
            "A B",
        ),
        (
            "const all = ['A', 'B'] as const; all.forEach((k) => { if (!process.env[k]) throw 1 })",
            "A B",
        ),
        ("const missing = ['A'].filter(k => !process.env[k])", "A?"),
        ("const k = 'A'; f(process.env[k])", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(reads(&read_one(text)), expected, "{text}");
    }
    let apart = read_files(
        &[
            (
                "a.ts",
                "import { needEnv } from './lib/need'; f(needEnv('A'))",
            ),
            (
                "lib/need.ts",
                "export const needEnv = (name: string) => process.env[name]!",
            ),
        ],
        "",
    );
    assert_eq!(reads(&apart), "A");
}

#[test]
fn schemas_of_the_environment_say_what_is_required() {
    let cases = [
        (
            "import { createEnv } from '@t3-oss/env-nextjs';\nexport const env = createEnv({\n server: { A: z.string().url(), B: z.string().optional(), N: z.enum(['x']).default('x') },\n client: { NEXT_PUBLIC_C: z.string() },\n runtimeEnv: { A: process.env.A, B: process.env.B, N: process.env.N, NEXT_PUBLIC_C: process.env.NEXT_PUBLIC_C },\n})",
            "A B? N? NEXT_PUBLIC_C",
        ),
        (
            "const schema = z.object({ A: z.string(), B: z.string().default('b') });\nschema.parse(process.env)",
            "A B?",
        ),
        (
            "z.object({ A: z.string() }).extend({ B: z.coerce.number().optional() }).safeParse(process.env)",
            "A B?",
        ),
        (
            "const s = z.object({ A: z.string() });\ns.parse({ A: process.env.A })",
            "A",
        ),
        (
            "const s = z.object({ A: z.string().optional() });\ns.parse({ ...process.env })",
            "A?",
        ),
        ("z.object({ A: z.string() }).parse(req.body)", ""),
        (
            "v.parse(v.object({ A: v.string(), B: v.optional(v.string(), 'b') }), process.env)",
            "A B?",
        ),
        (
            "cleanEnv(process.env, { A: str(), B: port({ default: 3000 }), C: bool({ devDefault: true }) })",
            "A B? C?",
        ),
        (
            "Joi.object({ A: Joi.string().required(), B: Joi.number().default(1), C: Joi.string() }).validate(process.env)",
            "A B? C?",
        ),
        (
            "import { ConfigModule } from '@nestjs/config';\nConfigModule.forRoot({ validationSchema: Joi.object({ A: Joi.string().required() }) })",
            "A",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(reads(&read_one(text)), expected, "{text}");
    }
}

#[test]
fn frameworks_have_readers_of_their_own() {
    let cases = [
        ("import { A, B as b } from '$env/static/private'", "A B"),
        (
            "import { env } from '$env/dynamic/private'; f(env.A ?? '')",
            "A?",
        ),
        (
            "import { defineConfig, env } from 'prisma/config'; f(env('A'))",
            "A",
        ),
        (
            "import { getSecret } from 'astro:env/server'; f(getSecret('A'))",
            "A",
        ),
        ("import { A } from 'astro:env/server'; f(A)", "A"),
        ("import { env } from 'cloudflare:workers'; f(env.A)", "A"),
        (
            "import env from 'env-var'; f(env.get('A').required().asString(), env.get('B').default('x').asInt(), env.get('C').asString())",
            "A B? C?",
        ),
        (
            "import * as env from 'env-var'; f(env.get('A').required())",
            "A",
        ),
        (
            "import { ConfigService } from '@nestjs/config';\nclass S { constructor(private readonly configService: ConfigService) { this.configService.get('A'); configService.getOrThrow<string>('B'); this.configService.get('C', 'x'); this.configService.get('database.url') } }",
            "A B C?",
        ),
        ("app.get('A', (req, res) => {}); map.get('B')", ""),
        ("export default { fetch(req, env) { return env.A } }", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(reads(&read_one(text)), expected, "{text}");
    }
}

#[test]
fn what_next_puts_in_itself_is_not_read() {
    let reading = read_files(
        &[
            (
                "next.config.mjs",
                "const base = process.env.BASE; export default { env: { base, OWN: process.env.OWN } }",
            ),
            (
                "src/a.ts",
                "f(process.env.base, process.env.OWN, process.env.OTHER)",
            ),
        ],
        "",
    );
    assert_eq!(reads(&reading), "BASE OWN OTHER OWN");
}

#[test]
fn places_and_packages_are_named() {
    let reading = read_files(
        &[
            (
                "app/src/a.ts",
                "import type { Pool } from 'pg';\nimport { type Client } from \"pg\";\nimport fs from 'fs';\nimport 'node:path';\n// import 'comment'\nimport x from '@scope/pkg/sub';\nf(\n  process.env.A)",
            ),
            (
                "app/src/b.vue",
                "<template>{{ process.env.X }}</template>\n<script setup lang=\"ts\">\nimport y from 'vue'\nf(process.env.B)\n</script>\n",
            ),
            (
                "app/src/c.js",
                "const k = require('knex/lib'); import('lazy'); require(dynamic); import z from './a'; import w from '@/a'",
            ),
        ],
        "app",
    );
    let places: Vec<_> = reading
        .reads
        .iter()
        .map(|read| format!("{} {}:{}", read.key, read.at.file, read.at.line))
        .collect();
    assert_eq!(places, ["A app/src/a.ts:8", "B app/src/b.vue:4"]);
    let packages: Vec<_> = reading
        .packages
        .iter()
        .map(|(name, at)| format!("{name} {}:{}", at.file, at.line))
        .collect();
    assert_eq!(
        packages,
        [
            "@scope/pkg app/src/a.ts:6",
            "vue app/src/b.vue:3",
            "knex app/src/c.js:1",
            "lazy app/src/c.js:1"
        ]
    );
    assert!(reading.coverage.is_complete());
}

#[test]
fn env_files_that_are_loaded_by_name_are_found() {
    let cases: [(&str, &[&str]); 13] = [
        ("import 'dotenv/config'", &["app/.env"]),
        (
            "import dotenv from 'dotenv'; dotenv.config()",
            &["app/.env"],
        ),
        (
            "require('dotenv').config({ path: './.env.local' })",
            &["app/.env.local"],
        ),
        (
            "import { config } from 'dotenv'; config({ path: ['.env.local', '.env'] })",
            &["app/.env.local", "app/.env"],
        ),
        (
            "import { config } from 'dotenv'; config({ path: '../../.env' })",
            &["../.env"],
        ),
        (
            "import * as dotenv from 'dotenv'; dotenv.config({ path: path.resolve(__dirname, '../.env') })",
            &["app/.env"],
        ),
        (
            "import * as dotenv from 'dotenv'; dotenv.config({ path: path.join(process.cwd(), 'config', '.env') })",
            &["app/config/.env"],
        ),
        ("process.loadEnvFile('.env.dev')", &["app/.env.dev"]),
        ("process.loadEnvFile()", &["app/.env"]),
        (
            "import { ConfigModule } from '@nestjs/config'; ConfigModule.forRoot({ envFilePath: ['.env.dev'] })",
            &["app/.env.dev"],
        ),
        (
            "import { ConfigModule } from '@nestjs/config'; ConfigModule.forRoot({ ignoreEnvFile: true })",
            &[],
        ),
        ("import { config } from 'dotenv'; config(options)", &[]),
        ("config({ path: '.env' }) // import 'dotenv/config'", &[]),
    ];
    for (text, expected) in cases {
        let reading = read_files(&[("app/src/a.ts", text)], "app");
        let found: Vec<_> = reading
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn hostile_sources_are_survived_or_said_to_be_unread() {
    let deep = format!("{}process.env.A{}", "(".repeat(20_000), ")".repeat(20_000));
    let chain = format!("process.env.A{}", ".x".repeat(20_000));
    let sum = format!("f(process.env.A{})", " + 'x'".repeat(20_000));
    let patterns = format!(
        "const {}A{} = process.env",
        "{ a: ".repeat(5_000),
        " }".repeat(5_000)
    );
    let long = format!("f({}, process.env.A)", "'x',".repeat(100_000));
    for text in [&deep, &chain, &sum, &patterns, &long] {
        drop(read_one(text));
    }
    assert_eq!(reads(&read_one(&chain)), "A");
    assert_eq!(reads(&read_one(&long)), "A");
    // broken syntax hides only itself
    assert_eq!(
        reads(&read_one("const = ;\nf(process.env.A);\nfunction (")),
        "A"
    );
    assert_eq!(reads(&read_one("\u{feff}f(process.env.A)")), "A");
    let of = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        read(&move |_| Ok(Some(bytes.clone())), "", &["a.ts".to_owned()])
    };
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("f(process.env.A)".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(reads(&of(&wide)), "A");
    assert!(!of(b"process.env.A \xff\xfe").coverage.is_complete());
    assert!(!of(b"process.env.A \0").coverage.is_complete());
    let large = format!("process.env.A;{}", " ".repeat(PARSED));
    assert!(!read_one(&large).coverage.is_complete());
    assert!(
        read_one(&large.replace("process.env.A", "x"))
            .coverage
            .is_complete()
    );
    let unreadable = read(&|_| Err("no".to_owned()), "", &["a.ts".to_owned()]);
    assert!(!unreadable.coverage.is_complete());
}

#[test]
fn imports_in_a_circle_end() {
    let reading = read_files(
        &[
            (
                "a.ts",
                "export * from './b'; export { env } from './b'; import { env as e } from './b'; f(e.A, process.env.B)",
            ),
            (
                "b.ts",
                "export * from './a'; export { env } from './a'; const x = y; const y = x; f(x.env, process.env.C)",
            ),
        ],
        "",
    );
    assert_eq!(reads(&reading), "B C");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        drop(read_one(&text));
    }

    #[test]
    fn any_heap_of_words_is_read(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "process.env", ".A", "[", "]", "{", "}", "(", ")", "const", "env", "=", "=>", "import", "from", "'pg'", "new", "Pool", "`", "${",
            "drizzle", "async", "class", "?.", "??", ",", ";", "<", ">", "as", "export", "default", "\n", "'A'", "function", "return", "createEnv",
            "z.object", ".parse", "require", "...", ":", "|", "@Get", "/",
        ]),
        0..60,
    )) {
        drop(read_one(&words.join(" ")));
    }
}

#[test]
fn what_the_code_signs_its_own_tokens_with_is_known_by_the_call() {
    for (text, keys) in [
        (
            "import jwt from 'jsonwebtoken'; jwt.sign({ id }, process.env.JWT_ACCESS_TOKEN as string, { expiresIn })",
            "JWT_ACCESS_TOKEN",
        ),
        (
            "const jwt = require('jsonwebtoken'); const AT_KEY = process.env.AT_SECRET_KEY; jwt.sign(payload, AT_KEY!)",
            "AT_SECRET_KEY",
        ),
        (
            "import { sign } from 'hono/jwt'; await sign(payload, process.env.TOKEN_KEY!)",
            "TOKEN_KEY",
        ),
        (
            "import session from 'express-session'; app.use(session({ secret: process.env.COOKIE_KEY!, resave: false }))",
            "COOKIE_KEY",
        ),
        (
            "import cookieParser from 'cookie-parser'; app.use(cookieParser(process.env.COOKIE_SECRET))",
            "COOKIE_SECRET",
        ),
        // another service's
        (
            "import jwt from 'jsonwebtoken'; jwt.sign(claims, process.env.ZOOM_SECRET); jwt.verify(token, process.env.TOKEN_KEY)",
            "",
        ),
        (
            "import jwt from 'jsonwebtoken'; jwt.sign(claims, process.env.JWT_PRIVATE_KEY, { algorithm: 'RS256' })",
            "",
        ),
        ("sign(payload, process.env.TOKEN_KEY)", ""),
    ] {
        let found: Vec<String> = read_one(text).signs.into_iter().collect();
        assert_eq!(found.join(" "), keys, "{text}");
    }
}
