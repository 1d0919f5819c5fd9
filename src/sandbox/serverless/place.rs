//! The port that a request came to, and the endpoints that can be reached from there.

use std::sync::Arc;

use crate::sandbox::{control_plane::ControlPlane, records::BranchRef, session::Target};

/// A port that answers.
pub(super) struct ComputePort {
    pub(super) plane: Arc<ControlPlane>,
    /// The endpoint whose port it is; `None`: the API's.
    pub(super) own: Option<Target>,
    pub(super) port: u16,
}

impl ComputePort {
    /// The endpoint with a port.
    pub(super) fn at_port(&self, port: u16) -> Option<Target> {
        let found = self.plane.store.read(|state| {
            state.projects.values().find_map(|project| {
                let endpoint = project.endpoints.iter().find(|one| one.port == port)?;
                let branch_ref = BranchRef::new(&project.id, &endpoint.branch_id);
                Some((branch_ref, endpoint.id.clone()))
            })
        });
        let (branch_ref, endpoint) = found?;
        Some(Target {
            plane: Arc::clone(&self.plane),
            branch_ref,
            endpoint,
        })
    }
}
