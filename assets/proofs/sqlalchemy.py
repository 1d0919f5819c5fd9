import os, sys
try:
    import sqlalchemy
    engine = sqlalchemy.create_engine(os.environ["NEONUP_PROOF_URL"], connect_args=@CONNECT_ARGS@)
except ModuleNotFoundError as error:
    sys.exit("missing:" + (error.name or ""))
try:
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
except Exception as error:
    sys.exit("failed:" + type(error).__name__ + ":" + str(getattr(error, "orig", error)).strip().splitlines()[0])
print("connected")
