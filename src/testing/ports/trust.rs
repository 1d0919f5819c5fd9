//! Consents in memory.

use crate::{
    core::trust::CloneCommand,
    ports::{records::RecordError, trust::TrustStore},
    testing::world::World,
};

impl TrustStore for World {
    fn agreed(&self) -> Result<Vec<CloneCommand>, RecordError> {
        Ok(self.with(|state| state.agreed.clone()))
    }

    fn agree(&self, commands: &[CloneCommand]) -> Result<(), RecordError> {
        self.with(|state| {
            let mut agreed = commands.to_vec();
            agreed.append(&mut state.agreed);
            state.agreed = agreed;
        });
        Ok(())
    }

    fn revoke(&self) -> Result<bool, RecordError> {
        Ok(self.with(|state| !std::mem::take(&mut state.agreed).is_empty()))
    }
}
