//! Consents in memory.

use crate::{
    core::trust::CloneCommand,
    ports::trust::{TrustError, TrustStore},
    testing::world::World,
};

impl TrustStore for World {
    fn agreed(&self) -> Result<Vec<CloneCommand>, TrustError> {
        Ok(self.with(|state| state.agreed.clone()))
    }

    fn agree(&self, commands: &[CloneCommand]) -> Result<(), TrustError> {
        self.with(|state| {
            let mut agreed = commands.to_vec();
            agreed.append(&mut state.agreed);
            state.agreed = agreed;
        });
        Ok(())
    }

    fn revoke(&self) -> Result<bool, TrustError> {
        Ok(self.with(|state| !std::mem::take(&mut state.agreed).is_empty()))
    }
}
