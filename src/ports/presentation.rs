//! What a presentation tells its second window: a file of this user's, which holds no name and no address.

use std::{path::Path, process, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{
    core::presenter::notes::{Presented, Scene, SceneState},
    os::folders,
    os::process_table,
    ports::records::{CloneRecords, RecordError},
};

/// The folder in our state directory, and the name of the record: a user has one presentation at a time, whatever clone it shows.
const KIND: &str = "presentation";

/// The largest file that is read, in bytes: it holds a few words.
const LARGEST: u64 = 4096;

const VERSION: u32 = 1;

/// A presentation that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presentation {
    pub presented: Presented,
    /// When it began.
    pub began: SystemTime,
    /// Since when this is shown.
    pub since: SystemTime,
    /// When this was read.
    pub now: SystemTime,
}

#[derive(Debug, Serialize, Deserialize)]
struct PresentationDocument {
    version: u32,
    /// The process that presents.
    process: u32,
    place: String,
    moment: String,
    /// Seconds since 1970.
    began: u64,
    since: u64,
}

/// Where the two windows meet.
#[derive(Debug, Clone)]
pub(crate) struct PresentationBoard {
    record: CloneRecords,
    began: SystemTime,
}

impl PresentationBoard {
    /// The board of this user, for a presentation that begins now.
    pub(crate) fn open() -> Self {
        Self {
            record: CloneRecords::in_state(Path::new(KIND), KIND, folders::state()),
            began: SystemTime::now(),
        }
    }

    /// Tells what is shown from now on.
    pub(crate) fn tell(&self, presented: Presented) -> Result<(), RecordError> {
        self.tell_since(presented, SystemTime::now())
    }

    fn tell_since(&self, presented: Presented, now: SystemTime) -> Result<(), RecordError> {
        let document = PresentationDocument {
            version: VERSION,
            process: process::id(),
            place: presented.place.name().to_owned(),
            moment: presented.moment.name().to_owned(),
            began: seconds(self.began),
            since: seconds(now),
        };
        // a few words are always written
        let bytes = serde_json::to_vec(&document).unwrap_or_default();
        self.record.write(&bytes)
    }

    /// The presentation is over. Another one that has begun since is left alone.
    pub(crate) fn clear(&self) {
        let document = self.document().ok().flatten();
        if document.is_some_and(|document| document.process == process::id()) {
            // a file that is left behind names a process that is gone
            self.record.remove().ok();
        }
    }

    /// What is shown now; `None` where nobody presents.
    pub(crate) fn read(&self) -> Result<Option<Presentation>, RecordError> {
        let Some(document) = self.document()? else {
            return Ok(None);
        };
        let place = Scene::all().find(|place| place.name() == document.place);
        let mut moments = SceneState::ALL.into_iter();
        let moment = moments.find(|moment| moment.name() == document.moment);
        let (Some(place), Some(moment)) = (place, moment) else {
            return Err(RecordError::Unreadable(self.record.file()?));
        };
        let presentation = Presentation {
            presented: Presented { place, moment },
            began: time(document.began),
            since: time(document.since),
            now: SystemTime::now(),
        };
        Ok(process_table::is_running(document.process).then_some(presentation))
    }

    fn document(&self) -> Result<Option<PresentationDocument>, RecordError> {
        let Some(bytes) = self.record.read(LARGEST)? else {
            return Ok(None);
        };
        match serde_json::from_slice::<PresentationDocument>(&bytes) {
            Ok(document) if document.version == VERSION => Ok(Some(document)),
            _ => Err(RecordError::Unreadable(self.record.file()?)),
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn time(seconds: u64) -> SystemTime {
    let since = std::time::Duration::from_secs(seconds);
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{core::step::StepId, testing::folders::temp_dir};

    fn board(state: &Path) -> PresentationBoard {
        PresentationBoard {
            record: CloneRecords::in_state(Path::new(KIND), KIND, Some(state.to_owned())),
            began: time(1000),
        }
    }

    #[test]
    fn the_second_window_reads_what_the_first_one_tells() {
        let dir = temp_dir();
        let board = board(dir.path());
        assert_eq!(board.read().unwrap(), None);
        for place in Scene::all() {
            for moment in SceneState::ALL {
                let presented = Presented { place, moment };
                let now = time(1000) + Duration::from_secs(90);
                board.tell_since(presented, now).unwrap();
                let read = board.read().unwrap().unwrap();
                assert_eq!(
                    (read.presented, read.began, read.since),
                    (presented, time(1000), now)
                );
            }
        }
        board.clear();
        assert_eq!(board.read().unwrap(), None);
    }

    #[test]
    fn a_presentation_whose_process_is_gone_is_none() {
        let dir = temp_dir();
        let board = board(dir.path());
        let presented = Presented {
            place: Scene::Step(StepId::Env),
            moment: SceneState::Shown,
        };
        board.tell_since(presented, time(1)).unwrap();
        let path = board.record.file().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let own = format!("\"process\":{}", process::id());
        // above the largest number that Linux gives
        let gone = text.replace(&own, "\"process\":2147483646");
        assert_ne!(gone, text);
        std::fs::write(&path, &gone).unwrap();
        assert_eq!(board.read().unwrap(), None);
        // it isn't ours to remove
        board.clear();
        assert!(path.exists());
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(board.read(), Err(RecordError::Unreadable(_))));
    }
}
