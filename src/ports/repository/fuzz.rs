//! The readers of git's own formats, for the fuzz target `pack`.

use libdeflater::Decompressor;

use crate::ports::repository::{
    loose,
    meter::Meter,
    pack::{self, Pack},
};

/// Reads the bytes as a loose object, as a difference to themselves, and as a pack behind its index, whose length the first two
/// bytes tell.
pub(crate) fn fuzz(data: &[u8]) {
    let mut out = Vec::new();
    loose::inflate(&mut Decompressor::new(), data, &mut out);
    let Some((head, rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*head));
    let (index, data) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    pack::fuzz_delta(index, data);
    let Ok(pack) = Pack::in_memory(data, index, 20) else {
        return;
    };
    let (meter, _reports) = Meter::new();
    let (seen, _missed) = pack::walk(&pack, 1, &meter, |bytes: &mut usize, object| {
        let edits = object.edits.unwrap_or_default();
        assert!(
            edits
                .iter()
                .all(|(from, to)| from <= to && *to <= object.data.len()),
            "an edit lies outside of its object"
        );
        *bytes += (object.id)().len();
        false
    });
    assert!(
        seen.iter().sum::<usize>() <= pack.len() * 40,
        "more objects than the index has"
    );
}
