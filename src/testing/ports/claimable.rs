//! The service of temporary databases, in memory.

use async_trait::async_trait;

use crate::{
    core::{failure::Result, secret::Secret},
    ports::claimable::{Claimable, TemporaryDatabase},
    testing::world::World,
};

#[async_trait]
impl Claimable for World {
    async fn create(&self) -> Result<TemporaryDatabase> {
        self.changing("create temporary").await;
        self.with(|state| {
            if let Some(failure) = state.service_fails.clone() {
                return Err(failure);
            }
            state.temporaries += 1;
            Ok(state.temporary.clone().unwrap())
        })
    }

    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>> {
        self.called("get temporary");
        self.with(|state| {
            if let Some(failure) = state.service_fails.clone() {
                return Err(failure);
            }
            Ok(state.temporary.clone().filter(|known| known.id == *id))
        })
    }
}
