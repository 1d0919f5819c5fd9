// Prisma connects with a connection URI exactly as it was handed out: DIRECT and POOLED. Its client was generated from
// `tests/drivers.prisma`. Prints `prisma KIND ok` for each; fails at the first that does not answer rightly.
const assert = require('assert');
const { PrismaClient } = require('@prisma/client');
const { PrismaPg } = require('@prisma/adapter-pg');

(async () => {
    for (const kind of ['direct', 'pooled']) {
        const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env[kind.toUpperCase()] }) });
        await prisma.$executeRaw`drop table if exists "Item"`;
        await prisma.$executeRaw`create table "Item" (id serial primary key, name text not null unique, note jsonb, tags text[] not null default '{}')`;
        const one = await prisma.item.create({ data: { name: 'one', note: { a: [1] }, tags: ['x', 'ü'] } });
        assert.deepEqual([one.id, one.note, one.tags], [1, { a: [1] }, ['x', 'ü']]);
        await prisma.$transaction([prisma.item.create({ data: { name: 'two' } }), prisma.item.create({ data: { name: 'three' } })]);
        await assert.rejects(prisma.item.create({ data: { name: 'two' } }), { code: 'P2002' });
        const left = await prisma.$transaction(async (own) => {
            await own.item.delete({ where: { name: 'three' } });
            return own.item.findMany({ where: { name: { in: ['one', 'two', 'three'] } }, orderBy: { name: 'asc' }, select: { name: true } });
        });
        assert.deepEqual(left, [{ name: 'one' }, { name: 'two' }]);
        await prisma.$disconnect();
        console.log(`prisma ${kind} ok`);
    }
})().catch((error) => { console.error(error); process.exit(1); });
