//! Requirements that wait for each other: refused when they are made, since no device could ever meet them.

use std::collections::BTreeSet;

use super::{Bundle, Candidate, Requirement};
use crate::domain::ImageId;

/// The images that no device could ever install, since what they need needs them, however far around; by type and number.
///
/// What none of `candidates` could provide may have been installed in the factory, and counts as there. A bundle comes
/// whole, so that none of it can be there before another part of it.
pub fn deadlocked(candidates: &[Candidate]) -> Vec<ImageId> {
    let mut reachable: BTreeSet<ImageId> = BTreeSet::new();
    let met = |image: &Candidate, reachable: &BTreeSet<ImageId>| {
        image.requires.iter().all(|required| {
            let mut provided = candidates.iter().filter(|each| provides(each, required, image.id)).peekable();
            let own = required.r#type == image.id.r#type && required.min >= image.id.number;
            !own && (provided.peek().is_none() || provided.any(|each| reachable.contains(&each.id)))
        })
    };
    loop {
        let before = reachable.len();
        for image in candidates {
            let name = image.bundle.as_ref().map(Bundle::name);
            let with = |each: &&Candidate| {
                each.id == image.id || (name.is_some() && each.bundle.as_ref().map(Bundle::name) == name)
            };
            if candidates.iter().filter(with).all(|each| met(each, &reachable)) {
                reachable.insert(image.id);
            }
        }
        if reachable.len() == before {
            break;
        }
    }
    let mut left: Vec<_> =
        candidates.iter().map(|each| each.id).filter(|id| !reachable.contains(id)).collect();
    left.sort();
    left
}

/// Whether an image would do for what another one requires. Of the same type only a lower one can be there before it.
fn provides(image: &Candidate, required: &Requirement, of: ImageId) -> bool {
    let lower = image.id.r#type != of.r#type || image.id.number < of.number;
    image.id.r#type == required.r#type && image.id.number >= required.min && lower
}

#[cfg(test)]
mod tests {
    use super::super::Stage;
    use super::*;

    /// An image as `type/number`, and what it needs likewise.
    fn image(id: (u16, i64), needs: &[(u16, i64)]) -> Candidate {
        let requirement = |(kind, min): &(u16, i64)| Requirement {
            r#type: (*kind).try_into().unwrap(),
            min: (*min).try_into().unwrap(),
        };
        Candidate {
            id: ImageId { r#type: id.0.try_into().unwrap(), number: id.1.try_into().unwrap() },
            stage: Stage::Released,
            paused: false,
            floor: false,
            requires: needs.iter().map(requirement).collect(),
            bundle: None,
        }
    }

    fn bundled(image: Candidate) -> Candidate {
        let types = [2, 3].map(|kind: u16| kind.try_into().unwrap());
        Candidate { bundle: Some(Bundle::new("radio".parse().unwrap(), types.into()).unwrap()), ..image }
    }

    fn left(candidates: &[Candidate]) -> Vec<String> {
        deadlocked(candidates).iter().map(|id| format!("{}/{}", id.r#type, id.number)).collect()
    }

    #[test]
    fn a_chain_that_begins_somewhere_is_none() {
        let chain = [image((2, 5), &[]), image((3, 7), &[(2, 5)]), image((1, 9), &[(3, 7), (2, 1)])];
        assert_eq!(left(&chain), [""; 0]);
    }

    #[test]
    fn two_that_wait_for_each_other_are_found_with_all_that_waits_for_them() {
        let circle = [
            image((2, 5), &[(3, 7)]),
            image((3, 7), &[(2, 5)]),
            image((1, 9), &[(3, 7)]),
            image((6, 1), &[]),
        ];
        assert_eq!(left(&circle), ["1/9", "2/5", "3/7"]);
    }

    #[test]
    fn another_image_that_will_do_opens_the_circle() {
        let circle = [image((2, 5), &[(3, 7)]), image((3, 7), &[(2, 4)]), image((2, 4), &[])];
        assert_eq!(left(&circle), [""; 0]);
    }

    #[test]
    fn what_nobody_here_provides_may_come_from_the_factory() {
        assert_eq!(left(&[image((3, 7), &[(2, 5)])]), [""; 0]);
        assert_eq!(left(&[image((3, 7), &[(3, 5)])]), [""; 0]);
    }

    #[test]
    fn an_image_cannot_need_itself_or_a_later_one() {
        assert_eq!(left(&[image((3, 7), &[(3, 7)])]), ["3/7"]);
        assert_eq!(left(&[image((3, 7), &[(3, 9)]), image((3, 9), &[])]), ["3/7"]);
        assert_eq!(left(&[image((3, 5), &[]), image((3, 7), &[(3, 5)])]), [""; 0]);
    }

    #[test]
    fn what_comes_with_an_image_cannot_be_there_before_it() {
        let both = |min| [bundled(image((2, 8), &[])), bundled(image((3, 5), &[(2, min)]))];
        assert_eq!(left(&both(8)), ["2/8", "3/5"]);
        assert_eq!(left(&both(7)), ["2/8", "3/5"], "nor can anything but it be there at that number");
        assert_eq!(left(&both(9)), [""; 0], "this may come from the factory");
        let [stack, application] = both(7);
        assert_eq!(left(&[stack, application, image((2, 7), &[])]), [""; 0]);
    }

    #[test]
    fn a_bundle_waits_for_what_any_of_it_needs() {
        let all = [bundled(image((2, 8), &[])), bundled(image((3, 5), &[(1, 4)])), image((1, 4), &[(2, 8)])];
        assert_eq!(left(&all), ["1/4", "2/8", "3/5"]);
    }
}
