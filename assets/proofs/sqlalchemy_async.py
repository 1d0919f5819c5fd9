import asyncio, os, sys
try:
    import greenlet, sqlalchemy
    from sqlalchemy.ext.asyncio import create_async_engine
    engine = create_async_engine(os.environ["NEONUP_PROOF_URL"], connect_args=@CONNECT_ARGS@)
except ModuleNotFoundError as error:
    sys.exit("missing:" + (error.name or ""))
async def main():
    async with engine.connect() as connection:
        await connection.execute(sqlalchemy.text("SELECT 1"))
try:
    asyncio.run(main())
except Exception as error:
    sys.exit("failed:" + type(error).__name__ + ":" + (str(error).strip().splitlines() or [""])[0])
print("connected")
