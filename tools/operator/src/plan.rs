//! What a step of a rotation writes, and in which order. Knows nothing of where it is written.

use anyhow::{Result, bail};
use shared::domain::KeyIds;
use shared::secrets::{Secret, Stage};

use crate::names::Name;

/// One write; each leaves something that every process can work with.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// New manifests and pointers name these keys.
    KeyIds(KeyIds),
    /// This is accepted from now on.
    Secret(Secret),
}

/// What beginning writes: the value of `fresh`, to follow the one in use. Nothing if one is to follow already.
pub(crate) fn begin(
    name: Name,
    secret: &Secret,
    ids: &KeyIds,
    fresh: impl FnOnce() -> Result<Secret>,
) -> Result<Vec<Write>> {
    match name.stage(secret, ids) {
        Stage::Begun(_) => Ok(Vec::new()),
        Stage::Settled => Ok(vec![Write::Secret(secret.begun(fresh()?)?)]),
        Stage::Named(_) | Stage::Behind(_) => bail!("the last rotation is not finished"),
    }
}

/// What finishing writes: the key ids first, since readers know the new value already, and what ends comes last. Key ids
/// that never name such a secret are not written.
pub(crate) fn finish(name: Name, secret: &Secret, ids: &KeyIds) -> Vec<Write> {
    let key_ids = |id: &str| Some(name.name(ids, id)).filter(|named| named != ids).map(Write::KeyIds);
    let finished = || secret.finished().map(Write::Secret);
    match name.stage(secret, ids) {
        Stage::Settled => Vec::new(),
        Stage::Behind(current) => key_ids(current).into_iter().collect(),
        Stage::Begun(next) => key_ids(next).into_iter().chain(finished()).collect(),
        Stage::Named(_) => finished().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use shared::secrets::{Secrets, next_devices_id, next_download_id};

    use super::*;

    const NAME: Name = Name::Download;

    /// What is written down; what a process knows that has read it stays so until it reads again.
    #[derive(Clone)]
    struct World {
        secret: Secret,
        ids: KeyIds,
    }

    impl World {
        fn new() -> Self {
            let all = Secrets::generate(&[7; 64]);
            Self { ids: all.key_ids(), secret: all.download }
        }

        fn write(&mut self, write: Write) {
            match write {
                Write::KeyIds(ids) => self.ids = ids,
                Write::Secret(secret) => self.secret = secret,
            }
        }

        fn begin(&self) -> Vec<Write> {
            let fresh = || Ok(Secret::new(next_download_id(&self.secret), vec![9; 32]));
            begin(NAME, &self.secret, &self.ids, fresh).unwrap()
        }

        fn finish(&self) -> Vec<Write> {
            finish(NAME, &self.secret, &self.ids)
        }

        /// What may be signed with: what is named, and what is in use.
        fn signs(&self) -> [&str; 2] {
            [&self.ids.download, self.secret.current().0]
        }

        fn text(&self) -> String {
            format!("{:?} {:?}", self.ids, self.secret)
        }
    }

    /// Every state that a list of writes can break off in, the one before and the one after included.
    fn states(from: &World, writes: &[Write]) -> Vec<World> {
        let mut all = vec![from.clone()];
        for write in writes {
            let mut next = all[all.len() - 1].clone();
            next.write(write.clone());
            all.push(next);
        }
        all
    }

    fn last(states: &[World]) -> World {
        states[states.len() - 1].clone()
    }

    #[test]
    fn nothing_is_ever_signed_with_what_a_reader_that_learned_of_it_does_not_accept() {
        let mut world = World::new();
        for _ in 0..3 {
            let begun = last(&states(&world, &world.begin()));
            assert_eq!(begun.signs(), world.signs(), "beginning changes nothing that is signed");
            // Readers and the edge have read what was begun, and nothing after it.
            for state in states(&begun, &begun.finish()) {
                for id in state.signs() {
                    assert!(begun.secret.named(id).is_some(), "{id} before readers know it");
                    assert!(state.secret.named(id).is_some(), "{id} after it has ended");
                }
                // What old manifests name is accepted too.
                assert!(state.secret.named(&begun.ids.download).is_some());
            }
            world = last(&states(&begun, &begun.finish()));
        }
        assert_eq!(world.signs(), ["d4", "d4"]);
        assert_eq!(world.secret.previous_id(), Some("d3"));
    }

    #[test]
    fn a_step_that_broke_off_anywhere_goes_on_and_one_that_is_done_does_nothing() {
        let world = World::new();
        let begun = last(&states(&world, &world.begin()));
        assert!(begun.begin().is_empty());
        let done = last(&states(&begun, &begun.finish()));
        assert!(done.finish().is_empty());
        let between = states(&begun, &begun.finish());
        assert_eq!(between.len(), 3);
        for state in &between {
            assert_eq!(last(&states(state, &state.finish())).text(), done.text());
        }
        let broken = &between[1];
        assert!(begin(NAME, &broken.secret, &broken.ids, || panic!("no new key")).is_err());
    }

    #[test]
    fn finishing_without_a_beginning_names_what_is_in_use_by_hand() {
        let mut world = World::new();
        world.secret = world.secret.rotated("k7", vec![1; 32]);
        let done = last(&states(&world, &world.finish()));
        assert_eq!((done.signs(), done.secret.previous_id()), (["k7", "k7"], Some("d1")));
        assert!(done.finish().is_empty());
    }

    #[test]
    fn what_no_key_ids_name_is_rotated_by_its_own_writes_alone() {
        let all = Secrets::generate(&[7; 64]).with_devices(&[8; 32]);
        let (ids, mut secret) = (all.key_ids(), all.devices.unwrap());
        let finish = |secret: &Secret| finish(Name::Devices, secret, &ids);
        assert!(finish(&secret).is_empty(), "nothing is behind");
        for (before, next) in [("m1", "m2"), ("m2", "m3")] {
            let fresh = || Ok(Secret::new(next_devices_id(&secret), vec![9; 32]));
            let writes = begin(Name::Devices, &secret, &ids, fresh).unwrap();
            let [Write::Secret(begun)] = writes.as_slice() else { panic!("{writes:?}") };
            assert_eq!((begun.current().0, begun.named(next).is_some()), (before, true));
            let again = begin(Name::Devices, begun, &ids, || panic!("no new value")).unwrap();
            assert!(again.is_empty());
            let writes = finish(begun);
            let [Write::Secret(finished)] = writes.as_slice() else { panic!("{writes:?}") };
            assert_eq!((finished.current().0, finished.previous_id()), (next, Some(before)));
            assert!(finish(finished).is_empty());
            secret = finished.clone();
        }
    }
}
