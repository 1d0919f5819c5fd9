-- citext 1.6 without a module: the same names and results. What compares is plpgsql, which the planner doesn't put in place of its
-- operator: an index is found by the operator.
\echo Use "CREATE EXTENSION citext" to load this file. \quit

CREATE FUNCTION citextin(cstring) RETURNS citext AS 'textin' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citextout(citext) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citextrecv(internal) RETURNS citext AS 'textrecv' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citextsend(citext) RETURNS bytea AS 'textsend' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
CREATE TYPE citext (
    INPUT = citextin, OUTPUT = citextout, RECEIVE = citextrecv, SEND = citextsend,
    INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'S', PREFERRED = false, COLLATABLE = true
);

CREATE FUNCTION citext(bpchar) RETURNS citext AS 'rtrim1' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext(boolean) RETURNS citext AS 'booltext' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION citext(inet) RETURNS citext AS 'network_show' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE CAST (citext AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (citext AS varchar) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (citext AS bpchar) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (text AS citext) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (varchar AS citext) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (bpchar AS citext) WITH FUNCTION citext(bpchar) AS ASSIGNMENT;
CREATE CAST (boolean AS citext) WITH FUNCTION citext(boolean) AS ASSIGNMENT;
CREATE CAST (inet AS citext) WITH FUNCTION citext(inet) AS ASSIGNMENT;

CREATE FUNCTION citext_eq(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.=) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_ne(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.<>) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_lt(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.<) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_le(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.<=) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_gt(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.>) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_ge(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.>=) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_cmp(citext, citext) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.bttextcmp(pg_catalog.lower($1::pg_catalog.text COLLATE "default"), pg_catalog.lower($2::pg_catalog.text COLLATE "default")); END $$;
CREATE FUNCTION citext_hash(citext) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.hashtext(pg_catalog.lower($1::pg_catalog.text COLLATE "default")); END $$;
CREATE FUNCTION citext_hash_extended(citext, bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.hashtextextended(pg_catalog.lower($1::pg_catalog.text COLLATE "default"), $2); END $$;
CREATE FUNCTION citext_smaller(citext, citext) RETURNS citext LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.<) pg_catalog.lower($2::pg_catalog.text COLLATE "default") THEN $1 ELSE $2 END; END $$;
CREATE FUNCTION citext_larger(citext, citext) RETURNS citext LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN CASE WHEN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.>) pg_catalog.lower($2::pg_catalog.text COLLATE "default") THEN $1 ELSE $2 END; END $$;
CREATE FUNCTION citext_pattern_lt(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.~<~) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_pattern_le(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.~<=~) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_pattern_gt(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.~>~) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_pattern_ge(citext, citext) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.lower($1::pg_catalog.text COLLATE "default") OPERATOR(pg_catalog.~>=~) pg_catalog.lower($2::pg_catalog.text COLLATE "default"); END $$;
CREATE FUNCTION citext_pattern_cmp(citext, citext) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ BEGIN RETURN pg_catalog.bttext_pattern_cmp(pg_catalog.lower($1::pg_catalog.text COLLATE "default"), pg_catalog.lower($2::pg_catalog.text COLLATE "default")); END $$;

CREATE OPERATOR = (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_eq, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_ne, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_lt, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_le, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_gt, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_ge, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR ~<~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_pattern_lt, COMMUTATOR = ~>~, NEGATOR = ~>=~, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR ~<=~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_pattern_le, COMMUTATOR = ~>=~, NEGATOR = ~>~, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR ~>~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_pattern_gt, COMMUTATOR = ~<~, NEGATOR = ~<=~, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR ~>=~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_pattern_ge, COMMUTATOR = ~<=~, NEGATOR = ~<~, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);

CREATE OPERATOR CLASS citext_ops DEFAULT FOR TYPE citext USING btree AS
    OPERATOR 1 < (citext, citext), OPERATOR 2 <= (citext, citext), OPERATOR 3 = (citext, citext),
    OPERATOR 4 >= (citext, citext), OPERATOR 5 > (citext, citext), FUNCTION 1 citext_cmp(citext, citext);
CREATE OPERATOR CLASS citext_ops DEFAULT FOR TYPE citext USING hash AS
    OPERATOR 1 = (citext, citext), FUNCTION 1 citext_hash(citext), FUNCTION 2 citext_hash_extended(citext, bigint);
CREATE OPERATOR CLASS citext_pattern_ops FOR TYPE citext USING btree AS
    OPERATOR 1 ~<~ (citext, citext), OPERATOR 2 ~<=~ (citext, citext), OPERATOR 3 = (citext, citext),
    OPERATOR 4 ~>=~ (citext, citext), OPERATOR 5 ~>~ (citext, citext), FUNCTION 1 citext_pattern_cmp(citext, citext);

CREATE AGGREGATE min(citext) (SFUNC = citext_smaller, STYPE = citext, SORTOP = <, PARALLEL = SAFE, COMBINEFUNC = citext_smaller);
CREATE AGGREGATE max(citext) (SFUNC = citext_larger, STYPE = citext, SORTOP = >, PARALLEL = SAFE, COMBINEFUNC = citext_larger);

