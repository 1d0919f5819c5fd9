//! The answers of Neon's API, for the fuzz target `api`.

use serde::de::DeserializeOwned;

use super::bodies::{
    BranchesPage, ChangeBody, CreatedProjectBody, DatabasesBody, EndpointsBody, ErrorBody,
    NewApiKeyBody, OperationBody, OperationsBody, OrganizationsBody, ProjectBody, ProjectsPage,
    ResetPasswordBody, SandboxBody, UriBody,
};
use crate::{
    core::secret::Secret,
    domain::url::Connection,
    ports::neon::{Auth, User},
};

/// Reads a body as each answer that it could be.
pub(crate) fn fuzz(body: &[u8]) {
    fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
        serde_json::from_slice(body).ok()
    }
    drop(read::<Auth>(body));
    drop(read::<User>(body));
    drop(read::<OrganizationsBody>(body));
    drop(read::<ProjectsPage>(body));
    drop(read::<ProjectBody>(body));
    drop(read::<OperationsBody>(body));
    drop(read::<OperationBody>(body));
    drop(read::<ChangeBody>(body));
    drop(read::<BranchesPage>(body));
    drop(read::<EndpointsBody>(body));
    drop(read::<DatabasesBody>(body));
    drop(read::<ResetPasswordBody>(body));
    drop(read::<NewApiKeyBody>(body));
    drop(read::<SandboxBody>(body));
    drop(read::<ErrorBody>(body));
    let uris = read::<CreatedProjectBody>(body).map(|created| created.connection_uris);
    let uris = uris.into_iter().flatten().map(|uri| uri.connection_uri);
    for uri in uris.chain(read::<UriBody>(body).map(|body| body.uri)) {
        drop(Connection::from_uris(&Secret::new(uri), None));
    }
}
