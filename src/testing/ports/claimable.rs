//! The service of temporary databases, in memory.

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    ports::claimable::{Claimable, ClaimableError, TemporaryDatabase},
    testing::world::World,
};

#[async_trait]
impl Claimable for World {
    async fn create(&self) -> Result<TemporaryDatabase, ClaimableError> {
        self.changing("create temporary").await;
        self.with(|state| {
            if let Some(error) = state.service_fails.clone() {
                return Err(error);
            }
            state.temporaries += 1;
            Ok(state.temporary.clone().unwrap())
        })
    }

    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>, ClaimableError> {
        self.record("get temporary");
        self.with(|state| {
            if let Some(error) = state.service_fails.clone() {
                return Err(error);
            }
            Ok(state.temporary.clone().filter(|known| known.id == *id))
        })
    }
}
