/* The functions of PostgreSQL's uuid-ossp 1.1, written in SQL: the carried server has no module of it. RFC 9562 says what each makes. */

\echo Use "CREATE EXTENSION uuid-ossp" to load this file. \quit

CREATE FUNCTION uuid_nil() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN '00000000-0000-0000-0000-000000000000'::uuid;

CREATE FUNCTION uuid_ns_dns() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid;

CREATE FUNCTION uuid_ns_url() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid;

CREATE FUNCTION uuid_ns_oid() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid;

CREATE FUNCTION uuid_ns_x500() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid;

/* The time in units of 100 ns since 1582-10-15, and at random what tells two of one moment apart: a clock sequence and a node, which
   has the bit of a group address, as a node that is no network card's must. */
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid VOLATILE STRICT PARALLEL SAFE LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
DECLARE
    at bytea := int8send((extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000);
    chance bytea := uuid_send(gen_random_uuid());
BEGIN
    at := set_byte(at, 0, (get_byte(at, 0) & 15) | 16);
    chance := set_byte(chance, 0, (get_byte(chance, 0) & 63) | 128);
    chance := set_byte(chance, 10, get_byte(chance, 10) | 1);
    RETURN encode(
        substring(at FROM 5 FOR 4) || substring(at FROM 3 FOR 2) || substring(at FROM 1 FOR 2)
            || substring(chance FROM 1 FOR 2) || substring(chance FROM 11 FOR 6),
        'hex'
    )::uuid;
END
$$;

/* With a node at random, too: this machine's address is nobody's business. */
CREATE FUNCTION uuid_generate_v1() RETURNS uuid VOLATILE STRICT PARALLEL SAFE LANGUAGE sql
RETURN uuid_generate_v1mc();

CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
DECLARE
    hash bytea := decode(md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex');
BEGIN
    hash := set_byte(hash, 6, (get_byte(hash, 6) & 15) | 48);
    hash := set_byte(hash, 8, (get_byte(hash, 8) & 63) | 128);
    RETURN encode(hash, 'hex')::uuid;
END
$$;

CREATE FUNCTION uuid_generate_v4() RETURNS uuid VOLATILE STRICT PARALLEL SAFE LANGUAGE internal AS 'gen_random_uuid';

/* SHA-1 (FIPS 180-4, section 6.1): PostgreSQL has no function for it. */
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
DECLARE
    word CONSTANT bigint := 4294967295;
    message bytea := uuid_send(namespace) || convert_to(name, getdatabaseencoding());
    hash bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; t bigint;
    at integer;
    digest bytea;
BEGIN
    message := message || '\x80'::bytea || decode(repeat('00', (119 - length(message) % 64) % 64), 'hex') || int8send(8 * length(message)::bigint);
    FOR block IN 0 .. length(message) / 64 - 1 LOOP
        FOR i IN 0 .. 79 LOOP
            IF i < 16 THEN
                at := block * 64 + i * 4;
                w[i] := (get_byte(message, at)::bigint << 24) | (get_byte(message, at + 1) << 16)
                    | (get_byte(message, at + 2) << 8) | get_byte(message, at + 3);
            ELSE
                t := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
                w[i] := ((t << 1) | (t >> 31)) & word;
            END IF;
        END LOOP;
        a := hash[1]; b := hash[2]; c := hash[3]; d := hash[4]; e := hash[5];
        FOR i IN 0 .. 79 LOOP
            IF i < 20 THEN
                f := (b & c) | ((b # word) & d); k := 1518500249;
            ELSIF i < 40 THEN
                f := b # c # d; k := 1859775393;
            ELSIF i < 60 THEN
                f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE
                f := b # c # d; k := 3395469782;
            END IF;
            t := ((((a << 5) | (a >> 27)) & word) + f + e + k + w[i]) & word;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & word; b := a; a := t;
        END LOOP;
        hash := ARRAY[(hash[1] + a) & word, (hash[2] + b) & word, (hash[3] + c) & word, (hash[4] + d) & word, (hash[5] + e) & word];
    END LOOP;
    digest := int8send((hash[1] << 32) | hash[2]) || int8send((hash[3] << 32) | hash[4]);
    digest := set_byte(digest, 6, (get_byte(digest, 6) & 15) | 80);
    digest := set_byte(digest, 8, (get_byte(digest, 8) & 63) | 128);
    RETURN encode(digest, 'hex')::uuid;
END
$$;
