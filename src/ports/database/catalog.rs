//! Reads the catalog: which tables there are, and what else.

use std::collections::BTreeMap;

use sqlx::{Row as _, postgres::PgRow};

use crate::ports::database::{ColumnFacts, ObjectFacts, SchemaShape, TableFacts};

/// The queries, for one message. Each row begins with the kind of it; all of its columns are text. They rely on a `search_path` of
/// `pg_catalog` alone, so that nothing in the database takes the place of a system function, and all other names are qualified.
pub(super) const QUERIES: &str = "\
select 'column', n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), (not a.attnotnull)::text, \
 case when a.attidentity <> '' then 'identity' \
 when a.attgenerated <> '' then 'generated ' || pg_get_expr(d.adbin, d.adrelid) else pg_get_expr(d.adbin, d.adrelid) end \
 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
 left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
 left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p') \
 and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e') \
 order by n.nspname, c.relname, a.attnum; \
select 'constraint', n.nspname::text, c.relname::text, pg_get_constraintdef(k.oid) \
 from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and k.contype in ('p', 'u', 'f', 'c', 'x') order by 2, 3, 4; \
select 'index', n.nspname::text, c.relname::text, pg_get_indexdef(i.indexrelid) \
 from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
 and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) order by 2, 3, 4; \
select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'sequence' end, \
 n.nspname::text, c.relname::text, case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end \
 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('v', 'm', 'f', 'S') \
 and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid \
 and (e.deptype = 'e' or (c.relkind = 'S' and e.deptype in ('a', 'i')))) order by 2, 3; \
select case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range' else 'type' end, n.nspname::text, t.typname::text, \
 case t.typtype when 'e' then (select string_agg(quote_literal(l.enumlabel), ', ' order by l.enumsortorder) from pg_enum l where l.enumtypid = t.oid) \
 when 'd' then format_type(t.typbasetype, t.typtypmod) \
 when 'c' then (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) \
 from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end \
 from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
 and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c')) \
 and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e') order by 2, 3; \
select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, n.nspname::text, \
 p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', \
 case when p.prokind in ('f', 'p') then md5(pg_get_functiondef(p.oid)) end \
 from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
 and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i')) order by 2, 3; \
select 'trigger', n.nspname::text, t.tgname || ' on ' || c.relname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text \
 from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not t.tgisinternal order by 2, 3; \
select 'row security', n.nspname::text, c.relname::text, case when c.relforcerowsecurity then 'forced' end \
 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relrowsecurity order by 2, 3; \
select 'policy', n.nspname::text, p.polname || ' on ' || c.relname, p.polcmd::text || ' ' || p.polpermissive::text || ' ' || \
 coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') \
 from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace order by 2, 3; \
select 'extension', 'public', extname::text, null::text from pg_extension where extname <> 'plpgsql' order by 3; \
select 'schema', 'public', n.nspname::text, null::text from pg_namespace n \
 where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public') \
 and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e') order by 3";

/// Puts the rows of [`QUERIES`] together.
pub(super) fn shape(major: u32, rows: &[PgRow]) -> Result<SchemaShape, sqlx::Error> {
    let mut shape = SchemaShape {
        major,
        ..SchemaShape::default()
    };
    let mut places = BTreeMap::new();
    for row in rows {
        let text = |column: usize| {
            let value: Option<String> = row.try_get(column)?;
            Ok::<_, sqlx::Error>(value.unwrap_or_default())
        };
        let kind = text(0)?;
        let name = qualified(&text(1)?, &text(2)?);
        match kind.as_str() {
            "column" => {
                // the rows of a table stand together
                if shape.tables.last().is_none_or(|table| table.name != name) {
                    places.insert(name.clone(), shape.tables.len());
                    shape.tables.push(TableFacts {
                        name,
                        columns: Vec::new(),
                        constraints: Vec::new(),
                        indexes: Vec::new(),
                    });
                }
                // a table without columns has one row, without a column
                let column: Option<String> = row.try_get(3)?;
                if let (Some(table), Some(column)) = (shape.tables.last_mut(), column) {
                    table.columns.push(ColumnFacts {
                        name: column,
                        kind: unqualified(&text(4)?),
                        nullable: text(5)? != "false",
                        default: row
                            .try_get::<Option<String>, _>(6)?
                            .map(|default| unqualified(&default)),
                    });
                }
            }
            "constraint" | "index" => {
                let definition = unqualified(&text(3)?);
                let place = places.get(&name).copied();
                if let Some(table) = place.and_then(|place| shape.tables.get_mut(place)) {
                    if kind == "constraint" {
                        table.constraints.push(definition);
                    } else {
                        table.indexes.push(definition);
                    }
                }
            }
            _ => shape.objects.push(ObjectFacts {
                kind,
                name,
                definition: unqualified(&text(3)?),
            }),
        }
    }
    Ok(shape)
}

fn qualified(schema: &str, name: &str) -> String {
    if schema == PUBLIC {
        unqualified(name)
    } else {
        format!("{schema}.{name}")
    }
}

/// The schema that is not named.
const PUBLIC: &str = "public";

/// Leaves the schema `public` out of names, as people write them.
fn unqualified(text: &str) -> String {
    text.replace("public.", "")
}
