//! A judge of schema files that was told what they make.

use async_trait::async_trait;

use crate::{
    ports::{
        database::SchemaShape,
        shapes::{NotDetermined, SchemaQuestion, Shapes},
    },
    testing::world::World,
};

#[async_trait]
impl Shapes for World {
    async fn shape(&self, _question: &SchemaQuestion) -> Result<SchemaShape, NotDetermined> {
        let made = self.with(|state| state.made.clone());
        made.ok_or_else(|| NotDetermined::NoEngine {
            reason: "none in this world".to_owned(),
        })
    }
}