CREATE FUNCTION texticlike(citext, citext) RETURNS boolean AS 'texticlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticlike(citext, text) RETURNS boolean AS 'texticlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticnlike(citext, citext) RETURNS boolean AS 'texticnlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticnlike(citext, text) RETURNS boolean AS 'texticnlike' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticregexeq(citext, citext) RETURNS boolean AS 'texticregexeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticregexeq(citext, text) RETURNS boolean AS 'texticregexeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticregexne(citext, citext) RETURNS boolean AS 'texticregexne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION texticregexne(citext, text) RETURNS boolean AS 'texticregexne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE OPERATOR ~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticregexeq, NEGATOR = !~, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR ~* (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticregexeq, NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR !~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticregexne, NEGATOR = ~, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR !~* (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticregexne, NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR ~~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticlike, NEGATOR = !~~, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR ~~* (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticlike, NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR !~~ (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticnlike, NEGATOR = ~~, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);
CREATE OPERATOR !~~* (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = texticnlike, NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);
CREATE OPERATOR ~ (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticregexeq, NEGATOR = !~, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR ~* (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticregexeq, NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR !~ (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticregexne, NEGATOR = ~, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR !~* (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticregexne, NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR ~~ (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticlike, NEGATOR = !~~, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR ~~* (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticlike, NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR !~~ (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticnlike, NEGATOR = ~~, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);
CREATE OPERATOR !~~* (LEFTARG = citext, RIGHTARG = text, PROCEDURE = texticnlike, NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);

CREATE FUNCTION regexp_match(citext, citext) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_match($1::pg_catalog.text, $2::pg_catalog.text, 'i') $$;
CREATE FUNCTION regexp_match(citext, citext, text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_match($1::pg_catalog.text, $2::pg_catalog.text, CASE WHEN pg_catalog.strpos($3, 'c') = 0 THEN $3 || 'i' ELSE $3 END) $$;
CREATE FUNCTION regexp_matches(citext, citext) RETURNS SETOF text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS
    $$ SELECT pg_catalog.regexp_matches($1::pg_catalog.text, $2::pg_catalog.text, 'i') $$;
CREATE FUNCTION regexp_matches(citext, citext, text) RETURNS SETOF text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS
    $$ SELECT pg_catalog.regexp_matches($1::pg_catalog.text, $2::pg_catalog.text, CASE WHEN pg_catalog.strpos($3, 'c') = 0 THEN $3 || 'i' ELSE $3 END) $$;
CREATE FUNCTION regexp_split_to_array(citext, citext) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_split_to_array($1::pg_catalog.text, $2::pg_catalog.text, 'i') $$;
CREATE FUNCTION regexp_split_to_array(citext, citext, text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_split_to_array($1::pg_catalog.text, $2::pg_catalog.text, CASE WHEN pg_catalog.strpos($3, 'c') = 0 THEN $3 || 'i' ELSE $3 END) $$;
CREATE FUNCTION regexp_split_to_table(citext, citext) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_split_to_table($1::pg_catalog.text, $2::pg_catalog.text, 'i') $$;
CREATE FUNCTION regexp_split_to_table(citext, citext, text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_split_to_table($1::pg_catalog.text, $2::pg_catalog.text, CASE WHEN pg_catalog.strpos($3, 'c') = 0 THEN $3 || 'i' ELSE $3 END) $$;
CREATE FUNCTION regexp_replace(citext, citext, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_replace($1::pg_catalog.text, $2::pg_catalog.text, $3, 'i') $$;
CREATE FUNCTION regexp_replace(citext, citext, text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_replace($1::pg_catalog.text, $2::pg_catalog.text, $3, CASE WHEN pg_catalog.strpos($4, 'c') = 0 THEN $4 || 'i' ELSE $4 END) $$;
CREATE FUNCTION strpos(citext, citext) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.strpos(pg_catalog.lower($1::pg_catalog.text), pg_catalog.lower($2::pg_catalog.text)) $$;
CREATE FUNCTION replace(citext, citext, citext) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.regexp_replace($1::pg_catalog.text, pg_catalog.regexp_replace($2::pg_catalog.text, '([^a-zA-Z_0-9])', '\\\1', 'g'), $3::pg_catalog.text, 'gi') $$;
CREATE FUNCTION split_part(citext, citext, integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT (pg_catalog.regexp_split_to_array($1::pg_catalog.text, pg_catalog.regexp_replace($2::pg_catalog.text, '([^a-zA-Z_0-9])', '\\\1', 'g'), 'i'))[$3] $$;
CREATE FUNCTION translate(citext, citext, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT pg_catalog.translate(pg_catalog.translate($1::pg_catalog.text, pg_catalog.lower($2::pg_catalog.text), $3), pg_catalog.upper($2::pg_catalog.text), $3) $$;
