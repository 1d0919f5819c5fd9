//! A Postgres that answers at once, has no tables, and knows one password.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
    },
    domain::url::Connection,
    ports::database::{Database, Session, SqlFile, TableFacts, TlsFacts},
    testing::world::World,
};

#[async_trait]
impl Database for World {
    async fn resolve(&self, _host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }

    async fn dial(&self, addresses: &[SocketAddr]) -> Result<SocketAddr> {
        Ok(addresses[0])
    }

    async fn handshake(
        &self,
        _connection: &Connection,
        _authority: Option<&str>,
    ) -> Result<TlsFacts> {
        Ok(TlsFacts {
            version: "TLS 1.3".to_owned(),
            issuer: "a test".to_owned(),
            days_left: Some(61),
        })
    }

    async fn connect(
        &self,
        connection: &Connection,
        _authority: Option<&str>,
    ) -> Result<Box<dyn Session>> {
        if self.with(|state| state.accepted()) != connection.password.expose() {
            return Err(Failure::new(Code::HealthAuth, "refused"));
        }
        Ok(Box::new(FakeSession))
    }
}

struct FakeSession;

#[async_trait]
impl Session for FakeSession {
    async fn ping(&mut self) -> Result<Duration> {
        Ok(Duration::from_millis(1))
    }

    async fn tables(&mut self) -> Result<Vec<TableFacts>> {
        Ok(Vec::new())
    }

    async fn rows(&mut self, _table: &str) -> Result<u64> {
        Ok(0)
    }

    async fn run(&mut self, _files: &[SqlFile]) -> Result<()> {
        Ok(())
    }

    async fn expected(&mut self, _files: &[SqlFile]) -> Result<Vec<TableFacts>> {
        Ok(Vec::new())
    }
}
