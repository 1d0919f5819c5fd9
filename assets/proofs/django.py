import os, sys
try:
    import psycopg as driver
except ModuleNotFoundError:
    try:
        import psycopg2 as driver
    except ModuleNotFoundError:
        sys.exit("missing:psycopg")
try:
    connection = driver.connect(os.environ["NEONUP_PROOF_URL"], connect_timeout=10)
    connection.cursor().execute("SELECT 1")
except Exception as error:
    sys.exit("failed:" + type(error).__name__ + ":" + (str(error).strip().splitlines() or [""])[0])
print("connected")
