//! A Postgres that answers at once, runs files by making what they make in this world, and knows one password.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;

use crate::{
    domain::url::Connection,
    ports::database::{Database, DatabaseError, SchemaShape, Session, SqlFile, TlsFacts},
    testing::world::World,
};

#[async_trait]
impl Database for World {
    async fn resolve(&self, _host: &str, port: u16) -> Result<Vec<SocketAddr>, DatabaseError> {
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }

    async fn dial(&self, addresses: &[SocketAddr]) -> Result<SocketAddr, DatabaseError> {
        Ok(addresses[0])
    }

    async fn handshake(
        &self,
        _connection: &Connection,
        _authority: Option<&str>,
    ) -> Result<TlsFacts, DatabaseError> {
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
    ) -> Result<Box<dyn Session>, DatabaseError> {
        if self.with(|state| state.accepted()) != connection.password.expose() {
            return Err(DatabaseError::WrongPassword {
                host: connection.host.clone(),
                role: connection.role.clone(),
                message: "password authentication failed".to_owned(),
            });
        }
        Ok(Box::new(FakeSession(self.clone())))
    }
}

struct FakeSession(World);

#[async_trait]
impl Session for FakeSession {
    async fn ping(&mut self) -> Result<Duration, DatabaseError> {
        Ok(Duration::from_millis(1))
    }

    async fn shape(&mut self) -> Result<SchemaShape, DatabaseError> {
        Ok(self.0.with(|state| state.shape.clone()))
    }

    async fn rows(&mut self, _table: &str) -> Result<u64, DatabaseError> {
        Ok(0)
    }

    async fn values(&mut self, table: &str, _column: &str) -> Result<Vec<String>, DatabaseError> {
        let values = self.0.with(|state| state.values.get(table).cloned());
        Ok(values.unwrap_or_default())
    }

    async fn run(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError> {
        self.0.with(|state| {
            state.ran.extend(files.iter().map(|file| file.text.clone()));
            if let Some(made) = &state.made
                && !state.runs_do_nothing
            {
                state.shape = made.clone();
            }
        });
        Ok(())
    }
}
